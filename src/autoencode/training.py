r"""The training loop.

Training is a generator of records, one per epoch: the caller's `for` is the callback. To
stop early, stop iterating.
"""

__all__ = ["Epoch", "Solver", "Step", "Training", "evaluate"]

import abc
import math
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from numbers import Integral
from typing import NamedTuple

import torch
import torch.nn as nn
from torch import Tensor
from tqdm.auto import tqdm

from .configurable import Configurable
from .data import Batches, Examples
from .model import LatentModel
from .objectives import Loss, Objective


class Epoch(NamedTuple):
    r"""What happened in one pass over the data."""

    epoch: int
    r"""The number of the pass, from 1."""

    train: dict[str, float]
    r"""The mean of the loss and of its terms while training, in nats per example."""

    validation: dict[str, float]
    r"""The same on the validation examples after the pass; empty if there are none."""

    seconds: float
    r"""The time since training began."""


class Step(nn.Module):
    r"""Everything that is trained, behind one `forward`.

    Arguments:
        model: The model.
        objective: What is minimised.
        corruption: Makes the input of the encoder from the target.
        normalize: Scales what is stored to what the model sees.

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
    ) -> None:
        super().__init__()

        self.model = model
        self.objective = objective
        self.corruption = corruption
        self.normalize = normalize

    def forward(self, batch: Examples) -> Loss:
        target = self.normalize(batch.target)

        if batch.corrupted is None:
            x = self.corruption(target)
        else:
            x = self.normalize(batch.corrupted)

        return self.objective(self.model.given(batch.context), x, target)


class Solver(Configurable, abc.ABC):
    r"""Abstract way to train."""

    validation: float | None
    r"""The share of the examples that is held out."""

    @abc.abstractmethod
    def train(
        self, step: Step, data: Examples, validation: Examples | None = None
    ) -> Iterator[Epoch]:
        r"""Trains in place, and yields a record after each epoch.

        Arguments:
            step: The model with its objective.
            data: The examples to train on.
            validation: Examples that are only scored.
        """


class Training(Solver):
    r"""Minibatch training with AdamW.

    The learning rate rises linearly over the first twentieth of the steps and falls to zero
    along a cosine. With validation examples, the weights end as those of the epoch with the
    least validation loss.

    References:
        | Decoupled Weight Decay Regularization (Loshchilov & Hutter, 2019)
        | https://arxiv.org/abs/1711.05101

    Arguments:
        epochs: The number of passes over the data; by default enough for some 4,000 steps,
            at least 10 and at most 200.
        batch_size: The number of examples in a step.
        learning_rate: The largest learning rate.
        weight_decay: The decay of weight matrices, relative to the learning rate.
        clip: The largest norm of the gradient; longer ones are shortened to it.
        validation: The share of the examples that is held out to be scored after each epoch.
        device: Where to train, `"cpu"` or `"cuda"`; by default a GPU if there is one.
        progress: Whether to show a progress bar; by default if someone looks at a terminal.

    Raises:
        FloatingPointError: If the loss is no longer finite; the weights are those of the
            last epoch in which it was.

    Example:
        >>> Training(epochs=3).get_params()["epochs"]
        3
    """

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.01,
        clip: float | None = None,
        validation: float | None = None,
        device: str | None = None,
        progress: bool | None = None,
    ) -> None:
        for name, value in {"epochs": epochs, "batch_size": batch_size}.items():
            if value is not None and not (isinstance(value, Integral) and value >= 1):
                raise ValueError(f"expected {name} as an integer >= 1, got {value!r}.")

        if not learning_rate > 0:
            raise ValueError(f"expected learning_rate > 0, got {learning_rate!r}.")

        if validation is not None and not 0 <= validation < 1:
            raise ValueError(f"expected validation as a share below 1, got {validation!r}.")

        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip = clip
        self.validation = validation
        self.device = device
        self.progress = progress

    def train(
        self, step: Step, data: Examples, validation: Examples | None = None
    ) -> Iterator[Epoch]:
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        step = step.to(device)

        batches = Batches(data.to(device), self.batch_size)
        held_out = None if validation is None else validation.to(device)

        epochs = self.epochs or min(200, max(10, math.ceil(4000 / len(batches))))
        n_steps = epochs * len(batches)

        groups = _parameter_groups(step, self.weight_decay)
        optimizer = torch.optim.AdamW(groups, lr=self.learning_rate, betas=(0.9, 0.99), fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_warm_cosine, n_steps))

        best, least, start = {}, math.inf, time.perf_counter()
        bar = _progress_bar(self.progress, n_steps)

        try:
            for epoch in range(1, epochs + 1):
                step.train()
                summary = Summary()

                for i, batch in enumerate(batches, start=(epoch - 1) * len(batches)):
                    step.objective.progress.fill_(i / n_steps)

                    loss = step(batch)
                    loss.total.mean().backward()

                    if self.clip is not None:
                        nn.utils.clip_grad_norm_(step.parameters(), self.clip)

                    optimizer.step()
                    optimizer.zero_grad()
                    schedule.step()

                    summary.add(loss)
                    bar.update()

                step.objective.progress.fill_(1)

                trained = summary.means()
                validated = {} if held_out is None else evaluate(step, held_out.split(1024))

                if not math.isfinite(trained["total"]):
                    raise FloatingPointError(
                        f"the loss is no longer finite in epoch {epoch}: {trained}. Use a smaller"
                        f" learning_rate than {self.learning_rate}, or clip=1.0."
                    )

                if not validated or validated["total"] <= least:
                    least = validated.get("total", math.inf)
                    best = {name: value.clone() for name, value in step.state_dict().items()}

                bar.set_postfix_str(_line(validated or trained))

                # Outside of `no_grad`, which would otherwise leak to whoever iterates
                yield Epoch(epoch, trained, validated, time.perf_counter() - start)
        finally:
            bar.close()

            if best:
                step.load_state_dict(best)

            step.eval()


class Summary:
    r"""Means over examples, summed on the device and read once.

    Example:
        >>> summary = Summary()
        >>> summary.add(Loss(torch.tensor([1.0, 3.0]), {}))
        >>> summary.means()
        {'total': 2.0}
    """

    def __init__(self) -> None:
        self.count = 0
        self.sums: dict[str, Tensor] = {}

    def add(self, loss: Loss) -> None:
        n = len(loss.total)
        self.count += n

        for name, mean in loss.summary().items():
            self.sums[name] = self.sums.get(name, 0) + mean * n

    def means(self) -> dict[str, float]:
        return {name: float(value) / self.count for name, value in self.sums.items()}


def evaluate(step: Step, batches: Iterable[Examples]) -> dict[str, float]:
    r"""Scores examples without training on them.

    Arguments:
        step: The model with its objective.
        batches: The examples, in parts that fit in memory.

    Returns:
        The mean of the loss and of its terms, in nats per example.

    Example:
        >>> evaluate(step, examples.split(1024))  # doctest: +SKIP
        {'total': 31.2, 'distortion': 24.1, 'rate': 7.1, 'bound': -31.2}
    """
    step.eval()
    summary = Summary()

    with torch.no_grad():
        for batch in batches:
            summary.add(step(batch))

    return summary.means()


def _parameter_groups(step: Step, weight_decay: float) -> list[dict]:
    r"""Decays matrices and kernels; a decayed bias, norm or scale only loses accuracy."""
    matrices = [p for p in step.parameters() if p.ndim >= 2]
    others = [p for p in step.parameters() if p.ndim < 2]

    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _warm_cosine(n_steps: int, i: int) -> float:
    r"""Returns the share of the learning rate at step `i`: up a line, down a cosine."""
    rising = min(1.0, (i + 1) / max(1, n_steps // 20))
    return rising * 0.5 * (1 + math.cos(math.pi * i / n_steps))


def _progress_bar(shown: bool | None, n_steps: int) -> tqdm:
    # tqdm reads `None` as: only in a terminal
    return tqdm(total=n_steps, unit=" steps", disable=None if shown is None else not shown)


def _line(terms: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in terms.items() if name != "total")
