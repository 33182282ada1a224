r"""All recipes with default settings on real sets of all kinds, beside simple models.

    python benchmarks/defaults.py             # the sets by which defaults are chosen
    python benchmarks/defaults.py --final     # more than ten other sets, for one final test
    python benchmarks/defaults.py --short     # small sets of scikit-learn

Beside each recipe stand the mean, as many principal components, factor analysis (the better on
the test of one and of as many factors) or trigrams, independent columns, and a model written
by hand in as many seconds of one processor, see `by_hand.py`. The size of the code is that of
the set, the same for all. What is measured of a kind of data stands in `kinds.py`, the sets in
`real_sets.py`.
"""

import argparse
import json
import logging
import math
import multiprocessing
import time
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import Any, NamedTuple

import by_hand
import data
import numpy as np
import real_sets
import report
import torch
from kinds import KINDS, NOISE, Kind
from numpy.typing import NDArray

import autoencode as ae

RECIPES = {
    "autoencoder": {},
    "contractive": {},
    "denoising": {"noise": NOISE},
    "vae": {"beta": 1.0},
    "beta_vae": {"beta": 1.0},
    "linear": None,
}
RELATIVE_TIE = 0.02  # largest difference that counts as a tie
AREA_TIE = 0.05  # the same for areas under a curve
FOLDER = data.FOLDER / "defaults"
MAX_SECONDS_BY_HAND = 15.0


class Outcome(NamedTuple):
    r"""A measure of one recipe on one set, beside that of another model.

    A difference within its standard error over examples is a tie.
    """

    measure: str
    other: str
    ours: NDArray
    theirs: NDArray
    higher: bool = False

    def verdict(self) -> str:
        gain = (self.ours - self.theirs) * (1 if self.higher else -1)
        error = gain.std() / math.sqrt(len(gain)) if len(gain) > 1 else 0.0
        close = (
            AREA_TIE
            if self.measure == "told"
            else max(error, RELATIVE_TIE * abs(self.theirs.mean()))
        )

        if not np.isfinite(gain).all():
            return "loss"

        return "tie" if abs(gain.mean()) <= close else "win" if gain.mean() > 0 else "loss"


class Row(NamedTuple):
    given: real_sets.Set
    recipe: str
    outcomes: list[Outcome]
    cells: dict[str, str]
    faults: list[str]


# One set


def rows(given: real_sets.Set) -> Iterable[Row]:
    kind = KINDS[given.kind](given)
    fitted = {name: fit(name, kind) for name in RECIPES}
    hands = by_hands(kind, {name: seconds for name, (_, seconds, _) in fitted.items()})
    densities = kind.densities()
    shared = {"mean": kind.mean(), "told": kind.told(kind.new(len(kind.test)))}

    for name, (model, seconds, said) in fitted.items():
        row = Row(given, name, [], {"seconds": f"{seconds:.1f}", "said": str(len(said))}, [])

        if isinstance(model, Exception):
            row.faults.append(f"{type(model).__name__}: {model}"[:90])
        else:
            judge(row, kind, model, hands.get(name), densities, shared)

        yield row


def fit(name: str, kind: Kind) -> tuple[Any, float, list[str]]:
    r"""Returns a model or the error of its fit, the seconds of the fit, and its warnings."""
    start = time.process_time()

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")

        try:
            model = getattr(ae, name)(kind.code, random_state=0).fit(kind.train)
        except (ValueError, TypeError, RuntimeError, FloatingPointError) as error:
            model = error

    return model, time.process_time() - start, [str(w.message) for w in said]


def by_hands(kind: Kind, seconds: dict[str, float]) -> dict[str, by_hand.Plain]:
    r"""Returns models written by hand, trained for as many seconds as each recipe."""
    found = {}

    for options in (
        dict(t) for t in {tuple(o.items()) for o in RECIPES.values() if o is not None}
    ):
        names = sorted((n for n, o in RECIPES.items() if o == options), key=seconds.__getitem__)
        budgets = [min(seconds[name], MAX_SECONDS_BY_HAND) for name in names]
        torch.manual_seed(0)
        model = kind.plain(**({} if given_texts(kind, options) else options))
        found |= zip(names, by_hand.train(model, kind.shaped(kind.x), budgets))

    return found


