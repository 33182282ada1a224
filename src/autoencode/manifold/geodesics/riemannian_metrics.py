r"""Riemannian metrics that a decoder induces on its codes."""

__all__ = ["RiemannianMetric", "ensemble", "fisher", "pullback"]

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.distributions as td
from torch import Tensor
from torch.distributions import Distribution

from ...distributions import AutoregressiveDistribution, MixedRow
from ..codec import Codec
from . import sequence_metric


@dataclass(frozen=True)
class RiemannianMetric:
    r"""Metric of codes: the squared length of a step from features :math:`h` of both ends.

    Example:
        >>> plane = RiemannianMetric(lambda z: 2 * z, lambda h, k: (h - k).square().sum(dim=-1))
        >>> h, k = plane.features(torch.ones(1, 2)), plane.features(torch.zeros(1, 2))
        >>> plane.squared_distance(h, k)
        tensor([8.])
    """

    features: Callable[[Tensor], Tensor]
    r"""Maps codes with shape `(N, d)` to features with shape `(N, *)`."""

    squared_distance: Callable[[Tensor, Tensor], Tensor]
    r"""Maps the features of both ends, with shape `(*, F)`, to squares with shape `(*)`."""

    is_local: bool = False
    r"""True if the metric is estimated for each curve separately."""

    def squared_lengths(self, curves: Tensor) -> Tensor:
        r"""Squared lengths of the segments of curves.

        Arguments:
            curves: Codes in their order, with shape `(N, T, d)`.

        Returns:
            The squares, with shape `(N, T - 1)`.
        """
        h = self.features(curves.flatten(end_dim=1)).unflatten(0, curves.shape[:2])
        return self.squared_distance(h[:, 1:], h[:, :-1]).clamp(min=0)

    def lengths(self, curves: Tensor) -> Tensor:
        r"""Lengths of curves, `(N, T, d)`, with shape `(N,)`."""
        return self.squared_lengths(curves).sqrt().sum(dim=1)


def pullback(codec: Codec) -> RiemannianMetric:
    r"""Distance of decoded examples, :math:`h = g`, with the metric :math:`G = J^\top J`.

    Arguments:
        codec: The codec of a model.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec((lambda x: x[:, :1], lambda z: torch.cat([3 * z, 4 * z], dim=1)))
        >>> pullback(codec).lengths(torch.tensor([[[0.0], [0.5], [1.0]]]))
        tensor([5.])
    """
    return ensemble([codec])


def ensemble(members: Sequence[Codec]) -> RiemannianMetric:
    r"""Mean of the metrics of several decoders of one code.

    .. math:: G = \mathbb{E}_\theta \, J_\theta^\top J_\theta

    Steps are longer where the decoders disagree, which they do away from the data.

    References:
        | Decoder ensembling for learned latent geometries (Syrota et al., 2024)
        | https://arxiv.org/abs/2408.07507

    Arguments:
        members: The codec of each member.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> up, down = (as_codec((lambda x: x, lambda z, s=s: s * z)) for s in (1, -1))
        >>> ensemble([up, down]).lengths(torch.tensor([[[0.0], [1.0]]])).round(decimals=4)
        tensor([1.])
    """

    def features(z: Tensor) -> Tensor:
        return torch.cat([codec.decode(z) for codec in members], dim=1) / math.sqrt(len(members))

    return RiemannianMetric(features, _euclidean)


