r"""Methods of the estimator that write and read compressed files."""

__all__ = ["CompressMethods"]

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from ...common.atomic_files import check_distinct, check_writable, replacing
from ...data.listing.sources import list_files
from ...data.media.photographs import read_photograph
from ...modalities.capabilities import Tiled
from ...persistence.compression import Codec, check_installed, read_parts, write_parts
from ...persistence.compression.forms import form_of
from ..availability import available_unless, has_no_decoder
from ..reading import ExampleReader

_can_decode = available_unless(has_no_decoder)


class CompressMethods(ExampleReader):
    r"""Compressed files of examples, from which they come back unchanged.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).integers(0, 2, size=(20, 5, 5)).astype(np.uint8)
        >>> model = ae.vae(2, training=ae.Training(epochs=1)).fit(X)
        >>> bool((model.decompress(model.compress(X)) == X).all())
        True
    """

    @_can_decode
    def compress(
        self, X: ArrayLike | str | Path, out: str | Path | None = None, portable: bool = True
    ) -> Any:
        r"""Compresses examples without loss, by bits-back coding.

        The size in bits is minus the bound, divided by :math:`\log 2`, and some hundred bytes for
        the file:

        .. math:: \text{bits} \approx \frac{1}{\log 2} \sum_i \mathbb{E}_{q(z \mid x_i)} \big[
            \log q(z \mid x_i) - \log p(x_i \mid z) - \log p(z) \big]

        Numbers with a density have the probability of their cell on the grid of their type or
        column. What the model cannot express, such as a new category, is stored beside the rest.

        Arguments:
            X: The examples: images, numeric or mixed tables, or texts, as in `fit`.
            out: A file to write to, section by section, so that the result need not fit in memory.
            portable: Whether every machine can read the file. The networks then compute in fixed
                point. Otherwise only this machine can, with the same versions and number of
                threads.

        Returns:
            The bytes; with `out`, the sizes of the file and of the bound.

        Raises:
            ValueError: If the examples are not like those of `fit`, or the model has no bound, no
                discrete likelihood on their grid, or no normal posterior and prior.
            ImportError: If the package `constriction` is missing.

        See Also:
            :meth:`decompress`
        """
        codec = self.check_compresses(portable)

        if out is not None:
            check_writable(out)
            check_distinct([Path(out)], [Path(X)] if isinstance(X, (str, Path)) else [])

        loaded = self._read(X)
        files = None if loaded.names is None else [*map(str, loaded.names)]

        if files is not None and isinstance(self.modality_, Tiled):
            _check_whole(Path(X), loaded.X)  # type: ignore[arg-type]

        form = form_of(loaded.X)

        if out is None:
            buffer = io.BytesIO()
            write_parts(buffer, codec, loaded.X, form, files)
            return buffer.getvalue()

        with replacing(out) as temporary, temporary.open("wb") as file:
            return write_parts(file, codec, loaded.X, form, files)

    @_can_decode
    def check_compresses(self, portable: bool = True) -> Codec:
        r"""Checks that compressed files can be made with this model, before data are read.

        Arguments:
            portable: As for :meth:`compress`.

        Returns:
            The model as a writer of compressed files.

        Raises:
            ValueError: If no such file can be made; the message says what to do.
            ImportError: If the package `constriction` is missing.
        """
        check_is_fitted(self, "model_")
        check_installed()
        return Codec(self.blueprint_, self.model_, portable)

    @_can_decode
    def decompress(self, data: bytes | str | Path, out: str | Path | None = None) -> Any:
        r"""Returns the examples of a compressed file.

        Arguments:
            data: The bytes that `compress` returned, or the path of a file.
            out: A file to write to: `.npy` for arrays, of which one section at a time is in
                memory; `.csv` or `.parquet` for data frames.

        Returns:
            The examples, with the type, shape and order of those that were compressed. Texts are
            an array of objects. With `out`, its path.

        Raises:
            ValueError: If the file is damaged, was written with another model, or needs the
                machine that wrote it.
            FileNotFoundError: If there is no such file.
            ImportError: If the package `constriction` is missing.

        See Also:
            :meth:`compress`
        """
        return self.decompress_files(data, out)[0]

    @_can_decode
    def decompress_files(
        self, data: bytes | str | Path, out: str | Path | None = None
    ) -> tuple[Any, list[str] | None]:
        r"""Returns the examples of a compressed file, and the names of their files.

        Arguments:
            data: As for :meth:`decompress`.
            out: As for :meth:`decompress`.

        Returns:
            The examples, and the names of the files that they were read from; `None` if they were
            not read from single files.
        """
        check_is_fitted(self, "model_")
        check_installed()

        if isinstance(data, (bytes, bytearray, memoryview)):
            return self._read_compressed(io.BytesIO(data), "the compressed data", out)

        path = Path(data)

        if not path.is_file():
            raise FileNotFoundError(f"there is no compressed file '{path}'.")

        if out is not None:
            check_writable(out)
            check_distinct([Path(out)], [path])

        with path.open("rb") as file:
            return self._read_compressed(file, f"'{path}'", out)

    def _read_compressed(
        self, file: Any, name: str, out: str | Path | None
    ) -> tuple[Any, list[str] | None]:
        header, form, parts = read_parts(
            file, lambda portable: Codec(self.blueprint_, self.model_, portable), name
        )
        names: Any = header.get("files")
        texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
        files = [*names] if texts and len(names) == header["n"] else None

        if out is None:
            return form.joined([*parts], self.modality_), files

        if Path(out).suffix.lower() not in form.suffixes:
            raise ValueError(
                f"expected a {' or '.join(form.suffixes)} file for these examples, got '{out}'."
                if form.suffixes
                else f"expected out=None for texts, got '{out}'. Write the returned texts."
            )

        with replacing(out) as temporary:
            form.write_parts(temporary, parts, header["n"], self.modality_)

        return Path(out), files


def _check_whole(path: Path, X: Any) -> None:
    r"""Raises if images were scaled or lost their colors while they were read."""
    listing = list_files(path)

    for name, file, x in zip(listing.names, listing.files, X):
        own = np.asarray(read_photograph(file))
        own = own[..., 0] if own.ndim == 3 and own.shape[-1] == 1 else own

        if own.shape != x.shape or not np.array_equal(own, x):
            raise ValueError(
                f"'{name}' has {_sized(own)}, and the model reads {_sized(x)}: a compressed file"
                " would lose the rest. Fit a model to images of one size with"
                " modality=ae.modalities.Images(size=...), or give an array."
            )


def _sized(x: Any) -> str:
    colors = x.shape[2] if x.ndim == 3 else 1
    return (
        f"{x.shape[0]} x {x.shape[1]} pixels of {colors} channel{'s' * (colors != 1)} of {x.dtype}"
    )
