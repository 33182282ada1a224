r"""Tangent planes in the training of classifiers: augmentation and a penalty."""

__all__ = ["TangentAugment", "tangent_penalty"]

from collections.abc import Callable
from typing import Any

from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...common.seeding import Seed, check_random_state
from ..jacobians import pushforward
from .tangents import Tangents


class TangentAugment:
    r"""Moves examples along their tangent planes.

    .. math:: x' = x + \lambda \sum_j \epsilon_j s_j u_j,
        \qquad \epsilon_j \sim \mathcal{N}(0, 1)

    :math:`u_j` are the directions of the plane at :math:`x`, and :math:`s_j` the standard
    deviations of its neighbors in the data of the tangents along them. Images are clipped at black
    and white.

    Arguments:
        tangents: Fitted :class:`Tangents`.
        scale: The length :math:`\lambda \geq 0` of the steps, in these standard deviations.

    See Also:
        :class:`~autoencode.manifold.Tangents`, :func:`~autoencode.manifold.tangent_penalty`

    Example:
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(50, 1)) * np.array([1.0, 2.0])
        >>> augment = TangentAugment(Tangents(source="neighbors", n_components=1).fit(X))
        >>> X_new = augment(X, random_state=0)
        >>> np.allclose(X_new[:, 1], 2 * X_new[:, 0]), np.allclose(X_new, X)
        (True, False)
    """

    def __init__(self, tangents: Tangents, scale: float = 0.5) -> None:
        if not isinstance(tangents, Tangents):
            raise TypeError(
                f"expected Tangents, got {type(tangents).__name__}. For a model, use"
                " Tangents(model).fit(X)."
            )

        if not scale >= 0:
            raise ValueError(f"expected scale >= 0, got {scale}.")

        self.tangents = tangents
        self.scale = scale

    def __call__(self, X: Any, random_state: Seed = None) -> Any:
        r"""
        Arguments:
            X: The examples.
            random_state: The seed of the steps.

        Returns:
            One moved example for each example, in the same shape and type.
        """
        check_is_fitted(self.tangents)
        shape = (len(X), self.tangents.n_components_)
        return self.tangents.displace(
            X, self.scale * check_random_state(random_state).standard_normal(shape)
        )


def tangent_penalty(classifier: Callable[[Tensor], Tensor], x: Tensor, basis: Tensor) -> Tensor:
    r"""Penalty on changes of a classifier's output along the tangent planes of examples.

    .. math:: \Omega(x) = \sum_{u \in \mathcal{B}_x}
        \left\| \frac{\partial o}{\partial x}(x) \, u \right\|^2

    Added to the loss, it makes the classifier ignore variation within a class. It needs one
    product with the Jacobian for each direction, and is differentiable.

    References:
        | The Manifold Tangent Classifier (Rifai et al., 2011)

    Arguments:
        classifier: Maps a batch of examples to outputs with shape `(B, *)`. The output of an
            example must not depend on the others.
        x: The examples, with shape `(B, *)`.
        basis: The directions at each example, with shape `(B, d', D)`, where `D` is the number of
            elements of an example.

    Returns:
        The penalties, with shape `(B,)`.

    See Also:
        :class:`~autoencode.manifold.TangentAugment`, :class:`~autoencode.objectives.Contractive`

    Example:
        >>> x, basis = torch.ones(1, 2), torch.tensor([[[0.0, 1.0]]])
        >>> tangent_penalty(lambda x: x.square(), x, basis)
        tensor([4.])
    """
    if not (isinstance(x, Tensor) and isinstance(basis, Tensor) and x.is_floating_point()):
        kinds = [getattr(v, "dtype", type(v).__name__) for v in (x, basis)]
        raise TypeError(
            f"expected tensors of floats, got {kinds[0]} and {kinds[1]}. Tangents give a basis as"
            " a tensor for examples in a tensor."
        )

    if basis.ndim != 3 or basis.shape[::2] != x.flatten(start_dim=1).shape:
        raise ValueError(
            f"expected a basis with shape (B, d', D) for x with shape {tuple(x.shape)}, got"
            f" {tuple(basis.shape)}."
        )

    V = basis.to(x).movedim(1, 0).unflatten(-1, x.shape[1:])
    return pushforward(classifier, x, V).square().flatten(start_dim=2).sum(dim=(0, 2))
