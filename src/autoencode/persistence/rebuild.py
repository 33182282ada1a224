r"""Networks from a file of unknown origin.

Networks are first built without memory, and compared with the names and shapes in the file.
"""

__all__ = ["OBJECTIVE", "rebuild"]

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..blueprint import Blueprint
from ..common.container import Stored
from ..common.seeding import seeded
from ..modalities.capabilities import Conditionable, Tokenized
from ..modalities.capabilities.scales import log_unit, mean, restore_mean, restore_new
from ..modalities.capabilities.sequences import event_shape
from ..modalities.capabilities.tables import as_given
from ..models.latent import LatentModel
from ..objectives import Objective
from ..priors.base import sample_prior

OBJECTIVE = "objective."
_TENSOR_CONSTRUCTORS = {
    torch.empty,
    torch.zeros,
    torch.ones,
    torch.full,
    torch.rand,
    torch.randn,
    torch.tensor,
}
_MAX_NEW_TENSORS = 10  # maximum number of new tensors for each tensor in the file
_MAX_COMPARED_ELEMENTS = 2**12  # maximum number of elements of a tensor that is made twice
# Maximum size of an example that is passed through the model as a trial
_MAX_TRIAL_NUMBERS = 2**18
_MAX_EXAMPLE_NUMBERS, _MAX_TEXT_LENGTH = 2**28, 2**20  # maximum size of an example, and of a text


def rebuild(
    blueprint: Blueprint, stored: Stored, names: list[str], n_examples: int = 1
) -> tuple[LatentModel, Objective | None]:
    r"""Build the model and the objective of a blueprint, with the weights of a file.

    Arguments:
        blueprint: All resolved choices.
        stored: The file.
        names: The names of the tensors that are weights.
        n_examples: The number of examples that the model was trained on.

    Returns:
        The model, and the objective, which is `None` in a file without a decoder.

    Raises:
        ValueError: If the file does not have the weights of such a model, or if some of them
            are not finite.
    """
    _check_shape(blueprint.modality)
    shapes = {name: stored.shape(name) for name in names}

    with seeded(0):
        with _Counting(len(shapes)), torch.device("meta"):
            _compare(_build(blueprint, names, n_examples), shapes)

        with _Sparing():
            model = _build(blueprint, names, n_examples)

        like = model.state_dict()
        tensors = {name: _laid_out(stored.tensor(name), like[name]) for name in names}
        _check_finite(model, tensors)
        model.load_state_dict(tensors, assign=True)

        if any(t.is_meta for t in [*model.parameters(), *model.buffers()]):  # not in the file
            model = _build(blueprint, names, n_examples)
            model.load_state_dict(tensors)

        model.eval()
        objective = model._modules.pop("objective", None)
        _try(blueprint, model)

    return model, cast(Objective | None, objective)


class _Counting(TorchFunctionMode):
    r"""Ends the building of networks that have far more parts than the file has tensors."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.left = _MAX_NEW_TENSORS * (n + 8)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        # Other functions are never refused, as some of them restore settings of torch
        self.left -= func in _TENSOR_CONSTRUCTORS

        if self.left < 0 and func in _TENSOR_CONSTRUCTORS:
            raise ValueError("it announces more layers than it has weights")

        return func(*args, **(kwargs or {}))


class _Sparing(TorchFunctionMode):
    r"""Allocates no memory for large weights, which are replaced later."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})

        if func is torch.empty and kwargs.get("device") is None:
            size = args[0] if args and not isinstance(args[0], int) else args

            if math.prod(size) > _MAX_COMPARED_ELEMENTS:
                kwargs["device"] = "meta"

        return func(*args, **kwargs)


def _build(blueprint: Blueprint, names: list[str], n_examples: int) -> LatentModel:
    r"""Builds a model with its objective as a module, or an encoder if there is no decoder."""
    model = blueprint.build()

    if any(name.startswith("decoder.") for name in names):
        model.objective = blueprint.build_objective(model, n_examples)
    else:
        model.decoder = model.prior = None  # type: ignore[assignment]

    return model


