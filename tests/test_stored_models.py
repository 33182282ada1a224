r"""Tests that model files of earlier versions load, and predict what they predicted then."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import autoencode as ae
from autoencode.common import container

DATA = Path(__file__).parent / "data"
MAKE = runpy.run_path(str(DATA / "make.py"))
KINDS = sorted(MAKE["MODELS"])


@pytest.mark.parametrize("kind", KINDS)
def test_stored_models_make_the_stored_predictions(kind: str) -> None:
    found = MAKE["predictions"](ae.load(DATA / f"{kind}.ae"), MAKE["EXAMPLES"][kind]()[:4])
    expected = json.loads((DATA / f"{kind}.json").read_text())

    assert found.keys() == expected.keys()

    for name, values in expected.items():
        if name == "texts":
            assert found[name] == values
        else:
            assert np.allclose(found[name], values, rtol=1e-3, atol=1e-4), name


@pytest.mark.parametrize("kind", KINDS)
def test_stored_models_carry_the_version_of_their_format(kind: str) -> None:
    path = DATA / f"{kind}.ae"
    document, _ = container.read(path)

    assert 1 <= document["version"] <= container.VERSION
    assert path.stat().st_size < 2**17


def test_each_kind_of_data_has_a_stored_model() -> None:
    assert {path.stem for path in DATA.glob("*.ae")} == set(KINDS)
