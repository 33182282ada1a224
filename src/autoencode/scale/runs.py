r"""Runs of a verb over files of any number of rows, in parts that are finished one by one."""

__all__ = ["anomalies", "reconstruct", "score", "transform"]

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..estimator import Autoencoder
from .driver import run
from .reading.sources import Source
from .report import Report
from .settings import Settings


def transform(
    model: str | Path | Autoencoder,
    source: Source,
    out: str | Path,
    engine: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    id_column: str | None = None,
    label_column: str | None = None,
    y: Any = None,
    dtype: str = "float32",
    file_format: str = "parquet",
    part_rows: int | None = None,
    pool_windows: bool = False,
    indices: bool = False,
    table: dict[str, Any] | None = None,
    trusted: Sequence[str] = (),
    force: bool = False,
) -> Report:
    r"""Encode files of any number of rows, in parts, to a folder.

    All parts are listed in a manifest before work begins. Each output is written beside its place
    and renamed, and finished parts are skipped. An interrupted run therefore continues with the
    same call, and several processes or machines may work on one folder at the same time.

    Arguments:
        model: The model, or its file.
        source: A file, a folder, or a pattern such as `"rows/*.parquet"`; or several of these.
            Parquet files are divided by groups of rows, `.npy` files and text tables by rows, and
            folders of images and sounds by files.
        out: The folder of the outputs, with a file for each part, in the order of the input.
        engine: `"processes"` of this machine, each with one thread, or `"ray"`; by default this
            process, or several if `workers` is larger than one.
        workers: The number of processes or actors; by default one for each processor.
        shard: The share of the parts to work on, such as `"3/64"`: the third of 64. By default
            all.
        id_column: A column of the input that the outputs repeat.
        label_column: The column of labels, for conditional models.
        y: One label or row of numbers for all examples, for conditional models.
        dtype: The type of the codes, `"float32"` or `"float16"`.
        file_format: `"parquet"`, with the columns `file`, `row` and `code`, a list of a fixed
            size; or `"npy"`, for codes alone.
        part_rows: The number of rows in a part, by default 262,144; for images and sounds, the
            number of files, by default 4,096. Groups of rows are not divided.
        pool_windows: As for :meth:`Autoencoder.transform <autoencode.Autoencoder>`.
        indices: As for :meth:`Autoencoder.transform <autoencode.Autoencoder>`.
        table: The format of text tables, by setting, where it is not that of the fit, see
            :class:`~autoencode.data.TableFormat`.
        trusted: As for :func:`~autoencode.load`.
        force: Whether `out` may hold other files.

    Returns:
        What was done and what is left. Parts that could not be read are in `failed`; all others
        are finished.

    Raises:
        FileNotFoundError: If there is no such model, or no file of this name.
        ValueError: If the model does not take such data, a setting is invalid, or `out` was begun
            with another model, other settings or another input.

    See Also:
        :class:`~autoencode.scale.Encoder`, :func:`~autoencode.scale.score`

    Example:
        >>> import tempfile
        >>> import autoencode as ae
        >>> folder = Path(tempfile.mkdtemp())
        >>> X = np.random.default_rng(0).normal(size=(10, 4))
        >>> np.save(folder / "rows.npy", X)
        >>> model = ae.linear(2).fit(X)
        >>> report = transform(model, folder / "*.npy", folder / "codes", part_rows=4)
        >>> report.finished, report.total, report.rows
        (3, 3, 10)
    """
    settings = Settings(
        "transform",
        part_rows,
        id_column,
        label_column,
        _as_list(y),
        dtype,
        file_format,
        pool_windows,
        indices,
        table=table,
    )
    return run(settings, model, source, out, engine, workers, shard, None, trusted, force)


def reconstruct(
    model: str | Path | Autoencoder,
    source: Source,
    out: str | Path,
    engine: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    id_column: str | None = None,
    label_column: str | None = None,
    y: Any = None,
    dtype: str = "float32",
    file_format: str = "parquet",
    part_rows: int | None = None,
    table: dict[str, Any] | None = None,
    trusted: Sequence[str] = (),
    force: bool = False,
) -> Report:
    r"""Reconstruct files of any number of rows, in parts, to a folder.

    Rows of a table come back in their columns. Other examples are lists of a fixed size in the
    column `reconstruction`, flattened; the metadata of the files hold their shape.

    Arguments:
        model: The model, or its file.
        source: As for :func:`transform`.
        out: As for :func:`transform`.
        engine: As for :func:`transform`.
        workers: As for :func:`transform`.
        shard: As for :func:`transform`.
        id_column: As for :func:`transform`.
        label_column: As for :func:`transform`.
        y: As for :func:`transform`.
        dtype: The type of reconstructions that are lists.
        file_format: As for :func:`transform`.
        part_rows: As for :func:`transform`.
        table: As for :func:`transform`.
        trusted: As for :func:`transform`.
        force: As for :func:`transform`.

    Returns:
        As for :func:`transform`.

    Raises:
        FileNotFoundError: As for :func:`transform`.
        ValueError: As for :func:`transform`.

    See Also:
        :func:`~autoencode.scale.transform`

    Example:
        >>> import tempfile
        >>> import autoencode as ae
        >>> folder = Path(tempfile.mkdtemp())
        >>> X = np.random.default_rng(0).normal(size=(10, 4))
        >>> np.save(folder / "rows.npy", X)
        >>> reconstruct(ae.linear(2).fit(X), folder / "rows.npy", folder / "again").rows
        10
    """
    settings = Settings(
        "reconstruct",
        part_rows,
        id_column,
        label_column,
        _as_list(y),
        dtype,
        file_format,
        table=table,
    )
    return run(settings, model, source, out, engine, workers, shard, None, trusted, force)


