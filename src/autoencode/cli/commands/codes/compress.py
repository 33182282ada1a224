r"""The commands that write and read compressed files."""

from pathlib import Path

from ...next_step import suggest_next
from ...options import LoadOptions, SourceOptions, WriteOptions

_SUFFIX = ".aez"


def compress(
    model: Path,
    data: Path,
    /,
    out: Path,
    portable: bool = True,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Compress examples without loss.

    Arguments:
        model: The model file, of a model with a bound, such as vae.
        data: The examples, in the same format as those of the fit: images, tables or texts.
        out: A .aez file.
        portable: Compute in fixed point, so that every machine can read the file.
    """
    from ....data import is_image
    from ....data.listing.sources import list_files
    from ....modalities.capabilities import Tiled
    from ... import inputs, outputs

    outputs.check_output(out, (_SUFFIX,), "compress", writing.force)
    estimator = inputs.load_model(model, source.loading)
    estimator.check_compresses(portable)
    pictures = isinstance(estimator.modality_, Tiled) and (data.is_dir() or is_image(data))
    X = data if pictures else inputs.read_source(data, source, estimator).X
    summary = estimator.compress(X, out=out, portable=portable)
    before = sum(Path(file).stat().st_size for file in list_files(data).files)
    s = "s" * (summary.n != 1)
    print(
        f"Wrote {out}: {summary.n:,} example{s} in {summary.n_bytes:,} bytes,"
        f" {summary.n_bytes / max(1, before):.1%} of the {before:,} bytes of {data};"
        f" {summary.bits_per_value:.3f} bits per value, of which"
        f" {summary.bound_per_value:.3f} are the bound of the model."
    )

    if not portable:
        print("Only this machine, with this version of torch, can decompress it.")

    suggest_next("decompress", model, out, out=_restored(out, data))


def decompress(
    model: Path,
    compressed: Path,
    /,
    out: Path,
    loading: LoadOptions = LoadOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Restore the examples of a compressed file.

    Arguments:
        model: The model file with which the file was compressed.
        compressed: The .aez file.
        out: A .npy file; images also go to a folder, tables to a .csv or .parquet file, and texts
            to a .txt or .csv file.
    """
    from ... import inputs, outputs

    estimator = inputs.load_model(model, loading)
    known = [suffix for suffix in outputs.example_suffixes(estimator) if suffix != ".png"]
    outputs.check_output(out, known, "decompress", writing.force)
    X, files = estimator.decompress_files(compressed)
    outputs.check_examples(out, len(X), estimator, files, [model, compressed], writing.force)
    outputs.write_examples(out, X, estimator, None, files)
    print(f"Wrote {out}: {len(X):,} example{'s' * (len(X) != 1)}.")
    suggest_next("score", model, out)


def _restored(out: Path, data: Path) -> Path:
    suffix = "" if data.is_dir() else data.suffix
    return out.with_name(f"{out.stem}-restored{suffix}")
