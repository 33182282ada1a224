r"""Progress and remaining time of a task with several stages."""

__all__ = ["Stages"]

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stages:
    r"""Reports finished stages and the estimated remaining time.

    Arguments:
        expected: The expected seconds of each stage on a reference machine. The speed of this
            machine is measured.

    Example:
        >>> stages = Stages({"first": 1.0, "second": 2.0})
        >>> stages.left()
        3.0
    """

    def __init__(self, expected: Mapping[str, float]) -> None:
        self.expected = dict(expected)
        self.done: list[str] = []
        self.start = time.perf_counter()

    def elapsed(self) -> float:
        return time.perf_counter() - self.start

    def left(self) -> float:
        passed = sum(self.expected[name] for name in self.done)
        rest = sum(self.expected.values()) - passed

        # Three seconds at the expected speed are added, because the first stages are short
        return rest * (self.elapsed() + 3) / (passed + 3) if passed else rest

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = self.elapsed()
        print(f"[{len(self.done) + 1:2}/{len(self.expected)}] {name:<32}", end="", flush=True)

        yield

        self.done.append(name)
        print(f"{self.elapsed() - start:6.1f} s, about {self.left():3.0f} s left", flush=True)
