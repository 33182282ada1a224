r"""Commands that reconstruct examples and clean damaged ones."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..in_parts import in_parts, run_in_parts
from ..next_step import suggest_next
from ..options import PartOptions, SourceOptions, WriteOptions

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ...estimator import Autoencoder

_MAX_EXAMPLES = 64  # in one picture


def reconstruct(
    model: Path,
    data: Path,
    /,
    out: Path,
    source: SourceOptions = SourceOptions(),
    parts: PartOptions = PartOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Write the reconstructions of examples.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit. Longer sounds
            are cut into windows, which .wav files join with cross-fades. Or a pattern in quotes,
            such as 'rows/*.parquet', for work in parts.
        out: A .npy file; images also go to a .png picture beside the originals, or to a folder;
            sounds to a .png picture, a folder of .wav files or, one alone, a .wav file; tables to
            a .csv or .parquet file; texts to a .txt or .csv file. A folder, if the work is done
            in parts.
    """
    from ...data.listing.sources import list_files
    from ...modalities.capabilities import Tiled, Windowed
    from .. import inputs, outputs

    if in_parts(data, parts):
        run_in_parts("reconstruct", model, data, out, parts, source, writing)
        return

    estimator = inputs.load_model(model, source.loading)
    outputs.check_output(out, outputs.example_suffixes(estimator), "reconstruct", writing.force)
    whole = outputs.is_file_per_example(out, estimator)

    if whole and _in_parts(estimator, data):
        files = list_files(data).names
        outputs.check_count(out, len(files), estimator)
        read = [model, data, source.labels.labels]
        outputs.check_examples(out, len(files), estimator, files, read, writing.force)
        reconstructions = estimator.reconstruct(data, out=out)
        _report(out, len(reconstructions) if isinstance(reconstructions, list) else 1)
        suggest_next("score", model, data, options=source)
        return

    examples = inputs.read_source(data, source, estimator, whole)
    (X, _, columns, names), context = examples, inputs.context_of(examples, estimator)
    outputs.check_count(out, len(X), estimator)
    read = [model, data, source.labels.labels]
    outputs.check_examples(out, len(X), estimator, names, read, writing.force)

    if outputs.suffix(out) == ".png" and len(X) > _MAX_EXAMPLES:
        print(
            f"The picture shows the first {_MAX_EXAMPLES} of {len(X):,}; --out FOLDER writes all."
        )
        X, context = X[:_MAX_EXAMPLES], None if context is None else context[:_MAX_EXAMPLES]

    joined = whole and isinstance(estimator.modality_, (Tiled, Windowed))
    R = estimator.reconstruct(X, context, full_size=joined)
    outputs.write_examples(out, R, estimator, columns, names, beside=X)
    _report(out, len(R))
    suggest_next("score", model, data, options=source)


def _report(out: Path, n: int) -> None:
    print(f"Wrote {out}: {n:,} reconstruction{'s' * (n != 1)}.")


def _in_parts(estimator: "Autoencoder", data: Path) -> bool:
    r"""Tell whether examples are files that are read and written in parts."""
    from ...modalities.capabilities import Streamed

    modality = estimator.modality_
    streamed = isinstance(modality, Streamed) and modality.accepts(data)

    return streamed and estimator.context_ is None  # labels are read with all examples


def denoise(
    model: Path,
    data: Path,
    /,
    out: Path,
    enlarge: int = 1,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Write clean versions of damaged examples.

    Arguments:
        model: The model file.
        data: The damaged examples. Images may have any size, which they keep.
        out: A .npy file; images also go to a folder, to a .png file if there is one, or to a
            .png picture of several beside the damaged ones; sounds to a .png picture, a folder of
            .wav files or, one alone, a .wav file; tables to a .csv or .parquet file; texts to a
            .txt or .csv file.
        enlarge: The factor by which images are enlarged before, for models that were trained with
            the corruption Downsampling or with pairs of small and large images.
    """
    from ...data import is_image
    from ...modalities.capabilities import Tiled
    from .. import inputs, outputs

    estimator = inputs.load_model(model, source.loading)
    tiled, ending = isinstance(estimator.modality_, Tiled), outputs.suffix(out)
    photographs = tiled and (is_image(data) or data.is_dir())
    to_files = photographs and (ending == "" or (ending == ".png" and is_image(data)))
    to_array = tiled and not photographs and ending == ".npy"

    if not (to_files or to_array):
        if enlarge != 1:
            raise ValueError(
                "expected --enlarge for image files and --out as a folder, or for an array and"
                f" --out as a .npy file, got '{out}'."
            )

        reconstruct(model, data, out, source, writing=writing)
        return

    outputs.check_output(out, outputs.example_suffixes(estimator), "denoise", writing.force)
    examples = inputs.read_source(data, source, estimator)
    context = inputs.context_of(examples, estimator)

    if to_array:
        R = estimator.denoise(examples.X, context, enlarge=enlarge)
        outputs.write_examples(out, R, estimator)
        n = len(R)
    else:
        names = examples.files or []
        new, n = [out], len(names)

        if ending == "":
            read = [model, data, source.labels.labels]
            outputs.check_examples(out, n, estimator, names, read, writing.force)
            new = outputs.example_paths(out, names, estimator)

        folder = data if data.is_dir() else data.parent

        for i, (name, path) in enumerate(zip(names, new)):
            one = context if context is None or len(context) == 1 else context[i : i + 1]
            photograph = estimator.denoise(folder / name, one, enlarge=enlarge)[0]
            outputs.write_photograph(path, photograph, folder / name)

    size = "their own size" if enlarge == 1 else f"{enlarge} times their size"
    print(f"Wrote {out}: {n:,} image{'s' * (n != 1)} in {size}.")
    suggest_next("score", model, data, options=source)
