r"""Settings and data that must be the same for an exact continuation of a training."""

__all__ = ["resume_settings"]

import re
from collections.abc import Mapping
from typing import Any

from ... import __version__
from ...data import Examples
from ..checkpoints import fingerprint
from ..step import TrainStep

_FREE_ARGUMENTS = (
    "checkpoint_dir",
    "checkpoint_seconds",
    "device",
    "show_progress",
    "tensorboard_dir",
)


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
    }

    # The representation of a function contains its memory address
    return {name: re.sub(r" at 0x[0-9a-f]+", "", text) for name, text in settings.items()}


def _hash(data: Examples) -> str:
    return fingerprint(data.target, data.corrupted, data.context, data.rows)