def given_texts(kind: Kind, options: dict[str, float]) -> bool:
    r"""Returns whether the options add numeric noise to texts, which are tokens."""
    return "noise" in options and kind.shaped(kind.x[:1]).dtype == torch.int64


def judge(
    row: Row,
    kind: Kind,
    model: ae.Autoencoder,
    hand: by_hand.Plain | None,
    densities: dict[str, NDArray],
    shared: dict[str, Any],
) -> None:
    whole, noisy = row.recipe == "linear", row.recipe == "denoising" and kind.noisy is not None
    test = kind.noisy if noisy else kind.test
    x_test = kind.vectors(test) if noisy else kind.x_test
    mean = kind.mean(whole) if whole else shared["mean"]

    def compare(measure: str, ours: Any, higher: bool = False, **others: Any) -> None:
        ours, scale = np.atleast_1d(ours), mean.mean() if measure == "error" else 1.0
        row.cells[measure] = f"{ours.mean() / scale:.4g}"

        for other, theirs in others.items():
            outcome = Outcome(measure, other, ours, np.atleast_1d(theirs), higher)
            row.outcomes.append(outcome)
            row.cells[f"{measure}, {other}"] = f"{outcome.theirs.mean() / scale:.4g}"

    others = {"mean": mean, "PCA": kind.pca(kind.code, x_test, whole)}
    others |= {"hand": kind.errors(kind.reconstructed(hand, x_test))} if hand else {}
    compare("error", kind.errors(model.reconstruct(test), whole), **others)

    if not hasattr(model, "score_samples"):
        return

    found = {"classical" if k != "independent" else k: v for k, v in densities.items()}
    compare("log p", model.score_samples(kind.test), True, **found, hand=kind.evidence(hand))

    n = len(kind.test)
    new = model.sample(max(n, 500), random_state=1)
    torch.manual_seed(0)
    theirs = kind.told(kind.new_by_hand(hand, n))
    compare("told", kind.told(new[:n]), classical=shared["told"], hand=theirs)
    row.cells["spread"] = f"{kind.spread(new):.2f}"


# All sets


COLUMNS = [
    "error",
    "error, mean",
    "error, PCA",
    "error, hand",
    "log p",
    "log p, classical",
    "log p, independent",
    "log p, hand",
    "spread",
    "told",
    "told, classical",
    "told, hand",
    "seconds",
    "said",
]


def tally(found: list[Row]) -> str:
    r"""Returns wins, ties and losses by recipe, measure and other model."""
    keys = dict.fromkeys((r.recipe, o.measure, o.other) for r in found for o in r.outcomes)
    lines = ["| recipe | measure | beside | wins | ties | losses | lost on |", "| --- " * 7 + "|"]

    for recipe, measure, other in sorted(keys):
        verdicts = {
            row.given.name: o.verdict()
            for row in found
            for o in row.outcomes
            if (row.recipe, o.measure, o.other) == (recipe, measure, other)
        }
        counts = [str([*verdicts.values()].count(v)) for v in ("win", "tie", "loss")]
        lost = ", ".join(name for name, v in verdicts.items() if v == "loss")
        lines.append(f"| {' | '.join([recipe, measure, other, *counts, lost])} |")

    return "\n".join(lines)


def useless(found: list[Row]) -> list[str]:
    r"""Returns lines about models that are worse than a trivial one, or did not fit."""
    bad = []

    for row in found:
        for o in row.outcomes:
            if o.other in {"mean", "independent"} and o.verdict() == "loss":
                what = f"{o.measure} {o.ours.mean():.4g}, {o.other} {o.theirs.mean():.4g}"
                said = "" if row.cells["said"] == "0" else "; it was said"
                bad.append(f"- `{row.recipe}` on {row.given.name}: {what}{said}")

        bad += [f"- `{row.recipe}` on {row.given.name}: {fault}" for fault in row.faults]

    return bad


