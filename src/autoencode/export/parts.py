r"""The encoder and the decoder of a trained model as modules from the user's units to them."""

__all__ = ["PARTS", "Both", "Decoding", "Encoding"]

from typing import Any

import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from ..distributions.codes.codebook import code_indices
from ..distributions.counts.sizes import at_size_of
from ..models.latent import LatentModel
from .conditions import Context, load_condition

PARTS = ("encoder", "decoder", "both")


class Encoding(nn.Module):
    r"""Encoder from examples to the means of their posteriors, and to indices of a codebook.

    .. math:: x \mapsto \mathbb{E}[z \mid x, c]

    Arguments:
        model: The model.
        modality: The kind of data.
        context: The kind of labels or numbers of a conditional model.
    """

    def __init__(self, model: LatentModel, modality: Any, context: Context = None) -> None:
        super().__init__()

        self.model = model
        self.modality = modality
        self.context = context

    def forward(self, examples: Tensor, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        q, _ = self.posterior(examples, condition)
        return (q.mean, code_indices(q)) if self.model.posterior.finite else (q.mean,)

    def posterior(self, examples: Tensor, condition: Tensor | None) -> tuple[Distribution, Tensor]:
        r"""Returns the posterior, and the scaled examples."""
        x = self.modality.normalize(self.modality.load_input(examples))
        return self.model.given(load_condition(self.context, condition)).encode(x), x


class Decoding(Encoding):
    r"""Decoder from codes to the means of examples.

    .. math:: z \mapsto \mathbb{E}[x \mid z, c]

    Arguments:
        model: The model.
        modality: The kind of data.
        context: The kind of labels or numbers of a conditional model.
    """

    def forward(self, codes: Tensor, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        model = self.model.given(load_condition(self.context, condition))
        return (self.modality.output(model.decode(codes)),)


class Both(Encoding):
    r"""Encoder and decoder from examples to codes and reconstructions.

    Arguments:
        model: The model.
        modality: The kind of data.
        context: The kind of labels or numbers of a conditional model.
    """

    def forward(self, examples: Tensor, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        q, x = self.posterior(examples, condition)
        model = self.model.given(load_condition(self.context, condition))
        indices = (code_indices(q),) if self.model.posterior.finite else ()

        return q.mean, *indices, self.modality.output(at_size_of(model.decode(q.mean), x))
