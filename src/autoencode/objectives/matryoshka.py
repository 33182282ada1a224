r"""Ordered codes, whose first units are the best code of their size."""

__all__ = ["Matryoshka"]

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from ..models.latent import LatentModel, Model
from .base import Loss, Objective
from .reconstruction import Reconstruction
from .wrapping import RecordingModel, inherit_settings


class Matryoshka(Objective):
    r"""Any objective, with a distortion that is averaged over prefixes of the code.

    .. math:: \mathcal{L}(x) + \frac{1}{|M|} \sum_{m \in M}
        \big[ \log p(x \mid z) - \log p(x \mid z_1, \dots, z_m, 0, \dots, 0) \big]

    :math:`\mathcal{L}` is the objective, and :math:`M` holds the sizes of the prefixes and of the
    whole code. The first units learn the most important information, so that `transform(X)[:, :m]`
    is a code of :math:`m` numbers, and `inverse_transform` decodes it. With an affine encoder and
    decoder the units are the principal components, in their order. The decoder runs once for each
    prefix, in one batch.

    The logged terms are those of the objective for the whole code, and `prefixes`, the second term
    of the equation. A likelihood with a learned scale learns that of the mean over prefixes.

    References:
        | Learning Ordered Representations with Nested Dropout (Rippel et al., 2014), equation 6
        | https://arxiv.org/abs/1402.0915

        | Matryoshka Representation Learning (Kusupati et al., 2022), equation 1
        | https://arxiv.org/abs/2205.13147

        | Learning Multi-Level Features with Matryoshka Sparse Autoencoders (Bussmann et al.,
          2025), for prefixes of sparse codes
        | https://arxiv.org/abs/2503.17547

    Arguments:
        objective: The objective of the whole code; by default
            :class:`~autoencode.objectives.Reconstruction`.
        prefixes: The sizes of the prefixes; by default the powers of two below the size of the
            code. The whole code is always added.

    Raises:
        ValueError: If a prefix is less than one or longer than the code, or codes lie in a space
            where a unit cannot be zero, such as a sphere.

    See Also:
        :func:`~autoencode.recipes.matryoshka`, :class:`~autoencode.objectives.Reconstruction`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = Matryoshka(prefixes=[1])
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1)).fit(X)
        >>> model.inverse_transform(model.transform(X)[:, :1]).shape
        (60, 4)
    """

    posterior = Reconstruction.posterior
    completes_codes = True

    def __init__(
        self, objective: Objective | None = None, prefixes: Sequence[int] | None = None
    ) -> None:
        super().__init__()

        if isinstance(objective, Matryoshka):
            raise ValueError(
                "expected an objective without prefixes, got one Matryoshka inside another."
            )

        if prefixes is not None and not all(m >= 1 for m in prefixes):
            raise ValueError(f"expected prefixes of at least one unit, got {prefixes!r}.")

        self.objective = objective
        self.prefixes = prefixes

        # The copy that is trained; the argument stays unchanged
        self.whole = (objective or Reconstruction()).clone()

        inherit_settings(self, self.whole)

    def build(self, model: LatentModel, n_examples: int = 1) -> "Matryoshka":
        if model.posterior.has_reference:
            raise ValueError(
                f"codes of {model.posterior!r} have no prefixes: with its last units set to"
                " zero, a code is no longer valid. Use another posterior, or another objective."
            )

        self.sizes(model.encoder.event[0])
        self.whole = self.whole.build(model, n_examples)

        return super().build(model, n_examples)

    def sizes(self, D: int) -> list[int]:
        r"""Returns the sizes of all prefixes of a code of `D` units, the whole code last.

        Raises:
            ValueError: If a prefix is longer than the code.
        """
        prefixes = [2**i for i in range((D - 1).bit_length())]
        prefixes = prefixes if self.prefixes is None else [*self.prefixes]

        if max(prefixes, default=0) > D:
            raise ValueError(
                f"expected prefixes of a code of {D} numbers, got {max(prefixes)}. Choose a larger"
                " latent_dim, or other prefixes."
            )

        return sorted({*prefixes, D})

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        recorded = RecordingModel(model)
        loss = self.whole(cast(Model, recorded), x, target)
        z = recorded.posteriors[0].rsample()

        sizes = torch.tensor(self.sizes(z.shape[-1]), device=z.device)
        kept = torch.arange(z.shape[-1], device=z.device) < sizes[:, None, None]
        distortions = -model.decode(z * kept).log_prob(target)
        cost = distortions.mean(dim=0) - distortions[-1]

        return Loss(loss.total + cost, {**loss.terms, "prefixes": cost})
