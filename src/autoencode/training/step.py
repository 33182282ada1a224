r"""What happens to one minibatch, and means over many."""

__all__ = ["Step", "Summary", "Sums", "evaluate", "losses"]

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
import torch.nn as nn
from torch import Tensor

from ..common.seeding import seeded
from ..data import Examples
from ..models.latent import LatentModel
from ..objectives import Loss, Objective


class Step(nn.Module):
    r"""Everything that is trained, behind one `forward`.

    Arguments:
        model: The model.
        objective: What is minimized.
        corruption: Makes the input of the encoder from the target.
        normalize: Scales what is stored to what the model sees.
        damage: What of the corruption comes before that, and makes stored examples of stored ones.
        vary: Makes other scaled examples that are as likely, while training. It must treat the
            channels of an example alike.
        precision: `"bfloat16"` to multiply matrices with eight bits of precision, where that
            is faster; sums, likelihoods and weights stay in float32.

    Example:
        >>> Step(model, ELBO())(Examples(torch.rand(8, 5))).total.shape  # doctest: +SKIP
        torch.Size([8])
    """

    def __init__(
        self,
        model: LatentModel,
        objective: Objective,
        corruption: Callable[[Tensor], Tensor] = nn.Identity(),
        normalize: Callable[[Tensor], Tensor] = nn.Identity(),
        damage: Callable[[Tensor], Tensor] | None = None,
        precision: str = "float32",
        vary: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()

        self.model = model
        self.objective = objective
        self.corruption = corruption
        self.normalize = normalize
        self.damage = damage
        self.precision = precision
        self.vary = vary

    def forward(self, batch: Examples) -> Loss:
        x, target = self.inputs(batch)
        half = self.precision == "bfloat16"

        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            return self.objective(self.model.given(batch.context), x, target)

    def inputs(self, batch: Examples) -> tuple[Tensor, Tensor]:
        r"""Returns what the encoder sees and what the decoder is asked for, scaled."""
        target = self.normalize(batch.target)
        vary = self.vary if self.training else None

        if batch.corrupted is not None:
            x = self.normalize(batch.corrupted)
            return (x, target) if vary is None else _alike(vary, x, target)

        target = target if vary is None or self.damage is not None else vary(target)
        x = target if self.damage is None else self.normalize(self.damage(batch.target))
        return self.corruption(x), target


def _alike(vary: Callable[[Tensor], Tensor], x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    x, target = vary(torch.cat([x, target], dim=1)).chunk(2, dim=1)
    return x, target


class Sums(NamedTuple):
    r"""The loss of a minibatch and its terms, summed over the examples.

    Example:
        >>> Sums.of(Loss(torch.tensor([1.0, 3.0]), {}))
        Sums(names=('total',), values=tensor([2., 4.]))
    """

    names: tuple[str, ...]
    r"""The names of the terms, the total first."""

    values: Tensor
    r"""The number of examples and the sum of each term, with shape `(1 + K,)`."""

    @classmethod
    def of(cls, loss: Loss, finite: Tensor | None = None) -> "Sums":
        r"""
        Arguments:
            loss: The loss of a minibatch.
            finite: Whether it counts, with shape `()`; if not, all are zero.
        """
        named = {"total": loss.total, **loss.terms}
        terms = [v.detach().expand_as(loss.total) for v in named.values()]
        values = torch.stack([torch.ones_like(terms[0]), *terms]).sum(dim=1)

        return cls(tuple(named), values if finite is None else torch.where(finite, values, 0))


class Summary:
    r"""Means over examples, summed on the device and read once.

    Example:
        >>> summary = Summary()
        >>> summary.add(Sums.of(Loss(torch.tensor([1.0, 3.0]), {})))
        >>> summary.means()
        {'total': 2.0}
    """

    def __init__(self) -> None:
        self.sums: dict[tuple[str, ...], Tensor] = {}  # the number of examples first

    def add(self, sums: Sums) -> None:
        r"""Adds those of a minibatch."""
        names, values = sums
        self.sums[names] = self.sums[names] + values if names in self.sums else values

    def means(self) -> dict[str, float]:
        r"""Returns the mean of each term; NaN if no minibatch was finite."""
        means = {}

        for names, row in self.sums.items():
            n, *sums = row.tolist()
            means.update({name: value / n if n else math.nan for name, value in zip(names, sums)})

        return means

    def tensors(self) -> dict[str, Tensor]:
        r"""Returns the sums, by name."""
        return {",".join(names): row for names, row in self.sums.items()}

    def load(self, tensors: dict[str, Tensor]) -> None:
        r"""Takes up what `tensors` returned."""
        self.sums = {tuple(key.split(",")): row for key, row in tensors.items()}


def evaluate(step: Step, batches: Iterable[Examples]) -> dict[str, float]:
    r"""Scores examples without training on them.

    Arguments:
        step: The model with its objective.
        batches: The examples, in parts that fit in memory.

    Returns:
        The mean of the loss and of its terms, in nats per example.

    Example:
        >>> evaluate(step, examples.split())  # doctest: +SKIP
        {'total': 31.2, 'distortion': 24.1, 'rate': 7.1, 'bound': -31.2}
    """
    step.eval()
    summary = Summary()

    with torch.no_grad():
        for batch in batches:
            summary.add(Sums.of(step(batch)))

    return summary.means()


def losses(step: Step, examples: Examples, seed: int, draws: int = 1) -> Tensor:
    r"""The loss of each example, with the same noise for each model that is compared.

    Arguments:
        step: The model with its objective.
        examples: The examples.
        seed: Seeds codes and corruptions.
        draws: How many of them the loss is a mean over.

    Returns:
        The losses in nats and double precision, with shape `(N,)`.

    Example:
        >>> losses(step, examples, seed=0).mean()  # doctest: +SKIP
        tensor(31.2, dtype=torch.float64)
    """
    step.eval()
    device = next(step.parameters()).device

    with torch.no_grad(), seeded(seed):
        found = [
            torch.cat([step(part.to(device)).total.double().cpu() for part in examples.split()])
            for _ in range(draws)
        ]

    return torch.stack(found).mean(dim=0)
