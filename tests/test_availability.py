r"""Tests that an estimator has the methods that its kind of data and its model can perform."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autoencode as ae
from autoencode.modalities import CANDIDATES, Images, MixedTables, Modality, Tables, Texts
from autoencode.modalities.capabilities import CellScored, Imputable
from autoencode.priors import Mixture

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": [*RNG.normal(size=30)], "k": [*"xyz"] * 10})
NUMBERS = RNG.normal(size=(30, 3))
QUICK = {"layers": (4,), "training": ae.Training(epochs=1), "random_state": 0}
PLAIN = QUICK | {"prior": ae.priors.StandardNormal()}  # which takes no time to fit
DECODING = (
    "inverse_transform reconstruct denoise reconstruction_error evaluate score score_samples"
    " sample impute cell_surprisal"
).split()
CELLS = {"impute": Imputable, "cell_surprisal": CellScored}
RECIPES = {
    "points": lambda **o: ae.autoencoder(1, **QUICK, **o),
    "density": lambda **o: ae.vae(1, **PLAIN, **o),
    "prior": lambda **o: ae.autoencoder(1, prior=Mixture(2), **QUICK, **o),
}


def methods(model: ae.Autoencoder) -> set[str]:
    return {name for name in DECODING if hasattr(model, name)}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", [*CANDIDATES, None], ids=lambda kind: type(kind).__name__)
def test_before_the_fit_what_the_kind_may_have_exists(recipe: str, kind: Modality | None) -> None:
    model = RECIPES[recipe](modality=kind)
    kinds = CANDIDATES if kind is None else [kind]
    expected = {*DECODING} - {*CELLS}
    expected |= {name for name, cap in CELLS.items() if any(isinstance(k, cap) for k in kinds)}
    expected -= {"score_samples"} if recipe != "density" else set()
    expected -= {"sample"} if recipe == "points" else set()

    assert methods(model) == methods(clone(model)) == expected


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("X", [FRAME, NUMBERS], ids=["frame", "numbers"])
def test_after_the_fit_what_kind_and_model_have_exists(recipe: str, X, tmp_path: Path) -> None:
    model = RECIPES[recipe]().fit(X)
    expected = methods(RECIPES[recipe](modality=model.modality_))

    assert methods(model) == expected
    assert ("impute" in expected) == (X is FRAME)

    model.save(tmp_path / "model.ae")
    model.save(tmp_path / "encoder.ae", encoder_only=True)
    assert methods(ae.load(tmp_path / "model.ae")) == expected

    for encoder in (
        ae.load(tmp_path / "encoder.ae"),
        ae.load(tmp_path / "model.ae", encoder_only=True),
    ):
        assert methods(encoder) == set()
        assert np.array_equal(encoder.transform(X), model.transform(X))
        assert hasattr(clone(encoder), "reconstruct")  # it may be fitted

    # What was fitted counts, whatever is set afterwards
    model.set_params(modality=MixedTables(), objective=None)
    assert methods(model) == expected


def test_a_list_of_kinds_has_what_one_of_them_has() -> None:
    assert hasattr(ae.vae(2, modality=[Images(), MixedTables()]), "impute")
    assert not hasattr(ae.vae(2, modality=[Images(), Texts()]), "impute")


@pytest.mark.parametrize("error", [AttributeError, ValueError])
def test_the_error_says_what_to_do(error: type[Exception]) -> None:
    plain = ae.autoencoder(2)

    with pytest.raises(error, match=r"'score_samples' needs a density p\(x\).* ae\.vae"):
        plain.score_samples(NUMBERS)

    with pytest.raises(
        error, match=r"'impute' needs a model of a table .*--modality MixedTables\), got"
    ):
        ae.vae(2, modality=Tables()).impute(NUMBERS)


def test_conditions_of_a_kind_without_cells_are_refused() -> None:
    model = ae.vae(1, **PLAIN).fit(NUMBERS)

    for given in ({"conditions": {"a": 1}}, {"missing": True}):
        with pytest.raises(
            ValueError, match="needs a model of a table with columns of several types"
        ):
            model.sample(2, **given)


def test_the_class_has_every_method() -> None:
    for name in DECODING:
        method = getattr(ae.Autoencoder, name)
        assert method.__doc__
        assert "self" in inspect.signature(method).parameters


def test_pipelines_have_what_their_model_has() -> None:
    with_density = make_pipeline(StandardScaler(), ae.vae(1, **PLAIN)).fit(NUMBERS)

    assert np.isfinite(with_density.score_samples(NUMBERS)).all()
    assert not hasattr(make_pipeline(StandardScaler(), ae.autoencoder(1)), "score_samples")
