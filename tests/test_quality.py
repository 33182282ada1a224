r"""Tests of the measures of a model on held-out examples."""

import base64
import io
import json
import math
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA
from torch.distributions import Independent, Normal

import autoencode as ae
from autoencode.cli import main
from autoencode.data import Examples
from autoencode.diagnosis import Diagnosis, Finding
from autoencode.distributions import DiscretizedLogistic
from autoencode.evaluation import (
    annealed_log_evidence,
    copying,
    fidelity,
    frechet_distance,
    log_evidence,
    mutual_information,
    unit_information,
)
from autoencode.inference.quality import Evaluation, density, measure_terms
from autoencode.objectives import Reconstruction
from autoencode.objectives.image_similarity import structural_similarity
from autoencode.pages import Chart
from autoencode.training.step import TrainStep, losses

WINE = load_wine().data
QUICK = ae.Training(epochs=2)


@pytest.fixture(scope="module")
def wine() -> ae.Autoencoder:
    return ae.vae(2, training=ae.Training(epochs=5), random_state=0).fit(WINE[::2])


def test_densities_are_means_of_scores(wine: ae.Autoencoder) -> None:
    X = WINE[1::2]
    found = wine.evaluate(X)
    scores = wine.score_samples(X)
    assert found["log_p"] == pytest.approx(scores.mean(), rel=1e-5)
    error = scores.std(ddof=1) / math.sqrt(len(X))
    assert found.standard_errors["log_p"] == pytest.approx(error, rel=1e-4)
    assert 0 < found["effective_samples"] <= 1
    assert found["bound"] == pytest.approx(-found["distortion"] - found["rate"], rel=1e-5)
    assert found["bound"] < found["log_p"]  # both in the user's units
    alone = ae.linear(2, modality=ae.modalities.Tables("none")).fit(X * 100).evaluate(X * 100)
    scaled = ae.linear(2, modality=ae.modalities.Tables("whole")).fit(X * 100).evaluate(X * 100)
    assert scaled["total"] == pytest.approx(alone["total"], abs=1e-2)
    assert found.standard_errors["rate"] > 0


def test_reconstructions_keep_the_variance_that_is_explained() -> None:
    X, new = WINE[::2], WINE[1::2]
    found = ae.linear(3).fit(X).evaluate(new)
    pca = PCA(3).fit(X)
    errors = np.square(new - pca.inverse_transform(pca.transform(new))).sum(axis=1)
    assert found["error"] == pytest.approx(errors.mean(), rel=1e-2)
    assert sum(c["error"] for c in found.details["columns"].values()) == pytest.approx(
        found["error"], rel=1e-4
    )
    total = np.square(new - new.mean(axis=0)).sum()
    assert found["explained_variance"] == pytest.approx(1 - errors.sum() / total, abs=1e-5)


def test_new_examples_are_compared_in_principal_components(wine: ae.Autoencoder) -> None:
    X, new = WINE[::2], WINE[1::2]
    found = wine.evaluate(new, X_train=X)
    assert found == wine.evaluate(new, X_train=X)

    # As many components as columns keep all distances
    scale = (X.mean(axis=0), X.std(axis=0))
    real, train = ((a - scale[0]) / scale[1] for a in (new, X))
    assert found["frechet_real"] == pytest.approx(
        frechet_distance(real[::2], real[1::2]), rel=1e-3
    )
    assert 0 <= found["copying"] <= 1

    spread = fidelity(real, train)  # other rows of the same wines
    assert found["coverage"] > spread.coverage.value / 2
    assert copying(train, real, train).value > found["copying"]


def test_discrete_images_have_bits_per_dimension() -> None:
    X = ae.datasets.digits().X[:120]
    model = ae.vae(2, likelihood=DiscretizedLogistic(), layers=(16,), training=QUICK).fit(X)
    found = model.evaluate(X)
    assert found["bits_per_dimension"] == pytest.approx(-found["log_p"] / 64 / math.log(2))
    mse = np.square((X - np.asarray(model.reconstruct(X), float)) / 255).mean()
    x, r = (
        torch.from_numpy(np.asarray(a, np.float32))[:, None] / 255
        for a in (X, model.reconstruct(X))
    )
    assert found["ssim"] == pytest.approx(float(structural_similarity(x, r).mean()), abs=0.02)
    assert found["psnr"] == pytest.approx(-10 * math.log10(mse), abs=0.1)


def test_texts_are_measured_by_edits() -> None:
    words = ["undo", "redo", "make", "remake", "load", "unload"] * 4
    model = ae.autoencoder(2, training=QUICK, random_state=0).fit(words)
    found = model.evaluate(words)
    pairs = zip(words, model.reconstruct(words))
    assert found["exact"] == np.mean([a == b for a, b in pairs])
    assert found["edits"] == pytest.approx(model.reconstruction_error(words).mean())
    assert "edits per text" in repr(found)
    assert "frechet_distance" not in found


def test_standard_errors_of_terms_of_batches_are_those_of_all_examples() -> None:
    model = ae.linear(2, modality=ae.modalities.Tables("none")).fit(WINE)
    step = TrainStep(model.model_, Reconstruction(), normalize=model.modality_.normalize)
    x = model.modality_.load(WINE)
    found = measure_terms(step, model.modality_, [Examples(x[:100]), Examples(x[100:])])["total"]
    each = losses(step, Examples(x), seed=0)
    assert found.value == pytest.approx(float(each.mean()), rel=1e-5)
    assert found.standard_error == pytest.approx(float(each.std()) / len(x) ** 0.5, rel=1e-4)


