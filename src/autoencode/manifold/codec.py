r"""Encoder and decoder as functions of matrices, for every kind of data."""

__all__ = ["Codec", "as_codec"]

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..common.arrays import tensor_of, tensor_to_numpy
from ..corruptions import GaussianNoise
from ..data import collect_lazy, is_frame, is_numbers, to_pandas
from ..estimator import Autoencoder
from ..modalities import encode_context
from ..modalities.capabilities import Imputable, Tabular, Tokenized
from .incomplete_rows import encode_incomplete

_IMPUTATION_BATCH = 2**12


@dataclass(frozen=True)
class Codec:
    r"""Encoder :math:`f` and decoder :math:`g` between rows of numbers and codes.

    Rows are flattened examples, in the units in which distances are measured. For tables, these
    are the user's units, minus the mean. For images, they are intensities from 0 to 1. For mixed
    tables, rows are normal scores and indicators of levels. A missing cell has the value that the
    model expects given the other cells, see
    :func:`~autoencode.manifold.incomplete_rows.encode_incomplete`.

    See Also:
        :func:`~autoencode.manifold.as_codec`

    Example:
        >>> codec = as_codec((lambda x: x[:, :2], lambda z: torch.cat([z, z], dim=1)))
        >>> codec.decode(codec.encode(codec.to_rows(torch.ones(3, 4)))).shape
        torch.Size([3, 4])
    """

    encode: Callable[[Tensor], Tensor]
    r"""Maps rows with shape `(N, D)` to codes with shape `(N, d)`."""

    decode: Callable[[Tensor], Tensor]
    r"""Maps codes with shape `(N, d)` to rows with shape `(N, D)`."""

    to_rows: Callable[[Any], Tensor]
    r"""Checks the user's examples, and returns their rows."""

    from_rows: Callable[[Tensor], Any]
    r"""Returns rows in the shape, scale and type of the user's examples."""

    modules: tuple[nn.Module, ...] = ()
    r"""The modules that must be in evaluation mode."""

    likelihood: Callable[[Tensor], Distribution] | None = None
    r"""Maps codes to :math:`p(x \mid z)` of the scaled data; `None` without a likelihood."""

    noise: float | None = None
    r"""The standard deviation of the noise that the model was trained to remove, in its units."""

    unit: Tensor | float = 1.0
    r"""The unit of the model in units of the rows; broadcasts to rows."""

    with_constant_columns: Callable[[Tensor], Tensor] = lambda x: x
    r"""Adds constant columns, as zeros, to samples of the likelihood."""

    tokenized: bool = False
    r"""True if rows are tokens, whose numbers have no order."""

    to_bytes: Callable[[Tensor], Tensor] = lambda x: x
    r"""Returns tokens as bytes, ended and padded by 255."""

    ndim: Callable[[], int] = lambda: 2
    r"""Returns the number of dimensions of a batch of the user's examples."""

    def reconstruct(self, x: Tensor) -> Tensor:
        r"""Returns :math:`r(x) = g(f(x))` of rows."""
        return self.decode(self.encode(x))

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        r"""Evaluation mode within the context; each module returns to its mode afterwards.

        Attention is computed without fused kernels, which have neither forward nor second
        derivatives.
        """
        with evaluating(self.modules):
            yield


@contextlib.contextmanager
def evaluating(modules: tuple[nn.Module, ...]) -> Iterator[None]:
    r"""Evaluation mode of modules within a context, as for :meth:`Codec.evaluating`."""
    modes = {m: m.training for module in modules for m in module.modules()}

    for module in modules:
        module.eval()

    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def as_codec(model: Any, y: ArrayLike | None = None, allow_tokens: bool = False) -> Codec:
    r"""Codec of a trained model.

    Arguments:
        model: A fitted :class:`~autoencode.Autoencoder`; a pair of functions or modules, from a
            batch of examples to codes and from codes to examples; or a codec, which is returned
            unchanged.
        y: The label or row of numbers that a conditional model is given.
        allow_tokens: Whether rows may be tokens, whose numbers have no order.

    Raises:
        TypeError: If the model has another type.
        ValueError: If `y` is missing for a conditional model, the model cannot decode, or rows are
            tokens and these are not allowed.

    See Also:
        :class:`~autoencode.manifold.Codec`

    Example:
        >>> from sklearn.datasets import load_digits
        >>> import autoencode as ae
        >>> model = ae.linear(latent_dim=8).fit(load_digits().data)
        >>> as_codec(model).decode(torch.zeros(5, 8)).shape
        torch.Size([5, 64])
    """
    if isinstance(model, Codec):
        return model

    if isinstance(model, Autoencoder):
        return _codec_of_estimator(model, y, allow_tokens)

    if isinstance(model, (tuple, list)) and len(model) == 2 and all(map(callable, model)):
        return _codec_of_pair(*model)

    raise TypeError(
        "expected a fitted Autoencoder, or a pair (encoder, decoder) of functions from tensor"
        f" to tensor, got {type(model).__name__}."
    )


