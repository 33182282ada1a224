r"""The command that compares models with classical methods."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..next_step import suggest_next
from ..options import LabelOptions, WriteOptions

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ...data import TableFormat


def compare(
    data: Path,
    /,
    out: Path,
    methods: tuple[str, ...] = ("pca", "factor_analysis", "autoencoder", "vae"),
    latent_dims: tuple[int, ...] = (2, 8, 32),
    n_folds: int = 5,
    time_budget: str | None = None,
    random_state: int = 0,
    labels: LabelOptions = LabelOptions(),
    table: "TableFormat | None" = None,
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Compare models with PCA and other classical methods on held-out examples.

    Arguments:
        data: The examples, in any format that `fit` reads.
        out: The folder of comparison.png and comparison.json.
        methods: Recipes, and pca, factor_analysis, isomap, umap and mds.
        latent_dims: The code sizes.
        n_folds: The number of folds that are held out in turn.
        time_budget: The time for everything, in seconds or such as 10m.
        random_state: The seed of folds and methods.
    """
    from ...comparison import compare
    from ...comparison.methods import CLASSICAL
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    outputs.check_output(out, ("",), "compare", writing.force)
    there = [out / "comparison.png", out / "comparison.json"]
    check_replaceable("compare", there, [data, labels.labels], writing.force)
    examples = inputs.read(data, labels, table)
    found = compare(
        examples.X, examples.y, methods, latent_dims, n_folds, time_budget,
        random_state=random_state,
    )  # fmt: skip

    print(found)  # first, as the disk may be full by now
    found.save(out)
    print(f"Wrote {out}: comparison.png and comparison.json.")
    best = found.best()

    if best is not None:
        recipe = "linear" if best.method in CLASSICAL else best.method
        suggest_next("fit", data, recipe=recipe, latent_dim=best.latent_dim)
