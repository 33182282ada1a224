r"""Texts of any length, as symbols."""

__all__ = ["Texts"]

import logging
import sys
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ...common import failures
from ...common.checks.types import check_agreement
from ...common.failures import warn
from ...corruptions import (
    Compose,
)
from ...corruptions.base import flatten
from ...data import TableFormat, is_frame, table_suffix, to_pandas
from ...data.listing.sources import Files
from ...data.media.text import Lines, holds_texts, is_text, read_column, read_lines
from ...distributions import Autoregressive, Family
from ...networks import Network, Recurrent
from ...networks.padding import lengths
from ..base import Modality
from ..capabilities import Adaptive, NonNumeric, Readable, Subsettable, TableReadable, Tokenized
from .byte_rows import bytes_of, cut_off, place_of, text_of
from .damage import ByteLevel, as_text_corruption
from .edit_distance import edits
from .exported import ExportedTexts
from .selfies_tokenizer import check_symbols, learn_symbols
from .spelling import spelled, tokenizer_of
from .tokenizers import (
    Tokenizer,
    check_vocabulary,
    decode_batch,
    encode_batch,
    learn_subwords,
)

log = logging.getLogger(__name__)

_FEATURES = 256  # of the output of the decoder, which the token decoder reads
_MOST = 2**32  # tokens in memory


