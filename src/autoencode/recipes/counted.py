r"""Recipes for counts and ratings."""

__all__ = ["counts", "recommender"]

from typing import Any

from ..corruptions import Masking
from ..distributions import Multinomial, NegativeBinomial, ZeroInflated
from ..estimator import Autoencoder
from ..modalities import Counts
from ..networks import FullyConnected, TransformedInput
from ..objectives import ELBO, LinearSchedule
from .building import Layers, check_effect, recipe


def counts(
    latent_dim: int | None = 10,
    zero_inflated: bool = False,
    layers: Layers = (128,),
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder of counts, such as the reads of single cells.

    Counts are negative binomial, with a dispersion for each feature. Their means are shares of the
    size of their row, the sum of its counts, so that codes do not hold how much was counted. With
    `conditional=True`, `fit(X, batch)` leaves what differs between batches to the decoder, and
    codes are those of what batches have in common. `reconstruct` returns expected counts, without
    the noise of counting; divide them by the sums of their rows to compare rows. See
    :class:`~autoencode.modalities.Counts` for sparse matrices and annotated data.

    References:
        | Deep generative modeling for single-cell transcriptomics (Lopez et al., 2018)
        | https://doi.org/10.1038/s41592-018-0229-2

    Arguments:
        latent_dim: The number of features of the code. `None` derives it from the data, and two
            make a map.
        zero_inflated: Whether counts may be zero more often than their mean tells.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.recommender`, :class:`~autoencode.modalities.Counts`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.poisson(rng.gamma(1.0, 3.0, (60, 1)) * rng.dirichlet(np.ones(8), 60) * 8)
        >>> model = counts(2, training=ae.Training(epochs=1), random_state=0).fit(X[X.sum(1) > 0])
        >>> model.sample(3).dtype
        dtype('int64')
    """
    check_effect("network", options, layers=(layers, (128,)))
    check_effect("likelihood", options, zero_inflated=(zero_inflated, False))
    family = ZeroInflated(NegativeBinomial()) if zero_inflated else NegativeBinomial()
    options = {"modality": Counts(), "likelihood": family} | options
    options = {"network": TransformedInput(FullyConnected(layers or (128,)))} | options

    return recipe(latent_dim, None, ELBO(), options)


def recommender(
    latent_dim: int | None = 64,
    beta: float = 0.2,
    masked: float = 0.5,
    layers: Layers = (256,),
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder that recommends things to users (Mult-VAE).

    Rows are users and columns are things, such as films; a positive number says that a user has
    seen, bought or rated one. The likelihood is multinomial, so that things compete for a place
    among the first. The encoder sees a random half of what a user has, as a vector of norm one,
    and learns to name the rest. `recommend(X, k)` returns `k` things that each user does not have.

    Whether a user has a thing usually says more than the rating, so that `X > 0` often does better
    than ratings.

    References:
        | Variational Autoencoders for Collaborative Filtering (Liang et al., 2018)
        | https://arxiv.org/abs/1802.05814

    Arguments:
        latent_dim: The number of features of the code.
        beta: The weight of the rate, which rises to this number over the first half of the
            training. Less than one recommends better.
        masked: The share of what a user has that is hidden from the encoder in training.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.counts`, :func:`~autoencode.evaluation.recall_at_k`,
        :func:`~autoencode.evaluation.ndcg_at_k`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> X = (np.random.default_rng(0).random((60, 8)) < 0.3).astype(int)
        >>> model = recommender(2, training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model.recommend(X, k=3).shape
        (60, 3)
    """
    check_effect("network", options, layers=(layers, (256,)))
    check_effect("objective", options, beta=(beta, 0.2))
    check_effect("corruption", options, masked=(masked, 0.5))
    network = TransformedInput(FullyConnected(layers or (256,)), "unit_norm")
    options = {
        "modality": Counts(),
        "likelihood": Multinomial(),
        "corruption": Masking(masked),
        "network": network,
    } | options

    return recipe(latent_dim, None, ELBO(LinearSchedule(end=beta, duration=0.5)), options)
