r"""Rows of sparse matrices, of which only requested ones become dense."""

__all__ = ["SparseRows", "SparseTensor", "as_sparse_rows"]

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..common.batching import data_limits


class SparseRows:
    r"""Rows of a sparse matrix in CSR format, with what examples need of an array.

    The three arrays of the matrix may be memory maps, so that the matrix need not fit in memory.

    Arguments:
        matrix: A matrix or array of scipy in CSR format.

    Example:
        >>> from scipy.sparse import csr_array
        >>> rows = SparseRows(csr_array(np.eye(3)))
        >>> len(rows), rows[[2, 0]].toarray().tolist()
        (3, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    """

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.shape: tuple[int, int] = tuple(matrix.shape)
        self.dtype: np.dtype = matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> "SparseRows":
        return SparseRows(self.matrix[rows])

    def __array__(self, *_: Any, **__: Any) -> NDArray:
        raise ValueError(
            f"this needs a dense array, got a sparse matrix with shape {self.shape}. Use"
            " X.toarray(), if it fits in memory."
        )

    def toarray(self) -> NDArray:
        r"""Returns the rows as a dense array."""
        return self.matrix.toarray()

    def values(self) -> Iterator[NDArray]:
        r"""Yields the stored numbers, in parts that fit in memory."""
        data, n = self.matrix.data, max(1, data_limits().block_bytes // 8)

        for start in range(0, len(data), n):
            yield np.asarray(data[start : start + n])

    def sums(self) -> NDArray:
        r"""Returns the sum of each row, with shape `(N,)`."""
        return np.asarray(self.matrix.sum(axis=1)).ravel()


class SparseTensor:
    r"""Stand-in for a tensor whose rows become dense when they are selected.

    Arguments:
        rows: The rows.
        device: The device of the returned rows.

    Example:
        >>> from scipy.sparse import csr_array
        >>> x = SparseTensor(SparseRows(csr_array(np.eye(3))))
        >>> x[torch.tensor([2, 0])]
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
    """

    def __init__(self, rows: SparseRows, device: torch.device | str = "cpu") -> None:
        self.rows = rows
        self.device = torch.device(device)
        self.shape = torch.Size(rows.shape)
        self.dtype = torch.float32

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        chosen = index.cpu().numpy() if isinstance(index, Tensor) else index
        dense = self.rows[chosen].toarray().astype(np.float32, copy=False)
        return torch.from_numpy(dense).to(self.device)

    def split(self, size: int) -> Iterator[Tensor]:
        r"""Yields the rows in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def to(self, device: torch.device | str) -> "SparseTensor":
        r"""Returns the same rows, for another device."""
        return SparseTensor(self.rows, device)


def as_sparse_rows(X: Any) -> tuple[Any, list[str] | None]:
    r"""A sparse matrix of scipy as :class:`SparseRows`; other data as they are.

    Of annotated data, objects of the class `AnnData`, the matrix `X` is taken.

    Arguments:
        X: Any data.

    Returns:
        The rows or the data, and the names of the columns of annotated data.

    Raises:
        ValueError: If the matrix has no rows, or lies in a file that is not read here.

    Example:
        >>> from scipy.sparse import coo_array
        >>> as_sparse_rows(coo_array(np.eye(3)))[0].shape
        (3, 3)
        >>> as_sparse_rows([[1, 2]])
        ([[1, 2]], None)
    """
    names = None
    kind = type(X)

    if kind.__name__ == "AnnData" and all(hasattr(X, name) for name in ("X", "obs", "var_names")):
        names = [str(name) for name in X.var_names]
        X = X.X

        if X is None or kind.__module__.startswith("h5py") or _is_backed(X):
            raise ValueError(
                "the matrix X of these annotated data is empty or in a file. Use"
                " adata.to_memory(), or one of its layers, such as adata.layers['counts']."
            )

    if hasattr(X, "tocsr") and hasattr(X, "nnz") and hasattr(X, "dtype"):
        if len(X.shape) != 2 or 0 in X.shape:
            raise ValueError(f"expected a sparse matrix with rows and columns, got {X.shape}.")

        X = X.tocsr()

        if not X.has_canonical_format:  # the same cell may be stored twice
            X = X.copy()
            X.sum_duplicates()

        return SparseRows(X), names

    return X, names


def _is_backed(X: Any) -> bool:
    r"""Tell whether a matrix is a data set in a file, which has neither of two methods."""
    return not isinstance(X, np.ndarray) and not hasattr(X, "tocsr")
