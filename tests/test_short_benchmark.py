r"""Tests, by the benchmark of defaults, that no default is useless on small real sets."""

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.by_hand
def test_no_default_is_worse_than_a_trivial_model(monkeypatch: pytest.MonkeyPatch) -> None:
    if not BENCHMARKS.exists():
        pytest.skip("the benchmarks are not part of the package")

    monkeypatch.syspath_prepend(str(BENCHMARKS))
    defaults = importlib.import_module("defaults")
    rows = defaults.main(["--short"])

    for name in ("defaults", "kinds", "real_sets", "by_hand", "classical", "report", "data"):
        sys.modules.pop(name, None)

    assert {row.recipe for row in rows} == set(defaults.RECIPES)
    assert all(len(row.outcomes) >= 2 for row in rows if not row.faults)
    assert defaults.useless([row for row in rows if row.recipe != "linear"]) == []