def test_annealing_finds_the_evidence_where_importance_sampling_fails(probabilistic_pca) -> None:
    def far(x: torch.Tensor) -> Independent:
        return Independent(Normal(probabilistic_pca.posterior(x).mean + 3, 0.3), 1)

    x, truth = probabilistic_pca.sample_and_log_prob(3)
    exact = annealed_log_evidence(probabilistic_pca.model(), x, 4, n_temperatures=5)
    assert exact.value.tolist() == pytest.approx(truth.tolist(), abs=1e-9)

    value, error = annealed_log_evidence(probabilistic_pca.model(far), x, 32, n_temperatures=60)
    assert ((value - truth).abs() < 4 * error + 0.05).all()
    assert (error < 1).all()
    assert (log_evidence(probabilistic_pca.model(far), x, 128) < truth - 3).all()


def test_p_values_of_like_examples_are_uniform() -> None:
    ll = torch.randn(1000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    like = density._calibration(ll[:500], ll[500:]).values["rejected"]
    assert abs(like.value - 0.05) < 4 * like.standard_error
    assert density._calibration(ll[:500] - 100, ll[500:]).values["rejected"].value == 1


def test_units_of_a_gaussian_channel_have_its_capacity() -> None:
    x = torch.randn(1500, 2, generator=torch.Generator().manual_seed(7))
    scale = torch.tensor([0.5, 50.0])
    channel = SimpleNamespace(
        encode=lambda x: Independent(Normal(x, scale), 1),
        posterior=SimpleNamespace(has_density=True),
    )
    capacity = 0.5 * torch.log1p(1 / scale.square())
    assert unit_information(channel, x).tolist() == pytest.approx(capacity.tolist(), abs=0.08)
    total = mutual_information(channel, x)
    assert total == pytest.approx(float(capacity.sum()), abs=0.08)


def test_pages_escape_text_and_embed_pictures(tmp_path: Path) -> None:
    bars = Chart("bars", {"<b>": 1.0, "$": 2.0}, "The <i>errors</i>.", "error")
    rows = Chart("table", [["text"], ["<script>a\u202e"]], "Texts.")
    charts = {"Reconstructions": [bars, rows]}
    Evaluation({"edits": 1.0, "exact": 0.5}, {}, {}, charts).save(tmp_path / "e.html")
    page = (tmp_path / "e.html").read_text("utf-8")
    assert "The &lt;i&gt;errors" in page
    assert "&lt;script&gt;a\N{MIDDLE DOT}" in page
    image = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    assert Image.open(io.BytesIO(image)).width > 500

    finding = Finding("copies", 0.5, "Row <1>.", "Use $5.", {"a": 1.0}, rows)
    Diagnosis([finding], ["drift"]).save(tmp_path / "d.html")
    page = (tmp_path / "d.html").read_text("utf-8")
    assert "Row &lt;1&gt;. Use $5." in page
    assert "<table>" in page

    with pytest.raises(ValueError, match=r"a \.json or \.html file"):
        Diagnosis([]).save(tmp_path / "d.txt")


@pytest.mark.slow
def test_all_kinds_are_evaluated(tmp_path: Path) -> None:
    frame = load_iris(as_frame=True).frame.assign(kind=[*"abc"] * 50)
    frame.loc[::7, "petal width (cm)"] = np.nan
    rng = np.random.default_rng(0)
    series = rng.normal(size=(40, 30, 2)).cumsum(axis=1)
    series[::3, 4:8] = np.nan
    tasks = [
        (ae.vae(2, training=QUICK), frame, None),
        (ae.vae(2, training=QUICK, conditional=True), WINE, load_wine().target),
        (ae.vq_vae(training=QUICK), ae.datasets.digits().X[:100], None),
        (ae.vae(2, modality=ae.modalities.Series(), training=QUICK), series, None),
        (ae.sparse(training=QUICK), WINE, None),
    ]

    for model, X, y in tasks:
        model.set_params(random_state=0).fit(X, y)
        found = model.evaluate(X, y, X_train=X)
        assert all(map(math.isfinite, found.values())), (model, found)
        assert len(repr(found).splitlines()) >= 3
        model.save(tmp_path / "m.ae")
        assert ae.load(tmp_path / "m.ae").evaluate(X, y, X_train=X) == found
        found.save(tmp_path / "e.html")
        assert (tmp_path / "e.html").read_text("utf-8").count("<img") >= 3


def test_command_line(wine: ae.Autoencoder, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    wine.save("wine.ae")
    np.save("train.npy", WINE[::2])
    np.save("test.npy", WINE[1::2])
    assert main(shlex.split("evaluate wine.ae test.npy --train train.npy --out e.json")) == 0
    printed = capsys.readouterr().out
    found = json.loads(Path("e.json").read_text())
    assert found["measures"] == dict(wine.evaluate(WINE[1::2], X_train=WINE[::2]))
    assert "Density: log p(x)" in printed
    assert "closer to the training data" in printed

    pd.DataFrame(WINE[:, :3]).to_csv("narrow.csv", index=False)
    assert main(shlex.split("evaluate wine.ae narrow.csv")) == 2
    assert main(shlex.split("evaluate wine.ae test.npy --out e.txt")) == 2
