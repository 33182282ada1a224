r"""Tests of the comparison of models with classical methods."""

import json
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import KFold

import autoencode as ae
from autoencode.cli import main
from autoencode.comparison.intervals import Interval, corrected_interval
from autoencode.comparison.methods import ending, train
from autoencode.comparison.race import contenders
from autoencode.comparison.recommendation import choose, recommend
from autoencode.comparison.result import Row
from autoencode.comparison.rows import Rows
from autoencode.manifold.preservation.texts import tied_recall

WINE, KINDS = load_wine(return_X_y=True)
QUICK = ae.Training(epochs=1)


def of(found: ae.comparison.Comparison, method: str, size: int = 2) -> Row:
    return next(row for row in found.rows if (row.method, row.latent_dim) == (method, size))


def test_the_error_of_principal_components_is_the_variance_that_they_leave() -> None:
    found = ae.compare(WINE, methods=["pca"], latent_dims=[2, 5], n_folds=4, random_state=3)
    seed = np.random.RandomState(3).randint(2**31 - 4)
    shares = []

    for known, new in KFold(4, shuffle=True, random_state=seed).split(WINE):
        mean, scale = WINE[known].mean(axis=0), WINE[known].std(axis=0)
        x, x_new = (WINE[known] - mean) / scale, (WINE[new] - mean) / scale
        V = np.linalg.svd(x, full_matrices=False)[2][:2]
        shares.append(np.square(x_new - x_new @ V.T @ V).sum() / np.square(x_new).sum())

    assert of(found, "pca").measures["error"].value == pytest.approx(np.mean(shares), rel=1e-4)
    assert of(found, "pca", 5).measures["error"].value < np.mean(shares)


def test_intervals_allow_for_shared_examples() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=6)
    mean, low, high = corrected_interval(values, test_ratio=0.2)

    # 2.5706 is the 97.5 % point of t with five degrees of freedom
    half = 2.570582 * np.sqrt((1 / 6 + 0.2) * np.var(values, ddof=1))
    assert (mean, high - mean, mean - low) == pytest.approx((values.mean(), half, half))
    assert np.isnan(corrected_interval([1.0], 0.2).low)


def test_as_many_neighbors_are_kept_as_there_are() -> None:
    found = ae.compare(WINE, methods={"whole": lambda d: PCA(12)}, latent_dims=[12], n_folds=3)
    assert of(found, "whole", 12).measures["neighbors"].value > 0.95

    noise = {"noise": lambda d: Noise(d)}
    kept = of(ae.compare(WINE, KINDS, noise, [2], n_folds=3), "noise").measures
    assert kept["neighbors"].value == pytest.approx(10 / (len(WINE) / 3 - 1), abs=0.06)
    most = DummyClassifier().fit(WINE, KINDS).score(WINE, KINDS)
    assert kept["linear_probe"].value == pytest.approx(most, abs=0.12)


class Noise(BaseEstimator):
    r"""Codes that have nothing to do with examples."""

    def __init__(self, size: int = 2, random_state: int = 0) -> None:
        self.size, self.random_state = size, random_state

    def fit(self, X: Any, y: Any = None) -> "Noise":
        return self

    def transform(self, X: Any) -> Any:
        return np.random.default_rng(self.random_state).normal(size=(len(X), self.size))


def test_a_better_method_is_recommended_and_an_equal_one_is_not() -> None:
    methods = {"pca": PCA, "wider": lambda d: PCA(d + 2), "same": lambda d: PCA(d)}
    found = ae.compare(WINE, methods=methods, latent_dims=[2], n_folds=3)
    assert found.best() == of(found, "wider")
    assert "less than pca" in found.recommendation
    assert of(found, "same").excess == Interval(0.0, 0.0, 0.0)

    del methods["wider"]
    found = ae.compare(WINE, methods=methods, latent_dims=[2], n_folds=3)
    assert found.best() == of(found, "pca")
    assert "no method loses less" in found.recommendation


def test_the_smallest_size_that_keeps_most_is_recommended() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3)) @ rng.normal(size=(3, 8)) + 1e-3 * rng.normal(size=(90, 8))
    found = ae.compare(X, methods=["pca"], latent_dims=[1, 6, 3], n_folds=3)
    assert found.best().latent_dim == 3
    assert "Keep 3 numbers: 3 is the first size that keeps 95 % (1 loses" in found.recommendation

    alone = ae.compare(rng.normal(size=(90, 8)), methods=["pca"], latent_dims=[1], n_folds=3)
    assert "more numbers may lose less" in alone.recommendation


