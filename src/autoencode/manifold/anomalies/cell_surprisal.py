r"""Surprisal of each cell of a table, and the information of cells about the code of their row."""

__all__ = ["CellDecomposition", "CellNoise", "decompose_cells"]

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Independent
from torch.special import ndtr

from ...common.batching import rows_per_batch
from ...common.progress import track
from ...distributions import MixedRow
from ...modalities.capabilities import CellDecomposable
from ..codec import Codec
from ..incomplete_rows import encode_incomplete
from .densities import CAP_QUANTILE, AdaptiveKDE, GaussianDensity

_RELATIVE_STEP = 3e-3  # of finite differences, relative to the code
_MIN_VARIANCE_RATIO = 0.01  # minimum ratio of the variance of residuals to that of the model
_SQRT_TWO_PI = math.sqrt(2 * math.pi)


class CellDecomposition(NamedTuple):
    r"""Rows of a table, decomposed into their codes and the excess surprisal of each cell.

    Example:
        >>> residual, precision = torch.zeros(1, 3), torch.eye(2)[None]
        >>> CellDecomposition(torch.zeros(1, 2), residual, precision, torch.ones(3)).code
        tensor([[0., 0.]])
    """

    code: Tensor
    r"""The codes, with shape `(N, d)`."""

    residual: Tensor
    r"""The surprisal of each cell beyond its expected value, in nats, with shape `(N, columns)`;
    NaN for missing cells."""

    precision: Tensor
    r"""The Fisher information about the code in the cells of each row, with shape `(N, d, d)`."""

    scaled: Tensor
    r"""Mask of the columns of numbers with a density, whose noise has a scale, with shape
    `(columns,)`."""

    def log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""Log-probability of the codes that are compatible with each row, with shape `(N,)`."""
        return density.log_window_mass(self.code, self.precision)

    def loo_log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""Log-probabilities by leave-one-out, for the codes to which the density was fitted."""
        return density.log_window_mass(
            self.code, self.precision, self_indices=torch.arange(len(self.code))
        )

    def fit_noise(self, residual: Tensor) -> "CellNoise":
        r"""Density of residuals, fitted to residuals with shape `(N, columns)`."""
        return CellNoise(residual, self.scaled)


class CellNoise:
    r"""Excess surprisal of the cells of a row, :math:`-\sum_j w_j`.

    The surprisal of a category is used as it is. For a number,
    :math:`w_j = (r_j^2 / \sigma_j^2 - 1) / 2`, where the model has learned the scale
    :math:`\sigma_j` from its training data. On other data, the variance of the residuals is
    :math:`\tau_j` times as large. Therefore,

    .. math:: w_j = \frac{1}{2} \Big( \frac{r_j^2}{\tau_j \, \sigma_j^2} - 1 \Big), \qquad
        \tau_j = \mathbb{E} \frac{r_j^2}{\sigma_j^2}

    Missing cells do not count. Log-densities are limited to their first quartile, because cells
    that are closer to their means than usual do not make a row more normal.

    Arguments:
        w: The surprisals minus the entropies of the model, with shape `(N, columns)`; NaN for
            missing cells.
        scaled: Mask of the columns with a scale, with shape `(columns,)`.

    Example:
        >>> w = (2 * torch.randn(1000, 1)).square() / 2 - 0.5
        >>> CellNoise(w, torch.tensor([True])).scale.round()
        tensor([2.])
    """

    def __init__(self, w: Tensor, scaled: Tensor) -> None:
        squares = (2 * w + 1).nan_to_num()
        n = (~w.isnan()).sum(dim=0)
        variance = ((squares.sum(dim=0) + 1) / (n + 1)).clamp(min=_MIN_VARIANCE_RATIO)

        self.variance = torch.where(scaled.to(w.device), variance, 1.0)
        self.scaled = scaled.to(w.device)
        self.scale = self.variance.sqrt()
        self.cap = math.inf
        self.cap = float(np.quantile(self.log_prob(w).cpu(), CAP_QUANTILE))

    def explain(self, w: Tensor) -> Tensor:
        r"""Excess surprisals by column, with shape `(M, columns)`; zero for missing cells."""
        again = (w + 0.5) / self.variance - 0.5
        return torch.where(self.scaled, again, w).nan_to_num()

    def log_prob(self, w: Tensor) -> Tensor:
        r"""Limited log-densities minus their expected values, with shape `(M,)`."""
        return -self.explain(w).sum(dim=1).clamp(min=-self.cap)


