r"""Loss of a minibatch, and means over many minibatches."""

__all__ = ["LossSums", "RunningMeans", "TrainStep", "evaluate", "losses", "weighted"]

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn as nn
from torch import Tensor

from ..common.seeding import seeded
from ..data import Examples
from ..models.latent import LatentModel
from ..objectives import Loss, Objective


class TrainStep(nn.Module):
    r"""Loss of a stored minibatch: augmentation, corruption, scaling, model and objective.

    Arguments:
        model: The model.
        objective: The objective to minimize.
        corruption: A function from scaled examples to corrupted ones, for the encoder to see.
        normalize: A function from stored examples to scaled ones.
        raw_corruption: A function from stored examples to corrupted ones, applied before scaling.
        augment: A random function from scaled examples to equally likely examples, such as shifted
            images; applied in training only. It must treat all channels of an example alike.
        frozen: Parts of the model that stay in evaluation mode, so that their running statistics
            do not change. Their parameters have no `requires_grad`.
        origin: The weights that the training starts from, in words, for checkpoints.
        precision: `"bfloat16"` to multiply the matrices of networks in bfloat16. Objectives,
            likelihoods and weights stay in float32.
    """

    def __init__(
        self,
        model: LatentModel,
        objective: Objective,
        corruption: Callable[[Tensor], Tensor] = nn.Identity(),
        normalize: Callable[[Tensor], Tensor] = nn.Identity(),
        raw_corruption: Callable[[Tensor], Tensor] | None = None,
        precision: str = "float32",
        augment: Callable[[Tensor], Tensor] | None = None,
        frozen: Sequence[nn.Module] = (),
        origin: str = "new weights",
    ) -> None:
        super().__init__()

        self.model = model
        self.objective = objective
        self.corruption = corruption
        self.normalize = normalize
        self.raw_corruption = raw_corruption
        self.precision = precision
        self.augment = augment
        self.frozen = (*frozen,)
        self.origin = origin

        # The step count and moments of the optimizer, from which a stream goes on
        self.moments: dict[str, Tensor] = {}
        self.schedules_over = False

    def train(self, mode: bool = True) -> "TrainStep":
        super().train(mode)

        for part in self.frozen:
            part.eval()

        return self

    def forward(self, batch: Examples) -> Loss:
        x, target = self.inputs(batch)

        return self.objective(self.model.given(batch.context, self.precision), x, target)

    def advance(self, progress: float) -> None:
        r"""Sets the completed fraction of the training, which schedules of any part follow."""
        for module in self.modules():
            if isinstance(clock := module._buffers.get("progress"), Tensor):
                clock.fill_(1 if self.schedules_over else progress)

    def inputs(self, batch: Examples) -> tuple[Tensor, Tensor]:
        r"""Returns the encoder's input and the decoder's target, both scaled."""
        target = self.normalize(batch.target)
        augment = self.augment if self.training else None

        if batch.corrupted is not None:
            x = self.normalize(batch.corrupted)
            return (x, target) if augment is None else _augment_pair(augment, x, target)

        if self.raw_corruption is not None:
            x = self.normalize(self.raw_corruption(batch.target))
        elif augment is not None:
            x = target = augment(target)
        else:
            x = target

        return self.corruption(x), target


