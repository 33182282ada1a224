r"""Contexts: the `y` of a conditional model, as tensors."""

__all__ = ["ContinuousContext", "Labels", "describe_context", "encode_context"]

import logging
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..common.arrays import tensor_to_numpy
from ..common.checks.types import check_agreement
from ..common.configurable import Configurable
from ..data import is_frame, names_of, to_pandas
from .columns.dtypes import open_cells
from .statistics import check_finite, column_statistics

log = logging.getLogger(__name__)

_UNKNOWN = ("missing", "error")
_MAX_LABEL_NUMBERS = 20  # up to this many distinct whole numbers are probably labels


def describe_context(
    y: ArrayLike | None, conditional: "bool | Labels | ContinuousContext" = True
) -> "Labels | ContinuousContext":
    r"""The context for `y`: labels, or an array of numbers.

    Strings, booleans and integers in one dimension are labels, and so are floats if all are
    whole numbers. Any other numeric array is an array of numbers, which are scaled.

    Arguments:
        y: The labels or numbers.
        conditional: The kind of `y`; `True` guesses it from the data.

    Raises:
        ValueError: If `y` is neither, or if it is empty or `None`.

    See Also:
        :func:`~autoencode.modalities.encode_context`

    Example:
        >>> describe_context(["b", "a", "b"]).encode(["a"])
        tensor([[1., 0.]])
        >>> describe_context([0.5, 1.5]).encode([1.0])
        tensor([[0.]])
    """
    if y is None:
        raise ValueError("a conditional model needs y: fit(X, y).")

    y = np.atleast_1d(_column(y))

    if len(y) == 0:
        raise ValueError("expected a label or a row of numbers for each example, got none.")

    if isinstance(conditional, (Labels, ContinuousContext)):
        return conditional.clone().fit(y)

    if y.dtype.kind not in "biuf" or (y.ndim == 1 and (y.dtype.kind != "f" or _whole(y))):
        labels = Labels().fit(y)

        if y.dtype.kind in "iuf" and labels.size_ > max(_MAX_LABEL_NUMBERS, len(y) // 2):
            log.warning(
                "y is taken for labels: %d numbers are %d labels, and any other number is unknown."
                " conditional=ae.modalities.ContinuousContext() takes them for numbers;"
                " conditional=ae.modalities.Labels() for labels, without this message.",
                *(len(y), labels.size_),
            )

        return labels

    return ContinuousContext().fit(y)


def encode_context(
    context: "Labels | ContinuousContext | None",
    y: ArrayLike | None,
    n: int,
    of_examples: bool = False,
) -> Tensor | None:
    r"""The context of examples, with shape `(n, C)`, or `None` if the model takes none.

    Arguments:
        context: The context that `describe_context` has returned.
        y: Labels or numbers, one for all examples or one for each.
        n: The number of examples.
        of_examples: Whether `y` came with examples. Examples may have labels that the fit did not
            see. A single label for all examples, and labels of new examples, must be in the fit.

    Raises:
        ValueError: If `y` is missing, has another length, does not fit the context of the fit,
            or is given to a model that is not conditional.

    See Also:
        :func:`~autoencode.modalities.describe_context`

    Example:
        >>> encode_context(describe_context(["b", "a"]), "b", n=2)
        tensor([[0., 1.],
                [0., 1.]])
    """
    if context is None and y is not None:
        raise ValueError(
            "y has no effect, as this model is not conditional. Leave it out, or fit with"
            " conditional=True (command line: --conditional)."
        )

    if context is None:
        return None

    if y is None:
        raise ValueError(
            "this model is conditional: pass y, one for all examples or one for each."
        )

    if of_examples and isinstance(context, Labels) and np.ndim(y) > 0:
        c = context.encode_any(_column(y))
    else:
        c = context.encode(_column(y))

    c = c.expand(n, -1) if len(c) == 1 else c

    if len(c) != n:
        raise ValueError(f"expected one y for all or {n} of them, got {len(c)}.")

    return c


class Labels(Configurable):
    r"""Categories as indicators: one of `K` features is one, and the others are zero.

    An example may have a label that the fit did not see. The label counts as missing, or is
    refused. For a missing label, networks see the frequencies of all labels in the fit. A request
    for new examples with an unknown label is always refused.

    As the argument `conditional`, it also takes numbers for labels.

    Arguments:
        unknown: The treatment of labels of examples that the fit did not see: `"missing"` or
            `"error"`. It may be changed after a fit: `model.context_.unknown = "error"`.

    See Also:
        :class:`~autoencode.modalities.ContinuousContext`,
        :class:`~autoencode.modalities.MixedTables`

    Example:
        >>> labels = Labels().fit([3, 5, 5, 5])
        >>> labels.encode([5, 3])
        tensor([[0., 1.],
                [1., 0.]])
        >>> labels.encode_any([5, 4])
        tensor([[0.0000, 1.0000],
                [0.2500, 0.7500]])
    """

    classes_: NDArray
    shares_: NDArray[np.float64] | None = None
    r"""The frequencies of the classes; files of earlier releases have none."""

    size_: int

    def __init__(self, unknown: str = "missing") -> None:
        self.unknown = unknown

    def fit(self, y: ArrayLike) -> "Labels":
        self.classes_, counts = np.unique(_labels(y), return_counts=True)
        self.shares_ = counts / counts.sum()
        self.size_ = len(self.classes_)

        return self

    def check_learned(self) -> None:
        n, shares = self.size_, self.shares_
        check_agreement(
            type(self),
            classes_=self.classes_.shape == (n,)
            and n > 0
            and self.classes_.dtype.kind in "buifU"
            and len(np.unique(self.classes_)) == n,
            shares_=shares is None
            or (shares.shape == (n,) and bool(((shares >= 0) & np.isfinite(shares)).all())),
        )

    def encode(self, y: ArrayLike) -> Tensor:
        r"""Returns the indicators of labels, with shape `(n, K)`.

        Raises:
            ValueError: If a label was not in the fit.
        """
        labels, index = self._find(y)

        if (index < 0).any():
            row = int((index < 0).nonzero()[0])
            raise ValueError(f"expected labels of the fit ({self._known()}), got {labels[row]}.")

        return torch.nn.functional.one_hot(index, self.size_).float()

    def encode_any(self, y: ArrayLike) -> Tensor:
        r"""Returns the indicators of labels; `unknown` decides about new labels.

        With `"missing"`, the frequencies of all labels stand for a label that was not in the fit.
        """
        if self.unknown not in _UNKNOWN:
            raise ValueError(f"expected unknown as one of {[*_UNKNOWN]}, got {self.unknown!r}.")

        labels, index = self._find(y)
        new = (index < 0).nonzero().flatten().tolist()

        if not new or self.unknown == "error":
            return self.encode(y)

        log.warning(
            "%d of %d labels were not in the fit (%s), the first %r in row %d; they are taken as"
            ' missing. conditional=ae.modalities.Labels(unknown="error") refuses them.',
            *(len(new), len(labels), self._known(), labels[new[0]], new[0]),
        )
        c = torch.nn.functional.one_hot(index.clamp(min=0), self.size_).float()
        shares = np.full(self.size_, 1 / self.size_) if self.shares_ is None else self.shares_
        c[new] = torch.from_numpy(np.asarray(shares, dtype=np.float32))

        return c

    def _find(self, y: ArrayLike) -> tuple[list[Any], Tensor]:
        r"""Returns labels, and the numbers of their classes, with -1 for unknown labels."""
        labels, classes = _labels(y).tolist(), self.classes_.tolist()

        # Compared by value, then by text: a command line has only text, a column any objects
        known = {_word(c): k for k, c in enumerate(classes)}
        known |= {str(c): k for k, c in enumerate(classes)}
        known |= {c: k for k, c in enumerate(classes)}
        indices = [known.get(v, known.get(_word(v), -1)) for v in labels]

        return labels, torch.tensor(indices, dtype=torch.long)  # an empty list would become floats

    def _known(self) -> str:
        classes = self.classes_.tolist()
        return ", ".join(map(str, classes[:20])) + ", ..." * (self.size_ > 20)


class ContinuousContext(Configurable):
    r"""Numbers, scaled to mean zero and unit variance.

    .. math:: c_j = \frac{y_j - \mu_j}{\sigma_j}

    where :math:`\mu_j` and :math:`\sigma_j` are the mean and the standard deviation of the
    :math:`j`-th number in the fit. As the argument `conditional`, it takes whole numbers, such as
    ages, for numbers; by default they are labels.

    See Also:
        :class:`~autoencode.modalities.Labels`

    Example:
        >>> ContinuousContext().fit([[1.0, 5.0], [3.0, 5.0]]).encode([[3.0, 5.0]])
        tensor([[1., 0.]])
    """

    loc_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    size_: int

    def fit(self, y: ArrayLike) -> "ContinuousContext":
        y = self._rows(y)
        columns = column_statistics(y)
        scale = np.sqrt(columns.deviations / len(y))
        varying = (columns.low < columns.high) & (
            scale > 0
        )  # rounding may give constants a spread
        self.loc_ = np.where(varying, columns.mean, columns.low)
        self.scale_ = np.where(varying, scale, 1.0)
        self.size_ = y.shape[1]

        return self

    def check_learned(self) -> None:
        shape = (self.size_,)
        check_agreement(
            type(self),
            loc_=self.loc_.shape == shape and np.isfinite(self.loc_).all(),
            scale_=self.scale_.shape == shape
            and ((self.scale_ > 0) & np.isfinite(self.scale_)).all(),
        )

    def encode(self, y: ArrayLike) -> Tensor:
        y = np.asarray(y, dtype=float)
        y = self._rows(y[None] if y.ndim == 1 and self.size_ > 1 else y)

        if y.shape[1] != self.size_:
            raise ValueError(f"expected y with {self.size_} numbers per row, got {y.shape[1]}.")

        return torch.from_numpy(((y - self.loc_) / self.scale_).astype(np.float32))

    def _rows(self, y: ArrayLike) -> NDArray:
        y = np.atleast_1d(np.asarray(y, dtype=float))
        check_finite(y)

        return y.reshape(len(y), -1)


def _column(y: Any) -> Any:
    r"""Returns the only column of a frame, the array of a tensor, or else `y` itself."""
    if isinstance(y, Tensor):
        return tensor_to_numpy(y)

    if not is_frame(y) or len(names_of(y)) != 1:
        return y

    cells = to_pandas(y).iloc[:, 0]
    return (cells.astype(object) if cells.isna().any() else open_cells(cells)).to_numpy()


def _labels(y: ArrayLike) -> NDArray:
    y = np.atleast_1d(y)

    if y.ndim != 1:
        raise ValueError(f"expected one label for each example, got shape {y.shape}.")

    if y.dtype.kind in "cm":
        ways = {"c": "np.abs(y)", "m": "y / np.timedelta64(1, 's')"}
        raise ValueError(
            f"expected y as labels or real numbers, got {y.dtype}. Use {ways[y.dtype.kind]} for"
            " numbers, or y.astype(str) for labels."
        )

    missing = [i for i, v in enumerate(y.tolist()) if v is None or v != v]

    if missing:
        raise ValueError(
            f"{len(missing)} labels are missing, the first in row {missing[0]}. Remove these"
            " examples, or give them an extra label."
        )

    return y if y.dtype.kind in "buifU" else y.astype(str)


def _word(label: object) -> str:
    return str(int(label) if isinstance(label, float) and label.is_integer() else label)


def _whole(y: NDArray) -> bool:
    check_finite(y)
    return bool((y == np.rint(y)).all())
