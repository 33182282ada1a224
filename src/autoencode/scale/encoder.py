r"""A trained model as a function of batches, for engines that send functions to processes."""

__all__ = ["Encoder"]

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common.failures import ignored
from ..data import is_frame
from ..data.tabular.frames.arrow_types import frame_of_parquet
from ..estimator import Autoencoder, load
from ..modalities.capabilities import NonNumeric
from .reading.columns import Columns, alone, choose_columns, list_columns, matrix_of
from .work import digest_of_model
from .writing import fixed_size_lists

_models: dict[tuple[str, str], Autoencoder] = {}  # of this process
_lock = threading.Lock()


class Encoder:
    r"""Function from a batch of rows to the same batch with codes, which engines can pickle.

    .. math:: (i, x) \mapsto (i, z), \qquad z = \mathbb{E}_{q(z \mid x)}[z]

    Only the path of the model travels; each process loads the model once, at the first batch. The
    result has the type of the batch: columns of features are replaced by codes, and all other
    columns, such as ids, stay. One example each for Ray Data, Spark, Dask and Daft is in the guide
    to scale.

    Arguments:
        model: The file of the model, which all processes can read.
        columns: The columns of features; by default those of the fit, or else the only column of
            lists, or else all columns.
        output: The name of the column of codes.
        indices: Whether to return the indices of the entries of a codebook.
        lists: `"fixed"` for Arrow lists of a fixed size, or `"variable"` for engines without such
            lists, such as Spark.
        trusted: As for :func:`~autoencode.load`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a model, or an argument is invalid.

    See Also:
        :func:`~autoencode.scale.transform`

    Example:
        >>> import pickle, tempfile
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(10, 4))
        >>> file = Path(tempfile.mkdtemp(), "m.ae")
        >>> ae.linear(2).fit(X).save(file)
        >>> encoder = pickle.loads(pickle.dumps(Encoder(file)))
        >>> batch = encoder({"id": np.arange(10), "x": X})
        >>> [*batch], batch["code"].shape
        (['id', 'code'], (10, 2))
    """

    def __init__(
        self,
        model: str | Path,
        columns: str | Sequence[str] | None = None,
        output: str = "code",
        indices: bool = False,
        lists: str = "fixed",
        trusted: Sequence[str] = (),
    ) -> None:
        if lists not in ("fixed", "variable"):
            raise ValueError(f"expected lists as 'fixed' or 'variable', got {lists!r}.")

        if isinstance(model, Autoencoder):
            raise TypeError(
                "expected the file of a model, which processes load themselves: model.save(path)."
            )

        self.file = str(Path(model).absolute())
        self.columns = [columns] if isinstance(columns, str) else columns and [*columns]
        self.output = output
        self.indices = indices
        self.lists = lists
        self.trusted = tuple(trusted)
        self.digest = digest_of_model(Path(model))

        self.width  # noqa: B018 - a file that is no model is an error here, and not in a process

    @property
    def model(self) -> Autoencoder:
        r"""The model, loaded once in each process.

        Raises:
            ValueError: If the file has changed since this object was made.
        """
        key = self.file, self.digest

        with _lock:
            if key not in _models:
                if digest_of_model(Path(self.file)) != self.digest:
                    raise ValueError(f"'{self.file}' has changed since the encoder was made.")

                _models[key] = load(self.file, trusted=self.trusted)

        return _models[key]

    @property
    def width(self) -> int:
        r"""The number of units of the code."""
        return self.model._n_features_out

    def __call__(self, batch: Any) -> Any:
        r"""Returns a batch with codes, or an iterator of such batches.

        Arguments:
            batch: A mapping of arrays, a pandas data frame, an Arrow table, batch or array of
                lists, a numpy array of rows, or an iterator of these.

        Raises:
            TypeError: If it is anything else.
            ValueError: If columns are missing, or their cells are not those of the model.
        """
        if isinstance(batch, Iterator):
            return map(self, batch)

        if isinstance(batch, Mapping):
            return self._of_mapping(batch)

        if isinstance(batch, np.ndarray):
            return self._encoded(batch)

        if hasattr(batch, "to_arrow"):  # a series of Daft or Polars
            return self(batch.to_arrow())

        if hasattr(batch, "schema"):
            return self._of_arrow(batch)

        if is_frame(batch):
            return self._of_frame(batch)

        if hasattr(batch, "type"):
            column = batch.combine_chunks() if hasattr(batch, "chunks") else batch
            return self._lists(self._encoded(matrix_of([column], ["the array"])))

        raise TypeError(
            "expected a mapping of arrays, a data frame, an Arrow table or an array of rows, got"
            f" {type(batch).__name__}."
        )

    def _of_mapping(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        cells = {name: _stacked(np.asarray(values)) for name, values in batch.items()}
        chosen = self._chosen([*cells], [name for name, v in cells.items() if v.ndim > 1])
        features = [cells[name] for name in chosen.features]

        if isinstance(self.model.modality_, NonNumeric):
            import pandas as pd

            X: Any = pd.DataFrame({name: cells[name] for name in chosen.features})
        else:
            X = features[0] if features[0].ndim > 1 else np.column_stack(features)

        return {n: v for n, v in cells.items() if n not in chosen.features} | {
            self.output: self._encoded(X)
        }

    def _of_frame(self, batch: Any) -> Any:
        import pandas as pd

        columns = {str(name): _stacked(batch[name].to_numpy()) for name in batch.columns}
        chosen = self._chosen([*columns], [name for name, v in columns.items() if v.ndim > 1])
        X, first = batch[chosen.features], columns[chosen.features[0]]

        if not isinstance(self.model.modality_, NonNumeric):
            X = first if first.ndim > 1 else X.to_numpy()

        Z = self._encoded(X)
        names = [f"{self.output}{i}" for i in range(1, Z.shape[1] + 1)]
        codes = pd.DataFrame(Z, index=batch.index, columns=names)

        return pd.concat([batch.drop(columns=chosen.features), codes], axis=1)

    def _of_arrow(self, batch: Any) -> Any:
        import pyarrow as pa

        chosen = self._chosen(batch.schema.names, list_columns(batch.schema))
        kept = [name for name in batch.schema.names if name not in chosen.features]
        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])

        if isinstance(self.model.modality_, NonNumeric):
            X: Any = frame_of_parquet(table.select(chosen.features), chosen.features)
        else:
            columns = [table.column(name).combine_chunks() for name in chosen.features]
            X = matrix_of(columns, chosen.features)

        table = table.select(kept).append_column(self.output, self._lists(self._encoded(X)))

        if isinstance(batch, pa.Table):
            return table

        rows = table.combine_chunks().to_batches()
        return rows[0] if rows else pa.RecordBatch.from_pylist([], schema=table.schema)

    def _chosen(self, names: Sequence[str], lists: Sequence[str]) -> Columns:
        r"""Returns the columns of features.

        Raises:
            ValueError: If one is missing, or the column of codes exists.
        """
        known = [str(name) for name in getattr(self.model, "feature_names_in_", ())]
        only = alone(lists)
        there = {*known} <= {*names} or not only
        chosen = choose_columns(names, self.columns or (known if known and there else only))

        if self.output in {*names} - {*chosen.features}:
            raise ValueError(
                f"the batch has a column {self.output!r}: choose another output for the codes."
            )

        return chosen

    def _encoded(self, X: Any) -> NDArray:
        if len(X) == 0:
            return np.zeros((0, self.width), np.int64 if self.indices else np.float32)

        with ignored("X (does not have valid|has) feature names"):
            return np.asarray(self.model.transform(X, indices=self.indices))

    def _lists(self, Z: NDArray) -> Any:
        lists = fixed_size_lists(Z)

        if self.lists == "fixed":
            return lists

        import pyarrow as pa

        offsets = np.arange(0, Z.size + 1, max(1, Z.shape[1]), dtype=np.int32)
        return pa.ListArray.from_arrays(offsets, lists.flatten())


def _stacked(values: NDArray) -> NDArray:
    r"""Returns an array of arrays, as engines make it of lists, as one array of rows."""
    if values.dtype == object and len(values) and isinstance(values[0], (np.ndarray, list)):
        try:
            return np.stack([np.asarray(value) for value in values])
        except ValueError:
            lengths = sorted({len(value) for value in values})
            raise ValueError(f"expected lists of one length, got lengths {lengths[:5]}.") from None

    return values
