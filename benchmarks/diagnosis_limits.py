r"""Measures of sound models by the checks of a diagnosis, to choose their limits.

    python benchmarks/diagnosis_limits.py          # fits what is missing, then measures all
    python benchmarks/diagnosis_limits.py sonar    # only models whose name has this part

The models have the defaults, on the sets by which defaults are chosen and a few others. None of
them is planted or called healthy in `diagnosis.py`, which judges the limits.
"""

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import data
from real_sets import CHOOSE, Set, islp, numbers

import autoencode as ae
from autoencode.diagnosis.codes import active_units, dependence, errors_of_fewer
from autoencode.diagnosis.data import largest_column
from autoencode.diagnosis.detail import measure_detail
from autoencode.diagnosis.reconstructions import gain_over_components, not_carried_over
from autoencode.diagnosis.subject import Subject
from autoencode.diagnosis.tails import gain_of_heavy_tails
from autoencode.modalities.capabilities import Tabular, Tiled, Tokenized

SETS = [
    *(given for given in CHOOSE if given.name != "words"),
    Set("Glass", "numbers", 4, lambda: numbers("Glass")),
    Set("Pima", "numbers", 4, lambda: numbers("PimaIndiansDiabetes2")),
    Set("colleges", "mixed", 4, lambda: islp("College").iloc[:, 1:]),
]
OUT = Path(__file__).parent / "results" / "diagnosis_limits.md"
FOLDER = data.FOLDER / "diagnosis"
HEADER = [
    "model", "examples", "not carried over", "ratio of errors", "dependence", "detail", "of PCs",
    "column: error", "lost", "variance", "units used", "lost with half", "with a quarter",
    "gain over PCs", "gain of t", "findings", "remarks",
]  # fmt: skip


def models(parts: list[str]) -> Iterator[tuple[str, ae.Autoencoder, Any, Any]]:
    r"""Yields models with their training examples and new ones; fits are kept."""
    FOLDER.mkdir(parents=True, exist_ok=True)

    for given in SETS:
        for recipe in ("autoencoder", "vae"):
            name = f"{recipe}, {given.name}"

            if parts and not any(part in name for part in parts):
                continue

            path = FOLDER / f"{given.name.replace(' ', '-')}-{recipe}.ae"
            X, X_new = given.split()

            if not path.exists():
                getattr(ae, recipe)(random_state=0).fit(X).save(path)

            yield name, ae.load(path), X, X_new


def measured(name: str, model: ae.Autoencoder, X: Any, X_new: Any) -> list[str]:
    r"""Returns a line of the table."""
    found = model.diagnose(X, X_new)
    known, new = model._open(X, None), model._open(X_new, None)
    s = Subject(
        model.model_, model.blueprint_, model.objective_, model.history_, model.training_,
        known.x, None, new.x, seed=model.seed_,
    )  # fmt: skip
    modality, vectors = s.blueprint.modality, s.known.z.ndim == 2
    lost = not_carried_over(s)
    cells = [
        name,
        str(len(X)),
        _pm(lost),
        f"{float(s.new.error.mean() / s.known.error.mean()):.2f}",
    ]
    cells += [f"{dependence(s):.3f}" if vectors else ""]
    detail = measure_detail(s) if isinstance(modality, Tiled) else None
    cells += [f"{detail.kept:.3f}", f"{detail.by_components:.3f}"] if detail else ["", ""]
    columns = [largest_column(s, flag) for flag in (False, True)] * isinstance(modality, Tabular)
    cells += (
        [f"{columns[0].of_sum:.2f}", f"{columns[0].unexplained:.2f}", f"{columns[1].of_sum:.2f}"]
        if columns and all(columns)
        else [""] * 3
    )

    if vectors:
        used, errors = int(active_units(s).sum()), errors_of_fewer(s)
        own = errors[used]
        cells += [f"{used} of {s.known.z.shape[1]}"]
        cells += [
            f"{(errors[k] - own) / (errors[0] - own):.4f}" if 0 < k < used else ""
            for k in (used // 2, used // 4)
        ]
    else:
        cells += [""] * 3

    cells += ["" if isinstance(modality, Tokenized) else _pm(gain_over_components(s))]
    tails = gain_of_heavy_tails(s) if s.model.posterior.has_density else None
    cells += [_pm(tails and tails.gain)]

    return [*cells, *(", ".join(f.name for f in some) for some in (found, found.remarks))]


def _pm(found: Any) -> str:
    known = found is not None and abs(found.value) < 1e4  # not beside an error of zero
    return f"{found.value:.3f} ± {found.standard_error:.3f}" if known else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="parts of the names of models")
    parts = parser.parse_args().parts

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        for name, *rest in models(parts):
            write(measured(name, *rest))


def write(line: list[str]) -> None:
    r"""Writes a line into the table. Other lines stay."""
    print(" | ".join(line), flush=True)
    text = OUT.read_text() if OUT.exists() else ""
    known = [row[2:-2].split(" | ") for row in text.splitlines() if row[:2] == "| "][2:]
    rows = {row[0]: row for row in [*known, line]}
    table = [f"| {' | '.join(row)} |" for row in (HEADER, ["---"] * len(HEADER), *rows.values())]
    about = (
        "Models with the defaults, on sets that no example, planted illness or healthy model uses."
    )
    OUT.write_text(
        "\n".join(["# What a diagnosis measures of sound models", "", about, "", *table, ""])
    )


if __name__ == "__main__":
    main()
