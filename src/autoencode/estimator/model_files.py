r"""Fitted models from files, for any class of estimators."""

__all__ = ["read_state"]

from collections.abc import Callable, Sequence
from pathlib import Path

from ..common import container
from ..persistence import model_file
from ..persistence.model_file import FittedState


def read_state(
    estimator: type,
    path: str | Path,
    encoder_only: bool = False,
    trusted: Sequence[str | type | Callable] = (),
) -> FittedState:
    r"""Read the parts of a fitted model from a file. No code in the file is executed.

    Arguments:
        estimator: The class of the estimator, whose signature names the arguments.
        path: The file.
        encoder_only: Whether to read the encoder alone.
        trusted: Classes and functions from outside of this library that may be used.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, of a newer version, or not a model of this library, or
            if it uses code that is not trusted.

    Example:
        >>> import tempfile
        >>> import autoencode as ae
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ae.linear(2).fit(np.eye(5)).save(f"{folder}/m.ae")
        ...     read_state(ae.Autoencoder, f"{folder}/m.ae").n_features_in
        5
    """
    with container.opened(path) as stored:
        try:
            return model_file.unpack(estimator, stored, trusted, encoder_only)
        except ImportError:  # the model needs a missing package
            raise
        except Exception as error:  # an untrusted document may cause any error
            reason = " ".join(str(error).split())[:600].rstrip(".") or type(error).__name__
            what = "cannot be loaded" if isinstance(error, ValueError) else "is damaged"
            raise ValueError(f"'{path}' {what}: {reason}.") from None
