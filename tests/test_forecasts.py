r"""Tests of forecasts: what comes after the last step of series, and the width of intervals."""

from typing import Any

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode.cli import main
from autoencode.corruptions import FutureMasking
from autoencode.inference.forecasts import conformal_width, continue_series
from autoencode.modalities import Series
from autoencode.networks import FullyConnected

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

RNG = np.random.default_rng(0)


def sines(n: int = 40, T: int = 60) -> np.ndarray:
    r"""Sines of two channels with a phase of their own, on scales of their own."""
    t = np.arange(T) / 3 + RNG.uniform(0, 6, (n, 1))
    return np.stack([np.sin(t), 50 + 9 * np.cos(t)], axis=2)


def forecaster(epochs: int = 1, **more: Any) -> ae.Autoencoder:
    options = {"modality": Series(window=24, gaps=True), "corruption": FutureMasking()} | more
    return ae.autoencoder(
        3,
        network=FullyConnected((32,), skip=True),
        training=ae.Training(epochs=epochs, batch_size=32, show_progress=False),
        random_state=0,
        **options,
    )


@pytest.fixture(scope="module")
def fitted() -> ae.Autoencoder:
    return forecaster(epochs=20).fit(sines())


def test_the_future_of_sines_is_found(fitted) -> None:
    X = sines(20)
    mean, *_ = fitted.forecast(X[:, :40], steps=20, level=None)
    naive = np.repeat(X[:, 39:40], 20, axis=1)

    assert mean.shape == (20, 20, 2)
    assert np.square(mean - X[:, 40:]).mean() < 0.1 * np.square(naive - X[:, 40:]).mean()


def test_intervals_hold_new_steps_at_their_level(fitted) -> None:
    X = sines(200) + RNG.normal(size=(200, 60, 2)) * [0.2, 1.8]
    calibration = sines(60) + RNG.normal(size=(60, 60, 2)) * [0.2, 1.8]
    _, lower, upper = fitted.forecast(X[:, :52], 8, level=0.8, calibration=calibration)
    share = ((lower <= X[:, 52:]) & (X[:, 52:] <= upper)).mean()

    assert 0.75 < share < 0.86


def test_more_than_half_a_window_goes_on_from_expectations(fitted) -> None:
    x = sines(1)[0]
    model, kind = fitted.model_, fitted.modality_
    whole = continue_series(model, kind, [x], 30)
    first = continue_series(model, kind, [x], 12)
    rest = continue_series(model, kind, [np.concatenate([x, first[0]])], 12)

    assert np.array_equal(whole[:, :24], np.concatenate([first, rest], axis=1))


def test_series_shorter_than_a_window_go_on_after_their_end(fitted) -> None:
    x = sines(1)[0]
    found = fitted.forecast([x[:7], x], steps=4, level=None).mean
    alone = fitted.forecast([x[:7]], steps=4, level=None).mean

    assert [v.shape for v in found] == [(4, 2), (4, 2)]
    assert np.allclose(found[0], alone[0])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_widths_are_quantiles_of_errors(level) -> None:
    errors = RNG.exponential(size=(99, 2, 1))
    width = conformal_width(errors, level)

    assert np.array_equal(width, np.sort(errors, axis=0)[round(100 * level) - 1])
    assert np.isfinite(conformal_width(np.where(errors > 3, np.nan, errors), level)).all()


def test_too_few_errors_are_refused() -> None:
    for errors in (np.empty((0, 3, 1)), np.ones((18, 3, 1))):
        with pytest.raises(ValueError, match="at least 19 earlier forecasts"):
            conformal_width(errors, 0.95)

    assert conformal_width(np.ones((19, 3, 1)), 0.95).shape == (3, 1)


def test_hidden_ends_are_as_long_as_asked() -> None:
    hidden = FutureMasking(0.25).hidden(torch.zeros(2000, 3, 40))
    n = hidden.sum(dim=-1)

    assert (n == n[:, :1]).all()
    assert hidden[..., -1].all()
    assert torch.equal(n[:, 0].unique(), torch.arange(1, 11))

    with pytest.raises(ValueError, match="below 1"):
        FutureMasking(1.0)


