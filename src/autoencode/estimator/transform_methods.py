r"""Methods of the estimator that encode and decode examples."""

__all__ = ["TransformMethods"]

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import TransformerMixin
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from ..blueprint import checks
from ..common.atomic_files import check_distinct, check_writable, replacing
from ..common.seeding import Seed, seeded
from ..corruptions.resolution import check_factor
from ..data import Examples
from ..data.listing.names import file_names
from ..data.listing.sources import list_files
from ..data.remedies import UnreadableFileError
from ..inference import codes, generation, own_size, units
from ..inference.blocks import reconstruct_blocks
from ..inference.positions import maps, over_time
from ..modalities import encode_context
from ..modalities import pool as mean_of_windows
from ..modalities.capabilities import Extendable, Streamed, Tiled, Windowed
from ..modalities.capabilities.scales import restore_mean, restore_new
from ..modalities.capabilities.tables import as_given
from .availability import available_unless, has_no_decoder
from .reading import ExampleReader, as_array, draw_seed

_can_decode = available_unless(has_no_decoder)


class TransformMethods(TransformerMixin, ExampleReader):
    r"""Codes of examples, examples of codes, and reconstructions.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(20, 4))
        >>> ae.linear(2).fit(X).reconstruct(X).shape
        (20, 4)
    """

    def transform(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        pool_windows: bool = False,
        indices: bool = False,
        full_size: bool = False,
        sparse: bool = False,
        out: str | Path | None = None,
        return_std: bool = False,
        context: ArrayLike | None = None,
    ) -> Any:
        r"""Encodes examples to the means of their posteriors.

        Arguments:
            X: The examples, in the shape and scale of those of `fit`.
            y: Their labels or numbers, if the model is conditional.
            pool_windows: Whether to return one row for each sound that is longer than those of
                `fit`: the mean of the codes of its windows, see
                :func:`~autoencode.modalities.pool`.
            indices: Whether to return the indices of the entries of a codebook instead, for
                quantized codes such as those of
                :class:`~autoencode.distributions.VectorQuantizer`; or the most probable values
                of discrete codes such as those of
                :class:`~autoencode.distributions.GumbelSoftmax`.
            full_size: Whether to encode each image in its own size, to a map of codes, for
                networks whose codes are maps
                (:class:`~autoencode.networks.FullyConvolutional`); or each series or sound in its
                own length, to codes over time
                (:class:`~autoencode.networks.TemporalConvolutional`).
            sparse: Whether to return a sparse matrix of scipy in CSR format, for codes most of
                whose units are zero.
            out: A file to which the codes are written batch by batch, so that they need not fit in
                memory: `.npy`, or `.npz` for a sparse matrix (`scipy.sparse.load_npz`).
            return_std: Whether to return the standard deviations of the posteriors, too.
            context: Labels or numbers in place of `y`, which pipelines do not pass on.

        Returns:
            The codes as float32, with shape `(N, latent_dim)`; or indices as int64, with one for
            each entry. With `out`, the path of the file. With `full_size`, maps with shape
            `(N, channels, rows, columns)`, or a list of maps if images have different sizes; a
            flattened map is a row of `latent_dim` numbers. Codes over time have shape
            `(N, steps, channels)`, or are a list if lengths differ; a row of `latent_dim` numbers
            has the channels first. With `return_std`, a pair of means and standard deviations,
            both with shape `(N, latent_dim)`.

        Raises:
            ValueError: If the examples are not like those of `fit`, if `pool_windows` is set for a
                kind of data without windows, if `indices` is set and codes are not quantized, if
                `return_std` is set and codes have no standard deviation in closed form, or if two
                of the arguments exclude each other. If `out` is the file `X`.
        """
        y = self._given(y, context)

        if full_size:
            check_is_fitted(self, "model_")
            sized = isinstance(self.modality_, (Tiled, Extendable))

            if not sized or indices or pool_windows or sparse or out or return_std:
                raise ValueError(
                    "full_size=True is for the codes of images, series and sounds, without"
                    f" indices, pool_windows, sparse, out or return_std; got {self.modality_}."
                )

            if isinstance(self.modality_, Tiled):
                return self._each_image(X, y, maps.encode_map)

            return self._each_whole(X, y, over_time.encode_steps)

        given = {"pool_windows": pool_windows, "indices": indices, "sparse": sparse}
        given |= {"return_std": return_std, "out": out is not None}
        chosen = [name for name, value in given.items() if value]

        if len(chosen) > 1 and chosen != ["indices", "out"]:
            raise ValueError(
                f"{' and '.join(chosen)} cannot be combined. Use one of them; for a sparse file,"
                " set out='codes.npz'."
            )

        if out is not None:
            if indices and Path(out).suffix.lower() == ".npz":
                raise ValueError("indices are not sparse codes: write them to a .npy file.")

            check_writable(out)
            check_distinct([Path(out)], [Path(X)] if isinstance(X, (str, Path)) else [])
            opened = self._open(X, y)
            units.write_codes(codes.each_code(*opened, indices=indices), len(opened.x), out)
            return Path(out)

        if return_std:
            return tuple(t.numpy() for t in codes.encode_with_std(*self._open(X, y)))

        if sparse:
            return units.sparse_matrix(codes.each_code(*self._open(X, y)))

        if indices:
            return codes.codebook_indices(*self._open(X, y)).numpy()

        if not pool_windows:
            return codes.encode_means(*self._open(X, y)).numpy()

        opened, windows = self._open_windows(X, y)
        return mean_of_windows(codes.encode_means(*opened).numpy(), windows)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        r"""The names of the units of the code, `z1`, `z2` and so on, as in tables of codes.

        Arguments:
            input_features: Not used, as for other methods that reduce the dimension.
        """
        check_is_fitted(self, "model_")
        return np.array([f"z{i + 1}" for i in range(self._n_features_out)], object)

    def units(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None, n_examples: int = 10
    ) -> Bunch:
        r"""The examples with the largest values of each unit of the code.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional.
            n_examples: The number of examples for each unit.

        Returns:
            `examples`, the rows of the examples, and `activations`, values of the unit, with shape
            `(latent_dim, n_examples)`. A unit is on if it is different from zero; the row is -1
            if the unit is on for fewer examples. `rate` is the fraction of examples for which
            each unit is on.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        n = checks.at_least_one(n_examples)
        return units.describe_units(codes.each_code(*self._open(X, y)), n)

    @_can_decode
    def inverse_transform(
        self,
        Z: ArrayLike,
        y: ArrayLike | None = None,
        observation_noise: bool = False,
        random_state: Seed = None,
    ) -> NDArray:
        r"""Decodes codes to the means of :math:`p(x \mid z)`.

        Arguments:
            Z: Codes, with shape `(N, latent_dim)`; first units of ordered codes
                (:class:`~autoencode.objectives.Matryoshka`); or maps of any size or codes over
                time, as `transform(X, full_size=True)` returns them.
            y: Labels or numbers, if the model is conditional; one for all, or one each.
            observation_noise: Whether to draw examples from :math:`p(x \mid z)` instead.
            random_state: The seed of the draws; by default each call gives new ones.

        Returns:
            Examples in the shape, scale and type of those of `fit`; for maps, images of the
            corresponding size; for codes over time, series or sounds of the corresponding length.

        Raises:
            ValueError: If the codes have another width, or are not finite; or if
                `observation_noise` is set for maps or codes over time.
        """
        check_is_fitted(self, "model_")

        if observation_noise and (_are_maps(Z) or _are_over_time(Z)):
            raise ValueError("observation_noise=True needs codes with shape (N, latent_dim).")

        if _are_maps(Z):
            return self._each_image(Z, y, maps.decode_map)

        if _are_over_time(Z):
            c = encode_context(self.context_, y, len(Z))  # type: ignore[arg-type]
            codes_of_each = [np.asarray(z) for z in Z]  # type: ignore[union-attr]
            return as_array(over_time.decode_steps(self.blueprint_, self.model_, codes_of_each, c))

        z = self._open_codes(Z)
        c = encode_context(self.context_, y, len(z))

        parts = self.model_, self.modality_, z, c

        if not observation_noise:
            return as_given(self.modality_, codes.decode_means(*parts))

        with seeded(draw_seed(random_state)):
            x = generation.draw_examples(*parts, observation_noise=True)

        return as_given(self.modality_, restore_new(self.modality_, x))

    @_can_decode
    def reconstruct(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        full_size: bool = False,
        out: str | Path | None = None,
    ) -> Any:
        r"""Encodes and decodes examples, in the shape, scale and type of those of `fit`.

        Arguments:
            X: The examples, in the shape and scale of those of `fit`.
            y: Their labels or numbers, if the model is conditional.
            full_size: Whether to return each sound in its own length, joined from its windows (see
                :func:`~autoencode.modalities.join`), and each image in its own size, joined from
                its tiles. Other examples are always whole.
            out: A file or folder, if `X` is the file of a sound or a folder of sounds. They are
                read, reconstructed and written in parts, each as a whole, so that hours take no
                more memory than minutes.

        Returns:
            The examples. With `full_size`, sounds are a list, and so are images of different
            sizes. With `out`, the path of the new file, or a list of those in the new folder.

        Raises:
            ValueError: If the examples are not like those of `fit`, if `out` is given for
                anything but sounds in files, or if a new file would replace a file of `X`.
        """
        check_is_fitted(self, "model_")

        if out is not None:
            return self._write_in_parts(X, y, Path(out))

        if full_size and isinstance(self.modality_, Tiled):
            return self._each_image(X, y, own_size.reconstruct_in_own_size)

        if not full_size:
            return as_given(self.modality_, codes.reconstruct_means(*self._open(X, y)), X)

        if not isinstance(self.modality_, Windowed):
            raise ValueError(
                "full_size=True is for images, and for sounds and series, which have windows; got"
                f" {self.modality_}. Leave it out."
            )

        opened, windows = self._open_windows(X, y)
        r = codes.reconstruct_scaled(*opened)
        return self.modality_.whole(restore_mean(self.modality_, r), windows)

    @_can_decode
    def denoise(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        full_size: bool | None = None,
        enlarge: int = 1,
        out: str | Path | None = None,
    ) -> Any:
        r"""Denoises examples: the usual name of `reconstruct` for damaged examples.

        It removes the damage that the model has seen in training: the `corruption`, or that of
        the pairs given to `fit(X, corrupted=...)`. Arguments and errors are those of
        `reconstruct`, with one exception: unless `full_size=False`, images in files and images
        of another size than those of `fit` are returned in their own size. A network that keeps
        places (:class:`~autoencode.networks.FullyConvolutional`) cleans such images in one pass.
        Any other network cleans them in tiles as large as the images of `fit`, each faded into
        the next.

        Images are first enlarged by the factor `enlarge`. A model that was trained with
        `corruption=Downsampling(factor)`, or with pairs of small and large images, then restores
        details (super-resolution).
        """
        check_is_fitted(self, "model_")

        if check_factor(enlarge) > 1:
            if not isinstance(self.modality_, Tiled):
                raise ValueError(f"expected images for enlarge={enlarge}, got {self.modality_}.")

            if out is not None:
                raise ValueError("out=... is for sounds, got images. Save the returned arrays.")

            return self._each_image(X, y, own_size.reconstruct_in_own_size, enlarge=int(enlarge))

        if full_size is None:
            full_size = isinstance(self.modality_, Tiled) and (
                isinstance(X, (str, Path)) or not own_size.has_fitted_size(self.modality_, X)
            )

        return self.reconstruct(X, y, full_size, out)

    def _write_in_parts(self, X: Any, y: ArrayLike | None, out: Path) -> Path | list[Path]:
        r"""Writes the examples of a file or folder to another file or folder, in parts."""
        modality = self.modality_

        if not (isinstance(modality, Streamed) and isinstance(X, (str, Path))):
            raise ValueError(
                "out=... is for sounds in a file or folder, which are read in parts, got"
                f" {type(X).__name__} and {modality}. Leave it out, and save the returned arrays."
            )

        listing, single = list_files(Path(X)), not Path(X).is_dir()
        names = listing.names
        folder = out.is_dir() or not out.suffix

        if not (single or folder):
            raise ValueError(f"expected a folder for the sounds of the folder '{X}', got '{out}'.")

        new = [out / n for n in file_names(names, 0, modality.suffix)] if folder else [out]
        check_distinct(new, listing.files)
        c = self._context(y, None, len(names))
        places, written = dict(zip(names, zip(new, range(len(new))))), []

        for name, blocks in modality.each_in_blocks(Path(X)):
            path, i = places[name]

            try:
                with replacing(path) as temporary:
                    one = None if c is None else c[i : i + 1]
                    again = reconstruct_blocks(self.model_, modality, blocks, one)
                    modality.write_blocks(temporary, again)
            except UnreadableFileError:
                if single:
                    raise
            else:
                written.append(path)

        return written[0] if single else written

    def preprocess(self, X: ArrayLike | str | Path, y: ArrayLike | None = None) -> Examples:
        r"""Scales examples to the tensors that the networks see, in the layout of torch.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional.

        Returns:
            The examples as `target`, with shape `(N, *shape_)` of the modality, and the labels
            or numbers as `context`.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        *_, x, c = self._open(X, y)
        return Examples(self.modality_.normalize(Examples(x)[:].target), None, c)


def _are_maps(Z: Any) -> bool:
    r"""Tell whether codes are maps: an array of four dimensions, or a list of three."""
    if isinstance(Z, (list, tuple)):
        return len(Z) > 0 and np.ndim(Z[0]) == 3

    return getattr(Z, "ndim", 2) == 4


def _are_over_time(Z: Any) -> bool:
    r"""Tell whether codes are over time: an array of three dimensions, or a list of two."""
    if isinstance(Z, (list, tuple)):
        return len(Z) > 0 and getattr(Z[0], "ndim", 0) == 2

    return getattr(Z, "ndim", 2) == 3