def _compare(model: LatentModel, shapes: dict[str, Tensor]) -> None:
    r"""Raises if the weights of a model differ from those of the file in name, shape or type."""
    for name, tensor in model.state_dict().items():
        if name in shapes and shapes[name].dtype != tensor.dtype:
            raise ValueError(f"'{name}' is of {shapes[name].dtype}, not {tensor.dtype}")

    try:
        model.load_state_dict(shapes, assign=True)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise ValueError(f"its weights do not fit the model: {' '.join(lines)[:300]}") from None


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    r"""Returns a tensor with the memory layout of another, as networks may choose a layout."""
    if tensor.shape != like.shape or tensor.stride() == like.stride():
        return tensor

    return torch.empty_strided(like.shape, like.stride(), dtype=tensor.dtype).copy_(tensor)


def _check_finite(model: LatentModel, tensors: dict[str, Tensor]) -> None:
    weights = dict(model.named_parameters())

    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.numel():
            low, high = tensor.aminmax()

            # Buffers may hold infinity, as masks do
            if not (low.isfinite() and high.isfinite()) and (name in weights or low.isnan()):
                raise ValueError(f"the weights '{name}' are not finite")


def _check_shape(modality: Any) -> None:
    r"""Raises if examples have no valid shape, or are too large."""
    shape = modality.shape_
    most = _MAX_TEXT_LENGTH if isinstance(modality, Tokenized) else _MAX_EXAMPLE_NUMBERS

    if not shape or not all(type(n) is int and n >= 1 for n in shape) or math.prod(shape) > most:
        raise ValueError(f"its examples have shape {str(shape)[:60]}")


@torch.no_grad()
def _try(blueprint: Blueprint, model: LatentModel) -> None:
    r"""Decodes and encodes a few codes, so that parts that do not fit raise an error now."""
    modality: Any = blueprint.modality
    context = blueprint.context
    c = None if context is None else torch.zeros(1, context.size_)
    bound = model.given(c)

    if math.prod(modality.shape_) > _MAX_TRIAL_NUMBERS:
        return

    bound.encode(torch.zeros(1, *modality.shape_))

    if model.decoder is None or math.prod(event_shape(modality)) > _MAX_TRIAL_NUMBERS:
        return

    prior, D = bound.prior(), blueprint.latent_dim
    code = sample_prior(prior, 1)[0]

    if code.shape != (D,):
        raise ValueError(f"its prior draws codes of shape {tuple(code.shape)}, not ({D},)")

    if not prior.log_prob(code).isfinite().all():  # negative weights, or singular factors
        raise ValueError("its prior has no finite density")

    p = bound.decode(torch.zeros(1, D))

    if type(modality).__module__.partition(".")[0] != __name__.partition(".")[0]:
        return  # nothing more is known about a kind of data from outside

    # Codes far from zero reach the ends of columns, and rare levels
    codes = torch.stack([torch.full((blueprint.latent_dim,), v) for v in (0.0, -3.0, 3.0)])
    bound = model.given(None if c is None else c.expand(len(codes), -1))
    p = bound.decode(codes)
    ways: list[Callable[[], Any]] = [
        lambda: modality.restore(p.mean),
        lambda: bound.encode(modality.normalize(modality.load(modality.restore(p.mean)))),
        lambda: as_given(modality, modality.restore(p.mean)),
        lambda: restore_mean(modality, mean(modality, p)),
        lambda: modality.draw(p),
        lambda: restore_new(modality, modality.draw(p)),
        lambda: as_given(modality, restore_new(modality, modality.draw(p))),
        lambda: modality.error(modality.draw(p), p),
        lambda: log_unit(modality, modality.draw(p)),
    ]

    if isinstance(kind := modality, Conditionable):
        ways.append(lambda: kind.hide(blueprint.modality.draw(p)))

    for way in ways:
        _take(way)


def _take(way: Callable[[], Any]) -> None:
    r"""Makes one trial. An error must not prevent the next trial."""
    try:
        way()
    except ValueError:
        pass  # numbers are invalid after a failed fit, or the kind of data has no such method
