r"""A trained model with samples of its training data and of new data."""

__all__ = ["Sample", "Subject", "as_rows"]

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..blueprint import Blueprint
from ..data import Examples
from ..inference.batched import map_batches
from ..inference.quality.task import as_rows
from ..modalities.capabilities import Tokenized
from ..modalities.capabilities.tables import scaled_error
from ..models.latent import LatentModel
from ..objectives import Objective

MAX_EXAMPLES = 2000
_MAX_COMPARED_TEXTS = 200  # whose edits take long


class Sample(NamedTuple):
    r"""Some examples as loaded and scaled, with codes, reconstructions and errors.

    Example:
        >>> Sample._fields
        ('raw', 'x', 'c', 'z', 'r', 'error')
    """

    raw: Tensor
    r"""The examples, as loaded."""

    x: Tensor
    r"""The scaled examples, with shape `(N, *)`."""

    c: Tensor | None
    z: Tensor
    r"""The codes: means of the posterior."""

    r: Tensor
    r"""The reconstructions, as scaled examples."""

    error: Tensor
    r"""The squared errors of scaled examples, or the edits of texts, with shape `(N,)`."""

    @property
    def rows(self) -> Tensor:
        r"""Returns scaled examples as rows in double precision; missing numbers are zero."""
        return as_rows(self.x)


class Subject:
    r"""A trained model with samples of its training data and of new data.

    Arguments:
        model: The model.
        blueprint: All resolved choices.
        objective: The objective of the training.
        history: The records of the epochs.
        training: The resolved training method.
        x: The training examples, as loaded.
        c: Their context.
        x_new: New examples, as loaded.
        c_new: Their context.
        names: The names of the columns of a table.
        seed: The seed of new examples.

    Example:
        >>> import autoencode as ae
        >>> X = torch.randn(30, 3).numpy()
        >>> model = ae.linear(2).fit(X)
        >>> subject = Subject(
        ...     model.model_, model.blueprint_, model.objective_, model.history_,
        ...     model.training_, torch.as_tensor(X), None,
        ... )
        >>> subject.known.z.shape
        torch.Size([30, 2])
    """

    def __init__(
        self,
        model: LatentModel,
        blueprint: Blueprint,
        objective: Objective,
        history: Sequence[Any],
        training: Any,
        x: Tensor,
        c: Tensor | None,
        x_new: Tensor | None = None,
        c_new: Tensor | None = None,
        names: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        self.model = model
        self.blueprint = blueprint
        self.objective = objective
        self.history = history
        self.training = training
        self.x = x
        self.c = c
        self.x_new = x_new
        self.c_new = c_new
        self.names = names
        self.seed = seed

    @property
    def examples(self) -> Examples:
        r"""At most two thousand training examples, evenly spaced, as loaded."""
        return Examples(self.x, None, self.c).spread(MAX_EXAMPLES)[:]

    @cached_property
    def known(self) -> Sample:
        r"""At most two thousand training examples, evenly spaced."""
        return self._sample(Examples(self.x, None, self.c))

    @cached_property
    def new(self) -> Sample | None:
        r"""At most two thousand new examples, evenly spaced."""
        if self.x_new is None:
            return None

        return self._sample(Examples(self.x_new, None, self.c_new))

    @property
    def held_out(self) -> Sample:
        r"""The new examples, or the training examples if there are none."""
        return self.known if self.new is None else self.new

    def compared(self, sample: Sample) -> int:
        r"""Returns how many of the examples are compared with codes other than their own."""
        few = isinstance(self.blueprint.modality, Tokenized)
        return min(len(sample.x), _MAX_COMPARED_TEXTS) if few else len(sample.x)

    def decode(self, z: Tensor, c: Tensor | None) -> Tensor:
        r"""Returns scaled means of :math:`p(x \mid z)`."""
        return map_batches(self.model, lambda m, z: m.decode(z).mean, z, c)

    def errors(self, x: Tensor, z: Tensor, c: Tensor | None) -> Tensor:
        r"""Returns the errors of scaled examples for given codes."""
        n = x[0].numel()

        def error(m: Any, both: Tensor) -> Tensor:
            own = both[:, :n].reshape(-1, *x.shape[1:]).to(x.dtype)
            return scaled_error(self.blueprint.modality, own, m.decode(both[:, n:]))

        both = torch.cat([x.flatten(start_dim=1).to(z.dtype), z], dim=1)
        return map_batches(self.model, error, both, c)

    def column(self, j: int) -> str:
        r"""Returns the name of a column in quotes, without line breaks."""
        return repr(str(self.names[j])) if j < len(self.names) else f"column {j}"

    def _sample(self, examples: Examples) -> Sample:
        some = examples.spread(MAX_EXAMPLES)[:]
        x, c = self.blueprint.modality.normalize(some.target), some.context
        z = map_batches(self.model, lambda m, x: m.encode(x).mean, x, c)
        r = self.decode(z, c)

        if z.ndim == 2:
            error = self.errors(x, z, c)
        else:
            error = (x - r).nan_to_num().flatten(start_dim=1).double().square().sum(dim=1)

        return Sample(some.target, x, c, z, r, error)
