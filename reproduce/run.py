r"""Runs published comparisons again, and writes the table of figures.

`python reproduce/run.py` runs all within minutes each; `--only burda_2016` runs one, `--full` has
the paper's schedule. Without a GPU, `--full` trains for one epoch and extrapolates its time.
"""

import argparse
import importlib
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from experiment import Experiment, Size

HERE = Path(__file__).parent
RESULTS, BANDS = HERE / "results", HERE / "bands.json"
NAMES = sorted(path.stem for path in HERE.glob("*_[0-9][0-9][0-9][0-9].py"))


def load(name: str) -> Experiment:
    return importlib.import_module(name).EXPERIMENT


def figures_of(experiment: Experiment, size: Size, seeds: int) -> dict[str, list[float]]:
    r"""Returns the figures of each method, one for each seed."""
    runs = [experiment.run(size, seed) for seed in range(seeds)]
    return {method: [run[method] for run in runs] for method in runs[0]}


def measure(name: str, size: Size, seeds: int) -> None:
    r"""Runs an experiment, and keeps its figures with the machine."""
    sys.path.append(str(HERE.parent / "benchmarks"))
    import report
    import torch

    experiment, start = load(name), time.process_time()
    figures = figures_of(experiment, size, seeds)
    seconds = (time.process_time() - start) / seeds
    result = {"size": size, "seconds": seconds, "machine": report.machine(), "figures": figures}

    if size == "full" and not torch.cuda.is_available():
        result = {"extrapolated_seconds": seconds * experiment.epochs, "machine": report.machine()}

    (RESULTS / f"{name}-{size}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(name, json.dumps(result), flush=True)


def bands(names: list[str], seeds: int = 10) -> None:
    r"""Measures the range of the figures of short runs: five standard deviations."""
    known = json.loads(BANDS.read_text()) if BANDS.exists() else {}

    for name in names:
        known[name] = {
            method: [float(mean - width), float(mean + width)]
            for method, values in figures_of(load(name), "short", seeds).items()
            for mean in [np.mean(values)]
            for width in [max(5 * np.std(values, ddof=1), 0.01 * abs(mean))]
        }
        BANDS.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n")
        print(name, known[name], flush=True)


def table() -> None:
    r"""Writes all figures beside those of the papers."""
    lines = ["# Published comparisons, run again", ""]
    paths = {name: RESULTS / f"{name}-budget.json" for name in NAMES}
    absent = [f"`{name}`" for name, path in paths.items() if not path.exists()]
    lines += [f"Not run yet: {', '.join(absent)}.", ""] if absent else []

    for name, path in paths.items():
        if not path.exists():
            continue

        experiment = load(name)

        result = json.loads(path.read_text())
        figures = {method: np.array(values) for method, values in result["figures"].items()}
        means = {method: values.mean() for method, values in figures.items()}
        lines += [
            f"## {experiment.title}",
            "",
            f"{experiment.source}. Measure: {experiment.measure}.",
            "",
            "| method | paper | ours | seeds |",
            "| --- | --- | --- | --- |",
        ]

        for method, values in figures.items():
            spread = f" ± {values.std(ddof=1):.2f}" if len(values) > 1 else ""
            paper = experiment.published.get(method, "")
            lines += [f"| {method} | {paper} | {values.mean():.2f}{spread} | {len(values)} |"]

        claims = [(a, b) for a, b in experiment.order if a in means and b in means]
        told = [f"{a} < {b}: {'yes' if means[a] < means[b] else '**no**'}" for a, b in claims]
        lines += ["", *([f"Order of the paper: {'; '.join(told)}.", ""] if told else [])]
        lines += [experiment.note] if experiment.note else []
        lines += [f"{result['seconds']:.0f} processor seconds for each seed.{_full(name)}"]
        lines += [f"Machine: {result['machine']}.", ""]

    (RESULTS / "README.md").write_text("\n".join(lines))


def _full(name: str) -> str:
    path = RESULTS / f"{name}-full.json"

    if not path.exists():
        return ""

    hours = json.loads(path.read_text()).get("extrapolated_seconds", 0) / 3600
    return f" The paper's schedule would take about {hours:.1f} processor hours here."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=NAMES, action="append", help="run these only")
    parser.add_argument("--seeds", type=int, default=2, help="the number of seeds")
    parser.add_argument("--full", action="store_true", help="train as long as the papers")
    parser.add_argument("--bands", action="store_true", help="measure the ranges of short runs")
    parser.add_argument("--table", action="store_true", help="only write the table")
    args = parser.parse_args()
    names = args.only or NAMES
    warnings.simplefilter("ignore")

    if args.bands:
        bands(names)
    elif not args.table:
        for name in names:
            measure(name, "full" if args.full else "budget", 1 if args.full else args.seeds)

    table()


if __name__ == "__main__":
    main()
