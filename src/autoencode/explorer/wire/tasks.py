r"""Work in the background, with its progress."""

__all__ = ["Report", "Tasks"]

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from .endpoint import Pending

Report = Callable[[float], None]
r"""Tells the share of the work that is done."""

_PATIENCE_SECONDS = 0.25  # short work is answered at once
_KEPT_RESULTS = 32
_AT_ONCE = 2  # so that a walk need not wait for a diagnosis


class _Task:
    def __init__(self, name: str, run: Callable[[Report], Any]) -> None:
        self.name = name
        self.run = run
        self.done = 0.0
        self.start = time.monotonic()
        self.ended = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def work(self, turn: threading.Semaphore) -> None:
        try:
            with turn:
                self.start = time.monotonic()
                self.result = self.run(self._report)
        except BaseException as error:
            self.error = error
        finally:
            self.ended.set()

    def _report(self, share: float) -> None:
        self.done = share

    def progress(self) -> Pending:
        elapsed, done = time.monotonic() - self.start, self.done
        left = elapsed * (1 - done) / done if done > 0 else None
        return Pending(self.name, done, left)


class Tasks:
    r"""Results that are computed once, in threads, and asked for again and again.

    Example:
        >>> tasks = Tasks()
        >>> tasks.ask("three", "a number", lambda report: 3, wait=True)
        3
    """

    def __init__(self) -> None:
        self._tasks: OrderedDict[Hashable, _Task] = OrderedDict()
        self._access = threading.Lock()
        self._turn = threading.Semaphore(_AT_ONCE)

    def ask(
        self,
        key: Hashable,
        name: str,
        run: Callable[[Report], Any],
        wait: bool = False,
    ) -> Any:
        r"""Return a result, or :class:`Pending` as long as it is being computed.

        Arguments:
            key: The key of the result.
            name: The name of the work, for the page.
            run: Computes the result; the argument takes the share that is done.
            wait: Whether to wait until the end.

        Raises:
            Exception: If the computation raised it. The next question starts it again.
        """
        with self._access:
            task = self._tasks.get(key)

            if task is None:
                task = self._tasks[key] = _Task(name, run)
                threading.Thread(target=task.work, args=(self._turn,), daemon=True).start()
                self._forget()

            self._tasks.move_to_end(key)

        if not task.ended.wait(None if wait else _PATIENCE_SECONDS):
            return task.progress()

        if task.error is not None:
            with self._access:
                self._tasks.pop(key, None)
            raise task.error

        return task.result

    def result(self, key: Hashable) -> Any:
        r"""Returns a result that is ready, and otherwise `None`."""
        task = self._tasks.get(key)
        return task.result if task is not None and task.ended.is_set() else None

    def _forget(self) -> None:
        r"""Drops the results that were not asked for the longest."""
        ended = [key for key, task in self._tasks.items() if task.ended.is_set()]

        for key in ended[: max(0, len(self._tasks) - _KEPT_RESULTS)]:
            del self._tasks[key]