NOTES = """
Held-out examples. `error` is a share of that of the mean example: squared errors of columns in
units of their spread (for `linear` in one unit), of intensities, of numbers and wrong levels
of mixed tables; of sounds log-spectral distances in dB, of texts edits. `denoising` and those
beside it see damaged examples. `log p` is in nats per example in the user's units, beside
factor analysis (for texts trigrams), independent columns (letters) and the model by hand; a
column that is counted and no density for one model and a density for another compares roughly.
`told` is the area under the curve of a classifier that tells new examples from real ones, 0.5
being best: a forest, for texts a logistic regression of trigrams; beside new examples of
factor analysis (of mixed tables independent cells, of texts independent places). `spread` is
the standard deviation of new examples over that of the data (of texts, of lengths). `hand` had
as many CPU seconds. `said` counts warnings of the fit. A tie is a difference within 2 % or
within its standard error, of areas of up to 0.05.
"""


def measured(group: str, name: str) -> list[Row]:
    r"""Returns the rows of a set, from the cache in `data/defaults/` if it has them."""
    given = next(s for s in getattr(real_sets, group.upper()) if s.name == name)
    file = FOLDER / group / f"{name}.json"
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)

    if file.exists() and group != "short":
        found = json.loads(file.read_text())
        return [Row(given, r, [_outcome(*o) for o in os], cells, f) for r, os, cells, f in found]

    found = []

    for row in rows(given):
        found.append(row)
        cells = ", ".join(f"{k} {row.cells[k]}" for k in COLUMNS if k in row.cells)
        print(f"{given.name}, {row.recipe}: {cells} {' '.join(row.faults)}", flush=True)

    if group != "short":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([row[1:] for row in found], default=np.ndarray.tolist))

    return found


def _outcome(measure: str, other: str, ours: list, theirs: list, higher: bool) -> Outcome:
    return Outcome(measure, other, np.array(ours), np.array(theirs), higher)


def report_of(found: list[Row], group: str) -> None:
    bad = useless(found)
    table = [
        [
            r.given.name,
            r.given.kind,
            r.given.code,
            r.recipe,
            *(r.cells.get(k, "") for k in COLUMNS),
        ]
        for r in found
    ]
    there = {row.given.name for row in found}
    left = [s.name for s in getattr(real_sets, group.upper()) if s.name not in there]
    head = [f"Not measured: {', '.join(left)}.", ""] if left else []
    head += ["## Useless, or refused", "", *(bad or ["None."]), "", "## Wins, ties and losses", ""]
    report.write(
        "defaults" if group == "choose" else f"defaults_{group}",
        f"Defaults on real sets, group `{group}`",
        ["set", "kind", "code", "recipe", *COLUMNS],
        table,
        NOTES,
        before="\n".join([*head, tally(found), "", "## All rows"]),
        command="defaults.py" + ("" if group == "choose" else f" --{group}"),
    )


def main(arguments: list[str] | None = None) -> list[Row]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="small sets, in a minute")
    parser.add_argument("--final", action="store_true", help="the sets that are opened once")
    parser.add_argument("--jobs", type=int, default=1, help="how many sets at a time")
    parser.add_argument("--report", action="store_true", help="of what is measured so far")
    parser.add_argument("--only", nargs="*", default=(), help="kinds or names of sets; no report")
    given = parser.parse_args(arguments)
    group = "short" if given.short else "final" if given.final else "choose"
    names = [s.name for s in getattr(real_sets, group.upper())]

    if given.only:
        names = [
            s.name for s in getattr(real_sets, group.upper()) if {s.kind, s.name} & set(given.only)
        ]

    if given.report:
        names = [name for name in names if (FOLDER / group / f"{name}.json").exists()]

    if given.jobs == 1:
        found = [measured(group, name) for name in names]
    else:
        with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn")) as pool:
            found = list(pool.map(measured, [group] * len(names), names))

    rows = list(chain.from_iterable(found))

    if group != "short" and not given.only:
        report_of(rows, group)

    return rows


if __name__ == "__main__":
    main()
