r"""All recipes with default settings on real sets of all kinds, beside simple models.

    python benchmarks/defaults.py             # the sets by which defaults are chosen
    python benchmarks/defaults.py --final     # more than ten other sets, for one final test
    python benchmarks/defaults.py --short     # small sets of scikit-learn
    python benchmarks/defaults.py --only images contractive   # parts; `--report` joins them

Beside each recipe stand the mean, as many principal components, factor analysis (the better on
the test of one and of as many factors) or trigrams, independent columns, and a model written
by hand in as many seconds of one processor, see `by_hand.py`. These are seconds that the process
computes, so that other work on the machine slows both alike. The size of the code is that of the
set, the same for all. What is measured of a kind of data stands in `kinds.py`, the sets in
`real_sets.py`. Each row is kept in `data/defaults/` with the state of the library by which it was
measured, and is measured again if the library has changed.
"""

import argparse
import datetime
import functools
import hashlib
import json
import logging
import math
import multiprocessing
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
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
AREA = "C2ST AUC"
FOLDER = data.FOLDER / "defaults"


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
            if self.measure == AREA
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


# One recipe on one set


@functools.lru_cache(maxsize=1)
def prepared(name: str, group: str) -> tuple[Kind, dict[str, NDArray], dict[str, Any]]:
    r"""Returns a set, the log-densities of simple models, and what all recipes share."""
    given = the_set(name, group)
    kind = KINDS[given.kind](given)
    densities = kind.densities()

    return kind, densities, {"mean": kind.mean(), AREA: kind.auc(kind.new(len(kind.test)))}


def row(name: str, group: str, recipe: str) -> Row:
    kind, densities, shared = prepared(name, group)
    model, seconds, warned = fit(recipe, kind)
    cells = {"seconds": f"{seconds:.1f}", "warnings": str(len(warned))}
    found = Row(the_set(name, group), recipe, [], cells, [])

    if isinstance(model, Exception):
        found.faults.append(f"{type(model).__name__}: {model}"[:90])
    else:
        hand = RECIPES[recipe] is not None and by_hand_in(kind, RECIPES[recipe], seconds)
        judge(found, kind, model, hand or None, densities, shared)

    return found


def fit(name: str, kind: Kind) -> tuple[Any, float, list[str]]:
    r"""Returns a model or the error of its fit, the seconds of the fit, and its warnings."""
    start = time.process_time()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")

        try:
            model = getattr(ae, name)(kind.code, random_state=0).fit(kind.train)
        except (ValueError, TypeError, RuntimeError, FloatingPointError) as error:
            model = error

    return model, time.process_time() - start, [str(w.message) for w in warned]


def by_hand_in(kind: Kind, options: dict[str, float], seconds: float) -> by_hand.Plain:
    r"""Returns a model written by hand, trained for as many seconds."""
    torch.manual_seed(0)
    model = kind.plain(**({} if given_texts(kind, options) else options))

    return next(by_hand.train(model, kind.shaped(kind.x), [seconds]))


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
    theirs = kind.auc(kind.new_by_hand(hand, n))
    compare(AREA, kind.auc(new[:n]), classical=shared[AREA], hand=theirs)
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
    AREA,
    f"{AREA}, classical",
    f"{AREA}, hand",
    "seconds",
    "warnings",
    "date",
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
                warned = "" if row.cells["warnings"] == "0" else "; the fit warned"
                bad.append(f"- `{row.recipe}` on {row.given.name}: {what}{warned}")

        bad += [f"- `{row.recipe}` on {row.given.name}: {fault}" for fault in row.faults]

    return bad


NOTES = """
Held-out examples. `error` is a share of that of the mean example: squared errors of columns in
units of their spread (for `linear` in one unit), of intensities, of numbers and wrong levels
of mixed tables; of sounds log-spectral distances in dB, of texts edits. `denoising` and those
beside it see damaged examples. `log p` is in nats per example in the user's units, beside
factor analysis (for texts trigrams), independent columns (letters) and the model by hand; a
column that is counted and no density for one model and a density for another compares roughly.
`C2ST AUC` is the area under the ROC curve of a classifier two-sample test (Lopez-Paz & Oquab,
2017) between new and real examples, 0.5 being best: a forest, for texts a logistic regression of
trigrams; beside new examples of factor analysis (of mixed tables independent cells, of texts
independent places). `spread` is the standard deviation of new examples over that of the data (of
texts, of lengths). `hand` had as many CPU seconds. `warnings` counts those of the fit. A tie is a
difference within 2 % or within its standard error, of areas of up to 0.05.
"""


def the_set(name: str, group: str) -> real_sets.Set:
    return next(s for s in sets(group) if s.name == name)


def sets(group: str) -> list[real_sets.Set]:
    return getattr(real_sets, group.upper())


@functools.cache
def state() -> str:
    r"""Returns a hash of the code of the library."""
    code = hashlib.sha256()

    for path in sorted(Path(ae.__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())

    return code.hexdigest()[:12]


def kept(group: str, name: str, recipe: str) -> Row | None:
    r"""Returns a row out of `data/defaults/`, if it was measured by any state of the library."""
    file = FOLDER / group / f"{name}, {recipe}.json"

    if group == "short" or not file.exists():
        return None

    _, outcomes, cells, faults = json.loads(file.read_text())
    return Row(the_set(name, group), recipe, [_outcome(*o) for o in outcomes], cells, faults)


def measured(group: str, name: str, recipe: str) -> Row:
    r"""Returns a row, which is measured unless it is kept and the library is the same."""
    found = kept(group, name, recipe)

    if found and found.cells["library"] == state():
        return found

    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    found = row(name, group, recipe)
    found.cells["library"] = state()
    found.cells["date"] = datetime.date.today().isoformat()
    cells = ", ".join(f"{k} {found.cells[k]}" for k in COLUMNS if k in found.cells)
    print(f"{name}, {recipe}: {cells} {' '.join(found.faults)}", flush=True)

    if group != "short":
        file = FOLDER / group / f"{name}, {recipe}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found[1:], default=np.ndarray.tolist))

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
    there = {(row.given.name, row.recipe) for row in found}
    left = [
        s.name if len(missing) == len(RECIPES) else f"{s.name} ({', '.join(missing)})"
        for s in sets(group)
        if (missing := [r for r in RECIPES if (s.name, r) not in there])
    ]
    head = [f"Not measured: {', '.join(left)}.", ""] if left else []
    old = sum(row.cells["library"] != state() for row in found)
    head += [f"{old} of {len(found)} rows were measured by another state of the library.", ""] * (
        old > 0
    )
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
    parser.add_argument("--only", nargs="*", default=(), help="kinds, sets and recipes; no report")
    given = parser.parse_args(arguments)
    group = "short" if given.short else "final" if given.final else "choose"
    only = set(given.only)
    recipes = [r for r in RECIPES if r in only] or [*RECIPES]
    names = [s.name for s in sets(group) if not only - {*RECIPES} or only & {s.kind, s.name}]
    parts = [(group, name, recipe) for name in names for recipe in recipes]

    if given.report:
        found = [row for part in parts if (row := kept(*part))]
    elif given.jobs == 1:
        found = [measured(*part) for part in parts]
    else:
        with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn")) as pool:
            found = list(pool.map(measured, *zip(*parts), chunksize=len(recipes)))

    if group != "short" and not only:
        report_of(found, group)

    return found


if __name__ == "__main__":
    main()