def score(
    model: str | Path | Autoencoder,
    source: Source,
    out: str | Path,
    engine: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    id_column: str | None = None,
    label_column: str | None = None,
    y: Any = None,
    file_format: str = "parquet",
    part_rows: int | None = None,
    table: dict[str, Any] | None = None,
    trusted: Sequence[str] = (),
    force: bool = False,
) -> Report:
    r"""Score files of any number of rows, in parts, to a folder.

    The column `score_samples` has estimates of :math:`\log p(x)` in nats; models without a
    density have a column `reconstruction_error`. All rows share the noise of the estimates, which
    therefore do not depend on parts and shards.

    Arguments:
        model: The model, or its file.
        source: As for :func:`transform`.
        out: As for :func:`transform`.
        engine: As for :func:`transform`.
        workers: As for :func:`transform`.
        shard: As for :func:`transform`.
        id_column: As for :func:`transform`.
        label_column: As for :func:`transform`.
        y: As for :func:`transform`.
        file_format: As for :func:`transform`.
        part_rows: As for :func:`transform`.
        table: As for :func:`transform`.
        trusted: As for :func:`transform`.
        force: As for :func:`transform`.

    Returns:
        As for :func:`transform`.

    Raises:
        FileNotFoundError: As for :func:`transform`.
        ValueError: As for :func:`transform`.

    See Also:
        :func:`~autoencode.scale.transform`, :func:`~autoencode.scale.anomalies`

    Example:
        >>> import tempfile
        >>> import autoencode as ae
        >>> folder = Path(tempfile.mkdtemp())
        >>> X = np.random.default_rng(0).normal(size=(10, 4))
        >>> np.save(folder / "rows.npy", X)
        >>> score(ae.linear(2).fit(X), folder / "rows.npy", folder / "scores").is_complete
        True
    """
    settings = Settings(
        "score",
        part_rows,
        id_column,
        label_column,
        _as_list(y),
        file_format=file_format,
        table=table,
    )
    return run(settings, model, source, out, engine, workers, shard, None, trusted, force)


def anomalies(
    model: str | Path | Autoencoder,
    source: Source,
    out: str | Path,
    reference: str | Path,
    engine: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    id_column: str | None = None,
    y: Any = None,
    file_format: str = "parquet",
    part_rows: int | None = None,
    random_state: int = 0,
    table: dict[str, Any] | None = None,
    trusted: Sequence[str] = (),
    force: bool = False,
) -> Report:
    r"""Score each row of files of any number of rows as an anomaly, in parts, to a folder.

    The columns are `score`, the log-density, its parts `on` and `off` the manifold, and `anomaly`,
    which is 1 or 0, as of :class:`~autoencode.manifold.OffManifoldDetector`.

    Arguments:
        model: The model, or its file.
        source: As for :func:`transform`.
        out: As for :func:`transform`.
        reference: A file of normal examples, to which all parts are compared; of more than 10,000,
            a random choice.
        engine: As for :func:`transform`.
        workers: As for :func:`transform`.
        shard: As for :func:`transform`.
        id_column: As for :func:`transform`.
        y: As for :func:`transform`.
        file_format: As for :func:`transform`.
        part_rows: As for :func:`transform`.
        random_state: The seed of the random choice of normal examples.
        table: As for :func:`transform`.
        trusted: As for :func:`transform`.
        force: As for :func:`transform`.

    Returns:
        As for :func:`transform`.

    Raises:
        FileNotFoundError: As for :func:`transform`.
        ValueError: As for :func:`transform`.

    See Also:
        :func:`~autoencode.scale.score`, :class:`~autoencode.manifold.OffManifoldDetector`

    Example:
        >>> import tempfile
        >>> import autoencode as ae
        >>> folder = Path(tempfile.mkdtemp())
        >>> X = np.random.default_rng(0).normal(size=(50, 4))
        >>> np.save(folder / "rows.npy", X)
        >>> model = ae.linear(2).fit(X)
        >>> anomalies(model, folder / "rows.npy", folder / "odd", folder / "rows.npy").rows
        50
    """
    settings = Settings(
        "anomalies",
        part_rows,
        id_column,
        None,
        _as_list(y),
        file_format=file_format,
        random_state=random_state,
        table=table,
    )
    near = None if reference is None else Path(reference)  # a run says what it needs
    return run(settings, model, source, out, engine, workers, shard, near, trusted, force)


def _as_list(y: Any) -> list[Any] | None:
    r"""Returns one label or row of numbers as values of JSON."""
    return None if y is None else np.atleast_1d(np.asarray(y)).tolist()
