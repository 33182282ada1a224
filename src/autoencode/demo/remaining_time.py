r"""What is done, and how long the rest will take."""

__all__ = ["Stages"]

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stages:
    r"""Says what is done, and how long the rest will take.

    Arguments:
        expected: The seconds that each stage takes on some machine; how fast this one is shows.

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

        # As if 3 seconds had gone as expected before: the first stages say little
        return rest * (self.elapsed() + 3) / (passed + 3) if passed else rest

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = self.elapsed()
        print(f"[{len(self.done) + 1:2}/{len(self.expected)}] {name:<32}", end="", flush=True)

        yield

        self.done.append(name)
        print(f"{self.elapsed() - start:6.1f} s, about {self.left():3.0f} s left", flush=True)
