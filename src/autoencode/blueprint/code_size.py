r"""Default size of the code, chosen from the data."""

__all__ = ["choose_code_size"]

import torch
from torch import Tensor, nn

from ..common.arrays import evenly_spaced
from ..data import Examples
from ..modalities import Modality
from ..modalities.capabilities import Tokenized
from ..networks import Network
from ..networks.padding import lengths
from ..networks.views.incomplete import interpolate
from ..training.linear.factor_analysis import principal_components, probabilistic_pca

_MAX_SIZE = 64
_EXPLAINED_VARIANCE = 0.95
_MAX_EXAMPLES, _MAX_NUMBERS = 4096, 2**22
_MAX_FAST_COLUMNS, _MAX_WIDE_EXAMPLES = 512, 640
_SIZE_BY_TEXT_LENGTH = {12: 16, 100: 32}  # maximum median length in tokens: size


@torch.no_grad()
def choose_code_size(
    data: Examples, modality: Modality, network: Network, density: bool, corrupted: bool
) -> tuple[int, str]:
    r"""Choose the size of the code, and give the reason.

    | model | size |
    | --- | --- |
    | with a density | the number of principal components of the highest held-out likelihood |
    | without a density | the number of principal components with 95 % of the variance |
    | with corrupted input | as wide as the data: the corruption limits the information |
    | with a fully convolutional network | the size that the network determines |
    | of texts | 16, 32 or 64, by their median length |

    The size is at most 64, and at most half the number of examples. Without corruption, it is
    below the number of columns that vary. Missing numbers (NaN) are interpolated. With a context,
    the components are those of the residuals of a linear regression on it.

    References:
        | Probabilistic Principal Component Analysis (Tipping & Bishop, 1999), for the likelihood
        | https://doi.org/10.1111/1467-9868.00196

    Arguments:
        data: The examples.
        modality: Their modality, fitted to them.
        network: The architecture of the networks.
        density: Whether codes have a density.
        corrupted: Whether the input of the encoder is corrupted.

    Example:
        >>> from sklearn.datasets import load_wine
        >>> from autoencode.modalities import Tables
        >>> from autoencode.networks import FullyConnected
        >>> X = load_wine().data
        >>> modality = Tables().fit(X)
        >>> x = Examples(modality.load(X))
        >>> choose_code_size(x, modality, FullyConnected(), density=False, corrupted=False)
        (10, 'this many principal components hold 95 % of the variance')
    """
    if (only := network.code_size(modality.shape_)) is not None:
        return only, "the network determines it"

    few = min(_MAX_EXAMPLES, max(2, _MAX_NUMBERS // max(1, data.target[:1].numel())))
    some = data.spread(few)[:]
    x = modality.normalize(some.target)

    if isinstance(modality, Tokenized):
        usual = int(lengths(x, int(x.max()), include_end=False).float().median())
        fit = next(
            (size for length, size in _SIZE_BY_TEXT_LENGTH.items() if usual <= length), _MAX_SIZE
        )
        return max(1, min(fit, len(data) // 2)), f"the median text has {usual} tokens"

    x = interpolate(x) if x.isnan().any() else x
    x, c = x.flatten(start_dim=1).double(), some.context

    if x.shape[1] > _MAX_FAST_COLUMNS:
        kept = evenly_spaced(len(x), _MAX_WIDE_EXAMPLES)
        x, c = x[kept], None if c is None else c[kept]

    x = x - x.mean(dim=0)
    x = x[:, (x != x[:1]).any(dim=0)]
    varying, most = x.shape[1], max(1, min(_MAX_SIZE, len(data) // 2))

    if corrupted:
        return max(1, min(varying, most)), "the corruption limits the information, not the width"

    most = min(most, varying - 1)

    if most < 2:
        return 1, "narrower than the data"

    return _size_from_components(_without(x, c), most, density)


def _size_from_components(x: Tensor, most: int, density: bool) -> tuple[int, str]:
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


def _without(x: Tensor, c: Tensor | None) -> Tensor:
    r"""Returns the residuals of a linear regression on the context."""
    if c is None:
        return x

    c = nn.functional.pad(c.double(), (1, 0), value=1.0)
    return x - c @ torch.linalg.lstsq(c, x, driver="gelsd").solution
