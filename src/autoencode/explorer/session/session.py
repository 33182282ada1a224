r"""A model with its examples, their codes, and all that the explorer knows of them."""

__all__ = ["Session"]

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ...data import is_frame, to_pandas
from ...data.joining import take
from ...estimator import Autoencoder
from ...estimator.reading import Opened
from ...inference.codes import each_code
from ...inputs import join_labels, read
from ...modalities.capabilities import Tabular
from ...modalities.capabilities.sequences import examples
from ...modalities.windows import follow
from ..wire import Tasks
from .codes import Codes
from .columns import Color, color_of, text_of
from .conditions import Conditions
from .nearest import Nearest
from .units import Units, describe_units

_MAX_COLUMNS = 200  # that color examples
_MAX_VALUES, _FEWEST_COLUMNS = 2**23, 4  # of these columns; more examples have fewer columns
_MAX_NAME = 500  # letters


class Session:
    r"""A model with its examples, their codes, and all that the explorer knows of them.

    Arguments:
        model: A fitted model with a decoder.
        X: The examples.
        y: Their labels or numbers. A conditional model is given them, and they color the map.
        columns: Further values that color the map, by name: a data frame or a mapping.
        names: The names of the examples; by default those of their files.
        title: The title of the page.

    Raises:
        ValueError: If the model does not take the examples, or the lengths differ.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(20, 4))
        >>> session = Session(ae.linear(2).fit(X), X, y=["a", "b"] * 10)
        >>> len(session), session.codes.shape, session.label(1)
        (20, (20, 2), 'b')
    """

    def __init__(
        self,
        model: Autoencoder,
        X: Any,
        y: ArrayLike | None = None,
        columns: Any = None,
        names: Sequence[str] | None = None,
        title: str | None = None,
    ) -> None:
        check_is_fitted(model, "model_")

        if model.model_.decoder is None:
            raise ValueError(
                "this model was saved or loaded without its decoder, and can show no examples of"
                " codes. Load all of it."
            )

        self.model = model
        self.X, self.y, own_names = _read(model, X, y)
        self.opened = model._opened(self.X, self.y if model.context_ is not None else None)

        if len(self.opened.x) == 0:
            raise ValueError("expected at least one example, got none.")

        self.names = _names(names if names is not None else own_names, len(self))
        self.title = title or _title(model)
        self.conditions = Conditions(model)
        self.tasks = Tasks()
        self.colors: dict[str, Color] = {}
        self.typed: dict[int, str] = {}
        self.maps: dict[Any, NDArray[np.float32]] = {}
        r"""The places of all examples on maps that were asked for."""

        self._kept: dict[str, Any] = {}
        self._add_colors(columns)

    def __len__(self) -> int:
        return len(self.opened.x)

    @cached_property
    def codes(self) -> Codes:
        r"""The codes of all examples: means of the posterior."""
        return Codes(each_code(*self.opened), len(self))

    def prepare(self) -> None:
        r"""Computes what the first request needs, so that it is answered at once."""
        _ = self.codes, self.units
        self.tasks.ask("distances", "usual distances", lambda report: self.nearest.far)

    @cached_property
    def units(self) -> Units:
        r"""Measures of the units of the code."""
        return describe_units(self.model, self.opened, self.codes)

    @cached_property
    def nearest(self) -> Nearest:
        r"""The search for the nearest codes."""
        return Nearest(self.codes)

    def kept(self, name: str, compute: Callable[[], Any]) -> Any:
        r"""Returns a value that is computed when it is asked for the first time."""
        if name not in self._kept:
            self._kept[name] = compute()

        return self._kept[name]

    @property
    def modality(self) -> Any:
        r"""The kind of data."""
        return self.model.modality_

    def take(self, rows: Sequence[int] | NDArray) -> Any:
        r"""Returns some of the user's examples."""
        return take(self.X, [int(i) for i in rows])

    def loaded(self, rows: Sequence[int] | NDArray) -> Opened:
        r"""Returns some of the examples as loaded, with their context."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        model, modality, x, c = self.opened
        return Opened(model, modality, x[index], None if c is None else c[index])

    def context_of(self, rows: Sequence[int] | NDArray) -> Any:
        r"""Returns the `y` of some examples for a conditional model, and otherwise `None`."""
        if self.model.context_ is None or self.y is None:
            return None

        y = np.asarray(self.y)
        return y if y.ndim == 0 or len(y) == 1 else y[np.asarray(rows, int)]

    def decode(self, Z: NDArray, given: dict[str, Any] | None = None, y: Any = None) -> Any:
        r"""Returns the examples of codes, in the user's units.

        Arguments:
            Z: The codes, with shape `(B, D)`.
            given: The condition, if the model is conditional.
            y: The condition as `inverse_transform` takes it, instead.
        """
        y = self.conditions.value(given) if y is None else y
        return self.model.inverse_transform(np.asarray(Z, np.float32), y)

    def label(self, i: int) -> str | None:
        r"""Returns the label of one example as a text, if it has one."""
        value = self.colors["label"].value(i) if "label" in self.colors else None
        return None if value is None else text_of(value)

    def name(self, i: int) -> str | None:
        r"""Returns the name of one example, if it has one."""
        return None if self.names is None else self.names[i]

    def describe_nearest(self, z: NDArray) -> dict[str, Any]:
        r"""Returns the nearest example of a code, and whether data are near, for JSON."""
        rows, distances = self.nearest.find(z, 1)
        i, distance, far = int(rows[0]), float(distances[0]), self.nearest.far
        found = {"index": i, "name": self.name(i), "label": self.label(i), "distance": distance}
        note = (
            f"No example was ever seen here: the nearest one is {distance:.3g} away, and 99 % of"
            f" all examples have another one within {far:.3g}."
        )

        return {
            "nearest": found,
            "usual_distance": self.nearest.usual,
            "seen": distance <= far,
            "note": None if distance <= far else note,
        }

    def _add_colors(self, columns: Any) -> None:
        y = follow(self.y, self.X)

        if y is not None and np.ndim(y) == 1 and len(y) == len(self):
            self._add(color_of("label", "label", y))

        own = self.X if isinstance(self.modality, Tabular) else None
        names = getattr(self.model, "feature_names_in_", ())
        found = [*_columns(columns), *_columns(own, names)]

        most = min(_MAX_COLUMNS, max(_FEWEST_COLUMNS, _MAX_VALUES // len(self)))

        for k, (title, values) in enumerate(found[:most]):
            if len(values) != len(self):
                raise ValueError(
                    f"expected {len(self):,} values in the column {title!r}, one for each example,"
                    f" got {len(values):,}."
                )

            self._add(color_of(f"column:{k}", title, values))

    def _add(self, color: Color) -> None:
        self.colors[color.name] = color


def _read(model: Autoencoder, X: Any, y: Any) -> tuple[Any, Any, Any]:
    r"""Returns the examples of any input, their labels or numbers, and their names."""
    loaded = model._compare_columns(read(X, model.modality_), model.modality_)
    loaded = join_labels(loaded._replace(X=examples(model.modality_, loaded.X)), y)
    names = loaded.names if loaded.names and len(loaded.names) == len(loaded.X) else None

    return loaded.X, loaded.y, names


def _columns(table: Any, names: Sequence[Any] = ()) -> list[tuple[str, Any]]:
    r"""Returns the names and the values of the first columns of a table."""
    if table is None:
        return []

    if is_frame(table):
        frame = to_pandas(table)
        return [(str(name), frame.iloc[:, j]) for j, name in enumerate(frame.columns)]

    if isinstance(table, Mapping):
        return [(str(name), np.asarray(values)) for name, values in table.items()]

    if isinstance(table, np.ndarray) and table.ndim == 2:
        n = min(table.shape[1], _MAX_COLUMNS)
        known = [str(name) for name in names] or [f"x{j + 1}" for j in range(n)]
        return [(known[j], table[:, j]) for j in range(n)]

    raise TypeError(f"expected columns as a data frame or a mapping, got {type(table).__name__}.")


def _names(names: Any, n: int) -> list[str] | None:
    if names is None:
        return None

    if len(names) != n:
        raise ValueError(f"expected {n:,} names, one for each example, got {len(names):,}.")

    return [str(name)[:_MAX_NAME] for name in names]


def _title(model: Autoencoder) -> str:
    D = model._n_features_out
    return f"{type(model.modality_).__name__}, codes of {D:,} number{'s' * (D != 1)}"
