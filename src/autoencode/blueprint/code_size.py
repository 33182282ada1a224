r"""The size of a code that the user has not chosen, from the data and the purpose."""

__all__ = ["choose_code_size"]

from typing import Any

import torch
from torch import Tensor, nn

from ..common.padding import sizes
from ..data import Examples
from ..distributions import Dirac
from ..training.factor_analysis import principal_components, probabilistic_pca
from . import assembly

_MOST = 64
_SHARE = 0.95  # of the variance, for codes that reconstruct
_EXAMPLES, _NUMBERS = 4096, 2**22  # at most, that are looked at
_WIDE, _FEW = 512, 640  # numbers of an example beyond which fewer examples have to do
_TEXTS = {12: 16, 100: 32}  # the size for texts of up to so many symbols


@torch.no_grad()
def choose_code_size(estimator: Any, data: Examples) -> tuple[int, str]:
    r"""The size of the code, and why, in a few words.

    | what for | size |
    | --- | --- |
    | a code with a density | the principal components that make held-out examples likeliest |
    | a code that reconstructs | those that hold 95 % of the variance |
    | damaged input | as wide as the data: the damage limits what passes |
    | damaged images | as the network wants, which keeps them at their resolution |
    | texts | 16, 32 or 64, by their median length |

    The number is at most 64, and at most half the number of the examples; without damage it is
    below that of the numbers that vary. A context explains its part before.

    References:
        | Probabilistic Principal Component Analysis (Tipping & Bishop, 1999), for the likelihood
        | https://doi.org/10.1111/1467-9868.00196

    Arguments:
        estimator: An :class:`~autoencode.Autoencoder` that knows its data, by `modality_` and
            `network_`.
        data: The examples.

    Example:
        >>> choose_code_size(model, Examples(torch.from_numpy(X)))  # doctest: +SKIP
        (3, 'as many principal components make held-out examples likeliest')
    """
    if (only := estimator.network_.code_size(estimator.modality_.shape_)) is not None:
        return only, "the network keeps places and has no other"

    few = min(len(data), _EXAMPLES, max(2, _NUMBERS // max(1, data.target[:1].numel())))
    some = data[torch.linspace(0, len(data) - 1, few).long()]
    x = estimator.modality_.normalize(some.target)

    if estimator.modality_.symbolic:
        usual = int(sizes(x, int(x.max())).float().median())
        fit = next((size for length, size in _TEXTS.items() if usual <= length), _MOST)
        return max(1, min(fit, len(data) // 2)), f"texts have {usual} symbols"

    x, c = x.flatten(start_dim=1).double(), some.context

    if x.shape[1] > _WIDE:
        kept = torch.linspace(0, len(x) - 1, min(len(x), _FEW)).long()
        x, c = x[kept], None if c is None else c[kept]

    x = x - x.mean(dim=0)
    x = x[:, (x != x[:1]).any(dim=0)]
    varying, most = x.shape[1], max(1, min(_MOST, len(data) // 2))

    if data.corrupted is not None or estimator.corruption is not None:
        return max(1, min(varying, most)), "the damage limits what passes, not the width"

    most = min(most, varying - 1)

    if most < 2:
        return 1, "narrower than the data"

    return _of_components(_without(x, c), most, density=_has_density(estimator))


def _of_components(x: Tensor, most: int, density: bool) -> tuple[int, str]:
    if density:
        k = probabilistic_pca(x, most).loadings.shape[1]
        return max(1, k), "as many principal components make held-out examples likeliest"

    _, variances = principal_components(x, most)
    held = variances.cumsum(dim=0) / x.square().sum(dim=1).mean()
    k = 1 + int((held < _SHARE).sum())

    if k > most:
        return most, f"as many principal components hold {100 * float(held[-1]):.0f} % of variance"

    return k, f"as many principal components hold {100 * _SHARE:.0f} % of the variance"


def _has_density(estimator: Any) -> bool:
    return not isinstance(assembly.posterior(estimator), Dirac)


def _without(x: Tensor, c: Tensor | None) -> Tensor:
    r"""Returns what a linear regression on the context leaves."""
    if c is None:
        return x

    c = nn.functional.pad(c.double(), (1, 0), value=1.0)
    return x - c @ torch.linalg.lstsq(c, x, driver="gelsd").solution
