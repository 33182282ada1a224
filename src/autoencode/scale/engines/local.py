r"""Parts in this process, or in several processes of this machine with one thread each.

Processes are started as new interpreters, so that scripts need no guard, and speak in lines of
JSON. A process that is killed is started again, and its part is tried once more.
"""

__all__ = ["run_here", "run_processes"]

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from ..reading.parts import Job
from ..work import Outcome, Task, Worker

_TRIES = 2  # for a part whose process is killed


def run_here(task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
    r"""Yield the outcome of each part, in this process.

    Arguments:
        task: What all parts share.
        jobs: The parts.

    Raises:
        ValueError: If the model cannot be loaded.
    """
    worker = Worker(task) if jobs else None

    for job in jobs:
        assert worker is not None
        yield worker(job)


def run_processes(task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    r"""Yield the outcomes of parts as they come, from several processes.

    Arguments:
        task: What all parts share.
        jobs: The parts.
        workers: The number of processes.

    Raises:
        ValueError: If the model cannot be loaded.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    results: queue.SimpleQueue[Outcome | Exception] = queue.SimpleQueue()
    children = [_Child(task) for _ in range(min(workers, len(jobs)))]

    for job in jobs:
        waiting.put(job)

    threads = [threading.Thread(target=c.run, args=(waiting, results)) for c in children]

    try:
        for thread in threads:
            thread.start()

        for _ in jobs:
            found = results.get()

            if isinstance(found, Exception):
                raise found

            yield found
    finally:
        for child in children:
            child.end()

        for thread in threads:
            if thread.is_alive():
                thread.join()


class _Child:
    r"""One process, and the thread that gives it parts."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.process: subprocess.Popen[str] | None = None
        self.ended = False
        self._lock = threading.Lock()

    def run(self, waiting: "queue.SimpleQueue[Job]", results: "queue.SimpleQueue[Any]") -> None:
        r"""Works on parts until there are none left."""
        try:
            while not self.ended:
                try:
                    job = waiting.get_nowait()
                except queue.Empty:
                    break

                results.put(self._outcome(job))
        except Exception as error:  # the main thread raises it
            results.put(error)
        finally:
            self.end()

    def end(self) -> None:
        r"""Ends the process."""
        with self._lock:
            self.ended = True

            if self.process is not None:
                self.process.kill()
                self.process.wait()
                _close(self.process)
                self.process = None

    def _outcome(self, job: Job) -> Outcome:
        why = ""

        for _ in range(_TRIES):
            if (process := self._started()) is None:
                break

            if (found := _asked(process, job)) is not None:
                return Outcome(job, **found)

            if not self.ended:
                why = self._reason()

        return Outcome(job, error=f"its process ended: {why or 'the run was stopped'}")

    def _started(self) -> "subprocess.Popen[str] | None":
        r"""Returns the process, with its model loaded, or `None` if the run has ended."""
        with self._lock:
            if self.ended or self.process is not None:
                return self.process

            process = self.process = _start()

        task = self.task._replace(settings=self.task.settings._asdict())  # type: ignore[arg-type]
        answer = _asked(process, task._asdict()) or {}

        if "refused" in answer:
            raise ValueError(answer["refused"])

        return process

    def _reason(self) -> str:
        r"""Returns why the process has ended, and lets another one begin."""
        with self._lock:
            process, self.process = self.process, None

        status = 0 if process is None else process.wait()

        if process is not None:
            _close(process)

        if status >= 0:
            return f"with status {status}"

        hint = ", perhaps as memory ran out" * (-status == getattr(signal, "SIGKILL", 9))
        return f"killed by {signal.Signals(-status).name}{hint}"


def _start() -> "subprocess.Popen[str]":
    path = os.pathsep.join(part for part in sys.path if part)
    threads = dict.fromkeys(["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1")
    name = (__package__ or "") + ".child"

    return subprocess.Popen(
        [sys.executable, "-m", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **threads, "PYTHONPATH": path, "TQDM_DISABLE": "1"},
    )


def _asked(process: "subprocess.Popen[str]", question: Any) -> dict[str, Any] | None:
    r"""Returns the answer of a process, or `None` if it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None

    try:
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None
    except (OSError, ValueError):  # it was killed in between, and its pipes are closed
        return None


def _close(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:  # what was not yet written is lost with the process
            pass
