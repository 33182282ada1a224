r"""Tests of covariates of series: seen by encoder and decoder, never scored or predicted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import autoencode as ae
from autoencode.corruptions import FutureMasking
from autoencode.modalities import Series
from autoencode.networks import FullyConnected, TemporalConvolutional

pd = pytest.importorskip("pandas")

COLUMNS: dict[str, Any] = {"time": "when", "identity": "machine", "covariates": ["valve", "size"]}
HISTORY, STEPS = 90, 6


def table() -> "pd.DataFrame":
    r"""Heat that a valve determines, on two machines of other sizes, with rows in any order."""
    rng = np.random.default_rng(0)
    frames = []

    for name, size in ("a", 1.0), ("b", 3.0):
        n = HISTORY + STEPS
        valve = np.repeat(rng.normal(size=n), 2)[:n]
        when = pd.date_range("2024-03-01", periods=n, freq="10min")
        heat = 20 + 4 * valve + size + 0.05 * rng.normal(size=n)
        frames.append(
            pd.DataFrame(
                {"when": when, "machine": name, "heat": heat, "valve": valve, "size": size}
            )
        )

    return pd.concat(frames).sample(frac=1, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def parts() -> tuple:
    X = table()
    past = X["when"] < X["when"].min() + HISTORY * pd.Timedelta("10min")
    return X[past].reset_index(drop=True), X[~past].reset_index(drop=True)


def recipe(**more: Any) -> ae.Autoencoder:
    options = {
        "modality": Series(window=12, stride=3, gaps=True, **COLUMNS),
        "network": FullyConnected((8,), skip=True),
        "corruption": FutureMasking(),
        "training": ae.Training(epochs=2, batch_size=16, show_progress=False),
        "random_state": 0,
        **more,
    }
    return ae.vae(2, **options)


@pytest.fixture(scope="module")
def fitted(parts: tuple) -> ae.Autoencoder:
    return recipe().fit(parts[0])


def heat(X: "pd.DataFrame") -> np.ndarray:
    return X.sort_values(["machine", "when"])["heat"].to_numpy()


def test_forecasts_follow_what_is_known_of_the_future(fitted, parts) -> None:
    past, later = parts
    mean, lower, upper = fitted.forecast(past, STEPS, covariates=later.drop(columns="heat"))
    closed = later.assign(valve=later["valve"] - 1)
    moved = fitted.forecast(past, STEPS, level=None, covariates=closed).mean

    assert [*mean.columns] == ["when", "machine", "heat"]
    assert np.abs(heat(mean) - heat(later)).mean() < 0.1 * later["heat"].std()
    assert (heat(mean) - heat(moved)).mean() == pytest.approx(4, rel=0.05)
    assert (heat(lower) < heat(upper)).all()


def test_covariates_are_neither_scored_nor_changed(fitted, parts) -> None:
    past, _ = parts
    closed = past.assign(valve=past["valve"] - 3)
    whole = fitted.reconstruct(past, full_size=True)

    assert fitted.modality_.shape_ == (1, 12)
    assert whole["valve"].equals(past["valve"])
    assert np.abs(whole["heat"] - past["heat"]).mean() < 0.1 * past["heat"].std()
    assert fitted.score_samples(past).mean() > fitted.score_samples(closed).mean()
    assert len(fitted.transform(past, pool_windows=True)) == 2

    windows = fitted.modality_.windows(past)
    some = fitted.transform(windows[:3], fitted.modality_.covariates_of(windows)[:3])
    assert np.allclose(some, fitted.transform(past)[:3], atol=1e-5)

    settings = np.zeros((2, 12, 2)) + np.array([[[2.0, 1.0]], [[-2.0, 1.0]]])
    new = fitted.sample(2, y=settings, random_state=0)
    assert new.shape == (2, 12, 1)
    assert (new[0] - new[1]).mean() == pytest.approx(16, rel=0.1)


def test_gaps_of_covariates_are_interpolated_and_the_model_comes_back(
    fitted, parts, tmp_path: Path
) -> None:
    past, _ = parts
    fitted.save(tmp_path / "model.ae")
    stored = ae.load(tmp_path / "model.ae")
    order = past.sort_values(["machine", "when"])
    middle = order.index[[10, 30]]
    neighbors = (order["valve"].shift(1) + order["valve"].shift(-1)) / 2
    holes, filled = past.copy(), past.copy()
    holes.loc[middle, "valve"] = np.nan
    filled.loc[middle, "valve"] = neighbors[middle]

    assert np.allclose(stored.transform(holes), fitted.transform(filled), atol=1e-5)
    assert clone(stored).modality.covariates == COLUMNS["covariates"]


def test_what_covariates_need_is_said(fitted, parts) -> None:
    past, later = parts

    for options, message in [
        ({}, r"covariates \['valve', 'size'\] of 6 later steps"),
        ({"covariates": later[["when", "machine"]]}, r"\['valve', 'size'\] are missing"),
        ({"covariates": later[later["machine"] == "a"]}, "series 'b', got 0 of them"),
        ({"covariates": later, "y": ["a", "b"]}, "y has no effect"),
    ]:
        with pytest.raises(ValueError, match=message):
            fitted.forecast(past, STEPS, **options)

    with pytest.raises(TypeError, match=r"data frame or a file, got ndarray"):
        fitted.forecast(past, STEPS, covariates=np.zeros((2, STEPS, 2)))

    for call, message in [
        (
            lambda: fitted.transform(past.assign(valve="open")),
            "covariates of numbers, got 'valve'",
        ),
        (lambda: fitted.transform(past.drop(columns="valve")), "valve"),
        (lambda: fitted.transform(past.drop(columns=["valve", "size"])), "a table without them"),
        (lambda: fitted.transform(np.zeros((1, 20, 1))), "got no table"),
        (lambda: fitted.transform(past, ["a", "b"]), "Leave y out"),
        (lambda: recipe(modality=Series(covariates="valve")).fit(past), "names of columns"),
        (lambda: recipe(modality=Series(time="t", covariates=["t"])).fit(past), "already"),
        (lambda: recipe(network=TemporalConvolutional()).fit(past), "one code for each window"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
