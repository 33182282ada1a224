r"""Archives of `torch.export`, which run in torch without this library."""

__all__ = ["quiet", "root_cause", "run_archive", "trace", "write_archive"]

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..common.failures import ignored
from .trials import Run, Trial


def trace(module: nn.Module, trial: Trial) -> Any:
    r"""Record the operations of a module, for batches of any size.

    Arguments:
        module: A part of a model.
        trial: Inputs, for whose shapes and types the operations are recorded.

    Returns:
        The program, an object of `torch.export`.

    Raises:
        ValueError: If the operations depend on the numbers, or are not those of torch.
    """
    batch = torch.export.Dim("batch", min=1)
    shapes = tuple({0: batch} for _ in trial.inputs)

    with torch.no_grad():
        module(*trial.inputs)  # constants that are computed at first use are computed here

        try:
            with quiet():
                return torch.export.export(
                    module, trial.inputs, dynamic_shapes=shapes, strict=False
                )
        except Exception as error:  # torch raises errors of many kinds
            raise ValueError(_why(error)) from error


def write_archive(program: Any, path: Path) -> None:
    r"""Write a program to a file.

    Arguments:
        program: The program, as of :func:`trace`.
        path: The file.
    """
    with quiet(), path.open("wb") as file:
        torch.export.save(program, file)


def run_archive(path: Path) -> Run:
    r"""A function that runs the program in a file.

    Arguments:
        path: The file.
    """
    with quiet(), path.open("rb") as file:
        module = torch.export.load(file).module()

    def run(inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
        with torch.no_grad():
            return tuple(t.numpy() for t in module(*inputs))

    return run


@contextmanager
def quiet() -> Iterator[None]:
    r"""Leave out what torch says about its own code."""
    with ExitStack() as stack:
        stack.enter_context(ignored(category=FutureWarning))
        stack.enter_context(ignored(category=DeprecationWarning))
        stack.enter_context(ignored(module="torch"))
        yield


def root_cause(error: BaseException) -> str:
    r"""The message of the first of several errors, in one line.

    Arguments:
        error: The last error.

    Example:
        >>> root_cause(ValueError("a\nb"))
        'a b'
    """
    while error.__cause__ is not None:
        error = error.__cause__

    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


def _why(error: Exception) -> str:
    reason = root_cause(error)
    return (
        "this model cannot be exported, as torch cannot record its operations as a graph"
        f" ({reason}). Use another network, or the model in Python."
    )
