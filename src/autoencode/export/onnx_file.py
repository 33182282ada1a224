r"""Files of ONNX, which run in browsers, on phones and in other languages."""

__all__ = ["OPSET", "check_packages", "run_onnx", "write_onnx"]

import contextlib
import importlib.util
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from .archive import quiet, root_cause
from .operations import SIMPLER
from .trials import Run

OPSET = 18
_MAX_BYTES = 2**31  # of a file of ONNX
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_LOG = "torch.onnx._internal.exporter"


def check_packages() -> None:
    r"""
    Raises:
        ImportError: If a package is missing.
    """
    if missing := [name for name in _PACKAGES if importlib.util.find_spec(name) is None]:
        raise ImportError(
            f"files of ONNX need {', '.join(missing)}: pip install 'autoencode[onnx]'. An archive"
            " of torch.export (.pt2) needs no further package."
        )


def write_onnx(
    program: Any,
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    properties: dict[str, Any],
) -> None:
    r"""Write a program to a file.

    Arguments:
        program: The program, as of :func:`~autoencode.export.archive.trace`.
        path: The file.
        inputs: The names of the inputs.
        outputs: The names of the outputs.
        properties: Facts about the model, which the file keeps as text.

    Raises:
        ValueError: If ONNX lacks an operation of the model, or it is too large.
    """
    import torch

    with quiet(), _silent():
        try:
            written = torch.onnx.export(
                program.run_decompositions(SIMPLER),
                dynamo=True,
                opset_version=OPSET,
                verbose=False,
                input_names=inputs,
                output_names=outputs,
            )
        except Exception as error:  # torch raises errors of many kinds
            raise ValueError(
                f"this model cannot be written as ONNX ({root_cause(error)}). Export it to an"
                " archive of torch (.pt2) instead."
            ) from error

        assert written is not None
        proto = written.model_proto

    for name, value in properties.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        proto.metadata_props.add(key=name, value=text)

    proto.producer_name = "autoencode"

    if (size := proto.ByteSize()) >= _MAX_BYTES:
        raise ValueError(
            f"the model has {size / 2**30:.1f} GiB, and a file of ONNX holds 2. Export it to an"
            " archive of torch (.pt2) instead."
        )

    path.write_bytes(proto.SerializeToString())


def run_onnx(path: Path, inputs: Sequence[str]) -> Run:
    r"""A function that runs the model in a file.

    Arguments:
        path: The file.
        inputs: The names of the inputs.

    Raises:
        ValueError: If onnxruntime cannot run it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1

    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ValueError(
            f"onnxruntime cannot run the exported model ({root_cause(error)}). Export it to an"
            " archive of torch (.pt2) instead."
        ) from error

    def run(values: tuple[Tensor, ...]) -> tuple[Any, ...]:
        given = {name: t.numpy() for name, t in zip(inputs, values, strict=True)}
        return tuple(session.run(None, given))

    return run


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    r"""Leaves out the log lines of torch about packages that it does not find."""
    log = logging.getLogger(_LOG)
    level = log.level
    log.setLevel(logging.ERROR)

    try:
        yield
    finally:
        log.setLevel(level)
