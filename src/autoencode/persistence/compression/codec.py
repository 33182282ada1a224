r"""Model that writes examples to the stack and reads them, block by block."""

__all__ = ["Codec"]

import contextlib
import copy
import hashlib
import json
from typing import Any

import torch
from torch import Tensor

from ...blueprint import Blueprint
from ...modalities.capabilities import Tokenized
from ...models.latent import LatentModel
from .. import encoding
from .codes import CodeGrid, Gaussians, gaussians_of
from .contents import Content, content_of
from .contents.base import Symbols
from .fixed_point import FixedPoint, UnsupportedOperationError
from .stack import Stack

_BLOCK_NUMBERS = 2**21  # probabilities in memory together
_SECTION_SYMBOLS = 2**21
_MOST_EXAMPLES = 2**17  # of a section
_PROBES = 3
_DIGEST_BYTES = 16


class Codec:
    r"""Model that writes examples to a stack of bits, and reads them.

    Arguments:
        blueprint: The choices of the fit.
        model: The model. It is copied, in float64 and on the CPU.
        portable: Whether to compute in fixed point, so that files can be read on any machine.

    Raises:
        ValueError: If files cannot be made with the model, with what to do.
        ImportError: If the package `constriction` is missing.

    Example:
        >>> import autoencode as ae
        >>> from autoencode.datasets import digits
        >>> from autoencode.distributions import DiscretizedLogistic
        >>> X = digits().X
        >>> quick = ae.Training(epochs=1)
        >>> model = ae.vae(2, likelihood=DiscretizedLogistic(), training=quick).fit(X[:50])
        >>> codec = Codec(model.blueprint_, model.model_)
        >>> symbols, stack = codec.content.symbols(X[:20]), Stack()
        >>> codec.choose_grid(symbols)
        >>> _ = codec.push(stack, symbols)
        >>> restored = codec.content.restored(codec.pop(stack, symbols[0][:, :0].bool()))
        >>> bool((restored == X[:20]).all()), stack.is_initial
        (True, True)
    """

    def __init__(self, blueprint: Blueprint, model: LatentModel, portable: bool = True) -> None:
        self.blueprint = blueprint
        self.portable = portable
        self.model = copy.deepcopy(model).cpu().double().eval().requires_grad_(False)
        values = [*self.model.parameters(), *self.model.buffers()]
        self.arithmetic = FixedPoint(values) if portable else contextlib.nullcontext()
        self.content = self._content()
        self.content.arithmetic = self.arithmetic
        self.grid = CodeGrid((), 0)
        self.check_word = self._check()

    @property
    def block(self) -> int:
        r"""The number of examples whose symbols are computed together."""
        return max(1, _BLOCK_NUMBERS // self.content.cost)

    @property
    def section(self) -> int:
        r"""The number of examples of a section, whose stack is in memory."""
        size = torch.Size(self.blueprint.modality.shape_).numel()
        return max(1, min(_MOST_EXAMPLES, _SECTION_SYMBOLS // size))

    @property
    def identity(self) -> str:
        r"""The digest of the model: its weights, and what it learned of the data."""
        digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        digest.update(json.dumps(encoding.encode(self.blueprint.modality)).encode())

        for name, value in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.contiguous().reshape(-1).numpy().tobytes())

        return digest.hexdigest()

    def choose_grid(self, symbols: Symbols) -> None:
        r"""Sets the grid of codes so that it suits the posteriors of some examples."""
        self.grid = CodeGrid.of(self._posterior(symbols))

    @torch.no_grad()
    def push(self, stack: Stack, symbols: Symbols) -> float:
        r"""Puts a block of examples on the stack, and returns the bits that chose their codes.

        Arguments:
            stack: The stack.
            symbols: The symbols of the examples.
        """
        q, before = self._posterior(symbols), stack.bits
        k = self.grid.pop(stack, q, len(symbols[0]))
        popped = before - stack.bits

        self.content.push(stack, self._decoded(k), symbols)
        self.grid.push(stack, k, self._prior())

        return popped

    @torch.no_grad()
    def pop(self, stack: Stack, hidden: Tensor) -> Symbols:
        r"""Takes a block of examples from the stack, the inverse of :meth:`push`.

        Arguments:
            stack: The stack.
            hidden: The parts of the examples that are missing, with shape `(n, parts)`.
        """
        k = self.grid.pop(stack, self._prior(), len(hidden))
        symbols = self.content.pop(stack, self._decoded(k), len(hidden), hidden)
        self.grid.push(stack, k, self._posterior(symbols))

        return symbols

    @torch.no_grad()
    def _posterior(self, symbols: Symbols) -> Gaussians:
        with self.arithmetic:
            found = gaussians_of(self.model.encode(self.content.inputs(symbols)))

        assert found is not None  # checked before
        return found

    def _decoded(self, k: Tensor) -> Any:
        with self.arithmetic:
            return self.model.decode(self.grid.values(k))

    def _prior(self) -> Gaussians:
        with self.arithmetic:
            found = gaussians_of(self.model.prior())

        assert found is not None
        return found

    def _content(self) -> Content:
        modality, chosen = self.blueprint.modality, self.blueprint
        found = content_of(modality, self.model.likelihood)

        if chosen.context is not None:
            raise ValueError(
                "compressed files are for models without labels, as the reader of a file has none."
                " Fit without conditional=True, with the labels as a column of a table if they"
                " matter."
            )

        if not chosen.has_density:
            raise ValueError(
                "compressed files need a bound on log p(x). This autoencoder has none: its encoder"
                " returns a point. Use ae.vae(...), or another recipe with a posterior."
            )

        if found is None:
            raise ValueError(
                f"examples of {modality} do not come back to the last bit from what the networks"
                " see. Compressed files are for images, numeric and mixed tables, and texts; use"
                " FLAC for sounds."
            )

        return found

    @torch.no_grad()
    def _check(self) -> str:
        r"""Returns the check word, after a check that all distributions can be coded."""
        digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        shape, D = self.blueprint.modality.shape_, self.blueprint.latent_dim

        try:
            with self.arithmetic:
                q = self.model.encode(_pattern(shape, 7))
                p: Any = self.model.decode(_pattern((D,), 7) / 4 - 1)
                prior = self.model.prior()
                outputs = [self.model.encoder.network(_pattern(shape, 5))]
                outputs += [self.model.decoder.network(_pattern((D,), 5) / 4 - 1)]

                if isinstance(self.blueprint.modality, Tokenized):
                    before = torch.zeros(_PROBES, 1, dtype=torch.long)
                    outputs += [p.family.token_decoder(before, p.phi, None)[0]]
        except UnsupportedOperationError as error:
            raise ValueError(
                f"{error}. Use compress(X, portable=False) (command line: --portable False) for a"
                " file that only this machine reads."
            ) from None

        self._check_distributions(q, p, prior)

        for output in outputs:
            digest.update(output.contiguous().numpy().tobytes())

        return digest.hexdigest()

    def _check_distributions(self, q: Any, p: Any, prior: Any) -> None:
        if gaussians_of(q) is None:
            raise ValueError(
                f"compressed files need normal posteriors, got {self.blueprint.posterior!r}. Use"
                " ae.vae(...)."
            )

        if gaussians_of(prior) is None:
            raise ValueError(
                "compressed files need a prior of normal distributions, got"
                f" {self.blueprint.prior!r}. Use prior=ae.priors.Mixture(), the default, or"
                " ae.priors.StandardNormal()."
            )

        if why := self.content.reason(p):
            raise ValueError(
                f"no compressed file can be made with this model: {why}. Use"
                " likelihood=ae.distributions.DiscretizedLogistic() for images of bytes, or leave"
                " likelihood=... out."
            )


def _pattern(shape: tuple[int, ...], period: int) -> Tensor:
    r"""Returns a few inputs of small whole numbers."""
    n = torch.Size(shape).numel()
    return (torch.arange(_PROBES * n) * 3 % period).double().view(_PROBES, *shape)
