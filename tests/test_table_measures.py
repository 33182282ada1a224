r"""Tests of measures of new rows of tables, beside those of sdmetrics."""

import json
import shlex
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.datasets import load_iris, load_wine
from torch.distributions import Independent, Normal

import autoencode as ae
from autoencode.cli import main
from autoencode.common.estimates import Estimate
from autoencode.data import Examples
from autoencode.distributions import FixedGaussian, Observed
from autoencode.evaluation import classifier_test, column_shapes, pair_trends, training_on_new
from autoencode.inference.quality.imputed import measure_imputation
from autoencode.inference.quality.task import Task
from autoencode.modalities.capabilities import CellScored, Tabular

WINE = load_wine()
# Three columns of numbers, and two categories
TABLE = np.c_[WINE.data[:, [0, 6, 12]], WINE.target, WINE.data[:, 4] > 100]
REAL, NEW, LEVELS = TABLE[::2], TABLE[1:140:2], [3, 4]
QUICK = ae.Training(epochs=2)


def frame() -> pd.DataFrame:
    table = load_iris(as_frame=True).frame
    table = table.assign(kind=table.pop("target").map(lambda k: "abc"[k]))
    table.loc[::7, "petal width (cm)"] = np.nan

    return table.sample(frac=1, random_state=0, ignore_index=True)


def test_columns_and_pairs_agree_as_in_sdmetrics() -> None:
    # sdmetrics 0.23.0: KSComplement, TVComplement, CorrelationSimilarity, ContingencySimilarity;
    # numbers beside a category are given to it in ten bins by quantiles of the real rows
    shapes = column_shapes(REAL, NEW, LEVELS)
    expected = [0.8545746388, 0.7987158909, 0.8715890851, 0.8017656501, 0.9168539326]
    assert_allclose(shapes, expected, atol=1e-9)

    pairs = pair_trends(REAL, NEW, LEVELS)
    chosen = pairs[[0, 0, 1, 3, 0], [1, 2, 2, 4, 3]]
    expected = [0.9077089848, 0.9272272589, 0.9594956714, 0.7881219904, 0.6892455859]
    assert_allclose(chosen, expected, atol=1e-9)
    assert_allclose(pairs, pairs.T)
    assert np.isnan(pairs.diagonal()).all()


def test_equal_tables_agree_whatever_is_missing() -> None:
    X = TABLE.copy()
    X[::5, 0], X[::3, 3], X[:, 2] = np.nan, np.nan, 7.0
    assert_allclose(column_shapes(X, X[::-1], LEVELS), 1)
    pairs = pair_trends(X, X[::-1], LEVELS)
    assert_allclose(pairs[0, [1, 3, 4]], 1)
    assert np.isnan(pairs[2, 0])  # a constant has no correlation

    with pytest.raises(ValueError, match="the same columns"):
        pair_trends(X, X[:, :2])


@pytest.mark.slow
def test_a_forest_tells_apart_what_differs() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 300, 2))
    like = classifier_test(X, Y)
    assert abs(like.value - 0.5) < 4 * like.standard_error
    turned = np.c_[X[:, 0], 0.9 * X[:, 0] + 0.4 * X[:, 1]]  # columns alike, and not their pair
    assert classifier_test(turned, Y).value > 0.7
    X[::4, 1] = np.nan
    assert np.isfinite(classifier_test(X, Y).value)


def test_rows_of_one_distribution_serve_as_well_for_training() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 3))
    X[:, 2] = X[:, 0] > 0.3
    train, test, new = X[:300], X[300:600], X[600:]
    found = training_on_new(train, test, new, 2)
    assert abs(found.on_new.value - found.on_real.value) < 0.05
    spoiled = np.c_[new[:, :2], rng.permutation(new[:, 2])]
    assert training_on_new(train, test, spoiled, 2).on_new.value < found.on_new.value - 0.1

    with pytest.raises(ValueError, match="column 2"):
        training_on_new(train, test, np.c_[new[:, :2], np.full(300, np.nan)], 2)


class Rows(Tabular, CellScored):
    r"""Rows of numbers as they are, each of which may be missing."""

    to_numeric = staticmethod(np.asarray)
    normalize = restore = as_type_of = staticmethod(lambda x: x)
    draw = staticmethod(lambda p: p.sample())
    scaled_error = cells = None

    def mask_each_cell(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
        for j in range(x.shape[1]):
            yield x.index_fill(1, torch.tensor([j]), torch.nan)


def test_intervals_of_the_true_model_hold_what_they_promise(probabilistic_pca) -> None:
    def wide(x: torch.Tensor) -> Independent:  # weights of codes correct it
        q = probabilistic_pca.posterior(x.nan_to_num())
        return Independent(Normal(q.mean, 3 * q.stddev), 1)

    def coverage(scale: float) -> Estimate:
        model = probabilistic_pca.model(wide)
        model.decoder.family = Observed(FixedGaussian(scale))
        model.encoder.shape, model.encoder.event = (5,), (2,)
        model.register_parameter("unused", torch.nn.Parameter(torch.zeros(1)))  # tells the device
        return measure_imputation(Task(model, Rows(), test)).values["imputation_coverage"]

    test = Examples(probabilistic_pca.sample_and_log_prob(800)[0])
    found = coverage(probabilistic_pca.scale)
    assert abs(found.value - 0.9) < 4 * found.standard_error
    assert coverage(probabilistic_pca.scale / 4).value < 0.8  # too sure


@pytest.mark.slow
def test_new_rows_and_metadata_are_reported(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    table = frame()
    train, test = table[:90], table[90:].reset_index(drop=True)
    model = ae.vae(2, training=QUICK, random_state=0).fit(train)
    about = pd.DataFrame({"size": test["petal length (cm)"], "kind": test["kind"]})
    found = model.evaluate(test, X_train=train, metadata=about)
    names = ("column_shapes", "pair_trends", "told_apart", "trained_on_new", "trained_on_real")
    assert all(0 <= found[name] <= 1 for name in (*names, "imputation_coverage"))
    assert len(found.details["pairs"]) == 10
    assert {*found.details["metadata"]} == {"size", "kind"}
    text = repr(found)
    assert "New rows: columns agree by" in text
    assert "Imputation: intervals" in text
    assert "Metadata: mutual information" in text

    with pytest.raises(ValueError, match="one value for each of the 60 examples"):
        model.evaluate(test, metadata={"size": [1.0, 2.0]})

    model.save("m.ae")
    test.to_csv("test.csv", index=False)
    about.to_csv("about.csv", index=False)
    assert main(shlex.split("evaluate m.ae test.csv --metadata about.csv --out e.json")) == 0
    assert "Metadata:" in capsys.readouterr().out
    assert {*json.loads(Path("e.json").read_text())["metadata"]} == {"size", "kind"}
    about[:-1].to_csv("short.csv", index=False)
    assert main(shlex.split("evaluate m.ae test.csv --metadata short.csv")) == 2
    assert "one row for each of the 60 examples" in capsys.readouterr().err


def test_codes_that_are_no_vectors_have_no_units() -> None:
    X = ae.datasets.digits().X[:40]
    model = ae.vq_vae(training=QUICK, random_state=0).fit(X)
    encoded = model.model_.encode(torch.zeros(1, 1, 8, 8)).mean
    told = pytest.raises(ValueError, match="leave metadata out")

    with told if encoded.ndim != 2 else nullcontext():
        model.evaluate(X, metadata={"label": np.arange(40)})
