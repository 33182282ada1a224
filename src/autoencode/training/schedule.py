r"""Learning-rate schedule and time budget of a training."""

__all__ = ["Schedule", "parse_duration"]

import math
import re
import time
from collections.abc import Callable


class Schedule:
    r"""Progress of a training, and the learning rate at each progress.

    The progress :math:`s` rises from 0 to 1 with the number of steps or the time spent, whichever
    is further. The learning rate rises linearly, then falls along a cosine:

    .. math:: \text{lr\_scale}(s) = \min(1, 20 s) \cdot \tfrac{1}{2} (1 + \cos \pi s)

    Arguments:
        n_steps: The number of steps, or `None` if only the time budget ends the training.
        time_budget: The time to train for, as in :func:`parse_duration`, or `None`.
        now: A clock, which returns seconds.

    Example:
        >>> schedule = Schedule(n_steps=100)
        >>> schedule.progress(step=50), schedule.finished(step=100)
        (0.505, True)
        >>> round(schedule.lr_scale(0.5), 3)
        0.5
    """

    def __init__(
        self,
        n_steps: int | None,
        time_budget: float | str | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        budget = parse_duration(time_budget)

        self.n_steps = n_steps
        self.budget = math.inf if budget is None else budget
        self.now = now
        self.start = now()

    def elapsed(self) -> float:
        r"""Returns the seconds spent on this training, including those before it was resumed."""
        return self.now() - self.start

    def resume(self, elapsed: float) -> None:
        r"""Continues from a number of seconds already spent."""
        self.start = self.now() - elapsed

    def progress(self, step: int) -> float:
        r"""Returns the progress in the middle of a step, counted from 0."""
        by_steps = (step + 0.5) / self.n_steps if self.n_steps else 0.0
        return min(1.0, max(by_steps, self.elapsed() / self.budget))

    def out_of_time(self) -> bool:
        r"""Returns whether the time budget is spent."""
        return self.elapsed() >= self.budget

    def finished(self, step: int) -> bool:
        r"""Returns whether all steps are done or the time budget is spent."""
        return self.out_of_time() or (self.n_steps is not None and step >= self.n_steps)

    def lr_scale(self, progress: float) -> float:
        r"""Returns the factor of the learning rate."""
        return min(1.0, 20 * progress) * 0.5 * (1 + math.cos(math.pi * progress))


def parse_duration(duration: float | str | None) -> float | None:
    r"""Number of seconds of a duration.

    Arguments:
        duration: A number of seconds, or a string: a number followed by s, m, h or d.

    Raises:
        ValueError: If the duration is not valid and positive.

    Example:
        >>> parse_duration("10m"), parse_duration("1.5h"), parse_duration(30)
        (600.0, 5400.0, 30.0)
    """
    if duration is None:
        return None

    match = re.fullmatch(r"\s*([0-9.]+)\s*([smhd]?)\s*", str(duration))

    try:
        value = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]  # type: ignore[index]
    except (TypeError, ValueError):
        value = 0.0

    if value <= 0:
        raise ValueError(f"expected a time such as 90, '90s' or '10m', got {duration!r}.")

    return value
