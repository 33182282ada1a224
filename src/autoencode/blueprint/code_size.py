r"""Default size of the code, chosen from the data."""

__all__ = ["choose_code_size"]

from typing import Any

import torch
from torch import Tensor, nn

from ..common.padding import sizes
from ..data import Examples
from ..distributions import Dirac
from ..training.factor_analysis import principal_components, probabilistic_pca
from . import assembly

_MAX_SIZE = 64
_EXPLAINED_VARIANCE = 0.95
_MAX_EXAMPLES, _MAX_NUMBERS = 4096, 2**22
_MAX_FAST_COLUMNS, _MAX_WIDE_EXAMPLES = 512, 640
_SIZE_BY_TEXT_LENGTH = {12: 16, 100: 32}  # maximum median length in tokens: size


@torch.no_grad()
def choose_code_size(estimator: Any, data: Examples) -> tuple[int, str]:
    r"""Choose the size of the code, and say why.

    | model | size |
    | --- | --- |
    | with a density | the number of principal components of the highest held-out likelihood |
    | without a density | the number of principal components with 95 % of the variance |
    | with corrupted input | as wide as the data: the corruption limits the information |
    | with a fully convolutional network | the size that the network determines |
    | of texts | 16, 32 or 64, by their median length |

    The size is at most 64, and at most half the number of examples. Without corruption, it is
    below the number of columns that vary. With a context, the components are those of the
    residuals of a linear regression on it.

    References:
        | Probabilistic Principal Component Analysis (Tipping & Bishop, 1999), for the likelihood
        | https://doi.org/10.1111/1467-9868.00196

    Arguments:
        estimator: An :class:`~autoencode.Autoencoder` that knows its data, by `modality_` and
            `network_`.
        data: The examples.

    Example:
        >>> choose_code_size(model, Examples(torch.from_numpy(X)))  # doctest: +SKIP
        (3, 'this many principal components have the highest held-out likelihood')
    """
    if (only := estimator.network_.code_size(estimator.modality_.shape_)) is not None:
        return only, "the network determines it"

    few = min(len(data), _MAX_EXAMPLES, max(2, _MAX_NUMBERS // max(1, data.target[:1].numel())))
    some = data[torch.linspace(0, len(data) - 1, few).long()]
    x = estimator.modality_.normalize(some.target)

    if estimator.modality_.symbolic:
        usual = int(sizes(x, int(x.max())).float().median())
        fit = next(
            (size for length, size in _SIZE_BY_TEXT_LENGTH.items() if usual <= length), _MAX_SIZE
        )
        return max(1, min(fit, len(data) // 2)), f"the median text has {usual} tokens"

    x, c = x.flatten(start_dim=1).double(), some.context

    if x.shape[1] > _MAX_FAST_COLUMNS:
        kept = torch.linspace(0, len(x) - 1, min(len(x), _MAX_WIDE_EXAMPLES)).long()
        x, c = x[kept], None if c is None else c[kept]

    x = x - x.mean(dim=0)
    x = x[:, (x != x[:1]).any(dim=0)]
    varying, most = x.shape[1], max(1, min(_MAX_SIZE, len(data) // 2))

    if data.corrupted is not None or estimator.corruption is not None:
        return max(1, min(varying, most)), "the corruption limits the information, not the width"

    most = min(most, varying - 1)

    if most < 2:
        return 1, "narrower than the data"

    return _of_components(_without(x, c), most, density=_has_density(estimator))


def _of_components(x: Tensor, most: int, density: bool) -> tuple[int, str]:
    if density:
        k = probabilistic_pca(x, most).loadings.shape[1]
        return max(1, k), "this many principal components have the highest held-out likelihood"

    _, variances = principal_components(x, most)
    held = variances.cumsum(dim=0) / x.square().sum(dim=1).mean()
    k = 1 + int((held < _EXPLAINED_VARIANCE).sum())

    if k > most:
        return (
            most,
            f"this many principal components hold {100 * float(held[-1]):.0f} % of variance",
        )

    return (
        k,
        f"this many principal components hold {100 * _EXPLAINED_VARIANCE:.0f} % of the variance",
    )


def _has_density(estimator: Any) -> bool:
    return not isinstance(assembly.posterior(estimator), Dirac)


def _without(x: Tensor, c: Tensor | None) -> Tensor:
    r"""Returns the residuals of a linear regression on the context."""
    if c is None:
        return x

    c = nn.functional.pad(c.double(), (1, 0), value=1.0)
    return x - c @ torch.linalg.lstsq(c, x, driver="gelsd").solution
