r"""Tests for means of numbers through the map from scores, against closed forms."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.distributions import MultivariateNormal

import autoencode as ae
from autoencode.distributions import MixedRow
from autoencode.inference.imputation import posterior_mean
from autoencode.modalities import MixedTables

pd = pytest.importorskip("pandas")


class Lognormal:
    r"""Two scores with correlation, of numbers that are lognormal."""

    rho = 0.8

    def __init__(self) -> None:
        self.prior = lambda: MultivariateNormal(torch.zeros(1), torch.eye(1))
        self.W = torch.full((2, 1), self.rho**0.5)
        self.scale = torch.full((2,), (1 - self.rho) ** 0.5)

    def encode(self, x: torch.Tensor) -> MultivariateNormal:
        there = x[:, 2:] / self.scale**2
        precision = 1 + (there @ self.W**2)[..., None]
        loc = ((there * x[:, :2]) @ self.W) / precision[..., 0]
        return MultivariateNormal(loc, precision_matrix=precision)

    def decode(self, z: torch.Tensor) -> MixedRow:
        loc = z @ self.W.T
        return MixedRow(loc, self.scale.expand_as(loc), loc[..., :0], ())


def test_imputed_numbers_are_means_of_a_lognormal_regression(float64) -> None:
    r"""E[exp(t2) | t1] = exp(rho t1 + (1 - rho^2) / 2), of which exp(rho t1) is the median."""
    t = norm.ppf((np.arange(4000) + 0.5) / 4000)
    X = pd.DataFrame({"a": np.exp(t), "b": np.exp(t)})
    frames, model = MixedTables().fit(X), Lognormal()
    t1 = np.array([-1.0, 0.0, 1.0])
    rows = pd.DataFrame({"a": np.exp(t1), "b": np.nan})
    x = frames.normalize(frames.load(rows)).double()
    mean = posterior_mean(model, x, n_samples=20_000, mean=frames.mean_given)
    filled = frames.fill(rows, frames.restore_mean(mean))

    np.testing.assert_allclose(filled["b"], np.exp(0.8 * t1 + (1 - 0.64) / 2), rtol=0.03)
    assert filled["a"].equals(rows["a"])


@pytest.mark.slow
def test_reconstructions_and_imputations_have_the_mean_of_the_data() -> None:
    rng = np.random.default_rng(0)
    pay = rng.lognormal(0, 1.5, 1500)
    X = pd.DataFrame({"pay": pay, "k": rng.choice(["a", "b"], 1500)})
    X.loc[::4, "pay"] = np.nan
    model = ae.vae(
        1,
        layers=(4,),
        training=ae.Training(epochs=4),
        random_state=0,
        prior=ae.priors.StandardNormal(),
    ).fit(X)

    assert model.impute(X)["pay"][::4].mean() == pytest.approx(X["pay"].mean(), rel=0.25)
    assert model.reconstruct(X)["pay"].mean() == pytest.approx(X["pay"].mean(), rel=0.35)