@pytest.mark.parametrize("spelling", ["dates", "text", "months", "numbers", "index", "zone"])
def test_times_go_on(spelling) -> None:
    x = sines(1, 80)[0]
    when = {
        "dates": pd.date_range("2024-03-01", periods=80, freq="10min"),
        "text": pd.date_range("2024-03-01", periods=80, freq="D").strftime("%Y-%m-%d"),
        "months": pd.date_range("1990-01-01", periods=80, freq="MS"),
        "numbers": np.arange(80) * 5 + 100,
        "index": pd.date_range("2024-03-01", periods=80, freq="h"),
        "zone": pd.date_range("2024-03-30", periods=80, freq="h", tz="Europe/Berlin"),
    }[spelling]
    frame = pd.DataFrame({"when": when, "heat": x[:, 0], "load": x[:, 1]})
    named = spelling != "index"
    frame = frame if named else frame.set_index("when")
    kind = Series(time="when" if named else None, window=24, gaps=True)
    model = forecaster(modality=kind).fit(frame[:70])
    mean, lower, upper = model.forecast(frame[:70], steps=10, level=0.5)
    found = mean["when"] if named else mean.index.to_series()
    wanted = frame["when"][70:] if named else frame.index[70:].to_series()

    if spelling == "text":
        wanted = pd.to_datetime(wanted)

    assert (found.to_numpy() == wanted.to_numpy()).all()
    assert [*mean.columns] == [*frame.columns]
    assert (lower["heat"] <= mean["heat"]).all()
    assert (mean["load"] <= upper["load"]).all()


@pytest.mark.slow
def test_several_series_of_a_table_keep_their_names(tmp_path, capsys) -> None:
    parts = [
        pd.DataFrame({"machine": name, "t": np.arange(n), "heat": np.sin(np.arange(n) / 3)})
        for name, n in (("b", 90), ("a", 70))
    ]
    frame = pd.concat(parts).sample(frac=1, random_state=0)
    frame.to_csv(tmp_path / "X.csv", index=False)
    kind = Series(time="t", identity="machine", window=24, gaps=True)
    model = forecaster(modality=kind).fit(frame)
    mean = model.forecast(frame, 3, level=None).mean
    ends = {name: [*part["t"]] for name, part in mean.groupby("machine")}

    assert ends == {"a": [70, 71, 72], "b": [90, 91, 92]}

    model.save(tmp_path / "X.ae")
    line = ["forecast", str(tmp_path / "X.ae"), str(tmp_path / "X.csv"), "--steps", "3"]
    assert main([*line, "--level", "0.5", "--out", str(tmp_path / "later.csv")]) == 0

    assert capsys.readouterr().out.splitlines()[-1].startswith("Next: look at ")

    later = pd.read_csv(tmp_path / "later.csv")
    assert {"machine", "t", "heat", "heat_lower", "heat_upper"} == {*later.columns}
    assert np.allclose(
        later.sort_values(["machine", "t"])["heat"], mean.sort_values(["machine", "t"])["heat"]
    )
    assert (tmp_path / "later.png").exists()


def test_models_that_cannot_forecast_say_why(fitted) -> None:
    X = sines(4, 24)
    complete = forecaster(modality=Series(), corruption=None).fit(X)

    with pytest.raises(ValueError, match="FutureMasking"):
        complete.forecast(X, 3)

    with pytest.raises(AttributeError, match="'forecast' expected series"):
        ae.linear(2).fit(X[:, :, 0]).forecast(X, 3)

    with pytest.raises(ValueError, match="a level between 0 and 1"):
        fitted.forecast(X, 3, level=90)

    with pytest.raises(ValueError, match="at least 9 earlier forecasts of each step, got"):
        fitted.forecast(X[:1], 8)