def fisher(codec: Codec, z: Tensor) -> RiemannianMetric:
    r"""Fisher-Rao metric of the distributions :math:`p(x \mid z)`.

    .. math:: G = J_\phi^\top \, \mathcal{I}(\phi) \, J_\phi

    For binary elements and categories, it is the Euclidean distance of the features
    :math:`2 \arcsin \sqrt{\pi}` and :math:`2 \sqrt{\pi}`. For normal distributions, the squared
    length of a step is :math:`\Delta \mu^2 / (\sigma \sigma') + 2 (\Delta \log \sigma)^2`,
    which is exact for a shared scale. For continuous Bernoulli distributions it is the symmetrized
    divergence. Both differ from the distance in the third order of the step.

    For token sequences, the chain rule gives the mean metric of the next token over all prefixes.
    It is estimated with prefixes of sequences that the model generates from the given codes. Each
    prefix is weighted by its probability under the code in question.

    References:
        | Pulling back information geometry (Arvanitidis et al., 2022)
        | https://arxiv.org/abs/2106.05367

    Arguments:
        codec: The codec of a model with a likelihood.
        z: Codes with shape `(S, d)`. For sequences, one sequence is generated from each code, with
            torch's generator. For other data, they only show the kind of the likelihood.

    Raises:
        ValueError: If the model has no likelihood, or a likelihood without such a metric.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> import autoencode as ae
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec(ae.linear(latent_dim=8).fit(load_digits().data))
        >>> fisher(codec, torch.zeros(1, 8)).lengths(torch.randn(5, 3, 8)).shape
        torch.Size([5])
    """
    likelihood = codec.likelihood

    if likelihood is None:
        raise ValueError(
            "metric='fisher' needs a likelihood p(x | z), which a pair of functions lacks. Pass"
            " a fitted Autoencoder, or use metric='pullback'."
        )

    p = _elements(likelihood(z))
    parameters, squared_distance = _metric_of(p)

    return RiemannianMetric(
        lambda z: parameters(_elements(likelihood(z))),
        squared_distance,
        is_local=isinstance(p, AutoregressiveDistribution),
    )


def _metric_of(p: Distribution) -> tuple[Callable, Callable]:
    if isinstance(p, AutoregressiveDistribution):
        return sequence_metric.sampled_prefix_metric(p)

    if isinstance(p, MixedRow):
        return _mixed_cells_metric(p.loc.shape[-1])

    for family, metric in _FAMILIES.items():
        if isinstance(p, family):
            return metric

    raise ValueError(
        f"metric='fisher' has no closed form for {type(p).__name__} likelihoods. Use"
        " metric='pullback'."
    )


def _elements(p: Distribution) -> Distribution:
    while isinstance(p, td.Independent):
        p = p.base_dist

    return p


def _euclidean(h: Tensor, k: Tensor) -> Tensor:
    return (h - k).square().sum(dim=-1)


def _normal_squared_distance(h: Tensor, k: Tensor) -> Tensor:
    (mu, s), (nu, t) = h.chunk(2, dim=-1), k.chunk(2, dim=-1)
    return ((mu - nu).square() * (-s - t).exp() + 2 * (s - t).square()).sum(dim=-1)


def _symmetrized_divergence(h: Tensor, k: Tensor) -> Tensor:
    r""":math:`\langle \Delta \eta, \Delta m \rangle` of natural and mean parameters."""
    (eta, m), (xi, n) = h.chunk(2, dim=-1), k.chunk(2, dim=-1)
    return ((eta - xi) * (m - n)).sum(dim=-1)


def _mixed_cells_metric(n: int) -> tuple[Callable, Callable]:
    r"""Returns the metric of a product of n normal distributions and any number of categories."""

    def parameters(p: MixedRow) -> Tensor:
        return torch.cat([p.loc, p.scale.log(), *(2 * (lp / 2).exp() for lp in p.log_pi)], dim=1)

    def squared_distance(h: Tensor, k: Tensor) -> Tensor:
        categories = _euclidean(h[..., 2 * n :], k[..., 2 * n :])
        return _normal_squared_distance(h[..., : 2 * n], k[..., : 2 * n]) + categories

    return parameters, squared_distance


def _pair(a: Tensor, b: Tensor) -> Tensor:
    return torch.cat([a.flatten(start_dim=1), b.flatten(start_dim=1)], dim=1)


# As a function of half of the log-odds, whose derivative stays finite
_FAMILIES: dict[type[Distribution], tuple[Callable, Callable]] = {
    td.Bernoulli: (
        lambda p: 2 * (p.logits.flatten(start_dim=1) / 2).clamp(-40, 40).exp().atan(),
        _euclidean,
    ),
    td.Categorical: (lambda p: 2 * (p.logits / 2).exp().flatten(start_dim=1), _euclidean),
    td.OneHotCategorical: (lambda p: 2 * (p.logits / 2).exp().flatten(start_dim=1), _euclidean),
    td.Normal: (lambda p: _pair(p.loc, p.scale.log()), _normal_squared_distance),
    td.ContinuousBernoulli: (lambda p: _pair(p.logits, p.mean), _symmetrized_divergence),
}
