r"""Examples that have one label, for commands that examine a model at one label."""

__all__ = ["read_with_label", "read_with_labels", "shared_label"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...estimator import Autoencoder
from ...modalities.capabilities import has_covariates
from ...modalities.context import ContinuousContext
from ..options import SourceOptions
from .contexts import parse_y
from .examples import Inputs, read


def read_with_label(
    path: Path, source: SourceOptions, model: Autoencoder, whole: bool = False
) -> Inputs:
    r"""Read the examples that have one label, or one row of numbers.

    Examples without file names are named by their indices. Examples without labels are all kept,
    and so are all examples if the model is not conditional.

    Arguments:
        path: A file or folder.
        source: The label, the labels of the examples, and the format of the table.
        model: The model.
        whole: Whether to keep long examples whole.

    Raises:
        ValueError: If the model is conditional and `--y` is not one label, or no example has it.
    """
    from ...manifold.arrays import select_rows

    y = parse_y(source.typed.y, model)
    inputs = read(path, source.labels, source.table, model=model, y=y, whole=whole)
    names = inputs.files or [str(i) for i in range(len(inputs.X))]

    if model.context_ is None or has_covariates(model.modality_):
        return inputs._replace(files=names)

    if y is None or len(y) != 1:
        raise ValueError("this model is conditional: name the label to examine with --y.")

    if inputs.y is None:
        return inputs._replace(files=names)

    kind = str if isinstance(y[0], str) else float
    labels = np.asarray(inputs.y).astype(kind).reshape(len(inputs.X), -1)
    rows = (labels == np.reshape(y, (1, -1))).all(axis=1)

    if not rows.any():
        raise ValueError(f"no example has the label --y {' '.join(map(str, np.ravel(y)))}.")

    return Inputs(
        select_rows(inputs.X, np.flatnonzero(rows)), inputs.y, None, [*np.array(names)[rows]]
    )


def read_with_labels(path: Path, source: SourceOptions, model: Autoencoder) -> Inputs:
    r"""Read examples that each have a label, for a conditional model.

    Examples without file names are named by their indices.

    Arguments:
        path: A file or folder.
        source: The labels of the examples, and the format of the table.
        model: The model.

    Raises:
        ValueError: If the model is given numbers instead of labels, or an example has no label.
    """
    if isinstance(model.context_, ContinuousContext):
        raise ValueError("this model depends on numbers: name those to examine with --y.")

    inputs = read(path, source.labels, source.table, model=model)
    labels = np.asarray(inputs.y)
    gone = [i for i, label in enumerate(labels.tolist()) if label is None or label != label]

    if len(labels) != len(inputs.X) or gone:
        what = f"row {gone[0]} has none" if gone else f"got {len(labels)}"
        raise ValueError(f"expected a label for each of {len(inputs.X)} examples, {what}.")

    names = inputs.files or [str(i) for i in range(len(inputs.X))]
    return inputs._replace(y=labels, files=names)


def shared_label(inputs: Inputs, rows: Sequence[int], model: Autoencoder) -> Any:
    r"""The label, or the row of numbers, that some examples share.

    A model that is not conditional has none.

    Arguments:
        inputs: All examples.
        rows: The indices of some of them.
        model: The model.

    Raises:
        ValueError: If they differ.
    """
    if model.context_ is None:
        return None

    labels = np.asarray(inputs.y)[list(rows)]

    if (labels != labels[:1]).any():
        shown = " and ".join(str(label) for label in labels.tolist())
        raise ValueError(f"the examples have different labels, {shown}: choose one with --y.")

    return labels[:1]