@given(st.dictionaries(st.tuples(st.sampled_from("abcdefg"), st.integers(1, 3)),
       st.lists(st.floats(0, 1), min_size=1, max_size=3), min_size=1))  # fmt: skip
def test_a_round_halves_the_doubtful_and_keeps_best_and_reference(errors: Any) -> None:
    kept = contenders(errors, "a")
    assert len(set(kept)) == len(kept)
    assert set(kept) <= set(errors)

    sizes = {d for _, d in errors}
    best = {min((np.mean(e), c) for c, e in errors.items() if c[1] == d)[0] for d in sizes}
    assert best <= {np.mean(errors[c]) for c in kept}
    assert {c for c in errors if c[0] == "a"} <= set(kept)
    assert len(kept) <= len(errors) / 2 + 2 * len(sizes) + 1


def test_what_is_known_is_returned_when_time_is_up_or_someone_stops() -> None:
    found = ae.compare(WINE, methods=["pca"], latent_dims=[2], time_budget=0.0001)
    assert found.rows == []
    assert "time budget" in repr(found)
    assert "No method" in found.recommendation

    class Stopped(PCA):
        def fit(self, X: Any, y: Any = None) -> Any:
            fits.append(len(X))

            if len(fits) == 2:
                raise KeyboardInterrupt

            return super().fit(X)

    fits: list[int] = []
    found = ae.compare(WINE, methods={"stopped": Stopped}, latent_dims=[2])
    assert of(found, "stopped").n_folds == 1
    assert "interrupted" in repr(found)
    assert "may be chance" in found.recommendation


def test_a_training_that_has_begun_ends_with_the_time() -> None:
    past = ending(ae.Training(epochs=500), end=0.0)
    rows = Rows(ae.modalities.Tables(), WINE)
    cut = train(lambda d: ae.autoencoder(d, training=past), 2, rows, WINE, seed=0, end=0.0)
    assert cut.notes == ("its training ended after 0 of 500 epochs",)
    assert 0 < cut.error(WINE) < 1.5

    unhurried = ending(ae.Training(learning_rate=0.01), time.monotonic() + 1e6)
    assert unhurried.resolve(1000).epochs == ae.Training().resolve(1000).epochs
    assert unhurried.clone().learning_rate == 0.01


def test_the_smallest_size_within_a_standard_error_is_kept() -> None:
    def row(size: int, value: float, half: float) -> Row:
        measures = {"error": Interval(value, value - half, value + half)}
        return Row("pca", size, measures, None, 0.1, 5)

    rows = [row(2, 0.50, 0.03), row(4, 0.31, 0.03), row(8, 0.30, 0.03)]  # 2.8 errors to each side
    assert choose(rows, "pca").latent_dim == 4
    assert "lose less by no more than one standard error" in recommend(rows, "pca")
    assert choose([*rows, row(16, 0.2, 0.03)], "pca").latent_dim == 16


def test_methods_without_codes_of_new_examples_are_marked() -> None:
    pytest.importorskip("sklearn", "1.8")
    found = ae.compare(WINE, KINDS, ["mds", "pca", "isomap"], [2], n_folds=3)
    mds = of(found, "mds")
    assert not mds.inductive
    assert "mds*" in repr(found)
    assert "fitted to the held-out examples" in repr(found)
    assert "isomap*" not in repr(found)
    assert set(mds.measures) == {"neighbors"}
    assert "error" not in of(found, "isomap").measures


def test_labels_may_be_fractions() -> None:
    halves, whole = (ae.compare(WINE, y, ["pca"], [2], n_folds=3) for y in (KINDS / 2, KINDS))
    assert of(halves, "pca").measures == of(whole, "pca").measures


def test_refusals_come_before_any_work() -> None:
    for wrong, options in (
        ("expected methods out of", {"methods": ["pca", "tsne"]}),
        ("latent_dims", {"latent_dims": [0]}),
        ("latent_dims", {"latent_dims": []}),
        ("n_folds", {"n_folds": 1}),
        ("n_folds", {"n_folds": 100}),
        ("a time such as", {"time_budget": 0}),
        ("one label per example", {"y": [0, 1]}),
    ):
        with pytest.raises(ValueError, match=wrong):
            ae.compare(WINE, **options)

    with pytest.raises(TypeError, match="a function from a code size"):
        ae.compare(WINE, methods={"mine": PCA(2)})


