r"""The command line: `autoencode fit`, `transform`, `sample` and further commands.

Each command is a function, and its arguments are the flags. `fit` also has the flags of the
chosen recipe, the estimator, the chosen objects and the training. All are read from signatures,
so that a new argument becomes a flag automatically. Data and pictures go to files, which are
written completely or not at all. Results are printed on stdout; progress, warnings and one-line
errors on stderr.

- `commands`: the commands; `options`: flags that several commands share
- `signatures`: flags from signatures; `generate`: the table of signatures, `make signatures`
- `settings`, `trust`: the flags of a fit, by group; classes of other packages
- `inputs`, `outputs`: examples from files; results in files
- `ownership`: files that must not be overwritten
- `terminal`, `next_step`: text for a terminal; the command to try next
- `in_parts`: commands that work in parts, for data of any size
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
from .settings import flag_groups, flags_of_other_choices
from .signatures import (
    Group,
    build_options,
    check_choice,
    command_signature,
    option_groups,
    parse,
)
from .terminal import SanitizedStream, on_one_line, sanitize
from .trust import trusting

_USER_ERRORS = (
    ValueError,
    TypeError,
    OSError,
    ArithmeticError,
    ImportError,
)


def main(argv: Sequence[str] | None = None) -> int:
    r"""Run one command.

    Arguments:
        argv: The words after `autoencode`; by default those of `sys.argv`.

    Returns:
        The exit status: 0 for success, 2 for invalid input, 130 after an interrupt, 141 if the
        reader of stdout has gone, and 1 for an unexpected error.
    """
    log, handler = logging.getLogger(_package().__name__), logging.StreamHandler()
    level = log.level

    try:
        handler.setFormatter(_OneLine())
        is_first = os.environ.get("RANK", "0") == "0"  # of the processes of a launcher
        handler.setLevel(logging.INFO if is_first else logging.ERROR)
        log.addHandler(handler)
        log.setLevel(logging.INFO)

        with _terminable(), warnings.catch_warnings():
            # The names of columns are compared where files are read
            warnings.filterwarnings("ignore", "X does not have valid feature names")
            warnings.simplefilter("always", FitWarning)
            warnings.showwarning = _in_one_line(warnings.showwarning)
            _run(list(sys.argv[1:] if argv is None else argv))

        sys.stdout.flush()
    except SystemExit as stop:
        return int(stop.code or 0)
    except BrokenPipeError:
        # Python flushes the rest of stdout at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("AUTOENCODE_TRACEBACK") == "1":
            traceback.print_exc()

        status, message = _explain(error)
        print(f"autoencode: {sanitize(message)}", file=sys.stderr)
        return status
    finally:
        log.removeHandler(handler)
        log.setLevel(level)

    return 0


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    r"""Handles SIGTERM and SIGHUP like Ctrl-C, so that files are left complete."""

    def handle(*_: object) -> None:
        if callable(signal.getsignal(signal.SIGINT)):
            signal.raise_signal(signal.SIGINT)
        else:  # jobs in the background ignore Ctrl-C
            raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

    # Only the main thread may handle signals, and other handlers stay in place
    if threading.current_thread() is not threading.main_thread():
        numbers = []

    numbers = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    for number in numbers:
        signal.signal(number, handle)

    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


class _OneLine(logging.Formatter):
    r"""Log lines without line breaks and control characters from the data."""

    def format(self, record: logging.LogRecord) -> str:
        return on_one_line(super().format(record))


def _in_one_line(show: Callable[..., None]) -> Callable[..., None]:
    r"""Returns a function that shows each warning of a fit once, without its source line."""
    known: set[str] = set()

    def shown(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, FitWarning):
            return show(on_one_line(message), category, *place, **more)

        if str(message) not in known:
            known.add(str(message))
            print(f"autoencode: warning: {on_one_line(message)}", file=sys.stderr)

        return None

    return shown


def _run(argv: list[str]) -> None:
    if not argv or argv[0] in {"-h", "--help"}:
        print(_help())
    elif argv[0] == "--version":
        print(_package().__version__)
    else:
        name, *rest = argv
        command = COMMANDS[check_choice("command", name, COMMANDS)]

        with trusting(rest if name == "fit" else ()):
            positional, options, flat = _parse(name, rest)

            with contextlib.redirect_stdout(SanitizedStream(sys.stdout)):  # type: ignore[type-var]
                if "out" in options:  # other commands do without this import
                    from .ownership import protect_inputs

                    with protect_inputs(name, flat):
                        command(*positional, **options)
                else:
                    command(*positional, **options)


def _parse(name: str, words: Sequence[str]) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    r"""Returns the arguments of a command, and the values of its flags without their groups."""
    about, is_fit = command_signature(name), name == "fit"
    shared = [*option_groups(about)]
    own = Group(name, "", tuple(a for a in about.arguments if not a.classes))
    groups = [own, *shared, *(flag_groups(words) if is_fit else ())]

    others = flags_of_other_choices if is_fit else dict
    settings = parse(f"autoencode {name}", about.summary, groups, words, others)
    flat = {key: value for group in (own, *shared) for key, value in settings[group.name].items()}

    options = settings.pop(name) | build_options(about, settings)
    positional = [options.pop(a.name) for a in about.arguments if a.positional]

    if is_fit:
        names = {group.name for group in shared}
        options["settings"] = {k: v for k, v in settings.items() if k not in names}

    return positional, options, flat


def _help() -> str:
    lines = [f"  {name:12} {command_signature(name).summary}" for name in COMMANDS]
    headline = _package().__doc__.splitlines()[0]  # the rest is for readers of the code
    usage = ["usage: autoencode COMMAND [FLAGS]", "", headline, "", *lines, ""]
    more = (
        "autoencode COMMAND --help lists the flags of a command, and autoencode fit"
        " --recipe NAME\n--help those of a recipe."
    )

    return "\n".join([*usage, more])


def _package() -> Any:
    return importlib.import_module("..", __name__)


def _explain(error: BaseException) -> tuple[int, str]:
    r"""Returns the exit status and the one-line message of an error."""
    message = textwrap.shorten(str(error), 600, placeholder=" ...")

    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted."

    if isinstance(error, OSError) and error.filename:
        return 2, f"error: {error.strerror}: '{error.filename}'."

    if (
        isinstance(error, MemoryError)
        or "allocate memory" in message
        or "out of memory" in message
    ):
        return 2, f"error: there is not enough memory. {message}"

    if isinstance(error, _USER_ERRORS):
        return 2, f"error: {message}"

    return 1, (
        f"error: unexpected {type(error).__name__} ({message}). Please report it, with the"
        " output of the same command after `export AUTOENCODE_TRACEBACK=1`."
    )
