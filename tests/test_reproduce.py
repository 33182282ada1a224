r"""Short runs of published comparisons, against the ranges of ten seeds."""

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "reproduce"
BANDS = json.loads((FOLDER / "bands.json").read_text())

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def _folder(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def test_every_experiment_has_a_range() -> None:
    assert BANDS.keys() == {path.stem for path in FOLDER.glob("*_[0-9][0-9][0-9][0-9].py")}


@pytest.mark.parametrize("name", BANDS)
def test_figures_are_within_the_range_of_ten_seeds(name: str) -> None:
    __import__(name)
    figures = sys.modules[name].EXPERIMENT.run("short", 0)
    outside = {
        method: (figure, BANDS[name][method])
        for method, figure in figures.items()
        if not BANDS[name][method][0] <= figure <= BANDS[name][method][1]
    }

    assert not outside
