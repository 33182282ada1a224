r"""Tests of series: grids, windows, gaps, and models of them, on the ways of all other kinds."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import autoencode as ae
from autoencode.cli import main
from autoencode.corruptions import GaussianNoise, Hum, Masking, SensorDropout
from autoencode.distributions import FixedGaussian, Observed
from autoencode.modalities import Series
from autoencode.modalities.series.cuts import cut_series, whole_series
from autoencode.modalities.series.grids import Grid, find_grid
from autoencode.modalities.series.lists import from_frame
from autoencode.networks import (
    Convolutional,
    FullyConnected,
    Incomplete,
    Recurrent,
    Transformer,
)

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

RNG = np.random.default_rng(0)
QUICK: dict[str, Any] = {
    "latent_dim": 2,
    "network": FullyConnected((8,), skip=True),
    "training": ae.Training(epochs=2, batch_size=8, validation_fraction=0),
    "random_state": 0,
    "prior": ae.priors.StandardNormal(),  # which takes no time to fit
}


def waves(n: int = 24, T: int = 30) -> np.ndarray:
    r"""Two channels that share a phase, on scales of their own."""
    phase = RNG.uniform(0, 6, (n, 1))
    t = np.arange(T) / 4 + phase
    X = np.stack([np.sin(t), 300 + 40 * np.cos(t)], axis=2)

    return X + RNG.normal(size=X.shape) * [0.05, 2.0]


def gappy(X: np.ndarray, share: float = 0.2) -> np.ndarray:
    return np.where(RNG.random(X.shape) < share, np.nan, X)


def table(n: int = 40) -> "pd.DataFrame":
    r"""Two machines, one of them slower, with rows in any order."""
    X = waves(2, n)
    frames = [
        pd.DataFrame(
            {
                "when": pd.date_range("2024-03-01", periods=n, freq="10min"),
                "machine": name,
                "heat": x[:, 0],
                "load": x[:, 1],
            }
        )
        for name, x in zip("ab", X)
    ]

    return pd.concat(frames).sample(frac=1, random_state=0).reset_index(drop=True)


# Grids and windows


@pytest.mark.slow
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 12), st.integers(1, 12)
)
def test_windows_put_together_are_the_series(lengths, n, stride) -> None:
    X = [np.random.default_rng(T).normal(size=(T, 2)) for T in lengths]
    windows = cut_series(X, n, min(stride, n))

    assert windows.shape[1:] == (n, 2)
    assert len(windows) == sum(windows.counts)
    assert np.isnan(np.asarray(windows)).any() == (min(lengths) < n)

    for x, back in zip(X, whole_series(np.nan_to_num(windows), windows)):
        assert np.allclose(back, x)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=12, unique=True))
def test_irregular_times_are_gaps_of_a_grid(steps) -> None:
    X = pd.DataFrame({"t": [0.5 * s for s in steps], "x": [float(s) for s in steps]})
    (x,) = from_frame(X, "t", None, step=0.5)
    places = np.array(sorted(steps)) - min(steps)

    assert np.array_equal(np.flatnonzero(~np.isnan(x[:, 0])), places)
    assert np.array_equal(x[places, 0], sorted(steps))


@pytest.mark.parametrize("dtype", [int, "Int64", "int32", float])
def test_dates_without_hyphens_are_no_numbers(dtype) -> None:
    days = pd.date_range("2024-01-20", periods=40).strftime("%Y%m%d").astype(int)
    frame = pd.DataFrame({"day": pd.array(days, dtype=dtype), "heat": np.arange(40.0)})

    with pytest.raises(ValueError, match="look like dates, such as 20240120"):
        from_frame(frame, "day", None)

    frame["day"] = pd.to_datetime(frame["day"].astype(int).astype(str))
    assert from_frame(frame, "day", None).lengths == (40,)


def test_times_of_the_index_count_and_other_columns_do_not(caplog) -> None:
    when = pd.date_range("2024-01-01", periods=9, freq="h").delete([3, 4])
    X = pd.DataFrame({"x": range(7)}, index=when)
    series = Series(gaps=True).fit(X)

    assert series.grid_ == (3600.0, False)
    assert np.isnan(series.windows(X)[0, 3:5]).all()
    assert series.windows(X["x"]).shape == (1, 9, 1)

    with caplog.at_level("WARNING", "autoencode"):
        series.windows(X.assign(y=1.0))

    assert "columns that the fit did not have are ignored: y" in caplog.text

    with pytest.raises(ValueError, match=r"missing numbers.*autoencoder"):
        ae.linear(2, modality=Series()).fit(X)


def test_months_are_steps_though_their_lengths_differ() -> None:
    for freq, step in {"MS": 1, "ME": 1, "QS": 3, "YS": 12}.items():
        dates = pd.date_range("1990-01-01", periods=60, freq=freq)
        X = pd.DataFrame({"date": dates, "x": np.arange(60.0)}).drop(index=[20, 21])
        series = from_frame(X, "date", None)

        assert series.grid == Grid(step, True)
        assert np.isnan(series[0][20:22]).all()
        assert np.isnan(series[0]).sum() == 2


def test_the_usual_difference_is_the_step(caplog) -> None:
    times = [np.array([0.0, 1.02, 2.0, 3.0, 9.0]), np.array([5.0, 6.0, 7.0])]
    assert find_grid(times, None, False) == Grid(1.0)

    X = pd.DataFrame({"t": [0.0, 1.3, 2.0, 2.1], "x": [1.0, 2.0, 3.0, 5.0]})

    with caplog.at_level("INFO", "autoencode"):
        (x,) = from_frame(X, "t", None, step=1.0)

    assert x[:, 0].tolist() == [1.0, 2.0, 4.0]
    assert "rounded to a grid with a step of 1" in caplog.text
    assert "1 rows have the same position in time as another" in caplog.text


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        ({"t": [0, 1], "x": ["a", "b"]}, {"time": "t"}, "expected channels of numbers"),
        ({"t": [0, 1]}, {"time": "t"}, "got no column"),
        ({"t": [0, None], "x": [1, 2]}, {"time": "t"}, "got none in 1 rows of 't'"),
        ({"t": ["soon", "late"], "x": [1, 2]}, {"time": "t"}, "numbers, times or dates"),
        ({"t": [True, False], "x": [1, 2]}, {"time": "t"}, "booleans"),
        ({"t": [3, 3], "x": [1, 2]}, {"time": "t"}, "two different times"),
        ({"t": [0, 1, 2, 1e9], "x": [1, 2, 3, 4]}, {"time": "t"}, "step=..."),
        ({"t": [0, np.inf], "x": [1, 2]}, {"time": "t"}, "got infinity"),
        ({"x": [1, 2]}, {"time": "t"}, r"\['t'\] are missing"),
        ({"k": ["a", None], "x": [1, 2]}, {"identity": "k"}, "got none in 1 rows of 'k'"),
        ({"x": [1, 2]}, {"step": 2.0}, "needs time=..."),
        ({"t": [0, 1], "x": [1, 2]}, {"time": "t", "step": -1.0}, "step > 0"),
        ({"x": [1, np.inf]}, {}, "contains infinity"),
        ({"x": [np.nan, np.nan], "y": [1, 2]}, {}, "none in x"),
        ({"x": [1, 2]}, {"window": 0}, "window as a number of steps"),
        ({"x": range(9)}, {"window": 3, "stride": 4}, "at most a window of 3 steps"),
        ({"x": [1, np.nan]}, {"gaps": False}, "no missing numbers"),
    ],
)
def test_bad_tables_and_arguments_are_refused(X, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        ae.vae(modality=Series(**options), **QUICK).fit(pd.DataFrame(X))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([np.zeros((5, 2)), np.zeros((5, 3))], "3 in series 1"),
        ([np.zeros(5), np.zeros(0)], r"shape \(0,\)"),
        ([], "at least one"),
        (np.zeros((2, 3, 4, 5)), r"\(N, T, channels\)"),
        (np.zeros((3, 0)), r"got shape \(3, 0\)"),
        (np.zeros(9), r"shape \(9,\).*X\[None\]"),
        (
            np.zeros((99, 3)),
            r"one series of 99 steps and 3 channels.*X\[None\].*X\[\.\.\., None\]",
        ),
    ],
)
def test_bad_arrays_are_refused(X, message) -> None:
    with pytest.raises(ValueError, match=message):
        Series().fit(X)


# The way there and back


@pytest.mark.parametrize("X", [waves(), waves()[..., 0], gappy(waves()), waves().astype("f4")])
def test_series_come_back(X) -> None:
    series = Series().fit(X)
    x = series.normalize(series.load(X))
    known = series.known(x)

    assert x.shape == (24, X[0].size // 30, 30)
    assert np.allclose(series.restore(x), X, rtol=1e-4, equal_nan=True)
    assert series.restore(x).dtype == X.dtype

    for channel, there in zip(x.movedim(1, 0), known.movedim(1, 0)):
        assert abs(float(channel[there].mean())) < 1e-4
        assert float(channel[there].std()) == pytest.approx(1, abs=1e-2)


def test_a_spike_is_scored_and_not_refused() -> None:
    X = waves()
    model = ae.vae(modality=Series(), **QUICK).fit(X)
    Y = X[:2].copy()
    Y[0, 5, 1] = 1e30
    scores = model.score_samples(Y)

    assert np.isfinite(scores).all()
    assert scores[0] < scores[1] - 1e6


def test_scores_are_in_the_units_of_the_series() -> None:
    X = gappy(waves())
    model = ae.vae(modality=Series(), **QUICK).fit(X)
    other = clone(model).fit(X * [1000.0, 0.5])
    counts = (~np.isnan(X)).sum(axis=1)
    expected = model.score_samples(X) - counts @ np.log([1000.0, 0.5])

    assert np.allclose(other.score_samples(X * [1000.0, 0.5]), expected, rtol=1e-3)


def test_missing_numbers_do_not_count() -> None:
    series = Series(gaps=True).fit(waves())
    p = Observed(FixedGaussian(1.0))(torch.zeros(1, 2, 30, 1))
    x = torch.full((1, 2, 30), torch.nan)

    assert float(p.log_prob(x).sum()) == 0
    assert float(series.error(x, p)) == 0
    assert float(series.log_unit(x)) == 0

    x[0, 1, 3] = 2.0  # one number, of the second channel
    scale = series.scale_[1]
    assert float(series.error(x, p)) == pytest.approx((2 * scale) ** 2)
    assert float(series.log_unit(x)) == pytest.approx(np.log(scale))


def test_gaps_are_refused_where_the_networks_cannot_see_them() -> None:
    X = waves()
    model = ae.vae(modality=Series(), **QUICK).fit(X)

    with pytest.raises(ValueError, match=r"Series\(gaps=True\)"):
        model.transform(gappy(X))

    with pytest.raises(ValueError, match=r"shorter than a window.*gaps=True"):
        model.transform([x[:9] for x in X])

    with pytest.raises(ValueError, match="1 in series 0"):
        model.transform([X[0, :, 0]])


@pytest.mark.slow
def test_gaps_are_filled_in_and_the_rest_stays() -> None:
    X = waves(200)
    Y = gappy(X)
    missing = np.isnan(Y)
    model = ae.vae(
        4,
        modality=Series(),
        prior=ae.priors.StandardNormal(),
        random_state=0,
        training=ae.Training(epochs=8),
    ).fit(Y)
    filled = model.impute(Y)
    error = np.sqrt(np.nanmean(np.where(missing, (filled - X) / [1, 40], np.nan) ** 2))

    assert isinstance(model.network_, Incomplete)
    assert np.array_equal(filled[~missing], Y[~missing])
    assert error < 0.25  # the channels have a spread of 0.7
    assert not np.array_equal(*model.impute(Y, n_samples=2, random_state=0))


def test_networks_and_likelihoods_of_other_kinds_are_refused() -> None:
    X = waves()

    with pytest.raises(ValueError, match="have no vocabulary"):
        ae.vae(2, modality=Series(), network=Recurrent(vocab_size=9)).fit(X)

    with pytest.raises(ValueError, match="likelihood of single numbers"):
        ae.vae(2, modality=Series(), likelihood=ae.distributions.MixedColumns()).fit(X)

    with pytest.raises(ValueError, match="Hum is for sounds"):
        ae.denoising(2, modality=Series()).set_params(corruption=Hum()).fit(X)


def test_hidden_numbers_are_missing_numbers() -> None:
    series = Series(gaps=True).fit(waves())
    x = series.normalize(series.load(waves()))

    for corruption in (Masking(0.5), SensorDropout(1.0)):
        hidden = series.split_corruption(corruption)[1](x)
        assert 0.05 < hidden.isnan().float().mean() < 0.95
        assert torch.equal(hidden[~hidden.isnan()], x[~hidden.isnan()])

    noisy = series.split_corruption(GaussianNoise(0.1))[1](x)
    assert not noisy.isnan().any()


# Models of all forms of series


def forms() -> dict[str, Any]:
    X = waves()
    return {
        "array": (X, Series()),
        "one channel": (X[..., 0], Series()),
        "gaps": (gappy(X), Series()),
        "list": ([x[:n] for x, n in zip(X, RNG.integers(9, 31, 24))], Series()),
        "windows": ([x[:n] for x, n in zip(X, RNG.integers(9, 31, 24))], Series(window=8)),
        "table": (table(), Series(window=12, time="when", identity="machine")),
    }


@pytest.mark.slow
@pytest.mark.parametrize("form", forms())
def test_series_of_all_forms_have_codes_and_come_back_whole(form, tmp_path: Path) -> None:
    X, modality = forms()[form]
    model = ae.vae(modality=modality, **QUICK).fit(X)
    n = 2 if form == "table" else len(X)
    pooled = model.transform(X, pool_windows=True)
    whole = model.reconstruct(X, full_size=True)

    assert pooled.shape == (n, 2)
    assert len(model.transform(X)) == len(model.score_samples(X, n_samples=4)) >= n
    assert model.sample(3).shape[:2] == (3, model.modality_.steps_)

    if form == "table":
        assert [*whole.columns] == [*X.columns]
        assert whole["when"].equals(X["when"])
        assert np.isfinite(whole[["heat", "load"]].to_numpy()).all()
    else:
        assert type(whole) is type(X)
        assert all(r.shape == x.shape and np.isfinite(r).all() for r, x in zip(whole, X))

    model.save(tmp_path / "model.ae")
    stored = ae.load(tmp_path / "model.ae")
    assert np.array_equal(stored.transform(X), model.transform(X))
    assert np.array_equal(clone(stored).fit(X).transform(X), model.transform(X))


def test_labels_are_of_series() -> None:
    X = table()
    options = {**QUICK, "network": FullyConnected((8,))}
    modality = Series(window=12, time="when", identity="machine")
    model = ae.vae(modality=modality, conditional=True, **options).fit(X, ["slow", "fast"])

    assert len(model.transform(X, ["slow", "fast"])) == len(model.transform(X, "slow")) == 12
    assert model.sample(3, "fast").shape == (3, 12, 2)

    with pytest.raises(ValueError, match="lengths"):
        clone(model).fit(X, ["slow"] * len(X))


def test_masked_arrays_have_gaps() -> None:
    X = waves()[..., 0]
    masked = np.ma.masked_array(X, RNG.random(X.shape) < 0.1)
    model = ae.vae(modality=Series(), **QUICK).fit(masked)

    assert model.modality_.shape_ == (1, 30)
    assert np.array_equal(model.impute(masked)[~masked.mask], X[~masked.mask])


def test_gaps_of_a_table_are_filled_in() -> None:
    X = table()
    X.loc[5:9, "heat"] = np.nan
    modality = Series(window=12, time="when", identity="machine")
    filled = ae.vae(modality=modality, **QUICK).fit(X).impute(X)

    assert filled.notna().all().all()
    assert filled.drop(index=range(5, 10)).equals(X.drop(index=range(5, 10)))


@pytest.mark.parametrize(
    "network",
    [
        Convolutional(4, hidden_width=8),
        pytest.param(Convolutional(2, 2, 8, True, 2), marks=pytest.mark.slow),
    ],
)
def test_convolutions_over_time(network) -> None:
    X = gappy(waves())
    model = ae.vae(modality=Series(), **{**QUICK, "network": network}).fit(X)
    assert np.isfinite(model.reconstruct(X)).all()


@pytest.mark.parametrize(
    "suffix", [".csv", pytest.param(".parquet", marks=pytest.mark.slow), ".npy"]
)
def test_folders_have_one_series_in_a_file(tmp_path: Path, suffix) -> None:
    for name, X in table().groupby("machine"):
        path = tmp_path / "all" / name / f"0{suffix}"
        path.parent.mkdir(parents=True)
        X = X.drop(columns="machine")

        if suffix == ".csv":
            X.to_csv(path, index=False)
        elif suffix == ".parquet":
            X.to_parquet(path)
        else:
            np.save(path, X.sort_values("when")[["heat", "load"]].to_numpy())

    time = None if suffix == ".npy" else "when"
    modality = Series(window=12, time=time)
    options = {**QUICK, "network": FullyConnected((8,))}
    model = ae.vae(modality=modality, conditional=True, **options).fit(tmp_path / "all")

    assert sorted(model.context_.classes_.tolist()) == ["a", "b"]  # the subfolders
    assert model.transform(tmp_path / "all", pool_windows=True).shape == (2, 2)

    whole = model.reconstruct(tmp_path / "all", full_size=True)
    assert len(whole) == (2 if suffix == ".npy" else 80)


def test_files_that_are_no_series_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,x\n0,1\n1,2\n")
    (tmp_path / "b.csv").write_text("t,y\n0,1\n1,2\n")

    with pytest.raises(ValueError, match=r"expected the columns of '.*a\.csv', .* in '.*b\.csv'"):
        ae.vae(modality=Series(time="t"), **QUICK).fit(tmp_path)

    (tmp_path / "b.csv").unlink()
    np.save(tmp_path / "c.npy", np.zeros(5))

    with pytest.raises(ValueError, match="tables or arrays"):
        ae.vae(modality=Series(time="t"), **QUICK).fit(tmp_path)


@pytest.mark.slow
def test_the_command_line_takes_series(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    X = table()
    X.loc[5:9, "heat"] = np.nan
    X.to_csv("machines.csv", index=False)

    def run(line: str) -> str:
        status = main(shlex.split(line))
        output = capsys.readouterr()
        assert status == 0, (line, output.err)
        return output.out

    own = (
        "--modality.time when --modality.identity machine --modality.window 12"
        " --modality.covariates load"
    )
    run(
        "fit machines.csv --recipe vae --epochs 2 --latent-dim 2 --random-state 0"
        f" --corruption FutureMasking --modality Series {own}"
    )
    model = ae.load("machines.ae")
    assert model.modality_.steps_ == 12

    assert "12 codes" in run("transform machines.ae machines.csv --out codes.csv")
    assert pd.read_csv("codes.csv").iloc[1, 0].endswith("@6")
    run("transform machines.ae machines.csv --out pooled.npy --pool-windows")
    assert np.load("pooled.npy").shape == (2, 2)
    assert "mean of 12 examples" in run("score machines.ae machines.csv")
    run("impute machines.ae machines.csv --out filled.csv")
    filled = pd.read_csv("filled.csv")
    assert filled.shape == X.shape
    assert filled.notna().all().all()
    run("reconstruct machines.ae machines.csv --out again.npy")
    assert np.load("again.npy").shape[0] == 12

    assert main(shlex.split("sample machines.ae -n 3 --out new.npy")) == 2
    assert "covariates ['load']: give those of all 12 steps" in capsys.readouterr().err
    run(f"sample machines.ae -n 3 --out new.npy --y {' '.join(12 * ['300'])}")

    later = X.assign(when=X["when"] + pd.Timedelta("400min")).drop(columns="heat")
    later.to_csv("later.csv", index=False)
    line = "forecast machines.ae machines.csv --steps 6 --covariates later.csv --out next.csv"
    run(f"{line} --intervals False")
    assert len(pd.read_csv("next.csv")) == 12


def test_steps_in_gaps_have_the_time_of_the_last_measurement() -> None:
    pd = pytest.importorskip("pandas")
    hours = [0, 1, 2, 6, 7]
    times = pd.Timestamp("2024-03-01") + pd.to_timedelta(hours, unit="h")
    frame = pd.DataFrame({"time": times, "heat": [1.0, 2.0, 3.0, 4.0, 5.0]})[::-1]
    series = from_frame(frame, time="time", identity=None)

    assert [series.describe_step(0, k)[1].hour for k in range(8)] == [0, 1, 2, 2, 2, 2, 6, 7]


@pytest.mark.slow
@pytest.mark.parametrize("network", [Recurrent(8, skip=True), Transformer(8, 1, 2)], ids=repr)
def test_networks_of_steps_model_series_with_gaps(network, tmp_path) -> None:
    X = waves()
    X[::3, 4:7] = np.nan
    training = ae.Training(epochs=3)
    model = ae.vae(2, modality=Series(), network=network, training=training, random_state=0).fit(X)
    model.save(tmp_path / "model.ae")
    again = ae.load(tmp_path / "model.ae")

    assert isinstance(model.network_, Incomplete)
    assert np.array_equal(again.transform(X), model.transform(X))
    assert np.isfinite(model.score_samples(X)).all()
    assert model.sample(3, random_state=0).shape == X[:3].shape
