r"""Measures of recommendations."""

__all__ = ["ndcg_at_k", "recall_at_k"]

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def recall_at_k(recommended: ArrayLike, held_out: Any) -> NDArray[np.float64]:
    r"""Share of the held-out things of each user that were recommended.

    .. math:: \mathrm{Recall@k} = \frac{| R_k \cap H |}{\min(k, |H|)}

    where :math:`R_k` are the first :math:`k` recommendations, and :math:`H` the things that were
    held out. It is one if as many of them as possible were recommended.

    References:
        | Variational Autoencoders for Collaborative Filtering (Liang et al., 2018)
        | https://arxiv.org/abs/1802.05814

    Arguments:
        recommended: The columns of the recommended things, best first, with shape `(N, k)`; -1
            where there is none.
        held_out: A dense or sparse matrix with shape `(N, D)`, positive where a thing was held
            out.

    Returns:
        The recall of each user, with shape `(N,)`; NaN for users without held-out things.

    Raises:
        ValueError: If the shapes do not agree.

    See Also:
        :func:`~autoencode.evaluation.ndcg_at_k`

    Example:
        >>> recall_at_k([[2, 0]], [[0, 1, 1]])
        array([0.5])
    """
    hits, counts = _hits(recommended, held_out)
    return _ratio(hits.sum(axis=1), np.minimum(counts, hits.shape[1]))


def ndcg_at_k(recommended: ArrayLike, held_out: Any) -> NDArray[np.float64]:
    r"""Normalized discounted cumulative gain of the recommendations of each user.

    .. math:: \mathrm{NDCG@k} = \sum_{r=1}^k \frac{[R_r \in H]}{\log_2 (r + 1)} \Big/
        \sum_{r=1}^{\min(k, |H|)} \frac{1}{\log_2 (r + 1)}

    where :math:`R_r` is the recommendation of rank :math:`r`, and :math:`H` are the things that
    were held out. Hits count more the earlier they come.

    References:
        | Cumulated gain-based evaluation of IR techniques (Järvelin & Kekäläinen, 2002)
        | https://doi.org/10.1145/582415.582418

    Arguments:
        recommended: The columns of the recommended things, best first, with shape `(N, k)`; -1
            where there is none.
        held_out: A dense or sparse matrix with shape `(N, D)`, positive where a thing was held
            out.

    Returns:
        The gain of each user, with shape `(N,)`; NaN for users without held-out things.

    Raises:
        ValueError: If the shapes do not agree.

    See Also:
        :func:`~autoencode.evaluation.recall_at_k`

    Example:
        >>> ndcg_at_k([[1, 0]], [[0, 1, 0]])
        array([1.])
    """
    hits, counts = _hits(recommended, held_out)
    gains = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.r_[0, gains.cumsum()][np.minimum(counts, hits.shape[1])]

    return _ratio(hits @ gains, best)


def _hits(recommended: ArrayLike, held_out: Any) -> tuple[NDArray, NDArray]:
    r"""Returns which recommendations were held out, and the number of held-out things."""
    ranked = np.asarray(recommended)
    held_out = held_out.tocsr() if hasattr(held_out, "tocsr") else np.asarray(held_out)

    if ranked.ndim != 2 or ranked.dtype.kind not in "iu" or held_out.ndim != 2:
        raise ValueError(
            "expected columns of things with shape (N, k) and a matrix with shape (N, D), got"
            f" {ranked.dtype} with shape {ranked.shape}, and shape {held_out.shape}."
        )

    N, D = held_out.shape

    if len(ranked) != N or (ranked.size and not -1 <= ranked.min() <= ranked.max() < D):
        raise ValueError(
            f"expected recommendations for {N:,} users among {D:,} things, got {len(ranked):,}"
            f" users and columns up to {ranked.max(initial=-1)}."
        )

    hits, counts = np.zeros(ranked.shape), np.zeros(N, int)

    for i in range(N):
        row = held_out[[i]]
        row = (row.toarray() if hasattr(row, "toarray") else row)[0] > 0
        hits[i] = row[ranked[i]] & (ranked[i] >= 0)
        counts[i] = row.sum()

    return hits, counts


def _ratio(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    return np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
