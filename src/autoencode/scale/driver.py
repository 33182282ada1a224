r"""Course of a run: checks, the manifest, the parts of a shard, and the report."""

__all__ = ["ENGINES", "run"]

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ..common.atomic_files import check_writable
from ..common.progress import track
from ..estimator import Autoencoder, load
from ..modalities import encode_context
from .engines.local import run_here, run_processes
from .engines.ray_data import run_ray
from .manifest import MANIFEST, prepare_manifest
from .reading.parts import Job
from .reading.sources import Found, Source, find_files
from .report import Report
from .settings import Settings
from .verbs import check_verb
from .work import Outcome, Task, digest_of_model, is_finished, left_out_of

log = logging.getLogger(__name__)

ENGINES = ("processes", "ray")

_MODEL = "_model.ae"
_FAILURES_ALONE = 8  # a run in which so many parts fail and none succeeds is stopped
_LOG_SECONDS = 60.0


def run(
    settings: Settings,
    model: str | Path | Autoencoder,
    source: Source,
    out: str | Path,
    engine: str | None,
    workers: int | None,
    shard: str | None,
    reference: Path | None,
    trusted: Sequence[str],
    force: bool,
) -> Report:
    r"""Work on the parts of a shard that are not finished.

    Arguments:
        settings: The verb and its settings.
        model: The model, or its file.
        source: As for :func:`~autoencode.scale.transform`.
        out: As for :func:`~autoencode.scale.transform`.
        engine: As for :func:`~autoencode.scale.transform`.
        workers: As for :func:`~autoencode.scale.transform`.
        shard: As for :func:`~autoencode.scale.transform`.
        reference: The normal examples, for anomalies.
        trusted: As for :func:`~autoencode.load`.
        force: Whether the folder may hold other files.

    Raises:
        FileNotFoundError: As for :func:`~autoencode.scale.transform`.
        ValueError: As for :func:`~autoencode.scale.transform`.
    """
    out = Path(out)
    settings = settings.checked()
    share = _share(shard)
    run_parts = _engine(engine, workers)
    found = find_files(source)
    _check_folder(out, found, force)
    loaded = model if isinstance(model, Autoencoder) else load(model, trusted=trusted)
    check_verb(loaded, settings, reference)

    if settings.y is not None:
        encode_context(loaded.context_, settings.y, 1)

    if reference is not None:
        if not reference.is_file():
            raise FileNotFoundError(f"there is no file '{reference}' of normal examples.")

        settings = settings._replace(reference=digest_of_model(reference))

    check_writable(out / MANIFEST)
    file = _stored(model, out) if isinstance(model, Autoencoder) else Path(model)
    digest = digest_of_model(file)
    manifest, files = prepare_manifest(out, digest, settings, found, loaded)
    jobs = [*manifest.jobs(out, files, found)]
    near = None if reference is None else str(reference.absolute())
    task = Task(str(file.absolute()), digest, manifest.settings, near, tuple(trusted))

    if not jobs:
        raise ValueError(f"expected examples, got none in {len(found.files):,} files.")

    return _worked(out, jobs, share, lambda mine: run_parts(task, mine))


