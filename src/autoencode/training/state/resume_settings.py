r"""Settings and data that must be the same for an exact continuation of a training."""

__all__ = ["difference", "is_longer", "resume_settings"]

import re
from collections.abc import Mapping
from typing import Any

from ... import __version__
from ...common.arrays import Permutation
from ...data import Examples
from ..checkpoints import fingerprint
from ..schedule import parse_duration
from ..step import TrainStep

_FREE_ARGUMENTS = (
    "checkpoint_dir",
    "checkpoint_seconds",
    "device",
    "show_progress",
    "tensorboard_dir",
)
_LENGTHS = ("argument 'epochs'", "argument 'time_budget'")
_FREE_OF_LONGER = (*_LENGTHS, "argument 'compile'")  # whose default follows from the length


def resume_settings(
    arguments: Mapping[str, Any],
    train_step: TrainStep,
    data: Examples,
    validation: Examples | None,
) -> dict[str, str]:
    r"""Texts of the settings that must not change, and digests of the data, by name.

    Arguments:
        arguments: The resolved arguments of the training.
        train_step: The model and its objective.
        data: The examples to train on.
        validation: The examples that are held out.
    """
    settings = {
        "release of autoencode": __version__,
        "data": _hash(data),
        "validation": "none" if validation is None else _hash(validation),
        **{f"argument '{k}'": repr(v) for k, v in arguments.items() if k not in _FREE_ARGUMENTS},
        "model": str(train_step.model),
        "objective": repr(train_step.objective),
        "corruption": f"{train_step.raw_corruption}, {train_step.corruption}",
        "start": train_step.origin,
    }

    # The representation of a function contains its memory address
    return {name: re.sub(r" at 0x[0-9a-f]+", "", text) for name, text in settings.items()}


def is_longer(then: Mapping[str, str], now: Mapping[str, str]) -> bool:
    r"""Tell whether a training has more epochs or more time than a finished one.

    Arguments:
        then: The settings of the finished training.
        now: The settings of this training.

    Example:
        >>> is_longer({"argument 'epochs'": "3"}, {"argument 'epochs'": "5"})
        True
        >>> is_longer({"argument 'epochs'": "3"}, {"argument 'epochs'": "2"})
        False
    """
    pairs = [(then.get(name, "None"), now.get(name, "None")) for name in _LENGTHS]

    try:
        return all(a == b or _length(a) < _length(b) for a, b in pairs) and any(
            a != b for a, b in pairs
        )
    except ValueError:  # one of the two is not limited
        return False


def difference(then: Mapping[str, str], now: Mapping[str, str], longer: bool) -> str | None:
    r"""Sentence about the first setting that differs, or `None`.

    Arguments:
        then: The settings of the checkpoint.
        now: The settings of this training.
        longer: Whether this training continues a finished one with more epochs.

    Example:
        >>> difference({"data": "a"}, {"data": "b"}, longer=False)[:51]
        'cannot resume: expected the data of the checkpoint,'
    """
    for name, value in now.items():
        if then.get(name) == value or (longer and name in _FREE_OF_LONGER):
            continue

        more = " A finished training can have more." * (name in _LENGTHS)
        return (
            f"cannot resume: expected the {name} of the checkpoint, {then.get(name)}, got {value}."
            f" Resume with the former, or use another folder.{more}"
        )

    return None


def _length(text: str) -> float:
    return float(parse_duration(text.strip("'\"")) or 0)


def _hash(data: Examples) -> str:
    rows: Any = data.rows
    computed = isinstance(rows, Permutation)
    parts = data.target, data.corrupted, data.context, None if computed else rows
    digest = fingerprint(*parts, *([] if data.weights is None else [data.weights]))

    return f"{digest}, {rows}" if computed else digest
