r"""Columns of numeric files: their types and names."""

__all__ = ["store_columns", "with_column_types"]

from pathlib import Path
from typing import Any

import numpy as np

from ...data import TableFormat, is_frame, is_frame_file, read_frame
from ...estimator import Autoencoder
from .examples import Inputs


def with_column_types(inputs: Inputs, path: Path, flags: TableFormat | None = None) -> Inputs:
    r"""Numeric rows of a file with a header as a data frame, so that each column has its type.

    Rows of large files and of files without a header are returned unchanged.

    Arguments:
        inputs: The examples.
        path: Their file.
        flags: The format that flags give, if any.
    """
    if is_frame(inputs.X) or inputs.columns is None or not is_frame_file(path):
        return inputs

    form = None if flags is None else flags.checked()
    return inputs._replace(X=read_frame(path, given=form)[inputs.columns])


def store_columns(model: Autoencoder, inputs: Inputs, form: dict[str, Any] | None) -> None:
    r"""Store the header and the format of a numeric file in the model trained on it.

    Arguments:
        model: The trained model.
        inputs: The examples that it was trained on.
        form: The format, see :func:`~autoencode.data.found_format`.
    """
    if not is_frame(inputs.X):  # the model has learned the names of a frame
        if inputs.columns is not None:
            model.feature_names_in_ = np.array(inputs.columns, object)

        if form is not None:
            model.modality_.format_ = form
