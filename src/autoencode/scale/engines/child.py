r"""Process that works on parts: it reads one part per line, and writes one outcome per line.

It ends with its parent, whose end closes its input.
"""

__all__ = ["job_of", "serve"]

import json
import os
import signal
import sys
import warnings
from typing import Any, TextIO

from ..reading.parts import Input, Job, Part
from ..settings import Settings
from ..work import Task, Worker


def serve(lines: TextIO, out: TextIO) -> None:
    r"""Work on the parts of all lines.

    Arguments:
        lines: The task, and then a part in each line, as JSON.
        out: The outcomes, as JSON.
    """
    first = json.loads(lines.readline())
    task = Task(**{**first, "settings": Settings(**first["settings"])})

    try:
        worker = Worker(task)
    except Exception as error:
        _send(out, {"refused": " ".join(str(error).split()) or type(error).__name__})
        return

    _send(out, {"ready": True})

    for line in lines:
        outcome = worker(job_of(json.loads(line)))
        about = outcome._asdict() | {"left_out": dict(outcome.left_out)}
        _send(out, {name: value for name, value in about.items() if name != "job"})


def job_of(document: Any) -> Job:
    r"""The part that a document describes.

    Arguments:
        document: The fields of the part as lists and mappings.
    """
    place, files, names, entry, part = document
    return Job(place, files, names, Input(*entry), Part(*part))


def _send(out: TextIO, document: Any) -> None:
    out.write(json.dumps(document) + "\n")
    out.flush()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write lines there

    import torch

    torch.set_num_threads(1)

    try:
        serve(sys.stdin, out)
    except BrokenPipeError:  # the parent has ended
        os._exit(1)


if __name__ == "__main__":
    _main()
