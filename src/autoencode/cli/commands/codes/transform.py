r"""The command that encodes examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...in_parts import in_parts, run_in_parts
from ...next_step import suggest_next
from ...options import PartOptions, SourceOptions, WriteOptions

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ....estimator import Autoencoder
    from ...inputs import Inputs


def transform(
    model: Path,
    data: Path,
    /,
    out: Path,
    pool_windows: bool = False,
    full_size: bool = False,
    indices: bool = False,
    source: SourceOptions = SourceOptions(),
    parts: PartOptions = PartOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Write the codes of examples.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit; or a pattern in quotes, such as
            'rows/*.parquet', for work in parts.
        out: A .npy, .csv or .parquet file. If the examples are files, the first column of a
            table has their names. A folder, if the work is done in parts.
        pool_windows: Write one row per sound: the mean of the codes of its windows.
        full_size: Write a map of codes per image, in its own size, to a .npy file, for which all
            images must have one size and codes must be maps; or a row for each code over time of
            a series or sound in its own length (--network TemporalConvolutional).
        indices: Write the indices of the entries of a codebook, for models with quantized codes.
    """
    from ....modalities.capabilities import Extendable
    from ... import inputs, outputs

    if in_parts(data, parts):
        own = {"pool_windows": pool_windows, "indices": indices}
        refused = {"--full-size": full_size}
        run_in_parts("transform", model, data, out, parts, source, writing, refused, **own)
        return

    outputs.check_output(out, outputs.ROW_SUFFIXES, "transform", writing.force)
    estimator = inputs.load_model(model, source.loading)
    long = full_size and isinstance(estimator.modality_, Extendable)
    examples = inputs.read_source(data, source, estimator, whole=pool_windows or long)
    y = inputs.context_of(examples, estimator)

    if full_size:
        if indices or pool_windows:
            raise ValueError("--full-size cannot be combined with --indices or --pool-windows.")

        if long:
            Z = estimator.transform(examples.X, y, full_size=True)
            outputs.write_steps(out, Z, [f"z{i}" for i in range(1, Z[0].shape[1] + 1)], examples)
            print(f"Wrote {out}: {sum(map(len, Z)):,} codes of {Z[0].shape[1]} numbers over time.")
        else:
            _write_maps(out, estimator, data, y, examples)

        return

    Z = estimator.transform(examples.X, y, pool_windows, indices)
    what = "indices" if indices else "numbers"
    numbered = [f"k{i}" for i in range(1, Z.shape[1] + 1)]
    names = numbered if indices else [*estimator.get_feature_names_out()]

    outputs.write_rows(out, Z, names, examples.files)
    print(f"Wrote {out}: {len(Z):,} code{'s' * (len(Z) != 1)} of {Z.shape[1]} {what}.")

    if pool_windows:
        print(f"Next: compare the examples by the rows of {out}.")
        return

    neighbors = out.with_name(f"{model.stem}-neighbors.csv")
    suggest_next("neighbors", model, data, out=neighbors, options=source)


def _write_maps(
    out: Path, estimator: "Autoencoder", data: Path, y: Any, examples: "Inputs"
) -> None:
    r"""Writes the codes of images in their own size."""
    import numpy as np

    from ....data import is_image
    from ... import outputs

    if outputs.suffix(out) != ".npy":
        raise ValueError(
            f"expected a .npy file for --full-size, whose codes are maps, got '{out}'."
        )

    in_files = data.is_dir() or is_image(data)
    Z = estimator.transform(data if in_files else examples.X, y, full_size=True)

    if not isinstance(Z, np.ndarray):
        raise ValueError(
            "images of different sizes have maps of different sizes, which no .npy file holds:"
            " give a folder with one size, or use model.transform(X, full_size=True) in Python."
        )

    outputs.write_rows(out, Z, [])
    print(f"Wrote {out}: {len(Z):,} maps of {' x '.join(map(str, Z.shape[1:]))} numbers.")
