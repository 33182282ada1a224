r"""Loss of a minibatch whose work is divided among processes."""

__all__ = ["Replica"]

import logging
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.func import functional_call

from ...data import Examples
from ...objectives import Loss
from ..buffers import StateBuffers
from ..step import LossSums, RunningMeans, TrainStep
from .draws import Draws
from .group import Processes
from .shares import Share
from .spreading import spread

log = logging.getLogger(__name__)


class Replica:
    r"""Copy of a model and its objective in one of several processes.

    There are two ways to divide a minibatch. Usually, each process computes the losses of its
    rows. If the loss of an example depends on others, as with the total correlation of a code, or
    if the step learns from the whole minibatch, as the codebook of a vector quantizer does, the
    networks alone are divided: they return the rows of all processes, and each process computes
    the losses of all rows from them. Both give the losses of a single process.

    Arguments:
        step: The model and its objective.
        examples: The examples to train on, some of which are used to find what a step draws.
        processes: The processes.
    """

    def __init__(self, step: TrainStep, examples: Examples, processes: Processes) -> None:
        self.step = step
        self.processes = processes
        self.draws = Draws(processes)
        self.networks = [step.model.encoder.network, step.model.decoder.network]
        learned = self._probe(examples)
        inside = {id(m) for network in self.networks for m in network.modules()}
        owners = StateBuffers(step).owners
        self.averaged = [name for name in learned if id(owners[name][0]) in inside]
        couples = any(getattr(part, "couples_examples", False) for part in step.modules())
        self.whole = couples or len(self.averaged) < len(learned)

        if self.whole:
            self.draws.axes = []
            log.info(
                "the loss compares the examples of a minibatch: each process computes it for the"
                " whole minibatch, from networks whose rows are divided."
            )

        if self.averaged:
            log.info(
                "%s learn from the rows of each process, and are averaged over the processes.",
                ", ".join(self.averaged[:3]) + ", ..." * (len(self.averaged) > 3),
            )

    def own(self, index: Tensor, parts: int = 1) -> Tensor:
        r"""Returns the examples of a minibatch that this process reads.

        Arguments:
            index: The examples of the whole minibatch.
            parts: The number of parts that the minibatch is split into, to save memory.
        """
        if self.whole:
            return index

        size = -(-len(index) // parts)
        rows = [part[Share.of(len(part), self.processes).rows] for part in index.split(size)]

        return torch.cat(rows)

    def parts(self, own: Examples, n: int, parts: int = 1) -> Iterator[tuple[Examples, Share]]:
        r"""Yields the parts of a minibatch, and the shares of this process in them.

        Arguments:
            own: The examples that :meth:`own` has chosen.
            n: The number of examples in the whole minibatch.
            parts: The number of parts.
        """
        size, start = -(-n // parts), 0

        for first in range(0, n, size):
            share = Share.of(min(size, n - first), self.processes)
            length = share.n if self.whole else share.rows.stop - share.rows.start
            yield own[start : start + length], share
            start += length

    def loss(self, part: Examples, share: Share) -> tuple[Loss, Tensor | None]:
        r"""Returns the losses of examples that count here, and their weights.

        The sums over all processes, multiplied by :attr:`scale`, are those of the minibatch.

        Arguments:
            part: The examples, as :meth:`parts` yields them.
            share: The share of this process.
        """
        if self.whole:
            with spread(self.networks, self.draws):
                return self.step(part), part.weights

        with self.draws.of(share):
            loss = self.step(part)

        n = share.length
        total = loss.total[:n]
        terms = {k: v[:n] if v.ndim else v for k, v in loss.terms.items()}

        return Loss(total, terms), None if part.weights is None else part.weights[:n]

    @property
    def scale(self) -> float:
        r"""The factor of losses: in whole minibatches, each process counts all examples."""
        return 1 / self.processes.size if self.whole else 1.0

    def evaluate(self, examples: Examples) -> dict[str, float]:
        r"""Mean loss on examples, divided among the processes, without training on them.

        Arguments:
            examples: The examples.

        Returns:
            The means of the loss and of its terms, in nats per example.
        """
        self.step.eval()
        means = RunningMeans()
        rows = torch.arange(len(examples))

        with torch.no_grad():
            for index in rows.split(len(next(examples.split()))):
                for part, share in self.parts(examples[self.own(index)], len(index)):
                    loss, weights = self.loss(part, share)
                    sums = LossSums.of(loss, weights=weights)
                    means.add(sums._replace(values=self.scale * sums.values))

        for values in means.sums.values():
            self.processes.sum_(values)

        return means.compute()

    def average_buffers(self) -> None:
        r"""Averages the buffers of networks that learn from the rows of each process."""
        state = self.step.state_dict(keep_vars=True)
        means = [b for name in self.averaged if (b := state[name]).is_floating_point()]

        for buffer in means:
            self.processes.sum_(buffer.data).div_(self.processes.size)

    def _probe(self, examples: Examples) -> list[str]:
        r"""Finds what a step draws, and returns the names of the buffers that it changes."""
        step, state = self.step, {k: t.clone() for k, t in self.step.state_dict().items()}
        before = {name: t.clone() for name, t in state.items()}
        devices = [examples.target.device] if examples.target.device.type == "cuda" else []

        def draw(n: int) -> None:
            functional_call(step, state, (examples[torch.arange(n) % len(examples)],))

        step.train()

        with torch.random.fork_rng(devices=devices), torch.no_grad():
            self.draws.learn(draw)

        changed = [k for k, t in state.items() if not torch.equal(t, before[k])]
        return [name for name in StateBuffers(step).owners if name in changed]
