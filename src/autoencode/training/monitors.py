r"""Progress bar, TensorBoard logging and deferred Ctrl-C."""

__all__ = ["deferred_interrupt", "format_terms", "progress_bar", "tensorboard_logger"]

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from .state import EpochRecord, TrainState

log = logging.getLogger(__name__)


@contextlib.contextmanager
def deferred_interrupt(several: bool = False) -> Iterator[threading.Event]:
    r"""Turn the first Ctrl-C into an event, so that no step is interrupted halfway.

    Arguments:
        several: Whether several processes train together. SIGTERM is then also such an event, and
            further signals change nothing: a launcher sends several, and kills those that do not
            end in time.

    Example:
        >>> with deferred_interrupt() as interrupted:
        ...     interrupted.is_set()
        False
    """
    interrupted = threading.Event()

    def handle(*_: object) -> None:
        if interrupted.is_set():
            if several:
                return

            raise KeyboardInterrupt

        interrupted.set()

        if several:
            return

        log.warning(
            "interrupted: the training ends after this step. Press Ctrl-C again to stop at once."
        )

    # Signals reach only the main thread. A handler that other code has installed stays
    default = signal.getsignal(signal.SIGINT) is signal.default_int_handler

    if not (default and threading.current_thread() is threading.main_thread()):
        yield interrupted
        return

    handlers: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}

    if several and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        handlers[signal.SIGTERM] = signal.SIG_DFL

    for number in handlers:
        signal.signal(number, handle)

    try:
        yield interrupted
    finally:
        for number, former in handlers.items():
            signal.signal(number, former)


def progress_bar(shown: bool | None, state: TrainState) -> tqdm:
    r"""Progress bar of a training: examples seen, examples per second, and the time left.

    Arguments:
        shown: Whether to show the bar; `None` shows it only in a terminal.
        state: The training. A training with a time budget is measured in seconds.
    """
    # With `disable=None`, tqdm shows the bar only in a terminal
    hidden = None if shown is None else not shown

    schedule = state.schedule

    if schedule.n_steps is None:
        spent = schedule.elapsed()
        return tqdm(total=round(schedule.budget), unit="s", initial=spent, disable=hidden)

    total = (state.training.epochs or 0) * len(state.batches.examples)
    seen = state.examples_seen()
    return tqdm(total=total, unit=" examples", unit_scale=True, initial=seen, disable=hidden)


@contextlib.contextmanager
def tensorboard_logger(folder: str | Path | None) -> Iterator[Callable[[EpochRecord], None]]:
    r"""Yields a function that writes a record for TensorBoard.

    Arguments:
        folder: The folder to write to; with `None`, the function does nothing.

    Raises:
        ImportError: If a folder is given and TensorBoard is not installed.
    """
    if folder is None:
        yield lambda record: None
        return

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ImportError(
            "Training(tensorboard_dir=...) needs TensorBoard: pip install"
            " 'autoencode[tensorboard]', or leave the argument out."
        ) from None

    with SummaryWriter(str(folder)) as writer:

        def write(record: EpochRecord) -> None:
            for part in ("train", "validation", "posterior"):
                for name, value in getattr(record, part).items():
                    writer.add_scalar(f"{name}/{part}", value, record.epoch)

        yield write


def format_terms(terms: dict[str, float]) -> str:
    r"""Short text of the terms of a loss.

    Example:
        >>> format_terms({"total": 31.5, "distortion": 24.0, "rate": 7.5})
        'distortion 24, rate 7.5'
    """
    return ", ".join(f"{name} {value:.4g}" for name, value in terms.items() if name != "total")
