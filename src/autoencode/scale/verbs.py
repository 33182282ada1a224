r"""Verbs of a trained model as functions from blocks of examples to columns of results."""

__all__ = ["Columns", "Verb"]

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common.failures import ignored
from ..data import is_frame
from ..estimator import Autoencoder
from ..modalities.capabilities import TimeResolved, Tokenized
from .reading.blocks import read_blocks
from .reading.parts import Job, list_inputs
from .reading.sources import find_files
from .settings import Settings

Columns = dict[str, Any]

_MAX_REFERENCE = 10_000  # examples to which anomalies are compared


class Verb:
    r"""One verb of a model, with its settings.

    Arguments:
        model: The model.
        settings: The settings.
        reference: The normal examples, for anomalies.

    Raises:
        ValueError: If the model lacks the verb, or needs labels.
    """

    def __init__(
        self, model: Autoencoder, settings: Settings, reference: Path | None = None
    ) -> None:
        self.model = model
        self.settings = settings
        self._detector: Any = None

        check_verb(model, settings, reference)

        if settings.verb == "anomalies":
            with ignored("X (does not have valid|has) feature names"):
                self._detector = self._fitted_detector(reference)

    def __call__(self, X: Any, y: Any = None) -> Columns:
        r"""Returns columns of results, each with one row for each example.

        Arguments:
            X: The examples, or their file.
            y: Their labels.
        """
        y = self.settings.y if y is None else y

        with ignored("X (does not have valid|has) feature names"):
            return getattr(self, f"_{self.settings.verb}")(X, y)

    def _transform(self, X: Any, y: Any) -> Columns:
        model, settings = self.model, self.settings

        if settings.indices:
            return {"index": model.transform(X, y, indices=True)}

        return {"code": self._narrow(model.transform(X, y, settings.pool_windows))}

    def _reconstruct(self, X: Any, y: Any) -> Columns:
        R = self.model.reconstruct(X, y)

        if is_frame(R):
            return {str(name): np.asarray(R[name]) for name in R.columns}

        if isinstance(self.model.modality_, Tokenized):
            return {self.model.modality_.header: np.asarray(R, object)}

        names = [str(name) for name in getattr(self.model, "feature_names_in_", ())]
        R = np.asarray(R)

        if R.ndim == 2 and len(names) == R.shape[1]:
            return dict(zip(names, R.T))

        return {"reconstruction": self._narrow(R)}

    def _score(self, X: Any, y: Any) -> Columns:
        has_density = hasattr(self.model, "score_samples")
        name = "score_samples" if has_density else "reconstruction_error"
        return {name: getattr(self.model, name)(X, y)}

    def _anomalies(self, X: Any, y: Any) -> Columns:
        assert self._detector is not None
        on, off = self._detector.decompose(X)
        odd = on + off < self._detector.offset_
        return {"score": on + off, "on": on, "off": off, "anomaly": odd.astype(np.int8)}

    def _fitted_detector(self, reference: Path | None) -> Any:
        from ..manifold import OffManifoldDetector  # other verbs need not wait for this import

        assert reference is not None
        normal = self._normal_examples(reference)

        if len(normal) > _MAX_REFERENCE:
            rng = np.random.RandomState(self.settings.random_state)
            chosen = np.sort(rng.permutation(len(normal))[:_MAX_REFERENCE])
            normal = normal.iloc[chosen] if is_frame(normal) else normal[chosen]

        return OffManifoldDetector(self.model, y=self.settings.y).fit(normal)

    def _normal_examples(self, path: Path) -> Any:
        r"""Returns the examples of a file, with the columns of the model alone."""
        settings = self.settings._replace(id_column=None)
        ((_, one),) = list_inputs(find_files(path), self.model, settings)

        if one.trouble:
            raise ValueError(f"cannot read '{path}': {one.trouble}.")

        jobs = [Job("", [str(path)], [path.name], one, part) for part in one.parts]
        found = [b.X for job in jobs for b in read_blocks(job, self.model, settings)]

        if not found:
            raise ValueError(f"expected normal examples, got none in '{path}'.")

        if len(found) == 1:
            return self.model._read(found[0], self.settings.y).X

        if not is_frame(found[0]):
            return np.concatenate(found)

        import pandas as pd

        return pd.concat(found, ignore_index=True)

    def _narrow(self, Z: NDArray) -> NDArray:
        r"""Returns numbers in the type of the settings.

        Raises:
            ValueError: If a finite number becomes infinite.
        """
        if Z.dtype.kind != "f" or self.settings.dtype == str(Z.dtype):
            return Z

        with np.errstate(over="ignore"):
            narrow = Z.astype(self.settings.dtype)

        if not np.array_equal(np.isfinite(narrow), np.isfinite(Z)):
            greatest = float(np.abs(Z[np.isfinite(Z)]).max())
            raise ValueError(
                f"a number of {greatest:.4g} is beyond the range of {self.settings.dtype}: use"
                " dtype='float32' (command line: --dtype float32)."
            )

        return narrow


def check_verb(model: Autoencoder, settings: Settings, reference: Path | None) -> None:
    r"""Check that a model has a verb.

    Arguments:
        model: The model.
        settings: The settings.
        reference: The normal examples, for anomalies.

    Raises:
        ValueError: If it lacks the verb, or needs labels.
    """
    verb, of = settings.verb, "score_samples" if settings.verb == "score" else settings.verb
    can = hasattr(model, of) or hasattr(model, "reconstruction_error")

    if verb in ("reconstruct", "score") and not can:
        raise ValueError(f"this model cannot {verb}: it has no decoder.")

    labelled = settings.y is not None or settings.label_column is not None

    if model.context_ is None and labelled:
        raise ValueError(
            "labels have no effect, as this model is not conditional: leave out"
            " y (--y) and label_column (--label-column)."
        )

    if model.context_ is not None and not labelled:
        raise ValueError(
            "a conditional model needs labels: give y (--y), one for all examples, or"
            " label_column (--label-column), a column of each table."
        )

    if verb == "anomalies":
        if reference is None:
            raise ValueError(
                "anomalies of parts need normal examples that are the same for all: give"
                " reference (--reference FILE)."
            )

        if settings.label_column is not None:
            raise ValueError("anomalies of parts are those at one label: give y (--y).")

        if isinstance(model.modality_, TimeResolved):
            raise ValueError(
                "anomalies of series are intervals, which are found in whole files: leave out"
                " --shard, --workers and --engine."
            )


def concatenated(columns: Mapping[str, Any]) -> NDArray:
    r"""Join columns of numbers to one array, for formats without names of columns.

    Arguments:
        columns: The columns, with shape `(N,)` or `(N, *)`.

    Raises:
        ValueError: If one holds no numbers.

    Example:
        >>> concatenated({"a": np.zeros(2), "b": np.ones(2)}).tolist()
        [[0.0, 1.0], [0.0, 1.0]]
    """
    values = [np.asarray(column) for column in columns.values()]

    if any(v.dtype.kind not in "buif" for v in values):
        raise ValueError("a .npy file holds numbers alone: use file_format='parquet'.")

    return values[0] if len(values) == 1 else np.column_stack(values)
