r"""Objectives with parameters of their own: seeded, kept, stored, evaluated and resumed."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

import autoencode as ae
from autoencode import Autoencoder, Training
from autoencode.networks import FullyConnected
from autoencode.objectives import (
    AAE,
    WAE,
    BetaTCVAE,
    CyclicalSchedule,
    FactorVAE,
    Matryoshka,
    Objective,
    Reconstruction,
)

# An objective around another, whose weight changes
NESTED = Matryoshka(AAE(CyclicalSchedule(end=3.0), layers=(8,)))

X = load_iris().data[::2].astype("float32")


def make(objective: Objective, epochs: int = 2, **options) -> Autoencoder:
    training = Training(epochs=epochs, compile=False, device="cpu", **options)
    return Autoencoder(
        2,
        objective=objective,
        network=FullyConnected((8,)),
        training=training,
        random_state=0,
    )


@pytest.mark.parametrize("objective", [AAE(layers=(8,)), FactorVAE(layers=(8,))], ids=repr)
def test_a_fit_is_repeatable_and_leaves_the_random_state_alone(objective: Objective) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = make(objective).fit(X)

    assert torch.get_rng_state().equal(before)

    torch.manual_seed(2)
    second = make(objective).fit(X)

    for name, weight in first.objective_.state_dict().items():
        assert weight.equal(second.objective_.state_dict()[name])

    np.testing.assert_array_equal(first.transform(X), second.transform(X))


@pytest.mark.slow
@pytest.mark.parametrize("objective", [AAE(layers=(8,)), FactorVAE(layers=(8,))], ids=repr)
def test_trained_objectives_are_stored(objective: Objective, tmp_path) -> None:
    model = make(objective, epochs=20).fit(X)
    model.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")

    assert loaded.evaluate(X) == model.evaluate(X)
    assert loaded.objective_.n_examples == model.objective_.n_examples > 1

    # A discriminator that was not kept would not know the codes
    fresh = model.blueprint_.build_objective(model.model_)
    model.objective_ = fresh
    assert loaded.evaluate(X)["discriminator"] != model.evaluate(X)["discriminator"]


def test_the_encoder_alone_has_no_objective(tmp_path) -> None:
    model = make(AAE(layers=(8,))).fit(X)
    model.save(tmp_path / "m.ae", encoder_only=True)
    loaded = ae.load(tmp_path / "m.ae")

    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    assert loaded.objective_ is None


@pytest.mark.slow
@pytest.mark.parametrize("objective", [AAE(layers=(8,)), NESTED], ids=["aae", "nested"])
def test_trained_objectives_resume_to_the_bit(objective: Objective, tmp_path, cut_short) -> None:
    whole = make(objective, epochs=4).fit(X)
    cut_short(lambda: make(objective, epochs=4, checkpoint_dir=tmp_path / "run").fit(X), 2)
    resumed = make(objective, epochs=4, checkpoint_dir=tmp_path / "run").fit(X, resume=True)

    for name, weight in whole.objective_.state_dict().items():
        assert weight.equal(resumed.objective_.state_dict()[name])


def test_grid_search_over_the_code_size_builds_each_objective() -> None:
    search = GridSearchCV(make(AAE(layers=(8,))), {"latent_dim": [1, 3]}, cv=2).fit(X)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_objectives_know_the_number_of_training_examples() -> None:
    assert make(BetaTCVAE()).fit(X).objective_.n_examples == len(X) - 15


@pytest.mark.slow
def test_codes_that_match_the_prior_generate() -> None:
    assert hasattr(make(WAE()), "sample")
    assert not hasattr(make(Reconstruction()), "sample")
    assert not hasattr(make(WAE()), "score_samples")

    model = make(WAE(), epochs=60).fit(X)
    samples = model.sample(500, random_state=0)

    assert np.abs(samples.mean(axis=0) - X.mean(axis=0)).max() < X.std(axis=0).max() / 2


class Selecting(Reconstruction):
    r"""Reconstruction whose total says nothing about the quality of an epoch."""

    selection_term = "distortion"

    def forward(self, model, x, target):
        loss = super().forward(model, x, target)
        return loss._replace(total=loss.total + 1e6 * self.progress)


def test_the_best_epoch_is_that_of_the_selection_term() -> None:
    model = make(Selecting(), epochs=5, validation_fraction=0.2).fit(X)
    losses = [record.validation["distortion"] for record in model.history_]
    best = make(Reconstruction(), epochs=5, validation_fraction=0.2).fit(X)

    assert losses.index(min(losses)) > 0
    np.testing.assert_allclose(model.transform(X), best.transform(X), rtol=1e-3, atol=1e-4)


class Scaled(Reconstruction):
    r"""Reconstruction with a parameter that follows a known gradient."""

    def build(self, model, n_examples=1):
        self.shift = torch.nn.Parameter(torch.zeros(()))
        self.slow = torch.nn.Parameter(torch.zeros(()))
        return super().build(model, n_examples)

    def forward(self, model, x, target):
        loss = super().forward(model, x, target)
        return loss._replace(total=loss.total + self.shift + self.slow)


class Factored(Scaled):
    lr_factors = {"slow": 0.25}  # noqa: RUF012


def test_parts_may_have_their_own_learning_rate() -> None:
    objective = make(Factored()).fit(X).objective_

    assert objective.shift < 0
    torch.testing.assert_close(objective.slow, 0.25 * objective.shift)
