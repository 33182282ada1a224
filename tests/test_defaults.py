r"""Tests that the defaults need no tuning: each recipe on each table of scikit-learn."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autoencode as ae

TABLES = {
    "breast cancer": datasets.load_breast_cancer,
    "diabetes": lambda: datasets.load_diabetes(scaled=False),
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "linnerud": datasets.load_linnerud,
    "wine": datasets.load_wine,
}
RECIPES = ["autoencoder", "beta_vae", "contractive", "denoising", "linear", "vae"]
EVERYDAY = {  # each recipe and each table once
    ("autoencoder", "digits"),
    ("beta_vae", "iris"),
    ("contractive", "linnerud"),
    ("denoising", "diabetes"),
    ("vae", "wine"),
    ("autoencoder", "breast cancer"),
}
LONG = ("breast cancer", "digits")


def marks(recipe: str, table: str) -> list:
    r"""The marks of a recipe on a table: those that take long are run by hand."""
    if recipe == "linear" or (recipe, table) in EVERYDAY:
        return []

    long = (table in LONG and recipe != "vae") or recipe == "contractive"
    return [pytest.mark.slow, *([pytest.mark.by_hand] if long else [])]


@pytest.mark.parametrize(
    ("recipe", "table"),
    [
        pytest.param(recipe, table, marks=marks(recipe, table), id=f"{recipe}-{table}")
        for recipe in RECIPES
        for table in TABLES
    ],
)
def test_defaults_train_unscaled_tables(recipe: str, table: str) -> None:
    X = TABLES[table]().data
    model = getattr(ae, recipe)(latent_dim=2, random_state=0)

    if recipe != "linear":
        model.set_params(training__epochs=5 if (recipe, table) in EVERYDAY else 15)

    model.fit(X)

    assert all(math.isfinite(v) for record in model.history_ for v in record.train.values())
    assert np.isfinite(model.reconstruct(X)).all()

    # Better than knowing nothing but the means, in units of the columns' own spread
    scale = np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    error = (((X - model.reconstruct(X)) / scale) ** 2).sum(axis=1).mean()
    assert error < (X.std(axis=0) > 0).sum()


@pytest.mark.slow
@pytest.mark.parametrize(
    "table",
    [
        pytest.param(table, marks=[pytest.mark.by_hand] if table in (*LONG, "diabetes") else [])
        for table in TABLES
    ],
)
def test_the_default_autoencoder_beats_principal_components(table: str) -> None:
    train, test = train_test_split(TABLES[table]().data, random_state=0)
    pca = make_pipeline(StandardScaler(), PCA(2)).fit(train)
    model = ae.autoencoder(latent_dim=2, random_state=0).fit(train)

    def error(R: NDArray) -> float:
        scale = np.where(train.std(axis=0) > 0, train.std(axis=0), 1.0)
        return (((test - R) / scale) ** 2).sum(axis=1).mean()

    known = error(pca.inverse_transform(pca.transform(test)))
    assert error(model.reconstruct(test)) < 1.0001 * known
