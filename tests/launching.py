r"""Several processes that run a function of a test together, on one machine."""

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

_TIMEOUT_SECONDS = 300


def launch(function: Callable[..., Any], n: int, *arguments: Any) -> list[Any]:
    r"""Runs a function in `n` processes with a process group, and returns their results.

    Arguments:
        function: A function at the top level of a module. It returns tensors and numbers.
        n: The number of processes.
        arguments: The arguments of the function.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autoencode", "torch", "launching", "autoencode.estimator"])

    with tempfile.TemporaryDirectory() as folder:
        processes = [
            context.Process(target=_run, args=(function, rank, n, folder, arguments))
            for rank in range(n)
        ]

        for process in processes:
            process.start()

        try:
            for process in processes:
                process.join(_TIMEOUT_SECONDS)
                assert process.exitcode is not None, "a process does not end"
        finally:
            for process in processes:
                process.kill()
                process.join()

        files = [Path(folder, f"result-{rank}") for rank in range(n)]
        return [torch.load(file) if file.exists() else None for file in files]


def _run(function: Callable[..., Any], rank: int, n: int, folder: str, arguments: Any) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=n)
    result = function(*arguments)
    torch.save(result, Path(folder, f"result-{rank}"))

    # After the death of another process, the group cannot be left in order
    os._exit(0)