def _worked(out: Path, jobs: list[Job], share: tuple[int, int], run_parts: Any) -> Report:
    r"""Works on the parts of a shard that are not finished, and returns the report."""
    k, n = share
    mine = jobs[k - 1 :: n]
    todo = [job for job in mine if not is_finished(job)]
    kept = [job for job in mine if is_finished(job)]
    left_out = {name: why for job in kept for name, why in left_out_of(job).items()}
    failed = {str(job): job.input.trouble for job in todo if job.input.trouble}
    todo = [job for job in todo if not job.input.trouble]
    start, done, rows, stopped = time.monotonic(), 0, 0, None

    with closing(run_parts(todo)) as outcomes:
        for outcome in _shown(outcomes, todo):
            if outcome.error is None:
                done, rows = done + 1, rows + outcome.rows
                left_out |= outcome.left_out
            else:
                failed[str(outcome.job)] = outcome.error
                log.warning("%s failed: %s.", outcome.job, outcome.error)

            if outcome.ends_run:
                stopped = outcome.error
                failed.pop(str(outcome.job), None)
                break

            if not done and len(failed) >= _FAILURES_ALONE and len(todo) > _FAILURES_ALONE:
                stopped = f"the first {len(failed)} parts failed, and none succeeded"
                break

    seconds = time.monotonic() - start
    is_done = [is_finished(job) for job in jobs]
    unfinished = [i + 1 for i in range(min(n, len(jobs))) if not all(is_done[i::n])]
    failed |= {f"'{name}'": why for name, why in left_out.items()}

    return Report(
        out, done, sum(is_done), len(jobs), rows, seconds, failed, stopped, tuple(unfinished)
    )


class _Rows:
    r"""An outcome whose length is its number of rows."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def __len__(self) -> int:
        return self.outcome.rows


def _shown(outcomes: Iterator[Outcome], jobs: Sequence[Job]) -> Iterator[Outcome]:
    r"""Yields outcomes with a progress bar in a terminal, and otherwise a log line each minute."""
    total = sum((job.part.stop or 0) - job.part.start for job in jobs)
    begin = last = time.monotonic()
    rows = 0

    for i, one in enumerate(track(map(_Rows, outcomes), total, "rows"), 1):
        now, rows = time.monotonic(), rows + len(one)

        if now - last > _LOG_SECONDS and i < len(jobs):
            rate, left = rows / (now - begin), (len(jobs) - i) * (now - begin) / i
            log.info(
                "%s of %s parts, %s rows per second, about %.0f minutes left.",
                *(f"{i:,}", f"{len(jobs):,}", f"{rate:,.0f}", left / 60),
            )
            last = now

        yield one.outcome


def _share(shard: str | None) -> tuple[int, int]:
    if shard is None:
        return 1, 1

    k, _, n = str(shard).partition("/")

    if not (k.isdecimal() and n.isdecimal() and 1 <= int(k) <= int(n)):
        raise ValueError(
            f"expected shard as K/N with 1 <= K <= N (command line: --shard 3/64), got {shard!r}."
        )

    return int(k), int(n)


def _engine(engine: str | None, workers: int | None) -> Any:
    if engine not in (None, *ENGINES):
        raise ValueError(f"expected engine as one of {[*ENGINES]}, got {engine!r}.")

    if workers is not None and workers < 1:
        raise ValueError(f"expected at least one worker, got {workers}.")

    if engine == "ray":
        return lambda task, jobs: run_ray(task, jobs, workers)

    if engine is None and workers in (None, 1):
        return run_here

    return lambda task, jobs: run_processes(task, jobs, workers or _processors())


def _processors() -> int:
    r"""Returns the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))

    return os.cpu_count() or 1


def _check_folder(out: Path, found: Found, force: bool) -> None:
    r"""Raises if outputs would stand among the input or other files."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"expected a folder for the parts, got the file '{out}'.")

    place = os.path.realpath(out)
    inside = [p for p in found.files if os.path.realpath(p).startswith(place + os.sep)]

    if inside:
        raise ValueError(
            f"'{out}' holds the input '{inside[0]}': use another folder for the outputs."
        )

    others = [name for name in os.listdir(out) if name[0] not in "._"] if out.exists() else []

    if others and not (out / MANIFEST).exists() and not force:
        raise ValueError(
            f"expected an empty folder or a new one, and '{out}' holds '{min(others)}': use"
            " another folder, or force=True (command line: --force)."
        )


def _stored(model: Autoencoder, out: Path) -> Path:
    r"""Returns the file of a model in memory, which all processes can read."""
    file = out / _MODEL
    model.save(file)

    return file
