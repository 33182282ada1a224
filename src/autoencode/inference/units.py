r"""Units of codes: the examples of each, how often they are on, and codes in files."""

__all__ = ["UNIT_SUFFIXES", "describe_units", "sparse_matrix", "write_codes"]

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.utils import Bunch
from torch import Tensor

from ..common.atomic_files import replacing

UNIT_SUFFIXES = (".npy", ".npz")


def describe_units(parts: Iterable[Tensor], n_examples: int) -> Bunch:
    r"""Find the examples with the largest values of each unit, in one pass over batches of codes.

    Arguments:
        parts: Batches of codes, each with shape `(B, D)`.
        n_examples: The number of examples for each unit.

    Returns:
        `examples` and `activations`, with shape `(D, n)`, from the largest value on. An example
        is -1 if the unit is not zero for fewer examples. And `rate`, with shape `(D,)`: the
        fraction of examples for which a unit is on.

    Example:
        >>> found = describe_units([torch.tensor([[0.0, 2.0], [0.0, 3.0]])], 1)
        >>> found.examples.tolist(), found.rate.tolist()
        ([[-1], [1]], [0.0, 1.0])
    """
    values = torch.empty(0)
    rows = torch.empty(0, dtype=torch.long)
    on = torch.zeros(0)
    seen = 0

    for z in parts:
        if not seen:
            values = torch.full((z.shape[1], n_examples), -torch.inf)
            rows = torch.full((z.shape[1], n_examples), -1)
            on = torch.zeros(z.shape[1], dtype=torch.long)

        z, new = z.cpu(), torch.arange(seen, seen + len(z))
        on += (z != 0).sum(dim=0)
        active = torch.where(z != 0, z, -torch.inf).mT
        values, at = torch.cat([values, active], dim=1).topk(n_examples, dim=1)
        rows = torch.cat([rows, new.expand(len(rows), -1)], dim=1).gather(1, at)
        seen += len(z)

    off = values.isinf()
    return Bunch(
        examples=rows.masked_fill(off, -1).numpy(),
        activations=values.masked_fill(off, 0.0).numpy(),
        rate=(on / max(1, seen)).numpy(),
    )


def sparse_matrix(parts: Iterable[Tensor]) -> csr_matrix:
    r"""Join batches of codes to a sparse matrix, without a dense matrix of all codes.

    Arguments:
        parts: Batches of codes, each with shape `(B, D)`.

    Example:
        >>> sparse_matrix([torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])]).nnz
        2
    """
    compressed = [_compressed(z) for z in parts]
    counts, indices, data = (
        np.concatenate(a) for a in zip(*((c, i, d) for c, i, d, _ in compressed))
    )
    starts = np.concatenate([[0], counts.cumsum()])

    return csr_matrix((data, indices, starts), shape=(len(counts), compressed[0][3]))


def write_codes(parts: Iterable[Tensor], n: int, path: str | Path) -> None:
    r"""Write codes to a file batch by batch, so that they need not fit in memory.

    Arguments:
        parts: Batches of codes, each with shape `(B, D)`.
        n: The number of all codes.
        path: A `.npy` file of dense codes, or a `.npz` file for `scipy.sparse.load_npz`.

    Raises:
        ValueError: If the file has another suffix.

    Example:
        >>> file = Path(tempfile.mkdtemp()) / "z.npy"
        >>> write_codes([torch.ones(1, 2), torch.zeros(1, 2)], 2, file)
        >>> np.load(file).tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    suffix = Path(path).suffix.lower()

    if suffix not in UNIT_SUFFIXES:
        raise ValueError(
            f"expected out as a .npy file for dense codes, or a .npz file for sparse codes, got"
            f" '{path}'."
        )

    with replacing(path) as temporary:
        (_write_dense if suffix == ".npy" else _write_sparse)(parts, n, temporary)


def _write_dense(parts: Iterable[Tensor], n: int, path: Path) -> None:
    done, file = 0, None

    for part in parts:
        z = part.cpu().numpy()

        if file is None:
            file = npy.open_memmap(path, "w+", z.dtype, (n, *z.shape[1:]))

        file[done : done + len(z)] = z
        done += len(z)

    if file is not None:
        file.flush()


def _write_sparse(parts: Iterable[Tensor], n: int, path: Path) -> None:
    counts, width = [np.zeros(1, np.int64)], 0

    with tempfile.TemporaryFile() as indices, tempfile.TemporaryFile() as data:
        for part in parts:
            count, index, value, width = _compressed(part)
            counts.append(count)
            indices.write(index.tobytes())
            data.write(value.tobytes())

        starts = np.concatenate(counts).cumsum()
        small = {"indptr": starts, "format": np.array(b"csr"), "shape": np.array([n, width])}

        with zipfile.ZipFile(path, "w", allowZip64=True) as file:
            for name, array in small.items():
                with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    npy.write_array(entry, array)

            for name, source, dtype in (("indices", indices, "<i4"), ("data", data, "<f4")):
                with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    _copy_array(source, entry, dtype, int(starts[-1]))


def _copy_array(source: BinaryIO, entry: Any, dtype: str, n: int) -> None:
    npy.write_array_header_1_0(entry, {"descr": dtype, "fortran_order": False, "shape": (n,)})
    source.seek(0)
    shutil.copyfileobj(source, entry, 2**20)


def _compressed(z: Tensor) -> tuple[NDArray, NDArray, NDArray, int]:
    r"""Returns the number of units that are on in each code, their indices and their values."""
    z = z.cpu()
    rows, columns = z.nonzero(as_tuple=True)
    counts = torch.bincount(rows, minlength=len(z)).numpy()

    return (
        counts,
        columns.numpy().astype("<i4"),
        z[rows, columns].numpy().astype("<f4"),
        z.shape[1],
    )
