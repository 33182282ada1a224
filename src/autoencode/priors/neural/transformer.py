r"""Autoregressive prior of codes that have finitely many values."""

__all__ = ["IndexDistribution", "TransformerPrior"]

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common.checks.ranges import check_at_least
from ...distributions import Family
from ...networks import Transformer
from ..base import Prior
from ..fitted.codes import keep_first_dimension, points_of
from ..standard_normal import StandardNormal
from . import ascent

_CONTEXT = 16  # outputs of the layer that embeds the condition


class IndexDistribution(Distribution):
    r"""Distribution of codes by their indices, each given those before it.

    .. math:: p(z) = \prod_{g=1}^G p(k_g \mid k_{<g}, c)

    Arguments:
        network: Maps indices `(N, T)`, an embedded condition `(N, 16)` and a cache to logits of
            the next index `(N, T, K)`, and the cache.
        family: The posterior, which knows the codes of indices.
        D: The number of features of a code.
        phi: The embedded condition, with shape `(*, 16)`, where `*` is the batch shape.

    Example:
        >>> from autoencode.distributions import FiniteScalarQuantizer
        >>> network = Transformer(8, 1, 2, vocab_size=9).token_decoder(16)
        >>> p = IndexDistribution(network, FiniteScalarQuantizer((3, 3)), 4, torch.zeros(16))
        >>> p.sample((5,)).shape, p.log_prob(p.sample((5,))).shape
        (torch.Size([5, 4]), torch.Size([5]))
    """

    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    support = constraints.real_vector

    def __init__(self, network: nn.Module, family: Family, D: int, phi: Tensor) -> None:
        super().__init__(phi.shape[:-1], Size([D]), validate_args=False)

        self.network = network
        self.family = family
        self.phi = phi

    def log_prob(self, value: Tensor) -> Tensor:
        return self.log_prob_of(self.family.indices(value))

    def log_prob_of(self, index: Tensor) -> Tensor:
        r"""Returns the log-probabilities of indices `(*, G)`."""
        batch = torch.broadcast_shapes(index.shape[:-1], self.batch_shape)
        k = index.expand(*batch, -1).reshape(-1, index.shape[-1])
        phi = self.phi.expand(*batch, -1).reshape(len(k), -1)
        before = torch.cat([torch.full_like(k[:, :1], self._start()), k[:, :-1]], dim=1)
        log_p = self.network(before, phi)[0].to(phi.dtype).log_softmax(dim=-1)

        return log_p.gather(2, k[..., None]).sum(dim=(1, 2)).reshape(batch)

    def sample(self, sample_shape: Size | Sequence[int] = Size()) -> Tensor:
        shape = *sample_shape, *self.batch_shape
        D = self.event_shape[0]

        with torch.no_grad():
            phi = self.phi.expand(*shape, -1).reshape(math.prod(shape), -1)
            last = torch.full((len(phi), 1), self._start(), device=phi.device)
            found: list[Tensor] = []
            cache: Any = None

            for _ in range(self.family.index_shape(D)[0]):
                logits, cache = self.network(last, phi, cache)
                last = torch.multinomial(logits[:, -1].to(phi.dtype).softmax(dim=-1), 1)
                found.append(last)

            z = self.family.values(torch.cat(found, dim=1), D)

        return z.reshape(*shape, D).to(phi.dtype)

    def _start(self) -> int:
        return self.family.index_shape(self.event_shape[0])[1]


class TransformerPrior(Prior):
    r"""Autoregressive distribution of indices by a small transformer, fitted after the training.

    .. math:: p(z) = \prod_{g=1}^G p(k_g \mid k_{<g}), \qquad k_1, \dots, k_G
        \text{ the indices of } z

    It is the prior of codes that are entries of codebooks, categories or binary codes. A mixture
    of Gaussians treats such codes as vectors; this prior draws only entries that occur, in
    combinations that occur. Held-out codes end the fit. Until then, codes have their
    :class:`~autoencode.priors.Reference`, which stays where it is as good within two standard
    errors; quantized codes need none in the training.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), section 3.3, which
          uses a PixelCNN
        | https://arxiv.org/abs/1711.00937

        | Taming Transformers for High-Resolution Image Synthesis (Esser et al., 2021)
        | https://arxiv.org/abs/2012.09841

    Arguments:
        width: The size of the states, a multiple of twice the number of heads.
        depth: The number of blocks.
        n_heads: The number of attention heads.
        conditional: Whether the indices depend on the condition, as :math:`p(z \mid c)`.

    Raises:
        ValueError: If codes have any values, or the width does not suit the heads.

    See Also:
        :class:`~autoencode.distributions.VectorQuantizer`, :class:`~autoencode.priors.FlowPrior`

    Example:
        >>> import autoencode as ae
        >>> ae.vq_vae(16, prior=TransformerPrior(width=32)).prior
        TransformerPrior(width=32)
    """

    fits = True
    euclidean = False

    family: Family
    fitted: Tensor

    def __init__(
        self, width: int = 64, depth: int = 2, n_heads: int = 4, conditional: bool = False
    ) -> None:
        super().__init__()

        check_at_least(1, width=width, depth=depth, n_heads=n_heads)

        self.width = width
        self.depth = depth
        self.n_heads = n_heads
        self.conditional = conditional
        self.context = 0

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        family: Any = encoder.family

        if not family.finite:
            raise ValueError(
                f"TransformerPrior() needs codes of finitely many values, and those of {family!r}"
                " are any vectors. Use posterior=VectorQuantizer(), say, or prior=FlowPrior()."
            )

        self.attached: tuple[Any] = (family,)  # no part of this module
        self.context = context if self.conditional else 0

    def build(self, latent_dim: int) -> "TransformerPrior":
        (family,) = self.attached
        self.n_indices, size = family.index_shape(latent_dim)
        network = Transformer(self.width, self.depth, self.n_heads, vocab_size=size)
        self.network = network.token_decoder(_CONTEXT).requires_grad_(False)
        self.embedding = None

        if self.context:
            self.embedding = nn.Linear(self.context, _CONTEXT).requires_grad_(False)

        self.unit = StandardNormal().build(latent_dim)
        self.register_buffer("fitted", torch.zeros(0))  # one number as soon as it is
        keep_first_dimension(self, "fitted")

        return self

    def forward(self, c: Tensor | None = None) -> Distribution:
        if len(self.fitted):
            return self._indices(c)

        (family,) = self.attached
        return family.reference(self.unit.loc) if family.has_reference else self.unit()

    def _indices(self, c: Tensor | None) -> IndexDistribution:
        zero = self.unit.loc
        phi = zero.new_zeros(_CONTEXT) if self.embedding is None else self.embedding(c)
        return IndexDistribution(self.network, self.attached[0], len(zero), phi)

    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        (family,) = self.attached
        z, _ = points_of(codes().to(self.unit.loc))
        c = None if contexts is None else contexts.to(z)
        uniform = -self.n_indices * math.log(family.index_shape(z.shape[-1])[1])

        def log_prob(k: Tensor, c: Tensor | None) -> Tensor:
            return self._indices(c).log_prob_of(k)

        def unit(k: Tensor, c: Tensor | None) -> Tensor:
            return torch.full((len(k),), uniform)

        before = {name: tensor.clone() for name, tensor in self.state_dict().items()}
        index = family.indices(z)

        if ascent.fit(self, log_prob, unit if family.has_reference else None, index, c):
            self.fitted = torch.ones(1).to(self.fitted)
        else:
            self.load_state_dict(before)
