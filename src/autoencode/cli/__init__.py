r"""The command line: `autoencode fit`, `transform`, `sample` and the others.

A command is a function, and its flags are the function's arguments. `fit` adds those of the
chosen recipe, of the estimator, of the chosen objects and of the training, read from the
signatures, so that a new argument appears by itself. Data and pictures go to files, written
wholly or not at all; what was done is said on stdout, and all else on stderr, what went wrong
in one line.
"""

__all__ = ["main"]

import contextlib
import importlib
import logging
import os
import signal
import sys
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..common.failures import FitWarning
from .commands import COMMANDS
from .settings import elsewhere, groups
from .signatures import Group, choose, parse, signature
from .terminal import Plain, plain

_ERRORS = (ValueError, TypeError, OSError, ArithmeticError, ImportError)  # of the user


def main(argv: Sequence[str] | None = None) -> int:
    r"""Runs one command.

    Arguments:
        argv: What was typed after `autoencode`; by default `sys.argv`.

    Returns:
        The exit status: 0; 2 if something is wrong with what was given; 130 if interrupted;
        141 if nobody reads on; 1 for what should not happen.

    Example:
        >>> main(["fit", "digits.npy", "--out", "digits.ae", "--recipe", "vae"])  # doctest: +SKIP
        0
    """
    log, handler = logging.getLogger(_package().__name__), logging.StreamHandler()
    level = log.level

    try:
        handler.setFormatter(_OneLine())
        log.addHandler(handler)
        log.setLevel(logging.INFO)

        with _terminable(), warnings.catch_warnings():
            # Names are compared where files are read
            warnings.filterwarnings("ignore", "X does not have valid feature names")
            warnings.simplefilter("always", FitWarning)
            warnings.showwarning = _in_one_line(warnings.showwarning)
            _run(list(sys.argv[1:] if argv is None else argv))

        sys.stdout.flush()
    except SystemExit as stop:
        return int(stop.code or 0)
    except BrokenPipeError:
        # What is left to flush at exit has to go somewhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("AUTOENCODE_TRACEBACK") == "1":
            traceback.print_exc()

        status, said = _verdict(error)
        print(f"autoencode: {plain(said)}", file=sys.stderr)
        return status
    finally:
        log.removeHandler(handler)
        log.setLevel(level)

    return 0


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    r"""Lets the signals that ask a process to end do what Ctrl-C does: files are put in order."""

    def handle(*_: object) -> None:
        if callable(signal.getsignal(signal.SIGINT)):
            signal.raise_signal(signal.SIGINT)
        else:  # jobs in the background do not hear Ctrl-C
            raise KeyboardInterrupt

    found = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

    # Only where nobody else has claimed them, and in the thread that they reach
    if threading.current_thread() is not threading.main_thread():
        found = []

    found = [number for number in found if signal.getsignal(number) is signal.SIG_DFL]

    for number in found:
        signal.signal(number, handle)

    try:
        yield
    finally:
        for number in found:
            signal.signal(number, signal.SIG_DFL)


class _OneLine(logging.Formatter):
    r"""Log lines in which text of data cannot act on the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def _in_one_line(show: Callable[..., None]) -> Callable[..., None]:
    r"""Returns what shows each finding of a fit once, without the place in the source."""
    said: set[str] = set()

    def shown(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, FitWarning):
            return show(message, category, *place, **more)

        if str(message) not in said:
            said.add(str(message))
            print(f"autoencode: warning: {plain(str(message))}", file=sys.stderr)

        return None

    return shown


def _run(argv: list[str]) -> None:
    if not argv or argv[0] in {"-h", "--help"}:
        print(_help())
    elif argv[0] == "--version":
        print(_package().__version__)
    else:
        name, *rest = argv
        command, about = COMMANDS[choose("command", name, COMMANDS)], _described(name)
        first = Group(name, "", about.arguments)
        offered, others = ([first, *groups(rest)], elsewhere) if name == "fit" else ([first], dict)

        settings = parse(f"autoencode {name}", about.summary, offered, rest, others)
        values = settings.pop(name)
        positional = [values.pop(a.name) for a in about.arguments if a.positional]

        named = dict(zip((a.name for a in about.arguments if a.positional), positional))
        options = values | ({"settings": settings} if settings else {})

        with contextlib.redirect_stdout(Plain(sys.stdout)):  # type: ignore[type-var]
            if "out" in values:  # what the others do needs no import
                from .ownership import guarded

                with guarded(name, values | named):
                    command(*positional, **options)
            else:
                command(*positional, **options)


def _help() -> str:
    lines = [f"  {name:12} {_described(name).summary}" for name in COMMANDS]
    usage = ["usage: autoencode COMMAND [OPTIONS]", "", _package().__doc__, "", *lines, ""]
    more = "autoencode COMMAND --help tells more; fit --recipe NAME --help, of that recipe."

    return "\n".join([*usage, more])


def _described(command: str) -> Any:
    return signature("cli.commands", command)


def _package() -> Any:
    return importlib.import_module("..", __name__)


def _verdict(error: BaseException) -> tuple[int, str]:
    r"""Returns the exit status, and what is said of an error in one line."""
    said = textwrap.shorten(str(error), 600, placeholder=" ...")

    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted."

    if isinstance(error, OSError) and error.filename:
        return 2, f"error: {error.strerror}: '{error.filename}'."

    if isinstance(error, MemoryError) or "allocate memory" in said or "out of memory" in said:
        return 2, f"error: there is not enough memory. {said}"

    if isinstance(error, _ERRORS):
        return 2, f"error: {said}"

    return 1, (
        f"error: unexpected {type(error).__name__} ({said}). Please report it, with what is shown"
        " when the environment variable AUTOENCODE_TRACEBACK is 1."
    )
