r"""Commands that fill in missing cells of tables and missing pixels of images."""

from pathlib import Path

from ...next_step import suggest_next
from ...options import SourceOptions, WriteOptions


def impute(
    model: Path,
    data: Path,
    /,
    out: Path,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Fill in the missing cells of a table.

    Arguments:
        model: The model file.
        data: The table, in the same format as that of the fit.
        out: A .csv or .parquet file of the completed table.
    """
    from ... import inputs, outputs

    estimator = inputs.load_model(model, source.loading)
    outputs.check_output(out, outputs.example_suffixes(estimator), "impute", writing.force)
    examples = inputs.read_source(data, source, estimator)
    filled = estimator.impute(examples.X, inputs.context_of(examples, estimator))
    label = source.labels.label_column
    filled = filled if label is None else filled.assign(**{label: examples.y})

    outputs.write_examples(out, filled, estimator, examples.columns)
    print(f"Wrote {out}: {len(filled):,} rows.")
    suggest_next("score", model, out, options=source._replace(table=None))


def inpaint(
    model: Path,
    data: Path,
    /,
    mask: Path,
    out: Path,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Fill in the missing pixels of images, in their own size.

    Arguments:
        model: The model file.
        data: The images.
        mask: An image, a folder of images with the names of the data, or a .npy file; pixels
            that are not black are missing.
        out: A folder, a .png file for one image, or a .npy file for images of an array.
    """
    from ....data import is_image, read_array
    from ... import inputs, outputs

    estimator = inputs.load_model(model, source.loading)
    ending = outputs.suffix(out)
    outputs.check_output(out, outputs.example_suffixes(estimator), "inpaint", writing.force)
    examples = inputs.read_source(data, source, estimator)
    context, names = inputs.context_of(examples, estimator), examples.files
    photographs = names is not None and (is_image(data) or data.is_dir())
    shown = read_array(mask)[0] if mask.suffix == ".npy" else mask
    folder, X = data if data.is_dir() else data.parent, examples.X

    if photographs and names is not None:  # not those that cannot be read
        X = [folder / name for name in names]

    n = len(X)
    new = [out]

    if ending == "":
        outputs.check_examples(
            out, n, estimator, names, [model, data, mask, source.labels.labels], writing.force
        )
        new = outputs.example_paths(out, names or [], estimator)
    elif photographs and (ending == ".npy" or n > 1):
        raise ValueError(
            f"expected --out as a folder for {n} image files, got '{out}'. Each keeps its size."
        )

    filled = estimator.inpaint(X, shown, context)

    if photographs and names is not None:
        for name, path, image in zip(names, new, filled):
            outputs.write_photograph(path, image, folder / name)
    else:
        outputs.write_examples(out, filled, estimator, files=names)

    print(f"Wrote {out}: {n:,} image{'s' * (n != 1)}.")
    suggest_next("score", model, data, options=source)
