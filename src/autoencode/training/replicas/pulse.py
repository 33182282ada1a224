r"""Knowledge that all processes of a training share: the time, and interrupts."""

__all__ = ["Pulse"]

import time

from .group import Processes

_SECONDS = 0.1  # between two exchanges, about
_MAX_STEPS = 128


class Pulse:
    r"""Time of the first process, and whether any process was interrupted.

    Decisions that depend on a clock or a signal would differ between processes, which then wait
    for each other forever. About ten times a second, all exchange them after the same step. A
    single process exchanges nothing, and decides after each step.

    Arguments:
        processes: The processes of the training.

    Example:
        >>> pulse = Pulse(Processes())
        >>> pulse.beat(interrupted=True)
        >>> pulse.interrupted, pulse.due
        (True, False)
    """

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.interrupted = False
        self.due = False
        self.steps, self.every = 0, 1
        self.time = 0.0
        self.exchange(False)

    def now(self) -> float:
        r"""Returns the seconds of a clock: that of the first process at the last exchange."""
        return self.time if self.processes.several else time.perf_counter()

    def beat(self, interrupted: bool, due: bool = False) -> None:
        r"""Counts a step, and exchanges what the processes know if it is time.

        Arguments:
            interrupted: Whether this process is asked to stop.
            due: Whether it is time to write a checkpoint, for the first process.
        """
        self.steps += 1
        self.due = False

        if self.steps >= self.every:
            then = self.time
            self.exchange(interrupted, due)
            seconds = max(1e-6, (self.time - then) / self.steps)
            self.every = max(1, min(_MAX_STEPS, round(_SECONDS / seconds)))
            self.every = self.every if self.processes.several else 1
            self.steps = 0

    def exchange(self, interrupted: bool, due: bool = False) -> None:
        r"""Exchanges at once what the processes know."""
        first = self.processes.is_first
        own = time.perf_counter() * first, float(due and first), float(interrupted)
        self.time, n_due, n_interrupted = self.processes.total(*own)
        self.due, self.interrupted = n_due > 0, self.interrupted or n_interrupted > 0