def _codec_of_estimator(model: Autoencoder, y: ArrayLike | None, allow_tokens: bool) -> Codec:
    check_is_fitted(model, "model_")

    if model.model_.decoder is None:
        raise ValueError("this model was saved or loaded without its decoder. Load all of it.")

    if isinstance(model.modality_, Tokenized) and not allow_tokens:
        raise ValueError(
            f"{type(model.modality_).__name__} are tokens, which have no directions or distances."
            " Compare their codes, with NeighborGraph().fit(model.transform(X)) or `autoencode"
            " neighbors`; their distributions, with Geodesics(model, metric='fisher') or"
            " `autoencode interpolate`; or their anomaly scores, with"
            " OffManifoldDetector(model).fit(X) or `autoencode anomalies`."
        )

    p = next(model.model_.parameters())
    c = encode_context(model.context_, y, n=1)
    c = None if c is None else c.to(p.device)
    own = model.modality_
    shape, modality = own.shape_, own.with_constant_columns() if isinstance(own, Tabular) else own
    unit = modality.unit().to(p).expand(modality.shape_).reshape(-1)
    columns = getattr(model.modality_, "columns_", None) if shape != modality.shape_ else None
    kept = None if columns is None else torch.from_numpy(columns).to(p.device)

    noise = model.corruption.std if isinstance(model.corruption, GaussianNoise) else None

    def given(n: int) -> Any:
        return model.model_.given(None if c is None else c.expand(n, -1))

    def narrow(x: Tensor) -> Tensor:
        return (x if kept is None else x[:, kept]).reshape(-1, *shape)

    def with_constant_columns(x: Tensor) -> Tensor:
        x = x.flatten(start_dim=1)
        return x if kept is None else x.new_zeros(len(x), len(unit)).index_copy(1, kept, x)

    def encode(x: Tensor) -> Tensor:
        return given(len(x)).encode(narrow(x / unit)).mean

    def decode(z: Tensor) -> Tensor:
        return with_constant_columns(given(len(z)).decode(z).mean) * unit

    def log_prob(x: Tensor, z: Tensor) -> Tensor:
        return given(len(z)).decode(z).log_prob(narrow(x / unit))

    def complete(x: Tensor, known: Tensor) -> Tensor:
        return torch.where(known, x, decode(encode_incomplete(encode, decode, log_prob, x, known)))

    def to_rows(X: Any) -> Tensor:
        x = modality.normalize(modality.load(model._read(X)[0])).to(p)
        known = modality.known(x) if isinstance(modality, Imputable) else None

        if known is None or known.all():
            return x.flatten(start_dim=1) * unit

        with evaluating((model.model_,)), torch.no_grad():
            parts = zip(x.split(_IMPUTATION_BATCH), known.split(_IMPUTATION_BATCH))
            return torch.cat([complete(*part) for part in parts])

    return Codec(
        encode=encode,
        decode=decode,
        to_rows=to_rows,
        from_rows=lambda x: modality.restore((x.to(p) / unit).reshape(-1, *modality.shape_)),
        modules=(model.model_,),
        likelihood=lambda z: given(len(z)).decode(z),
        noise=noise,
        unit=unit,
        with_constant_columns=with_constant_columns,
        tokenized=isinstance(modality, Tokenized),
        to_bytes=modality.to_bytes if isinstance(modality, Tokenized) else lambda x: x,
        ndim=lambda: modality.restore(torch.zeros(1, *modality.shape_)).ndim,
    )


def _codec_of_pair(
    encoder: Callable[[Tensor], Tensor], decoder: Callable[[Tensor], Tensor]
) -> Codec:
    modules = tuple(part for part in (encoder, decoder) if isinstance(part, nn.Module))
    p = next((p for module in modules for p in module.parameters()), None)
    shape: tuple[int, ...] = ()

    def to_rows(X: Any) -> Tensor:
        nonlocal shape

        X = collect_lazy(X)

        if is_frame(X) and not is_numbers(X):
            raise ValueError(
                "expected numbers for a pair of functions, got a table with other or missing"
                " cells. Pass a fitted Autoencoder, which supports such tables."
            )

        X = to_pandas(X) if is_frame(X) else X
        x = (
            X.detach()
            if isinstance(X, Tensor)
            else tensor_of(check_array(X, allow_nd=True, ensure_all_finite=False))
        )

        if x.ndim < 2 or 0 in x.shape:
            raise ValueError(f"expected examples with shape (N, *), got {tuple(x.shape)}.")

        x = x.to(p) if p is not None else x.to(torch.promote_types(x.dtype, torch.float32))

        if not x.isfinite().all():
            raise ValueError("Input contains NaN or infinity; expected finite numbers.")

        shape = x.shape[1:]
        return x.flatten(start_dim=1)

    return Codec(
        encode=lambda x: _tensor(encoder(x.reshape(-1, *(shape or x.shape[1:]))), "encoder"),
        decode=lambda z: _tensor(decoder(z), "decoder").flatten(start_dim=1),
        to_rows=to_rows,
        from_rows=lambda x: tensor_to_numpy(x.reshape(-1, *(shape or x.shape[1:]))),
        modules=modules,
        ndim=lambda: 1 + max(1, len(shape)),
    )


def _tensor(result: Any, name: str) -> Tensor:
    if not isinstance(result, Tensor):
        raise TypeError(
            f"expected the {name} of a pair to return a tensor, got {type(result).__name__}. Wrap"
            " it in a function that returns only this tensor."
        )

    return result