def _augment_pair(
    augment: Callable[[Tensor], Tensor], x: Tensor, target: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Augments damaged examples and their clean versions by the same random changes."""
    x, target = augment(torch.cat([x, target], dim=1)).chunk(2, dim=1)
    return x, target


class LossSums(NamedTuple):
    r"""Loss of a minibatch and its terms, summed over the examples.

    Example:
        >>> LossSums.of(Loss(torch.tensor([1.0, 3.0]), {}))
        LossSums(names=('total',), values=tensor([2., 4.]))
    """

    names: tuple[str, ...]
    r"""The names of the terms, `total` first."""

    values: Tensor
    r"""The sums of weights (the number of examples) and of each term, with shape `(1 + K,)`."""

    @classmethod
    def of(
        cls, loss: Loss, finite: Tensor | None = None, weights: Tensor | None = None
    ) -> "LossSums":
        r"""
        Arguments:
            loss: The loss of a minibatch.
            finite: Whether the minibatch counts, with shape `()`. If not, all sums are zero.
            weights: The weight of each example, with shape `(B,)`; by default one.
        """
        named = {"total": loss.total, **loss.terms}
        terms = [v.detach().expand_as(loss.total) for v in named.values()]
        values = weighted(torch.stack([torch.ones_like(terms[0]), *terms]), weights).sum(dim=1)

        return cls(tuple(named), values if finite is None else torch.where(finite, values, 0))


class RunningMeans:
    r"""Means over examples, accumulated on the device and read once.

    Example:
        >>> means = RunningMeans()
        >>> means.add(LossSums.of(Loss(torch.tensor([1.0, 3.0]), {})))
        >>> means.compute()
        {'total': 2.0}
    """

    def __init__(self) -> None:
        self.sums: dict[
            tuple[str, ...], Tensor
        ] = {}  # by the names of terms; the number of examples first

    def add(self, sums: LossSums) -> None:
        r"""Adds the sums of a minibatch."""
        names, values = sums
        self.sums[names] = self.sums[names] + values if names in self.sums else values

    def compute(self) -> dict[str, float]:
        r"""Returns the mean of each term, NaN if no minibatch was finite."""
        means = {}

        for names, row in self.sums.items():
            n, *sums = row.tolist()
            means.update({name: value / n if n else math.nan for name, value in zip(names, sums)})

        return means

    def state_dict(self) -> dict[str, Tensor]:
        r"""Returns the sums by name."""
        return {",".join(names): row for names, row in self.sums.items()}

    def load_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        r"""Restores the state that `state_dict` returned."""
        self.sums = {tuple(key.split(",")): row for key, row in state_dict.items()}


def evaluate(step: TrainStep, batches: Iterable[Examples]) -> dict[str, float]:
    r"""Mean loss on examples, without training on them.

    Arguments:
        step: The model with its objective.
        batches: The examples, in batches that fit in memory.

    Returns:
        The means of the loss and of its terms, in nats per example.
    """
    step.eval()
    means = RunningMeans()

    with torch.no_grad():
        for batch in batches:
            means.add(LossSums.of(step(batch), weights=batch.weights))

    return means.compute()


def weighted(values: Tensor, weights: Tensor | None) -> Tensor:
    r"""Values of examples, multiplied by the weights of the examples, if there are any.

    Arguments:
        values: The values, with shape `(*, B)`.
        weights: The weights, with shape `(B,)`, or `None`.

    Example:
        >>> weighted(torch.ones(2), torch.tensor([1.0, 3.0]))
        tensor([1., 3.])
    """
    return values if weights is None else values * weights


def losses(step: TrainStep, examples: Examples, seed: int, n_samples: int = 1) -> Tensor:
    r"""Loss of each example, with the same noise for all models that share a seed.

    Arguments:
        step: The model with its objective.
        examples: The examples.
        seed: The seed of codes and corruptions.
        n_samples: The number of draws of codes and corruptions to average over.

    Returns:
        The losses in nats, in double precision, with shape `(N,)`.
    """
    step.eval()
    device = next(step.parameters()).device

    totals: list[Tensor] = []

    with torch.no_grad(), seeded(seed):
        start = torch.get_rng_state()

        while len(totals) < n_samples:
            parts = [step(part.to(device)).total for part in examples.split()]
            totals.append(torch.cat([part.double().cpu() for part in parts]))

            if device.type == "cpu" and torch.equal(start, torch.get_rng_state()):
                break  # nothing is random, and all draws are the same

    return torch.stack(totals).mean(dim=0)
