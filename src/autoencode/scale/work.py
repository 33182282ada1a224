r"""Work on one part: its examples are read, given to the model, and written beside their place."""

__all__ = [
    "Outcome",
    "Task",
    "Worker",
    "digest_of_model",
    "is_finished",
    "is_of_disk",
    "left_out_of",
]

import errno
import hashlib
import json
import os
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..common.atomic_files import replacing, write_json
from ..estimator import load
from .reading.blocks import read_blocks
from .reading.parts import Job
from .reading.sources import state_of
from .settings import Settings
from .verbs import Verb
from .writing import ArrayWriter, ParquetWriter

_OF_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class Outcome(NamedTuple):
    r"""The outcome of the work on a part."""

    job: Job
    rows: int = 0
    error: str | None = None
    ends_run: bool = False
    r"""True if other parts would fail, too, as on a full disk."""

    left_out: Mapping[str, str] = MappingProxyType({})
    r"""Files of the part that could not be read, with the reasons."""


class Task(NamedTuple):
    r"""Model and settings that all parts of a run share.

    Example:
        >>> Task("m.ae", "", Settings("transform")).trusted
        ()
    """

    model: str
    digest: str
    settings: Settings
    reference: str | None = None
    trusted: tuple[str, ...] = ()


class Worker:
    r"""A model that works on parts.

    Arguments:
        task: What all parts share.

    Raises:
        ValueError: If the model file is damaged, or another one than that of the task.
    """

    def __init__(self, task: Task) -> None:
        model = load(task.model, trusted=task.trusted)
        reference = None if task.reference is None else Path(task.reference)
        self.task = task
        self.verb = Verb(model, task.settings, reference)

    def __call__(self, job: Job) -> Outcome:
        r"""Returns the outcome of a part. Its output is in its place if there is no error."""
        try:
            if is_finished(job):
                return Outcome(job)  # another process was faster

            return self._work(job)
        except Exception as error:  # readers and decoders raise whatever they like
            if os.environ.get("AUTOENCODE_TRACEBACK") == "1":
                traceback.print_exc()

            return Outcome(job, error=_reason(error, job), ends_run=is_of_disk(error))

    def _work(self, job: Job) -> Outcome:
        _check_unchanged(job)
        settings, place = self.task.settings, Path(job.place)
        writer = ParquetWriter if settings.file_format == "parquet" else ArrayWriter
        about = {
            "verb": settings.verb,
            "model": self.task.digest,
            "input": job.input.name,
            "digest": job.input.digest,
            "rows": [job.part.start, job.part.stop],
        }
        left_out: dict[str, str] = {}

        with replacing(place, durable=True) as temporary:
            with writer(temporary, about) as output:
                for block in read_blocks(job, self.verb.model, settings):
                    left_out |= block.left_out

                    if block.X is not None:
                        columns = self.verb(block.X, block.y)
                        n = len(next(iter(columns.values())))
                        files, rows = _places(job, output.rows, n, block.names)
                        ids = settings.id_column and (settings.id_column, block.ids)
                        output.write(columns, files, rows, ids or None)

            if output.rows == 0:
                name, why = next(iter(left_out.items()), (job.input.name, "it has no examples"))
                raise ValueError(f"'{name}': {why}")

            _check_unchanged(job)
            _write_note(job, left_out)

        return Outcome(job, output.rows, left_out=left_out)


def _places(
    job: Job, before: int, n: int, names: Sequence[str] | None
) -> tuple[Sequence[str], NDArray]:
    r"""Returns the file and the place in it of each row of a block."""
    if names is None:
        return [job.input.name] * n, np.arange(n) + job.part.start + before

    if len(names) != n:
        raise ValueError(f"expected a result for each of {len(names):,} examples, got {n:,}")

    begins = np.array([i == 0 or names[i] != names[i - 1] for i in range(n)], bool)
    first = np.maximum.accumulate(np.where(begins, np.arange(n), 0))

    return names, np.arange(n) - first


def is_finished(job: Job) -> bool:
    r"""Tell whether the output of a part exists, without files that have been repaired since.

    Arguments:
        job: The part.
    """
    if not os.path.exists(job.place):
        return False

    note = _read_note(job)
    return note is None or note["digest"] == job.input.digest


def left_out_of(job: Job) -> dict[str, str]:
    r"""The files of a part that could not be read when it was worked on, with the reasons.

    Arguments:
        job: The part.
    """
    note = _read_note(job)
    return {} if note is None else note["left_out"]


def digest_of_model(path: Path) -> str:
    r"""The digest of a model file.

    Arguments:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file '{path}'.")

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _place_of_note(job: Job) -> Path:
    place = Path(job.place)
    return place.with_name(f"_{place.stem}.left-out.json")


def _read_note(job: Job) -> dict[str, Any] | None:
    if job.input.kind != "media":  # no other input is left out in parts
        return None

    try:
        return json.loads(_place_of_note(job).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _write_note(job: Job, left_out: dict[str, str]) -> None:
    r"""Writes the list of files that could not be read, or deletes that of an earlier run."""
    if left_out:
        write_json(_place_of_note(job), {"digest": job.input.digest, "left_out": left_out})
    elif job.input.kind == "media":
        _place_of_note(job).unlink(missing_ok=True)


def _check_unchanged(job: Job) -> None:
    if state_of(map(Path, job.files)) != (job.input.size, job.input.changed):
        raise ValueError("it was changed after the manifest was written, or while it was read")


def is_of_disk(error: BaseException) -> bool:
    r"""Tell whether an error is that of a disk, which other parts would meet, too.

    Arguments:
        error: The error.

    Example:
        >>> is_of_disk(OSError(errno.ENOSPC, "No space left on device"))
        True
    """
    return isinstance(error, OSError) and error.errno in _OF_DISK


def _reason(error: BaseException, job: Job) -> str:
    if isinstance(error, OSError) and error.errno:
        place = f": '{error.filename}'" if error.filename else ""
        return f"{os.strerror(error.errno)}{place}"

    if isinstance(error, MemoryError):
        return "there is not enough memory"

    text = " ".join(str(error).split())[:600].rstrip(".") or type(error).__name__
    known = isinstance(error, (ValueError, TypeError, OSError, ArithmeticError, ImportError))

    for file in job.files[:1]:
        text = text.removeprefix(f"cannot read '{file}': ")

    return text if known else f"unexpected {type(error).__name__}: {text}"
