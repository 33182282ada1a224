r"""Methods of the estimator that recommend what an example does not have."""

__all__ = ["RecommendMethods"]

from numbers import Integral
from pathlib import Path

import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..inference.batched import map_scaled
from ..models.latent import Model
from .availability import available_unless, has_no_decoder, has_no_ranking
from .reading import ExampleReader


class RecommendMethods(ExampleReader):
    r"""Recommendations.

    Example:
        >>> import autoencode as ae
        >>> hasattr(ae.recommender(), "recommend")
        True
    """

    @available_unless(has_no_decoder, has_no_ranking)
    def recommend(
        self, X: ArrayLike | str | Path, k: int = 10, y: ArrayLike | None = None
    ) -> NDArray:
        r"""Recommends features that examples do not have, such as films that users did not see.

        Features are ranked by the mean of :math:`p(x \mid z)`, where :math:`z` is the mean of the
        code.

        Arguments:
            X: The examples, such as the ratings of users, with shape `(N, D)`.
            k: The number of recommendations.
            y: Labels or numbers of the examples, if the model is conditional.

        Returns:
            The columns of the recommended features, best first, with shape `(N, k)`. The column is
            -1 if an example has fewer than `k` features left.

        Raises:
            ValueError: If the examples are not like those of `fit`, or `k` is not a number of
                columns.
        """
        n = self.modality_.shape_[0]

        if not isinstance(k, Integral) or isinstance(k, bool) or not 1 <= k <= n:
            raise ValueError(f"expected k as an integer from 1 to {n:,}, got {k!r}.")

        modality = self.modality_

        def best(model: Model, x: Tensor) -> Tensor:
            scores = modality.ranking(x, model.decode(model.encode(x).mean))
            top = scores.topk(int(k))
            return torch.where(top.values > -torch.inf, top.indices, -1).cpu()

        model, modality, x, c = self._open(X, y)
        return map_scaled(model, modality, best, x, c).numpy()
