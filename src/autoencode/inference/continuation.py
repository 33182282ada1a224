r"""New examples that continue a given beginning."""

__all__ = ["check_prefixes", "continue_prefixes"]

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..modalities import Modality
from ..modalities.capabilities import Tokenized
from ..models.latent import LatentModel, Model
from ..priors.base import sample_prior
from .batched import map_batches
from .imputation import PRIOR_CODES, sample_codes_from_prior

_MIN_PRIOR_CODES = 1024


def check_prefixes(modality: Modality, prefix: str | Sequence[str], n: int) -> list[str]:
    r"""Beginnings of new texts, one for each.

    Arguments:
        modality: The kind of data.
        prefix: The beginning of all texts, or of each.
        n: The number of texts.

    Raises:
        ValueError: If the data are not texts, or no text can begin in this way.

    Example:
        >>> from autoencode.modalities import Texts
        >>> check_prefixes(Texts().fit(["abc"]), "ab", n=2)
        ['ab', 'ab']
    """
    if not isinstance(modality, Tokenized):
        raise ValueError(
            f"sample(prefix=...) needs a model of texts, got one of {type(modality).__name__}."
        )

    prefixes = [prefix] * n if isinstance(prefix, str) else [*prefix]
    wrong = next((p for p in prefixes if not isinstance(p, str)), None)

    if wrong is not None or len(prefixes) != n:
        what = f"{len(prefixes)} of them" if wrong is None else repr(wrong)
        raise ValueError(
            f"expected prefix as a text, or as {n} texts, one for each new example, got {what}."
        )

    for text in {*prefixes}:
        modality.prefix_tokens(text)

    return prefixes


def continue_prefixes(
    model: LatentModel, modality: Any, prefixes: Sequence[str], c: Tensor | None = None
) -> Tensor:
    r"""Sample token sequences that begin with given ones, with torch's generator.

    .. math:: z \sim p(z \mid x_{1:P}) \propto p(z) \, p(x_{1:P} \mid z), \qquad
        x \sim p(x \mid x_{1:P}, z)

    The codes are resampled from codes of the prior. Sequences with the same beginning and context
    share them: 16,384 codes, or fewer for each if there are many beginnings and contexts.

    Arguments:
        model: The trained model.
        modality: The kind of data, :class:`~autoencode.modalities.capabilities.Tokenized`.
        prefixes: The beginning of each example.
        c: The contexts, with shape `(N, C)`.

    Returns:
        Scaled examples, with shape `(N, L)`.
    """
    distinct = sorted(set(prefixes))
    which = torch.tensor([[distinct.index(prefix)] for prefix in prefixes])
    keys = which if c is None else torch.cat([which, c.cpu()], dim=1)
    groups, members = torch.unique(keys, dim=0, return_inverse=True)
    codes = max(_MIN_PRIOR_CODES, PRIOR_CODES // len(groups))
    result = torch.empty(0)

    for group in range(len(groups)):
        rows = (members == group).nonzero().flatten()
        tokens = modality.prefix_tokens(prefixes[int(rows[0])])
        shared = None if c is None else c[rows[:1]]

        def draw(m: Model, x: Tensor, n: int = len(rows)) -> Tensor:
            z = _codes(m, x, n, codes)
            p: Any = m.decode(m.posterior.project(z))
            return p.sample_after(x[0])[None]

        x = map_batches(model, draw, tokens[None].float(), shared)[0]
        result = result if len(result) else torch.empty(len(prefixes), *x.shape[1:], dtype=x.dtype)
        result[rows] = x

    return result


def _codes(model: Model, x: Tensor, n: int, least: int) -> Tensor:
    r"""Returns codes given the first tokens, with shape `(n, D)`."""
    if x.shape[1] == 0:  # all examples begin so
        return sample_prior(model.prior(), n).to(x)

    return sample_codes_from_prior(model, x, n, least)
