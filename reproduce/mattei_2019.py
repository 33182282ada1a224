r"""A tight bound for tables with missing cells (Mattei & Frellsen, 2019)."""

import numpy as np
import pandas as pd
from experiment import Experiment, Size, training
from sklearn.datasets import load_breast_cancer
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

import autoencode as ae


def run(size: Size, seed: int) -> dict[str, float]:
    X = load_breast_cancer().data
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    missing = np.random.default_rng(seed).random(X.shape) < 0.5
    seen = np.where(missing, np.nan, X)
    model = ae.miwae(
        latent_dim=10,
        n_samples=20,
        layers=(128, 128),
        training=training(size, short=40, budget=400, full=2000),
        random_state=seed,
    )
    filled = {
        "mean": SimpleImputer().fit_transform(seen),
        "nearest neighbors": KNNImputer(n_neighbors=10).fit_transform(seen),
        "MIWAE": model.fit(frame := pd.DataFrame(seen)).impute(frame).to_numpy(),
    }

    if size != "short":
        chained = IterativeImputer(max_iter=20, random_state=seed)
        filled["chained regressions"] = chained.fit_transform(seen)

    return {name: float(((f - X)[missing] ** 2).mean()) for name, f in filled.items()}


EXPERIMENT = Experiment(
    title="Tables with half of their cells missing",
    source="Mattei & Frellsen (2019), arxiv.org/abs/1812.02633: breast cancer",
    measure="squared error of imputed cells, in standard deviations of the columns",
    run=run,
    published={},
    order=[("MIWAE", "mean"), ("MIWAE", "nearest neighbors")],
    note="The paper's figures are not verified here and therefore not shown.",
    epochs=2000,
)
