r"""Texts of any length, as bytes."""

__all__ = ["Texts"]

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..corruptions import GaussianNoise, Typos
from ..distributions import Autoregressive, Family
from ..networks import Network, Recurrent
from ..padding import lengths
from .base import Modality

_END = 255  # a byte that no text in UTF-8 has
_MOST = 2**32  # bytes in memory


class Texts(Modality):
    r"""Texts: lists, arrays or columns of `str`, or a `.txt` file with one text a line.

    Inside, a text is a row of its bytes in UTF-8, ended and filled up by the byte 255, so that
    any text comes back as it was. Bytes that a model makes up and that are no UTF-8 come back as
    the replacement character.

    Arguments:
        length: The most bytes of a text; by default those of the longest text of the fit.
        cut: Whether longer texts are cut off, or refused.

    Example:
        >>> texts = Texts().fit(["a", "né"])
        >>> x = texts.load(["né"])
        >>> x
        tensor([[110, 195, 169, 255]], dtype=torch.uint8)
        >>> texts.restore(texts.normalize(x)).tolist()
        ['né']
    """

    suffixes: ClassVar[tuple[str, ...]] = (".txt",)

    def __init__(self, length: int | None = None, cut: bool = False) -> None:
        self.length = length
        self.cut = cut

    @classmethod
    def accepts(cls, X: object) -> bool:
        if isinstance(X, Path):
            return X.suffix.lower() in cls.suffixes and not X.is_dir()

        if isinstance(X, (list, tuple)):
            return len(X) > 0 and isinstance(X[0], str)

        column = np.asarray(X)
        return column.ndim == 1 and len(column) > 0 and isinstance(column[0], str)

    @property
    def event_(self) -> tuple[int, ...]:
        return (Autoregressive.features,)

    def read(self, path: Path) -> tuple[Any, None]:
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder '{path}'.")

        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
        texts = _Lines()
        texts.path = path

        for i, line in enumerate(lines if lines[-1] else lines[:-1]):
            try:
                texts.append(line.removesuffix(b"\r").decode())
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"cannot read '{path}': line {i + 1} is no UTF-8, at its byte"
                    f" {error.start + 1} (0x{line[error.start]:02x}). Save the file as UTF-8."
                ) from None

        if not texts:
            raise ValueError(f"expected a text in each line, got none in '{path}'.")

        return texts, None

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Texts":
        if self.length is not None and not self.length >= 1:
            raise ValueError(f"expected a length >= 1, got {self.length!r}.")

        if self.cut and self.length is None:
            raise ValueError(
                "cut=True needs a length to cut at, as in Texts(length=100, cut=True)."
            )

        rows = _bytes(X)

        if not rows:
            raise ValueError("expected at least one text, got none.")

        longest = max(map(len, rows)) if self.length is None else self.length
        self.shape_ = (longest + 1,)

        if len(rows) * self.shape_[0] > _MOST:
            raise ValueError(
                f"{len(rows):,} texts of up to {longest:,} bytes do not fit in memory. Cut the"
                " longest, with modality=Texts(length=200, cut=True) for example."
            )

        return self

    def load(self, X: Any) -> Tensor:
        rows, longest = _bytes(X), self.shape_[0] - 1

        if self.cut:
            rows = [_cut(row, longest) for row in rows]

        n = np.fromiter(map(len, rows), int, len(rows))

        if (n > longest).any():
            i = int((n > longest).argmax())
            raise ValueError(
                f"{(n > longest).sum():,} texts are longer than {longest} bytes, those of the"
                f" longest of the fit, the first, of {n[i]}, in {_place(X, i)}:"
                f" '{_text(_cut(rows[i], 40))}...'."
                " Fit with modality=Texts(length=...) to take longer ones, and with cut=True to"
                " cut them off."
            )

        x = np.full((len(rows), longest + 1), _END, np.uint8)
        x[np.arange(longest + 1) < n[:, None]] = np.frombuffer(b"".join(rows), np.uint8)

        return torch.from_numpy(x)

    def normalize(self, x: Tensor) -> Tensor:
        return x.float()

    def restore(self, x: Tensor) -> NDArray:
        rows = x.cpu().numpy().astype(np.uint8)
        texts = np.empty(len(rows), object)
        texts[:] = [_text(row[:n].tobytes()) for row, n in zip(rows, _sizes(x).tolist())]

        return texts

    def network(self) -> Network:
        return Recurrent()

    def likelihood(self) -> Family:
        return Autoregressive(length=self.shape_[0])

    def damage(self, corruption: Any) -> Any:
        if isinstance(corruption, GaussianNoise):
            return Typos(min(1.0, corruption.scale / 3))

        return corruption

    def new_examples(self, p: Distribution) -> Tensor:
        return p.sample()

    def unit(self) -> Tensor:
        return torch.ones(())

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        return _edits(x, p.mean).double()


class _Lines(list[str]):
    r"""The lines of a file."""

    path: Path


def _bytes(X: Any) -> list[bytes]:
    items = X.tolist() if hasattr(X, "tolist") else list(X)
    wrong = next((i for i, item in enumerate(items) if not isinstance(item, str)), None)

    if wrong is not None:
        raise ValueError(
            f"expected a text for each example, got {items[wrong]!r} in {_place(X, wrong)}."
        )

    return [item.encode("utf-8", "surrogatepass") for item in items]


def _place(X: Any, i: int) -> str:
    return f"line {i + 1} of '{X.path}'" if isinstance(X, _Lines) else f"row {i}"


def _cut(row: bytes, n: int) -> bytes:
    r"""Returns the first bytes, at most `n`, without a part of a character at their end."""
    while 0 < n < len(row) and 128 <= row[n] < 192:
        n -= 1

    return row[:n]


def _sizes(x: Tensor) -> Tensor:
    r"""Returns the number of bytes of each text, with shape `(B,)`."""
    return lengths(torch.cat([x, torch.full_like(x[:, :1], _END)], dim=-1), _END) - 1


def _text(row: bytes) -> str:
    try:
        return row.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return row.decode("utf-8", "replace")


def _edits(a: Tensor, b: Tensor) -> Tensor:
    r"""Returns the fewest bytes to insert, delete or replace between rows, with shape `(B,)`.

    The table of Wagner and Fischer, row by row; within a row, insertions are a running minimum.
    """
    m, n = _sizes(a), _sizes(b)
    places = torch.arange(b.shape[1] + 1, device=b.device)
    row = places.expand(len(b), -1)
    answers = row.gather(1, n[:, None]).squeeze(1)

    for i in range(int(m.max()) if len(m) else 0):
        exchanged = row[:, :-1] + (a[:, i, None] != b)
        above = torch.cat([row[:, :1] + 1, torch.minimum(exchanged, row[:, 1:] + 1)], dim=-1)
        row = (above - places).cummin(dim=-1).values + places
        answers = torch.where(m == i + 1, row.gather(1, n[:, None]).squeeze(1), answers)

    return answers