def test_codes_as_wide_as_the_data_are_not_measured() -> None:
    found = ae.compare(WINE, methods=["pca"], latent_dims=[2, 13], n_folds=3)
    assert of(found, "pca", 13).n_folds == 0
    assert "need no compression" in repr(found)
    assert json.loads(json.dumps(found.to_dict()))["rows"][1]["notes"]


def test_texts_are_measured_by_edits() -> None:
    words = [a + b for a in ("un", "re", "over") for b in ("do", "make", "load", "take", "set")]
    model = {"texts": lambda d: ae.autoencoder(d, training=QUICK)}
    found = ae.compare(words * 2, methods=model, latent_dims=[2], n_folds=2)
    assert of(found, "texts").n_folds == 2  # also where the longest word is held out
    assert found.tokenized
    assert {"error", "neighbors"} <= set(of(found, "texts").measures)

    z = torch.randn(30, 3, dtype=torch.float64)
    D = torch.cdist(z, z)
    a, b = (np.argsort(x.numpy(), axis=1)[:, 1:6] for x in (D, torch.cdist(z[:, :2], z[:, :2])))
    shared = np.mean([len({*i} & {*j}) / 5 for i, j in zip(a, b)])
    assert tied_recall(D, z[:, :2], 5).value == pytest.approx(shared)
    assert tied_recall(torch.ones(30, 30), z, 5).value == pytest.approx(5 / 29)


def test_mixed_tables_with_missing_cells_are_rows() -> None:
    frame = load_iris(as_frame=True).frame.assign(kind=[*"abc"] * 50)
    frame.loc[3, "petal width (cm)"] = np.nan
    models = {"pca": PCA, "vae": lambda d: ae.vae(d, training=QUICK)}
    found = ae.compare(frame, methods=models, latent_dims=[2], n_folds=2)
    assert 0 < of(found, "pca").measures["error"].value < 1
    assert np.isfinite(of(found, "vae").measures["error"].value)


def test_warnings_of_a_fit_become_notes() -> None:
    far = WINE.copy()
    far[0, 0] = 1e6
    found = ae.compare(far, methods=["linear"], latent_dims=[2], n_folds=2)
    assert "row 0" in of(found, "linear").notes[0]


def test_command_line(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    images, labels = load_digits(return_X_y=True)
    np.savez("digits.npz", X=images[:200].reshape(-1, 8, 8).astype(np.uint8), y=labels[:200])
    line = "compare digits.npz --methods pca --latent-dims 2 4 --n-folds 2 --out found"
    assert main(shlex.split(line)) == 0
    said = capsys.readouterr().out
    assert "neighbor probe" in said
    assert "Use pca with 4 numbers" in said
    assert "Next: autoencode fit digits.npz --recipe linear --latent-dim 4" in said
    assert (tmp_path / "found" / "comparison.png").stat().st_size > 1000
    rows = json.loads((tmp_path / "found" / "comparison.json").read_text())["rows"]
    assert [row["latent_dim"] for row in rows] == [2, 4]

    assert main(shlex.split(line)) == 0  # its own earlier result
    assert main(shlex.split(line.replace("pca", "tsne"))) == 2
    assert "expected methods out of" in capsys.readouterr().err

    pd.DataFrame(WINE).to_csv("wine.csv", index=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "comparison.json").write_text("{}")
    wine = "compare wine.csv --methods pca --latent-dims 2 --n-folds 2 --out mine"
    assert main(shlex.split(wine)) == 2
    assert main(shlex.split(f"{wine} --force")) == 0


def test_a_comparison_is_returned_on_a_full_disk(tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "comparison.png")

    monkeypatch.setattr(ae.comparison.Comparison, "save", full)
    options: dict[str, Any] = {"methods": ["pca"], "latent_dims": [1], "n_folds": 2}

    with pytest.warns(ae.FitWarning, match="No space left on device.*It is returned"):
        found = ae.compare(WINE[:20], out=tmp_path, **options)

    assert len(found.rows) == 1
