r"""Tests of the diagnosis: illnesses that were planted are found, and healthy models have none."""

import importlib
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer

import autoencode as ae
from autoencode.cli import main
from autoencode.diagnosis import Diagnosis, Finding

RNG = np.random.default_rng(0)
CANCER = load_breast_cancer().data[RNG.permutation(569)]
DIGITS = ae.datasets.digits().X[RNG.permutation(1797)]
PLANE = RNG.normal(size=(300, 3)) @ RNG.normal(size=(3, 10)) + 0.1 * RNG.normal(size=(300, 10))


class Ill(NamedTuple):
    r"""A model with an illness, its training examples, and new ones."""

    model: ae.Autoencoder
    X: Any
    X_new: Any


def fitted(model: ae.Autoencoder, X: Any, X_new: Any) -> Ill:
    return Ill(model.set_params(random_state=0).fit(X), X, X_new)


def overfitted() -> Ill:
    X = RNG.normal(size=(160, 60))
    return fitted(ae.linear(40), X[:80], X[80:])


def drifted_images() -> Ill:
    return fitted(ae.linear(8), DIGITS[:300], 255 - DIGITS[300:600])


def shared() -> Ill:
    new = np.concatenate([CANCER[300:], CANCER[:60]])
    return fitted(ae.linear(6), CANCER[:300], new)


def copied_columns() -> Ill:
    X = np.c_[PLANE, 2 * PLANE[:, 0] + 1, np.full(len(PLANE), 7.0)]
    return fitted(ae.linear(3), X[:150], X[150:])


def dominated() -> Ill:
    X = np.c_[PLANE, RNG.normal(size=len(PLANE))]
    return fitted(ae.linear(3), X[:150], X[150:])


def copied_rows() -> Ill:
    X = PLANE[:100].repeat(2, axis=0)
    return fitted(ae.linear(3), X, PLANE[150:])


def blurred() -> Ill:
    return fitted(ae.linear(1), DIGITS[:300], DIGITS[300:600])


PLANTED: dict[Callable[[], Ill], str] = {
    overfitted: "over-fitting",
    drifted_images: "drift",
    shared: "shared examples",
    copied_columns: "duplicate columns",
    dominated: "dominant column",
    copied_rows: "duplicate rows",
    blurred: "blurred images",
}


@pytest.mark.parametrize(
    ("plant", "name"), PLANTED.items(), ids=lambda p: getattr(p, "__name__", p)
)
def test_planted_illnesses_are_found(plant: Callable[[], Ill], name: str) -> None:
    ill = plant()  # all are linear, so that no training decides
    diagnosis = ill.model.diagnose(ill.X, ill.X_new)
    found = [*diagnosis, *diagnosis.remarks]
    assert found[0].name == name
    assert found[0].remedy
    assert all(np.isfinite([*found[0].evidence.values()]))


@pytest.mark.slow
def test_a_trial_beats_a_training_with_a_tiny_learning_rate() -> None:
    training = ae.Training(epochs=12, learning_rate=1e-6)
    ill = fitted(ae.vae(2, layers=(16,), training=training), PLANE[:150], PLANE[150:])
    found = ill.model.diagnose(ill.X, ill.X_new)
    assert found[0].name == "wrong learning rate"
    assert "too low" in found[0].sentence
    assert found[0].evidence["loss_of_trial"] < found[0].evidence["loss"]
    assert "learning_rate=0.002" in found[0].remedy


@pytest.mark.skipif("AUTOENCODE_GRID" not in os.environ, reason="set AUTOENCODE_GRID=1")
def test_most_planted_illnesses_are_named_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    benchmark = importlib.import_module("diagnosis")
    sick = [
        benchmark.row(plant.__name__, benchmark.planted(plant, kind), wanted)
        for plant, (wanted, kinds) in benchmark.PLANTED.items()
        for kind in kinds
    ]
    sound = [benchmark.row(name, ill) for name, ill in benchmark.healthy()]
    sys.modules.pop("diagnosis", None)
    assert sum(line[-1] == "yes" for line in sick) > 0.9 * len(sick)
    assert sum(line[-1] == "yes" for line in sound) > 0.9 * len(sound)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "X"), [(ae.linear(3), PLANE), (ae.linear(8), DIGITS[:600])], ids=["table", "images"]
)
def test_nothing_is_found_in_healthy_models(model: ae.Autoencoder, X: Any) -> None:
    half = len(X) // 2
    healthy = fitted(model, X[:half], X[half:])
    found = healthy.model.diagnose(healthy.X, healthy.X_new)
    assert [f.name for f in (*found, *found.remarks)] == []
    assert "Nothing wrong was found. Checked: collapse" in repr(found)


def test_findings_come_in_order_and_change_nothing() -> None:
    remark, low, high = (
        Finding(str(s), s, "It is so.", "Change it.", {}) for s in (0.1, 0.4, 0.9)
    )
    found = Diagnosis([remark, low, high])
    assert [f.severity for f in found] == [0.9, 0.4]
    assert found.remarks == (remark,)
    assert repr(found).endswith("Worth knowing:\n- It is so. Change it.")
    assert repr(Diagnosis([remark], ["drift"])).startswith("Nothing wrong was found.")

    ill = drifted_images()
    before, state = ill.model.transform(ill.X), torch.get_rng_state()
    assert ill.model.diagnose(ill.X, ill.X_new) == ill.model.diagnose(ill.X, ill.X_new)
    assert np.array_equal(before, ill.model.transform(ill.X))
    assert torch.equal(torch.get_rng_state(), state)
    assert "collapse" not in [f.name for f in ill.model.diagnose(ill.X)]  # without new examples


@pytest.mark.slow
def test_all_kinds_are_diagnosed() -> None:
    words = [a + b for a in ("un", "re", "over") for b in ("do", "make", "load", "take")] * 4
    frame = pd.DataFrame(CANCER[:200, :4]).assign(kind=[*"abcd"] * 50)
    frame.columns = frame.columns.astype(str)
    frame.iloc[::9, 1] = np.nan
    series = RNG.normal(size=(60, 24, 2)).cumsum(axis=1)
    series[::3, 4:8] = np.nan
    few = ae.Training(epochs=2)

    for model, X, y in (
        (ae.vae(2, training=few), words, None),
        (ae.vae(2, training=few), frame, None),
        (ae.vae(2, training=few, conditional=True), CANCER[:200], np.arange(200) % 3),
        (ae.vq_vae(training=few), DIGITS[:200], None),
        (ae.vae(2, modality=ae.modalities.Series(), training=few), series, None),
    ):
        model.set_params(random_state=0).fit(X, y)
        found = model.diagnose(X, X, y, y)
        assert all(f.sentence.endswith(".") for f in (*found, *found.remarks)), found


def test_command_line(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    ill = shared()
    ill.model.save("m.ae")
    np.save("train.npy", ill.X)
    np.save("new.npy", ill.X_new)
    assert main(shlex.split("diagnose m.ae train.npy --new new.npy --out d.json")) == 0
    assert "are training examples" in capsys.readouterr().out
    found = json.loads(Path("d.json").read_text())
    assert found["findings"][0]["name"] == "shared examples"
    assert main(shlex.split("diagnose m.ae train.npy --out d.txt")) == 2
