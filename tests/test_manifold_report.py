r"""Tests for the report on a manifold."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu
from sklearn.manifold import trustworthiness as trustworthiness_of

import autoencode as ae
from autoencode import manifold, plots
from autoencode.datasets import number_words
from autoencode.manifold import Estimate, report
from autoencode.manifold.preservation import texts as text_preservation
from autoencode.manifold.reporting import comparison, result
from autoencode.manifold.reporting import html as pages
from autoencode.manifold.reporting import report as module
from autoencode.networks import Recurrent

BASIS = torch.linalg.qr(torch.randn(6, 2, generator=torch.Generator().manual_seed(0))).Q.double()
PLANE = (lambda x: x @ BASIS, lambda z: z @ BASIS.T)


def near_a_plane(n: int, seed: int, shift: float = 0.0, noise: float = 0.05) -> np.ndarray:
    rng = np.random.default_rng(seed)
    Z = rng.normal(loc=[shift, 0], size=(n, 2))
    return Z @ BASIS.numpy().T + noise * rng.normal(size=(n, 6))


def within(estimate: Estimate, value: float, errors: float = 3.5) -> bool:
    return abs(estimate.value - value) <= errors * estimate.standard_error


@pytest.fixture(scope="module")
def digits() -> tuple:
    X = ae.datasets.digits().X
    training = ae.Training(epochs=2, show_progress=False)
    return ae.autoencoder(4, layers=(32,), training=training, random_state=0).fit(X[:300]), X[300:]


def test_a_plane_is_known_to_be_flat() -> None:
    found = report(PLANE, near_a_plane(800, seed=0, noise=0.0))

    assert (found.n_examples, found.n_features, found.latent_dim) == (800, 6, 2)
    assert (found.tangent_dim, found.n_connected_components, found.largest_component_fraction) == (
        2,
        1,
        1.0,
    )
    assert found.n_duplicates == 0
    assert found.drift is None
    assert within(found.dimension, 2)
    assert within(found.code_dimension, 2)
    assert found.trustworthiness == found.continuity == Estimate(1.0, 0.0)
    assert found.projection_error.value < 1e-12
    assert found.large_angle_fraction == Estimate(0.0, 0.0)


@pytest.mark.slow
def test_noise_leaves_the_plane_by_its_share() -> None:
    X = near_a_plane(2000, seed=0, noise=3.0)
    found = report((lambda x: x @ BASIS, lambda z: z @ BASIS.T), X)

    # Almost a sphere: no neighbor is in the plane more than anywhere else
    assert 0.5 < found.projection_error.value < 4 / 6 + 3 * found.projection_error.standard_error
    assert found.trustworthiness.value < 0.95


def test_arcs_of_a_circle_turn_as_they_should() -> None:
    N, k = 40, 14
    angle = 2 * math.pi * np.arange(N) / N
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = report((lambda x: x, torch.nn.functional.normalize), X, n_neighbors=k)

    # Seven steps of nine degrees to each side, of which three are up to 30
    assert found.tangent_dim == 1
    assert within(found.large_angle_fraction, 4 / 7)
    assert found.large_angle_fraction.standard_error < 0.1


def test_what_the_report_says_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    angle = np.linspace(0, 6, 40)
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = report((lambda x: x, torch.nn.functional.normalize), X)

    assert found.large_angle_fraction.value > 0
    assert not caplog.records


def test_parts_and_copies_are_counted() -> None:
    X = np.concatenate([near_a_plane(100, seed, shift=100.0 * seed) for seed in range(3)])
    X[:7] = X[0]
    found = report(PLANE, X, n_neighbors=8)

    assert (found.n_connected_components, found.n_duplicates) == (3, 6)
    assert found.largest_component_fraction == pytest.approx(1 / 3)


def test_neighbors_that_are_copies_do_not_count() -> None:
    X = near_a_plane(50, 0)
    once = report(PLANE, X, n_neighbors=8)
    often = report(PLANE, np.tile(X, (2, 1)), n_neighbors=17)  # one copy, and two of each of eight
    assert often.projection_error.value == pytest.approx(once.projection_error.value, abs=0.05)

    with pytest.raises(ValueError, match="Remove copies first"):
        report(PLANE, np.tile(X, (10, 1)), n_neighbors=8)


# Drift


def test_no_drift() -> None:
    found = report(PLANE, near_a_plane(2000, 0), near_a_plane(1000, 1))

    assert within(found.off_manifold, 0.01)
    assert within(found.drift.off_manifold, 0.01)
    assert within(found.drift.p_farther, 0.5)
    assert within(found.drift.p_less_dense, 0.5)
    assert "no sign of drift" in found.findings()["new examples"]


@pytest.mark.slow
def test_drift_along_the_plane_and_across_it() -> None:
    X = near_a_plane(2000, 0)
    along = report(PLANE, X, near_a_plane(1000, 1, shift=12.0)).drift
    across = report(PLANE, X, near_a_plane(1000, 1, noise=0.5))

    assert within(along.p_farther, 0.5)
    assert min(along.p_less_dense.value, along.off_manifold.value) > 0.9
    assert min(across.drift.p_farther.value, across.drift.off_manifold.value) > 0.9
    assert "They have drifted." in across.findings()["new examples"]


def test_chance_of_less_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 300), rng.integers(1, 12, 400)  # with ties
    less = comparison.probability_less(a, b)

    assert less.value == pytest.approx(mannwhitneyu(b, a).statistic / (300 * 400))

    # Of equal continuous laws, the variance is (n + m + 1) / (12 n m)
    a, b = rng.normal(size=300), rng.normal(size=400)
    assert comparison.probability_less(a, b).standard_error == pytest.approx(
        math.sqrt(701 / (12 * 300 * 400)), rel=0.1
    )


# What it is made of


def test_the_same_again_and_ready_for_json(digits) -> None:
    model, X = digits
    found = report(model, X[:400], X[400:500], random_state=1)
    again = report(model, torch.from_numpy(X[:400]), torch.from_numpy(X[400:500]), random_state=1)
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))

    assert found == again
    assert stored == found.to_dict()
    assert stored["drift"]["n_examples"] == 100
    assert stored["dimension"]["standard_error"] > 0
    assert [s["n_neighbors"] for s in stored["dimension_curves"]["data"]] == [2, 4, 8, 16, 32, 64]


def test_it_prints_as_sentences(digits) -> None:
    model, X = digits
    found = report(model, X[:200])
    lines = repr(found).splitlines()

    assert len(lines) == len(found.findings()) == 7
    assert "do not interpolate" in repr(found) or "is reliable" in repr(found)
    assert all(line.endswith((".", ")")) for line in lines)
    assert str(found) == repr(found)


@pytest.mark.parametrize(
    ("share", "advice"),
    [(0.0, "is reliable"), (0.12, "do not interpolate there"), (0.9, "not even between")],
)
def test_advice_follows_the_share(share, advice) -> None:
    sentence = result._interpolation(Estimate(share, 0.01))

    assert advice in sentence
    assert f"{100 * share:.1f} % ± 1.0 %" in sentence


def test_many_examples_are_a_sample(monkeypatch) -> None:
    monkeypatch.setattr(module, "_MAX_EXAMPLES", 150)
    X = near_a_plane(1000, 0)
    found = report(PLANE, X, n_neighbors=5)

    assert (found.n_examples, found.n_available) == (150, 1000)
    assert "a sample of 1,000" in repr(found)

    monkeypatch.setattr(module, "_MAX_NUMBERS", 600)
    assert report(PLANE, X, n_neighbors=5).n_examples == 100


def test_conditional_models() -> None:
    X, y = ae.datasets.digits().X[:200], ae.datasets.digits().y[:200]
    training = ae.Training(epochs=1, show_progress=False)
    model = ae.vae(2, layers=(8,), conditional=True, training=training, random_state=0).fit(X, y)

    assert report(model, X, y=3, n_neighbors=5).latent_dim == 2

    with pytest.raises(ValueError, match="conditional"):
        report(model, X)


def test_too_few_examples() -> None:
    with pytest.raises(ValueError, match="more than 2 n_neighbors = 30 examples, got 30"):
        report(PLANE, near_a_plane(30, 0))


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="at least two new examples to compare, got 1"):
        report(PLANE, near_a_plane(60, 0), near_a_plane(1, 0))

    with pytest.raises(ValueError, match="more distinct examples"):
        report(PLANE, np.ones((60, 6)))


# The folder


def linked(folder: Path) -> list[str]:
    return re.findall(r'src="([^"]*)"', (folder / "index.html").read_text("utf-8"))


@pytest.mark.slow
def test_the_folder_is_whole(digits, tmp_path) -> None:
    model, X = digits
    folder = tmp_path / "new" / "report"
    found = report(model, X[:200], X[200:300], out=folder, n_neighbors=5)
    page = (folder / "index.html").read_text("utf-8")

    assert {*linked(folder), "index.html", "report.json"} == {p.name for p in folder.iterdir()}
    assert len(linked(folder)) == 5
    assert json.loads((folder / "report.json").read_text("utf-8")) == found.to_dict()
    assert "$" not in page
    assert "http" not in page


@pytest.mark.slow
def test_pairs_and_frames_have_pictures_too(tmp_path) -> None:
    pandas = pytest.importorskip("pandas")
    X = near_a_plane(100, 0)[:, :3]
    frame = pandas.DataFrame(X, columns=["red", "green", "blue"])
    report(ae.linear(2).fit(frame), frame, frame, out=tmp_path / "frame")
    report((lambda x: x[:, :2], lambda z: torch.nn.functional.pad(z, (0, 1))), X, out=tmp_path)

    for folder in (tmp_path, tmp_path / "frame"):
        assert "manifold.png" in linked(folder)


@pytest.mark.slow
def test_nothing_is_left_of_a_failed_report(tmp_path, monkeypatch) -> None:
    (tmp_path / "graph.png").write_text("old")

    def fail(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plots, "dimension", fail)

    with pytest.raises(OSError, match="No space"):
        report(PLANE, near_a_plane(100, 0), out=tmp_path, n_neighbors=5)

    assert [p.name for p in tmp_path.iterdir()] == ["graph.png"]
    assert (tmp_path / "graph.png").read_text() == "old"


# Texts


def counted(a: int, b: int) -> list[str]:
    return number_words(random_state=0).X[a:b]


def speller(width: int, epochs: int, n: int) -> ae.Autoencoder:
    training = ae.Training(epochs=epochs, batch_size=16, show_progress=False)
    model = ae.autoencoder(4, network=Recurrent(width), training=training, random_state=0)
    return model.fit(counted(0, n))


@pytest.mark.slow
def test_of_texts_there_is_what_has_a_meaning(tmp_path) -> None:
    rng = np.random.default_rng(0)
    known = counted(400, 600)
    new = ["".join(rng.permutation([*text])) for text in counted(600, 700)] + ["<b>\n"]
    found = report(speller(48, 6, 400), [*known, known[0]], new, out=tmp_path)

    assert (
        found.dimension
        is found.tangent_dim
        is found.projection_error
        is found.large_angle_fraction
        is None
    )
    assert [*found.dimension_curves] == ["codes"]
    assert {*found.sample_sizes} == {"neighbors", "off the manifold"}
    assert found.n_duplicates == 1
    assert found.off_manifold.value < 0.1
    assert found.drift.off_manifold.value > 0.8
    assert found.drift.p_farther.value > 0.95
    assert "They have drifted" in found.findings()["new examples"]
    assert "tokens, which have edit distances but no directions" in found.findings()["left out"]
    assert not {"planes", "interpolation"} & {*found.findings()}

    page = (tmp_path / "index.html").read_text("utf-8")
    assert linked(tmp_path) == ["graph.png", "dimension.png"]
    assert {p.name for p in tmp_path.iterdir()} == {
        *linked(tmp_path),
        "index.html",
        "report.json",
    }
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == found.to_dict()
    assert "<b>" not in page
    assert page.count("<tr>") == 11
    assert any(f"<td>{text}</td>" in page for text in new)


@pytest.mark.slow
def test_neighbors_of_texts_are_those_with_few_edits() -> None:
    X, rng = counted(400, 440), np.random.default_rng(0)
    model = speller(8, 1, 40)
    found = report(model, X, n_neighbors=5)
    D = np.array([[_levenshtein(a, b) for b in X] for a in X])
    modality = model.modality_
    assert (
        text_preservation.pairwise_edit_distances(modality.to_bytes(modality.load(X)), 5).numpy()
        == D
    ).all()

    # As of any distances, between which chance decides where they are equal
    Z, values = model.transform(X), []

    for _ in range(64):
        mixed = np.triu(D + 0.5 * rng.random(D.shape), k=1)
        mixed += mixed.T
        values.append(trustworthiness_of(mixed, Z, n_neighbors=5, metric="precomputed"))

    error = np.std(values) / 8
    assert found.trustworthiness.value == pytest.approx(np.mean(values), abs=4 * error)
    assert found.trustworthiness.standard_error == 0


def _levenshtein(a: str, b: str) -> int:
    row = [*range(len(b) + 1)]

    for i, letter in enumerate(a):
        new = [i + 1]
        for j, other in enumerate(b):
            new.append(min(row[j] + (letter != other), row[j + 1] + 1, new[j] + 1))
        row = new

    return row[-1]


def test_without_ties_edits_are_as_any_distance() -> None:
    x, z = torch.randn(60, 5).double(), torch.randn(60, 2).double()
    found = text_preservation.rank_preservation(torch.cdist(x, x), z, 4, 60)
    expected = [f(x, z, n_neighbors=4) for f in (manifold.trustworthiness, manifold.continuity)]

    for a, b in zip(found, expected, strict=True):
        assert a.value == pytest.approx(b.value)

    # Where all are equally far, all are neighbors in equal parts, as by chance
    far = torch.ones(60, 60).double()
    ranks = np.arange(1, 60)
    chance = 4 / 59 * np.clip(ranks - 4, 0, None).sum() * 2 / (4 * (2 * 60 - 3 * 4 - 1))

    for estimate in text_preservation.rank_preservation(far, z, 4, 60):
        assert estimate.value == pytest.approx(1 - chance)


@pytest.mark.slow
def test_long_texts_are_compared_by_how_they_begin() -> None:
    x = torch.full((40, 2000), 97)
    x[:, 1500] = torch.arange(40)
    x[3, 10] = 98
    D = text_preservation.pairwise_edit_distances(x, least=5)

    assert 5 <= len(D) < 40
    assert D.sum() == D[3].sum() + D[:, 3].sum() == 2 * (len(D) - 1)


def test_a_folder_that_cannot_be_is_found_before_the_work(tmp_path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ValueError, match="cannot write"):
        report(None, None, out=tmp_path / "file")


def test_public_names_are_there() -> None:
    for name in manifold.__all__:
        assert getattr(manifold, name) is not None


SCRIPT = "<script>alert('&')</script>"


def _pages(folder: Path) -> str:
    return (folder / "index.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["columns", "texts"])
def test_text_of_data_is_escaped_in_pages(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    once = {"training": ae.Training(epochs=1, show_progress=False), "random_state": 0}
    X: object
    if kind == "columns":
        pandas = pytest.importorskip("pandas")
        X = pandas.DataFrame(near_a_plane(120, 0), columns=[f"{SCRIPT}{j}" for j in range(6)])
        model = ae.autoencoder(2, layers=(8,), **once).fit(X)
    else:
        X = [f"{SCRIPT} {rng.integers(10**6)}" for _ in range(80)]
        model = ae.autoencoder(2, network=Recurrent(8), **once).fit(X)

    out = tmp_path / "<b>&"
    report(model, X, y=None, out=out)
    page = _pages(out)

    assert "<script" not in page
    assert "<b>" not in page
    assert kind == "columns" or "&lt;script&gt;" in page
    assert not re.search(r"&(?!\w+;|#)", page)


def test_captions_names_and_cells_are_escaped(tmp_path: Path) -> None:
    found = report(PLANE, near_a_plane(200, seed=0))
    shown = [("", SCRIPT, [[SCRIPT, "b"], ["a & b", SCRIPT]])]
    pages.write(tmp_path, found, iter(shown))

    assert "<script" not in _pages(tmp_path)
    assert "a &amp; b" in _pages(tmp_path)


def test_the_demo_escapes_what_models_write() -> None:
    from autoencode.demo import tables, texts

    assert "<script" not in tables._cells("td", [SCRIPT]) + texts._lines([SCRIPT])
