r"""The command that finds neighbors and duplicates."""

from pathlib import Path
from typing import Any

from ...common.atomic_files import replacing
from ..next_step import suggest_next
from ..options import SourceOptions, WriteOptions
from ..terminal import on_one_line

_LISTED_EXAMPLES = 10


def neighbors(
    model: Path,
    data: Path,
    /,
    out: Path,
    n_neighbors: int = 15,
    threshold: float = 0.001,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Find the nearest neighbors of each example by its code, and duplicates.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: A .npz file of indices and distances, or a .csv file of both.
        n_neighbors: The number of nearest neighbors.
        threshold: The largest distance between duplicates, relative to the median distance to the
            nearest neighbor.
    """
    import numpy as np

    from ...manifold import NeighborGraph, find_duplicates
    from .. import inputs, outputs

    outputs.check_output(out, (".npz", ".csv"), "neighbors", writing.force)
    estimator = inputs.load_model(model, source.loading)
    examples = inputs.read_source(data, source, estimator)
    graph = NeighborGraph(n_neighbors).fit(
        estimator.transform(examples.X, inputs.context_of(examples, estimator))
    )
    i, d = graph.indices_, graph.distances_

    if outputs.suffix(out) == ".npz":
        with replacing(out) as temporary:
            np.savez(temporary, indices=i, distances=d)
    else:
        columns = [
            f"{name}{k}" for name in ("neighbor", "distance") for k in range(1, 1 + len(i.T))
        ]
        outputs.write_rows(out, np.hstack([_objects(i), _objects(d)]), columns)

    apart = d[:, 0][d[:, 0] > 0]
    scale = np.median(apart) if len(apart) > 0 else 0.0
    groups = find_duplicates(graph, threshold * scale)
    print(f"Wrote {out}: {len(i):,} times {n_neighbors} neighbors, counted from 0.")
    print(
        f"Recall {graph.recall_.value:.4f}; median distance to the nearest neighbor {scale:.4g}."
    )
    print(f"{sum(map(len, groups)) - len(groups):,} duplicates, in {len(groups):,} groups.")

    for group in groups[:_LISTED_EXAMPLES]:
        names = [examples.files[i] if examples.files else str(i) for i in group[:_LISTED_EXAMPLES]]
        shown = ", ".join(map(on_one_line, names))
        print(f"  {shown}{' ...' * (len(group) > _LISTED_EXAMPLES)}")

    if estimator.context_ is not None:
        print(f"Next: compare examples with their neighbors by the rows of {out}.")
        return

    way = out.with_name(f"{out.stem}-0-{i[0, -1]}{outputs.interpolation_suffixes(estimator)[0]}")
    suggest_next("interpolate", model, data, 0, i[0, -1], out=way, options=source)


def _objects(values: Any) -> Any:
    r"""Returns numbers as objects, so that integers beside floats stay integers."""
    return values.astype(object)
