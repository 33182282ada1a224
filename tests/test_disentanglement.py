r"""Tests of the agreement of units with known factors."""

import itertools

import numpy as np
import pytest

from autoencode.evaluation import disentanglement, factor_vae_score, metadata_information
from autoencode.evaluation.factors import _concentration, _modularity

FACTORS = np.array([*itertools.product(range(4), range(3), range(5))] * 5)
MEASURES = ("mig", "sap", "modularity", "disentanglement", "completeness", "informativeness")


def test_units_that_are_factors_have_all() -> None:
    Z = FACTORS[:, [2, 0, 1]] * [0.1, -3.0, 7.0]
    found = disentanglement(Z, FACTORS)

    # A linear probe tells more than two values of one number apart only in part
    for name in {*MEASURES} - {"sap"}:
        assert getattr(found, name) > 0.97, name

    assert found.information.argmax(axis=0).tolist() == [1, 2, 0]


def test_units_that_know_nothing_have_nothing() -> None:
    Z = np.random.default_rng(0).normal(size=(len(FACTORS), 4))
    found = disentanglement(Z, FACTORS)
    assert found.mig < 0.05
    assert found.sap < 0.15
    assert found.informativeness < 0.45


def test_the_information_gap_is_what_is_defined() -> None:
    rng = np.random.default_rng(1)
    Z = FACTORS @ rng.normal(size=(3, 4)) + 0.3 * rng.normal(size=(len(FACTORS), 4))
    found = disentanglement(Z, FACTORS, n_bins=7)
    gaps = []

    for v in FACTORS.T:
        information = []

        for z in Z.T:
            joint = np.histogram2d(z, v, bins=[7, len(np.unique(v))])[0] / len(z)
            p, q = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
            some = joint > 0
            information.append((joint[some] * np.log((joint / (p * q))[some])).sum())

        share = np.unique(v, return_counts=True)[1] / len(v)
        second, first = np.sort(information)[-2:]
        gaps.append((first - second) / -(share * np.log(share)).sum())

    assert found.mig == pytest.approx(np.mean(gaps))


def test_two_units_that_share_a_factor_have_no_gap() -> None:
    Z = FACTORS[:, [0, 0, 1, 1, 2, 2]].astype(float)
    found = disentanglement(Z, FACTORS)
    assert found.mig == pytest.approx(0, abs=1e-12)
    assert found.modularity == pytest.approx(1, abs=0.02)
    assert found.completeness < 0.75 < found.disentanglement


def test_concentration_and_modularity_of_known_matrices() -> None:
    assert _concentration(np.eye(3)) == pytest.approx(1)
    assert _concentration(np.ones((3, 4))) == pytest.approx(0)
    assert _concentration(np.array([[1.0, 1.0, 0.0, 0.0]])) == pytest.approx(0.5)
    assert _modularity(np.diag([1.0, 2.0])) == pytest.approx(1)
    assert _modularity(np.ones((2, 3))) == pytest.approx(0)
    assert _modularity(np.array([[2.0, 1.0], [0.0, 0.0]])) == pytest.approx(0.75)


def test_words_and_numbers_are_factors() -> None:
    rng = np.random.default_rng(0)
    size = rng.uniform(size=300)
    kind = np.array(["round", "long"], object)[rng.integers(2, size=300)]
    factors = np.stack([kind, size], axis=1)
    Z = np.stack([size, kind == "long"], axis=1).astype(float)
    assert disentanglement(Z, factors).informativeness > 0.95


def test_classes_may_be_fractions() -> None:
    found = disentanglement(FACTORS / 7.0, FACTORS / 2)
    whole = disentanglement(FACTORS / 7.0, FACTORS)
    assert [getattr(found, n) for n in MEASURES] == [getattr(whole, n) for n in MEASURES]


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="factor 1 is constant"):
        disentanglement(FACTORS + 0.0, np.stack([FACTORS[:, 0], 0 * FACTORS[:, 0]], axis=1))

    for Z, V in ((FACTORS[:9], FACTORS), (FACTORS[:, 0], FACTORS), (FACTORS, FACTORS[:, 0])):
        with pytest.raises(ValueError, match="expected codes with shape"):
            disentanglement(Z, V)

    with pytest.raises(ValueError, match="NaN or infinity"):
        disentanglement(np.full(FACTORS.shape, np.nan), FACTORS)


def test_the_factor_score_is_chance_for_noise_and_one_for_factors() -> None:
    rng = np.random.default_rng(0)
    factors = rng.integers(5, size=(500, 3))
    turned = factors @ np.diag([1.0, -3, 0.5])
    assert factor_vae_score(np.c_[turned, np.zeros(500)], factors).value == 1
    value, error = factor_vae_score(rng.normal(size=(500, 4)), factors)
    assert abs(value - 1 / 3) < 4 * error + 0.05

    with pytest.raises(ValueError, match="at most 20 values"):
        factor_vae_score(rng.normal(size=(50, 2)), rng.normal(size=(50, 1)))


def test_units_know_of_columns_what_two_normal_numbers_do() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(1500, 2))
    noisy = 0.8 * z[:, 1] + 0.6 * rng.normal(size=1500)
    word = np.where(z[:, 0] > 0, "a", None)
    found = metadata_information(z, {"noisy": noisy, "word": np.where(z[:, 0] > 0, "a", "b")})
    assert found["noisy"] == pytest.approx([0, -0.5 * np.log(1 - 0.64)], abs=0.08)
    assert found["word"] == pytest.approx([np.log(2), 0], abs=0.08)
    assert metadata_information(z, {"word": word})["word"].max() < 0.05  # one level where known
