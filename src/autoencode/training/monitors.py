r"""What a training shows while it runs, and what it hears: a bar, TensorBoard, and Ctrl-C."""

__all__ = ["board", "deferred_interrupt", "progress_bar", "summary"]

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm.auto import tqdm

from .state import Epoch, Run

log = logging.getLogger(__name__)


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    r"""Turns the first Ctrl-C into an event, so that a step is never cut in two.

    Example:
        >>> with deferred_interrupt() as interrupted:
        ...     interrupted.is_set()
        False
    """
    interrupted = threading.Event()

    def handle(*_: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

        interrupted.set()
        log.warning("interrupted: ending the epoch here. Once more to stop at once.")

    # Signals reach only the main thread, and only where nobody else has claimed them
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler

    if not (usual and threading.current_thread() is threading.main_thread()):
        yield interrupted
        return

    signal.signal(signal.SIGINT, handle)

    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def progress_bar(shown: bool | None, run: Run) -> tqdm:
    r"""A line that moves: examples so far, examples per second, and the time that is left.

    Arguments:
        shown: Whether to show it; `None` for only in a terminal.
        run: What it shows, by examples or, where a time is given, by seconds.

    Example:
        >>> bar = progress_bar(False, run)  # doctest: +SKIP
    """
    # tqdm reads `None` as: only in a terminal
    hidden = None if shown is None else not shown

    schedule = run.schedule

    if schedule.n_steps is None:
        spent = schedule.elapsed()
        return tqdm(total=round(schedule.budget), unit="s", initial=spent, disable=hidden)

    total = (run.training.epochs or 0) * len(run.batches.examples)
    return tqdm(
        total=total, unit=" examples", unit_scale=True, initial=run.examples(), disable=hidden
    )


@contextlib.contextmanager
def board(folder: str | Path | None) -> Iterator[Callable[[Epoch], None]]:
    r"""Yields what shows a record in TensorBoard, or does nothing without a folder.

    Raises:
        ImportError: If it is asked for and not there.

    Example:
        >>> with board("runs/x") as show:  # doctest: +SKIP
        ...     show(record)
    """
    if folder is None:
        yield lambda record: None
        return

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ImportError(
            "records for TensorBoard need it: pip install 'autoencode[tensorboard]', or leave out"
            " Training(tensorboard_dir=...)."
        ) from None

    with SummaryWriter(str(folder)) as writer:

        def show(record: Epoch) -> None:
            for part in ("train", "validation", "code"):
                for name, value in getattr(record, part).items():
                    writer.add_scalar(f"{name}/{part}", value, record.epoch)

        yield show


def summary(terms: dict[str, float]) -> str:
    r"""The terms of a loss in a few characters.

    Example:
        >>> summary({"total": 31.5, "distortion": 24.0, "rate": 7.5})
        'distortion 24, rate 7.5'
    """
    return ", ".join(f"{name} {value:.4g}" for name, value in terms.items() if name != "total")