class Texts(
    Modality,
    NonNumeric,
    Readable,
    TableReadable,
    Tokenized,
    Adaptive,
    Subsettable,
    ExportedTexts,
):
    r"""Texts: lists, arrays or columns of `str`, or a `.txt` file with one text per line.

    The networks see a text as a row of its bytes in UTF-8, ended and padded by the byte 255. Every
    text comes back unchanged. Bytes from a model that are not valid UTF-8 become the replacement
    character.

    Arguments:
        max_bytes: The maximum number of bytes of a text; by default that of the longest text of
            the fit. If few of at least twenty are more than ten times as long as nearly all, they
            are cut off, with a warning.
        truncate: Whether to cut off longer texts; by default they are refused.
        vocab_size: The size of a vocabulary of subwords, frequent pieces of words, that is learned
            from the texts; by default the tokens are bytes. Rows of subwords are shorter than rows
            of bytes. A vocabulary needs the package `tokenizers`, and is stored with the model.
        selfies: Whether the texts are molecules as SMILES, and the tokens SELFIES symbols, so that
            every new text is a valid molecule. A molecule comes back as SMILES with single and
            double bonds in place of aromatic ones. Lengths are numbers of symbols then. Needs the
            package `selfies`.
        column: The column of a table in a file, or of a data frame, that holds the texts; by
            default the only one. Files are read as tables are, see
            :func:`~autoencode.data.read_table`, but all cells of the column are texts.

    See Also:
        :class:`~autoencode.networks.Recurrent`, :class:`~autoencode.distributions.Autoregressive`

    Example:
        >>> texts = Texts().fit(["a", "né"])
        >>> x = texts.load(["né"])
        >>> x
        tensor([[110, 195, 169, 255]], dtype=torch.uint8)
        >>> texts.restore(texts.normalize(x)).tolist()
        ['né']
    """

    suffixes = (".txt", ".csv")

    vocabulary_: str | None
    truncates_: bool = False
    r"""Truth value: longer texts are cut off."""

    def __init__(
        self,
        max_bytes: int | None = None,
        truncate: bool = False,
        vocab_size: int | None = None,
        selfies: bool = False,
        column: str | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self.truncate = truncate
        self.vocab_size = vocab_size
        self.selfies = selfies
        self.column = column

    @classmethod
    def accepts(cls, X: object) -> bool:
        if isinstance(X, Files):
            return holds_texts(X)

        if isinstance(X, Path):
            return holds_texts(X) if X.is_dir() else is_text(X)

        if is_frame(X):
            return True

        if not isinstance(X, (list, tuple)):
            X = np.asarray(X)

            if X.ndim != 1:
                return False

        return any(isinstance(x, str) for x in X)  # `load` names other elements

    @property
    def features(self) -> int:
        return _FEATURES

    @property
    def header(self) -> str:
        return self.column or "text"

    def read(self, path: Path | Files) -> tuple[Lines, None, None]:
        if isinstance(path, Files) or path.is_dir():
            return read_lines(path, self.column), None, None

        if self.column is not None or table_suffix(path) not in (None, ".jsonl", ".ndjson"):
            return read_column(path, self.column, TableFormat.of(self.format_)), None, None

        return read_lines(path), None, None

    def read_table(self, path: Path, form: TableFormat) -> Lines:
        return read_column(path, self.column, form)

    def fit(self, X: Any, support: Constraint = constraints.real) -> "Texts":
        self._check_arguments()
        rows = bytes_of(self._texts(X))

        if not rows:
            raise ValueError("expected at least one text, got none.")

        self.vocabulary_ = self._learned(rows)
        sizes = [*map(len, self._tokenizer.encode(rows) if self.selfies else rows)]
        given = self.max_bytes
        limit = failures.length_limit(sizes) if given is None and not self.selfies else None
        self.truncates_ = self.truncate or limit is not None
        longest = given or limit or max(sizes)
        self.shape_ = (longest + 1,)

        if len(rows) * self.shape_[0] > _MOST:
            raise ValueError(
                f"{len(rows):,} texts of up to {longest:,} bytes do not fit in memory. Cut the"
                " longest, with modality=Texts(max_bytes=200, truncate=True) for example."
            )

        used = sum(min(n, longest) for n in sizes) / max(1, sum(sizes))
        most = max(sizes)
        warn(None if given or self.selfies else failures.long_outlier(sizes))
        warn(
            failures.cut_off(
                f"the texts, cut off at {longest} bytes",
                used if self.truncate else 1.0,
                f"modality=Texts(max_bytes={most}) (command line: --modality Texts"
                f" --modality.max_bytes {most})",
            )
        )

        return self

    def check_learned(self) -> None:
        self._check_arguments()
        check_agreement(
            type(self),
            shape_=len(self.shape_) == 1,
            truncates_=self.truncates_ or not self.truncate,
            vocabulary_=(self.vocabulary_ is None)
            == (self.vocab_size is None and not self.selfies),
        )

        if self.vocabulary_ is not None:
            (check_symbols if self.selfies else check_vocabulary)(self.vocabulary_)

    def load(self, X: Any) -> Tensor:
        X = self._texts(X)
        rows, longest = bytes_of(X), self.shape_[0] - 1

        if self.selfies:
            return self._load_molecules(X, rows)

        if self.truncates_:
            longer = sum(len(row) > longest for row in rows)
            rows = [cut_off(row, longest) for row in rows]

            if longer and not self.truncate:
                log.warning(
                    "%d of %d texts are longer than %d bytes, and are cut off there. Fit with"
                    " modality=Texts(max_bytes=...) to take them whole.",
                    *(longer, len(rows), longest),
                )

        n = np.fromiter(map(len, rows), int, len(rows))

        if (n > longest).any():
            i = int((n > longest).argmax())
            raise ValueError(
                f"expected texts of up to {longest} bytes, those of the longest of the fit, got"
                f" {(n > longest).sum():,} longer than {longest} bytes, the first, of {n[i]}, in"
                f" {place_of(X, i)}: '{text_of(rows[i], 40)}...'."
                " Fit with modality=Texts(max_bytes=...) to take longer ones, and with"
                " truncate=True to cut them off."
            )

        return encode_batch(rows, self._tokenizer, longest + 1)

    def _load_molecules(self, X: Any, rows: list[bytes]) -> Tensor:
        longest = self.shape_[0] - 1

        for i, row in enumerate(rows):
            try:
                (symbols,) = self._tokenizer.encode([row])
            except ValueError as error:
                raise ValueError(f"{place_of(X, i)}: {error}") from None

            if len(symbols) > longest:
                raise ValueError(
                    f"expected molecules of up to {longest} SELFIES symbols, those of the longest"
                    f" of the fit, got {len(symbols)} in {place_of(X, i)}: '{text_of(row, 40)}'."
                    " Fit with modality=Texts(selfies=True, max_bytes=...) to take longer ones."
                )

        return encode_batch(rows, self._tokenizer, longest + 1)

    def normalize(self, x: Tensor) -> Tensor:
        return x.float()

    def restore(self, x: Tensor) -> NDArray:
        # What a molecule was cut to would be another one
        longest = sys.maxsize if self.selfies else self.shape_[0] - 1
        texts = np.empty(len(x), object)
        # The last token can only be the end, even if the model would continue
        texts[:] = [text_of(row, longest) for row in decode_batch(x[:, :-1], self._tokenizer)]

        return texts

    def network(self) -> Network:
        return Recurrent()

    def adapt_network(self, network: Network) -> Network:
        size = self._tokenizer.size

        if (
            "vocab_size" not in network.get_params(deep=False)
            or (network.vocab_size or size) < size
        ):
            raise ValueError(
                f"{network} does not read texts, which are rows of tokens out of {size}. Leave out"
                " network=..., or use Recurrent() or Transformer()."
            )

        return network.clone().set_params(vocab_size=network.vocab_size or size)

    def likelihood(self) -> Family:
        return Autoregressive()

    def adapt_likelihood(self, likelihood: Family) -> Family:
        if not isinstance(likelihood, Autoregressive):
            raise ValueError(
                f"{type(likelihood).__name__} is not a likelihood for texts. Leave out"
                " likelihood=..., or use Autoregressive()."
            )

        if likelihood.max_length is None:
            return likelihood.clone().set_params(max_length=self.shape_[0])

        return likelihood

    def for_subset(self) -> "Texts":
        return self.clone().set_params(max_bytes=self.shape_[0] - 1, truncate=self.truncates_)

    def split_corruption(self, corruption: Any) -> tuple[None, Any]:
        steps = [*map(as_text_corruption, flatten(corruption))]

        if self.selfies and steps:
            raise ValueError(
                f"{corruption} damages letters, and the result is not a molecule. Leave out"
                " Texts(selfies=True), for bytes, or the corruption."
            )

        if self.vocabulary_ is not None:
            steps = [ByteLevel(Compose(steps), self.vocabulary_)]

        return None, Compose(steps)

    def to_bytes(self, x: Tensor) -> Tensor:
        return spelled(x, self._tokenizer, None if self.selfies else self.shape_[0])

    def prefix_tokens(self, prefix: str) -> Tensor:
        (row,), longest = bytes_of([prefix]), self.shape_[0] - 1

        if self.selfies:
            raise ValueError(
                "a prefix of a molecule is not a molecule, and has no SELFIES symbols. Leave out"
                " the prefix, or Texts(selfies=True), for bytes."
            )

        if any("\ud800" <= letter <= "\udfff" for letter in prefix):
            raise ValueError(
                f"expected a prefix of whole characters, got half of a pair in {prefix!r}."
            )

        if len(row) > longest:
            raise ValueError(
                f"expected a prefix of up to {longest} bytes, as the model writes no longer texts,"
                f" got {len(row)}: '{text_of(row, 40)}...'. Fit with modality=Texts(max_bytes=...)"
                " for longer ones."
            )

        x = encode_batch([row], self._tokenizer, longest + 1)[0].long()
        return x[: int(lengths(x, self._tokenizer.size - 1, include_end=False))]

    def as_long_as(self, X: Any) -> "Texts":
        if self.max_bytes is not None:
            return self.clone()

        fitted = self.clone().fit(X)
        longest, truncate = fitted.shape_[0] - 1, fitted.truncates_
        return self.clone().set_params(max_bytes=longest, truncate=truncate)

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        length = None if self.selfies else x.shape[1]
        a, b = (spelled(rows, self._tokenizer, length) for rows in (x, p.mean))
        return edits(a, b, end=255).double()

    def _texts(self, X: Any) -> Any:
        r"""Returns the column of a data frame that holds the texts, and others as they are."""
        if not is_frame(X):
            return X

        X = to_pandas(X)
        column = X.columns[0] if self.column is None and X.shape[1] == 1 else self.column

        if column not in X.columns:
            raise ValueError(
                "expected the column of the data frame that holds the texts, Texts(column='...'),"
                f" out of {[*X.columns]}, got {column!r}."
            )

        return X[column]

    @property
    def _tokenizer(self) -> Tokenizer:
        return tokenizer_of(self.vocabulary_, self.selfies)

    def _learned(self, rows: list[bytes]) -> str | None:
        r"""Returns the vocabulary, or none for bytes."""
        if self.selfies:
            return learn_symbols(rows)

        return None if self.vocab_size is None else learn_subwords(rows, self.vocab_size)

    def _check_arguments(self) -> None:
        if self.max_bytes is not None and not _whole(self.max_bytes, 1):
            raise ValueError(f"expected max_bytes >= 1, as an integer, got {self.max_bytes!r}.")

        if self.truncate and self.max_bytes is None:
            raise ValueError(
                "truncate=True needs a length, as in Texts(max_bytes=100, truncate=True)."
            )

        if self.selfies and (self.truncate or self.vocab_size is not None):
            raise ValueError(
                "selfies=True takes whole molecules, and its symbols follow from them. Leave out"
                " truncate and vocab_size."
            )

        if self.vocab_size is not None and not _whole(self.vocab_size, 257):
            raise ValueError(
                "expected vocab_size > 256, the number of bytes, as an integer, got"
                f" {self.vocab_size!r}."
            )


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not value < least
