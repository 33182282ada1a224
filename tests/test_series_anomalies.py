r"""Tests of anomalies of series: scores of steps and channels, thresholds and intervals."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autoencode as ae
from autoencode import plots
from autoencode.cli import main
from autoencode.manifold import Interval, SeriesDetector
from autoencode.manifold.anomalies.intervals import find_intervals, smoothed
from autoencode.modalities import Series

pd = pytest.importorskip("pandas")

LINEAR = ae.linear(4, modality=Series(window=32), random_state=0)


def machines(T: int = 1500, seed: int = 0) -> np.ndarray:
    r"""Three channels on scales of their own, two of which move together."""
    t, rng = np.arange(T), np.random.default_rng(seed)
    X = np.stack([np.sin(t / 5), 500 + 90 * np.cos(t / 5), np.sin(t / 11)], axis=1)

    return X + rng.normal(size=X.shape) * [0.05, 5.0, 0.05]


def broken() -> np.ndarray:
    r"""The same, with a stuck second channel and a third one that jumps."""
    X = machines(600, seed=1)
    X[200:240, 1] = X[200, 1]
    X[400:410, 2] += 2.0

    return X


# Pure functions


@given(st.lists(st.one_of(st.just(np.nan), st.floats(-9, 9)), min_size=1), st.integers(1, 9))
def test_moving_averages_are_those_of_what_is_known(values, width) -> None:
    x, found = np.array(values), smoothed(np.array(values), width)
    before, after = (width - 1) // 2, width // 2

    for t, value in enumerate(found):
        some = x[max(0, t - before) : t + after + 1]
        some = some[~np.isnan(some)]
        assert value == pytest.approx(some.mean(), abs=1e-9) if len(some) else np.isnan(value)


@given(st.lists(st.floats(0, 4), min_size=1, max_size=40), st.integers(0, 4))
def test_intervals_hold_all_that_is_beyond_the_threshold(values, merge) -> None:
    S = np.array(values)
    channels = np.stack([S, 0.1 * S], axis=1)
    found = find_intervals(S, 2.0, merge, channels, ["a", "b"])
    inside = np.zeros(len(S), bool)

    for steps, severity, blamed in found:
        assert not inside[steps].any()
        inside[steps] = True
        assert severity == pytest.approx(S[steps].max() / 2)
        assert S[steps.start] > 2 < S[steps.stop - 1]
        assert blamed == {"a": pytest.approx(1 / 1.1)}

    assert (inside | (S <= 2)).all()
    starts = [steps.start for steps, *_ in found]
    stops = [steps.stop for steps, *_ in found]
    assert all(b - a > merge for a, b in zip(stops, starts[1:]))


# The detector


@pytest.mark.parametrize("trained", [False, True])
def test_intervals_name_where_and_which_channel(trained) -> None:
    model = LINEAR
    model = ae.linear(4, modality=Series(window=32)).fit(machines()[None]) if trained else model
    detector = SeriesDetector(model).fit(machines(seed=2)[None])
    found = detector.intervals(broken()[None])
    stuck, jump = sorted(found[:2], key=lambda interval: interval.start)

    assert len(found) <= 4  # some steps of normal series are beyond the threshold, too
    assert isinstance(stuck, Interval)
    assert set(stuck.channels) >= {"channel 1"}
    assert {max(jump.channels, key=jump.channels.get)} == {"channel 2"}
    assert 170 <= stuck.start <= 225  # windows that have a part of it see it, too
    assert 215 <= stuck.end <= 270
    assert 375 <= jump.start <= 402
    assert 408 <= jump.end <= 440
    assert min(stuck.severity, jump.severity) > 1


def test_normal_series_are_beyond_the_threshold_as_often_as_asked() -> None:
    detector = SeriesDetector(LINEAR, false_positive_rate=0.02).fit(machines(6000)[None])
    (scores,) = detector.score_samples(machines(6000, seed=1)[None])

    assert (scores > detector.threshold_).mean() == pytest.approx(0.02, abs=0.012)
    assert np.allclose(detector.scale_, 1, atol=0.4)


def test_scores_have_the_form_of_the_series() -> None:
    detector = SeriesDetector(LINEAR).fit(machines()[None])
    X = machines(100, seed=1)[None]
    cells = detector.score_cells(X)

    assert cells.shape == X.shape
    assert (cells >= 0).all()
    assert [S.shape for S in detector.score_samples([X[0], X[0, :50]])] == [(100,), (50,)]

    raised = X.copy()
    raised[0, 60, 0] += 5
    assert np.unravel_index(detector.score_cells(raised).argmax(), X.shape) == (0, 60, 0)


def test_hidden_parts_are_predicted_from_both_sides() -> None:
    X = machines()[None]
    modality = Series(window=32, gaps=True)
    training = ae.Training(epochs=3)
    model = ae.denoising(4, modality=modality, training=training, random_state=0)
    model.set_params(corruption=ae.corruptions.SensorDropout(0.7))
    detector = SeriesDetector(model.fit(X), n_blocks=4).fit(machines()[None])
    Y = broken()
    Y[50:60] = np.nan
    (scores,) = detector.score_samples(Y[None])

    assert np.isnan(scores[54:56]).all()
    assert np.isfinite(scores[70:]).all()
    assert np.nanargmax(scores) in range(390, 420)

    with pytest.raises(ValueError, match=r"networks see gaps.*gaps=True"):
        SeriesDetector(LINEAR, n_blocks=4).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"false_positive_rate": 0.0}, "false positive rate"),
        ({"smoothing": 0}, "smoothing"),
        ({"n_blocks": 1.5}, "n_blocks"),
        ({"model": ae.vae(2)}, r"modality=ae.modalities.Series"),
        ({"model": ae.vae(2, modality=ae.modalities.Tables())}, r"modalities.Series"),
    ],
)
def test_bad_arguments_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        SeriesDetector(**{"model": LINEAR, **options}).fit(machines()[None])


def test_models_of_other_data_are_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3))

    with pytest.raises(ValueError, match="got a model of Tables"):
        SeriesDetector(ae.linear(2).fit(rows)).fit(rows)

    with pytest.raises(ValueError, match="a window of 32 steps, got 60 steps"):
        SeriesDetector(LINEAR).fit(machines(60)[None])

    with pytest.raises(TypeError, match="got int"):
        SeriesDetector(3).fit(rows)


@pytest.mark.slow
def test_the_command_line_finds_intervals(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)

    for name, X in {"usual": machines(), "later": machines(seed=2), "new": broken()}.items():
        when = pd.date_range("2024-01-01", periods=len(X), freq="h")
        table = pd.DataFrame(X, columns=["heat", "load", "speed"])
        table.insert(0, "when", when)
        table.to_csv(f"{name}.csv", index=False)

    ae.linear(4, modality=Series(window=32, time="when")).fit("usual.csv").save("machine.ae")
    command = "anomalies machine.ae new.csv --reference later.csv --out odd.csv"
    assert main(shlex.split(command)) == 0
    output = capsys.readouterr().out
    found = pd.read_csv("odd.csv")

    assert f"{len(found)} intervals" in output
    assert 2 <= len(found) <= 4
    assert [*found.columns] == ["series", "start", "end", "severity", "channels"]
    stuck, jump = found.iloc[:2].sort_values("start").itertuples()
    assert "2024-01-08" <= stuck.start < "2024-01-10 12"
    assert jump.channels.startswith("speed")
    assert Path("odd.png").stat().st_size > 1000

    assert main(shlex.split(f"{command} --force")) == 0


def test_pictures_show_channels_scores_and_intervals() -> None:
    detector = SeriesDetector(LINEAR).fit(machines()[None])
    X = [machines(200, seed=3), broken()]
    figure = plots.intervals(detector, X, n_series=1)
    found = [interval for interval in detector.intervals(X) if interval.series == "1"]

    assert len(figure.axes) == 2
    assert len(figure.axes[0].lines) == 3
    assert len(figure.axes[0].patches) == len(found) >= 2