def decompose_cells(codec: Codec, frames: Any, t: Tensor) -> CellDecomposition:
    r"""Computes the excess surprisal of cells given codes, and their information about the codes.

    .. math:: w_j = -\log p(x_j \mid z) - \mathbb{H} \, p_j(\cdot \mid z), \qquad
        G(z) = \sum_{j \text{ not missing}} \mathcal{I}_j(z)

    The expected surprisal of a cell is the entropy :math:`\mathbb{H}` of its distribution.
    :math:`\mathcal{I}_j` is the Fisher information about the code in a cell. A missing cell has
    neither surprisal nor information.

    A level that the fit did not see has the probability that `frames` gives it. A value that
    differs from a constant column counts like half a row in addition to those of the fit.

    Arguments:
        codec: The codec of a model of tables.
        frames: The modality of the model.
        t: The rows as the modality loads them, with shape `(N, columns)`.

    Example:
        >>> import pandas as pd
        >>> import autoencode as ae
        >>> from autoencode.manifold.codec import as_codec
        >>> X = pd.DataFrame({"a": [1.0, None, 3.0, 4.0], "k": ["x", "y", "x", None]})
        >>> training = ae.Training(epochs=1, show_progress=False)
        >>> model = ae.vae(1, training=training, random_state=0).fit(X)
        >>> decomposed = decompose_cells(as_codec(model), model.modality_, model.modality_.load(X))
        >>> decomposed.residual.isnan().int().tolist()
        [[0, 0], [1, 0], [0, 0], [0, 1]]
    """
    with codec.evaluating(), torch.no_grad():
        x = frames.normalize(t).to(next(codec.modules[0].parameters()))
        d, width = codec.encode(x[:1]).shape[1], x.shape[1]
        size = rows_per_batch(8 * 4 * width * d)
        parts = track([*zip(x.split(size), t.split(size))], len(x), "examples")
        decomposed = [_decompose(codec, frames, a, b) for a, b in parts]

    code, residual, precision = map(torch.cat, zip(*decomposed))
    return CellDecomposition(code, residual, precision, torch.tensor(frames.has_density()))


def _decompose(
    codec: Codec, frames: CellDecomposable, x: Tensor, t: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    assert codec.likelihood is not None  # true for all models of tables
    likelihood = codec.likelihood

    def log_prob(x: Tensor, z: Tensor) -> Tensor:
        return frames.cells(x, likelihood(z)).nansum(dim=1)

    known = frames.known(x)
    z = encode_incomplete(codec.encode, codec.decode, log_prob, x, known)
    p = likelihood(z)
    surprisal = -frames.cells(x, p).double()
    surprisal = surprisal.masked_fill(
        frames.is_new(t).to(x.device), 0.0
    )  # `new_level_surprisal` accounts for these
    w = (
        surprisal
        - frames.per_column(_entropy(_cells(p)).double())
        + frames.new_level_surprisal(t).to(surprisal)
    )

    def features(z: Tensor) -> Tensor:
        return _features(_cells(likelihood(z)), _cells(p), frames.observed(x))

    size = _RELATIVE_STEP * z.square().mean(dim=1, keepdim=True).sqrt().clamp(min=1e-3)
    steps = torch.eye(z.shape[1]).to(z)
    ends = ((z + size * step, z - size * step) for step in steps)
    J = torch.stack([features(a) - features(b) for a, b in ends], dim=-1) / (2 * size[..., None])

    return z.double(), w, (J.mT @ J).double()


def _cells(p: Any) -> MixedRow:
    while isinstance(p, Independent):
        p = p.base_dist

    return p


def _ends(p: MixedRow, j: int) -> tuple[Tensor, Tensor]:
    r"""Returns the ends of the intervals of a column, standardized, with shape `(N, K)`."""
    intervals = p.intervals

    if intervals is None or j not in intervals.censored_columns:
        return p.loc[:, :0], p.loc[:, :0]

    row = intervals.censored_columns.index(j)
    low, high = intervals.low[row], intervals.high[row]
    kept = low < high  # the rest is padding
    loc, scale = p.loc[:, j, None], p.scale[:, j, None]

    return (low[kept] - loc) / scale, (high[kept] - loc) / scale


def _entropy(p: MixedRow) -> Tensor:
    r"""Returns the entropies of cells, with shape `(N, F)`.

    If each interval :math:`[a_k, b_k]` stands for one number, with probability :math:`P_k`,

    .. math:: \mathbb{H} = -\sum_k P_k \log P_k - \int_{\text{outside}} p \log p
    """
    entropies = []

    for j in range(p.loc.shape[1]):
        a, b = _ends(p, j)
        height = (_SQRT_TWO_PI * p.scale[:, j]).log()
        P = (ndtr(b) - ndtr(a)).clamp(min=0)
        moment = torch.nan_to_num(b * _phi(b)) - torch.nan_to_num(a * _phi(a))
        inside = (0.5 * (P - moment) + P * height[:, None]).sum(dim=1)
        entropies.append(0.5 + height - inside - torch.xlogy(P, P).sum(dim=1))

    entropies += [-(lp.exp() * lp).sum(dim=1) for lp in p.log_pi]
    return torch.stack(entropies, dim=1)


def _features(p: MixedRow, here: MixedRow, there: Tensor) -> Tensor:
    r"""Returns numbers whose squared derivatives are the Fisher information in known cells."""
    n, features = p.loc.shape[1], []

    for j in range(n):
        a, b = _ends(p, j)
        P = (ndtr(b) - ndtr(a)).clamp(min=0)
        rest = (1 - P.sum(dim=1)).clamp(0, 1) if a.shape[1] else torch.ones_like(p.loc[:, j])
        normal = torch.stack(
            [p.loc[:, j] / here.scale[:, j], math.sqrt(2) * p.scale[:, j].log()], dim=1
        )
        low, high = _ends(here, j)
        share = (1 - (ndtr(high) - ndtr(low)).sum(dim=1)).clamp(0, 1).sqrt()
        share = share if a.shape[1] else rest
        cell = torch.cat([2 * P.sqrt(), normal * share[:, None]], dim=1)
        features.append(cell * there[:, j, None])

    features += [2 * (lp / 2).exp() * there[:, n + k, None] for k, lp in enumerate(p.log_pi)]
    return torch.cat(features, dim=1)


def _phi(t: Tensor) -> Tensor:
    return torch.exp(-0.5 * t.square()) / _SQRT_TWO_PI
