r"""How much of a training is done, and how large its steps are then."""

__all__ = ["Schedule", "seconds"]

import math
import re
import time


class Schedule:
    r"""The progress :math:`s` of a training from 0 to 1, by its steps or its time, whichever is
    further; and the share of the learning rate, up a line and down a cosine.

    .. math:: \text{share}(s) = \min(1, 20 s) \cdot \tfrac{1}{2} (1 + \cos \pi s)

    Arguments:
        n_steps: The number of steps, or `None` where the time alone decides.
        time_budget: The time to train for, as for :func:`seconds`, or `None`.

    Example:
        >>> schedule = Schedule(n_steps=100)
        >>> schedule.progress(done=50), schedule.over(done=100)
        (0.505, True)
        >>> round(schedule.share(0.5), 3)
        0.5
    """

    def __init__(self, n_steps: int | None, time_budget: float | str | None = None) -> None:
        budget = seconds(time_budget)

        self.n_steps = n_steps
        self.budget = math.inf if budget is None else budget
        self.start = time.perf_counter()

    def elapsed(self) -> float:
        r"""Returns the seconds spent on this training, also before it was resumed."""
        return time.perf_counter() - self.start

    def resume(self, elapsed: float) -> None:
        r"""Goes on from where so many seconds had been spent."""
        self.start = time.perf_counter() - elapsed

    def progress(self, done: int) -> float:
        r"""Returns the share of the training that is done in the middle of the next step."""
        by_steps = (done + 0.5) / self.n_steps if self.n_steps else 0.0
        return min(1.0, max(by_steps, self.elapsed() / self.budget))

    def late(self) -> bool:
        r"""Whether the time is used up."""
        return self.elapsed() >= self.budget

    def over(self, done: int) -> bool:
        r"""Whether the steps or the time are used up."""
        return self.late() or (self.n_steps is not None and done >= self.n_steps)

    def share(self, progress: float) -> float:
        r"""Returns the share of the learning rate."""
        return min(1.0, 20 * progress) * 0.5 * (1 + math.cos(math.pi * progress))


def seconds(budget: float | str | None) -> float | None:
    r"""The seconds of a time budget.

    Arguments:
        budget: A number of seconds; or text, a number followed by s, m, h or d.

    Raises:
        ValueError: If it is no positive time.

    Example:
        >>> seconds("10m"), seconds("1.5h"), seconds(30)
        (600.0, 5400.0, 30.0)
    """
    if budget is None:
        return None

    found = re.fullmatch(r"\s*([0-9.]+)\s*([smhd]?)\s*", str(budget))

    try:
        value = float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]  # type: ignore[index]
    except (TypeError, ValueError):
        value = 0.0

    if value <= 0:
        raise ValueError(f"expected a time such as 90, '90s' or '10m', got {budget!r}.")

    return value
