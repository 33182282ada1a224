r"""Checks of the numbers and weights in a checkpoint."""

__all__ = ["MAX_ROLLBACKS", "check_document", "check_weights"]

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ...common.checks.types import check_arguments, fits
from .records import EpochRecord

MAX_ROLLBACKS = 3
# Types of the numbers in a checkpoint
_DOCUMENT_TYPES: dict[str, Any] = {
    "settings": dict[str, str],
    "step": int,
    "epoch_start": int,
    "records": Sequence[dict[str, Any]],
    "best_loss": float,
    "epochs_since_best": int,
    "rollbacks": int,
    "skipped": int,
    "seconds": float,
}


def check_document(document: dict[str, Any], steps: int) -> None:
    r"""Check that all numbers of a checkpoint have the right type and range.

    Arguments:
        document: The numbers.
        steps: The number of steps of an epoch.

    Raises:
        ValueError: If a number has the wrong type or range.
    """
    wrong = [
        name
        for name, kind in _DOCUMENT_TYPES.items()
        if not fits(document.get(name), kind, strict=True)
    ]

    if not wrong and not 0 <= document["rollbacks"] <= MAX_ROLLBACKS:
        wrong = ["rollbacks"]

    if not wrong and not 0 <= document["seconds"] < math.inf:
        wrong = ["seconds"]

    if not wrong:
        start, step = document["epoch_start"], document["step"]
        wrong = ["step"] * (not 0 <= start <= step <= start + steps)

    if not wrong:
        wrong = ["records"] * any(set(r) != set(EpochRecord._fields) for r in document["records"])

    if wrong:
        raise ValueError(f"cannot resume: the checkpoint is damaged (its '{wrong[0]}').")

    for record in document["records"]:
        check_arguments(EpochRecord, record)

        if "total" not in record["train"]:
            raise ValueError("cannot resume: the checkpoint is damaged (its 'records').")


def check_weights(tensors: dict[str, Tensor], like: dict[str, Tensor]) -> None:
    r"""Check that stored weights are those of a model in name, shape and type.

    Arguments:
        tensors: The stored weights.
        like: The weights of the model.

    Raises:
        ValueError: If a weight is missing, or has another shape or type.
    """
    shapes, wanted = ({k: (t.shape, t.dtype) for k, t in ts.items()} for ts in (tensors, like))

    if tensors and shapes != wanted:
        raise ValueError("cannot resume: the checkpoint is damaged (its best weights).")
