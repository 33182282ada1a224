r"""Parts on Ray Data, whose actors hold the model."""

__all__ = ["run_ray"]

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any, cast

from ..reading.parts import Job
from ..work import Outcome, Task, Worker


def run_ray(task: Task, jobs: Sequence[Job], workers: int | None) -> Iterator[Outcome]:
    r"""Yield the outcomes of parts as they come, from actors of Ray Data.

    All machines of the cluster have to see the model, the input and the output under the same
    paths. If Ray has not been started, it is started on this machine, or joined where
    `RAY_ADDRESS` names a cluster, and left at the end.

    Arguments:
        task: What all parts share.
        jobs: The parts.
        workers: The number of actors; by default one for each processor.

    Raises:
        ValueError: If Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError:
        raise ValueError("engine 'ray' needs Ray Data: pip install 'autoencode[ray]'") from None

    if not jobs:
        return

    own = not ray.is_initialized()

    if own:
        # Ray Data starts no actor on the last processor
        cpus = None if os.environ.get("RAY_ADDRESS") else 1 + (workers or os.cpu_count() or 1)
        local: dict[str, Any] = {} if cpus is None else {"num_cpus": cpus}
        ray.init(
            include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **local
        )

    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        most = workers or max(1, int(ray.cluster_resources().get("CPU", 2)) - 1)
        n = min(len(jobs), most)
        parts = ray.data.from_items(
            [{"part": i} for i in range(len(jobs))], override_num_blocks=len(jobs)
        )
        pool = ray.data.ActorPoolStrategy(size=n)
        given = {"task": task, "jobs": [*jobs]}
        done = parts.map(cast(Any, _Actor), fn_constructor_kwargs=given, compute=pool, num_cpus=1)

        for row in done.iter_rows():
            yield Outcome(jobs[row["part"]], *_unpacked(row))
    finally:
        if own:
            ray.shutdown()


def _unpacked(row: Any) -> tuple[Any, ...]:
    left_out = dict(zip(row["left_out"], row["reasons"]))
    return row["rows"], row["error"] or None, row["ends_run"], left_out


class _Actor:
    r"""Actor that holds the model."""

    def __init__(self, task: Task, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.worker = Worker(task)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        outcome = self.worker(self.jobs[row["part"]])
        return {
            "part": row["part"],
            "rows": outcome.rows,
            "error": outcome.error or "",
            "ends_run": outcome.ends_run,
            "left_out": [*outcome.left_out],
            "reasons": [*outcome.left_out.values()],
        }
