r"""Tests for the training and least_squares modules: what training finds, where it is known."""

import math
import sys
import types

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.decomposition import PCA
from torch import nn

import autoencode as ae
from autoencode.data import Batches, Examples
from autoencode.distributions import Dirac, FixedGaussian, Gaussian, SharedGaussian
from autoencode.models.latent import LatentModel
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, Loss, Objective, Reconstruction
from autoencode.priors import StandardNormal
from autoencode.training.state import EpochRecord, TrainState
from autoencode.training.step import TrainStep, evaluate
from autoencode.training.trainer import Training

D, LATENT = 6, 2


def linear_model(posterior, likelihood) -> LatentModel:
    return LatentModel.build(
        FullyConnected(()), (D,), LATENT, posterior, likelihood, StandardNormal()
    )


@pytest.fixture
def gaussian_data(float64) -> torch.Tensor:
    r"""Rows of exact mean zero and exact covariance diag(9, 4, 1, ...) in random directions."""

    x = torch.randn(2000, D)
    x = x - x.mean(dim=0)
    x = x @ torch.linalg.inv(torch.linalg.cholesky(x.T @ x / len(x))).T
    Q = torch.linalg.qr(torch.randn(D, D)).Q

    return (x * torch.tensor([3.0, 2.0, 1.0, 0.8, 0.6, 0.4])) @ Q.T


def run(step: TrainStep, x: torch.Tensor, **options) -> list[EpochRecord]:
    return list(
        Training(show_progress=False, weight_decay=0.0, **options).train(step, Examples(x))
    )


def principal_angle(A: torch.Tensor, B: torch.Tensor) -> float:
    return float(scipy.linalg.subspace_angles(A.numpy(), B.numpy()).max())


@pytest.mark.slow
def test_a_linear_autoencoder_spans_the_principal_subspace(gaussian_data) -> None:
    model = linear_model(Dirac(), FixedGaussian())
    run(TrainStep(model, Reconstruction()), gaussian_data, epochs=120, learning_rate=1e-2)

    W = model.decoder.network.layers[0].weight.detach()
    V = torch.from_numpy(PCA(LATENT).fit(gaussian_data).components_.T)

    assert principal_angle(W, V) < 1e-3


@pytest.mark.slow
def test_a_linear_vae_finds_probabilistic_pca(gaussian_data) -> None:
    x = gaussian_data
    model = linear_model(Gaussian(), SharedGaussian())
    step = TrainStep(model, ELBO())
    run(step, x, epochs=150, learning_rate=1e-2)
    pca = PCA(LATENT).fit(x)

    # W W' = V (L - sigma^2 I) V', with sigma^2 the mean of the eigenvalues left out
    W = model.decoder.network.layers[0].weight.detach()
    sigma = model.likelihood(torch.zeros(1, 1)).stddev.detach().item()
    expected = pca.get_covariance() - pca.noise_variance_ * np.eye(D)

    assert sigma**2 == pytest.approx(pca.noise_variance_, rel=0.02)
    assert np.allclose(W @ W.T, expected, atol=0.1)

    # Its bound is tight, and the evidence is the one of PCA
    with torch.no_grad():
        evidence = ae.evaluation.log_evidence(model, x, n_samples=64).mean().item()

    assert evidence == pytest.approx(pca.score(x), abs=0.02)
    bound = np.mean([evaluate(step, [Examples(x)])["bound"] for _ in range(20)])
    assert bound == pytest.approx(evidence, abs=0.05)


@pytest.mark.slow
def test_a_linear_denoiser_finds_the_wiener_filter(gaussian_data) -> None:
    x, noise = gaussian_data, 0.7
    model = LatentModel.build(
        FullyConnected(()), (D,), D, Dirac(), FixedGaussian(), StandardNormal()
    )
    step = TrainStep(model, Reconstruction(), ae.corruptions.GaussianNoise(noise))
    run(step, x, epochs=300, learning_rate=1e-2)

    filter = model.decode(model.encode(torch.eye(D)).mean).mean.detach()
    filter = filter - model.decode(model.encode(torch.zeros(1, D)).mean).mean.detach()
    C = x.T @ x / len(x)
    wiener = C @ torch.linalg.inv(C + noise**2 * torch.eye(D))

    assert torch.allclose(filter.T, wiener, atol=0.03)


def test_validation_examples_change_nothing() -> None:
    x = torch.randn(200, D)
    weights = []

    for validation in (None, Examples(torch.randn(50, D, generator=torch.Generator()))):
        torch.manual_seed(3)
        model = linear_model(Dirac(), FixedGaussian())
        solver = Training(epochs=3, show_progress=False)
        records = list(solver.train(TrainStep(model, Reconstruction()), Examples(x), validation))
        weights.append(model.decoder.network.layers[0].weight)

        assert bool(records[-1].validation) == (validation is not None)

    assert torch.equal(*weights)


def test_the_best_epoch_is_kept() -> None:
    # The learning rate is far too large for the last epoch to be the best
    torch.manual_seed(1)
    model = linear_model(Dirac(), FixedGaussian())
    x, held_out = torch.randn(64, D), Examples(torch.randn(64, D))
    step = TrainStep(model, Reconstruction())
    solver = Training(epochs=20, learning_rate=0.5, batch_size=8, show_progress=False)
    records = list(solver.train(step, Examples(x), held_out))
    least = min(record.validation["total"] for record in records)

    assert records[-1].validation["total"] > least
    assert evaluate(step, [held_out])["total"] == pytest.approx(least)


def test_records_hold_the_terms_of_the_loss() -> None:
    step = TrainStep(linear_model(Gaussian(), SharedGaussian()), ELBO())
    records = run(step, torch.randn(100, D), epochs=4)

    assert [record.epoch for record in records] == [1, 2, 3, 4]
    assert records[0].train.keys() == {"total", "distortion", "rate", "bound"}
    assert records[-1].train["total"] < records[0].train["total"]
    assert records[-1].seconds > records[0].seconds > 0


def test_selected_examples_are_a_view() -> None:
    x = torch.arange(10.0)
    examples = Examples(x, -x).select(torch.tensor([7, 2, 5]))
    again = examples.select(torch.tensor([2, 0]))

    assert len(examples) == 3
    assert examples.target is x
    assert again[:].target.tolist() == [5.0, 7.0]
    assert [part.corrupted.tolist() for part in examples.split(2)] == [[-7.0, -2.0], [-5.0]]
    assert examples.to("cpu")[1:2].target.tolist() == [2.0]


def test_stopping_the_iteration_stops_the_training() -> None:
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Reconstruction())

    for record in Training(epochs=50, show_progress=False).train(
        step, Examples(torch.randn(64, D))
    ):
        if record.epoch == 2:
            break

    kept = evaluate(step, [Examples(torch.ones(1, D))])
    assert not step.training
    assert math.isfinite(kept["total"])


class Explosive(Objective):
    r"""Turns to NaN after some steps."""

    posterior = Dirac

    def __init__(self, after: int = 0) -> None:
        super().__init__()
        self.after = after
        self.steps = 0

    def forward(self, model, x, target) -> Loss:
        self.steps += 1
        total = (model.decode(model.encode(x).mean).mean - target).square().sum(dim=-1)
        return Loss(total * (math.nan if self.steps > self.after else 1.0), {})


def test_a_loss_that_is_not_finite_ends_with_the_last_good_weights() -> None:
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Explosive(after=4))
    records = Training(epochs=5, batch_size=32, show_progress=False).train(
        step, Examples(torch.randn(64, D))
    )
    assert [next(records).epoch, next(records).epoch] == [1, 2]
    kept = [p.detach().clone() for p in step.parameters()]

    with pytest.raises(
        FloatingPointError, match=r"2 of 2 steps of epoch 3.*its loss is not finite.*epoch 2\."
    ):
        next(records)

    assert all(torch.equal(p, q) for p, q in zip(step.parameters(), kept, strict=True))

    assert all(p.isfinite().all() for p in step.parameters())


def test_objectives_know_the_progress_of_the_training() -> None:
    seen = []

    class Watching(Explosive):
        def forward(self, model, x, target) -> Loss:
            seen.append(self.progress.item())
            return super().forward(model, x, target)

    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Watching(after=100))
    run(step, torch.randn(64, D), epochs=2, batch_size=32)

    assert seen == [0.125, 0.375, 0.625, 0.875]
    assert step.objective.progress == 1


def test_pairs_replace_the_corruption() -> None:
    x, corrupted = torch.randn(10, D), torch.randn(10, D)
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Reconstruction(), nn.Tanh())
    expected = step.objective(step.model, corrupted, x).total

    assert torch.allclose(step(Examples(x, corrupted)).total, expected)
    assert torch.allclose(step(Examples(x)).total, step.objective(step.model, x.tanh(), x).total)


@pytest.mark.parametrize(("N", "size"), [(10, 3), (128, 128), (129, 128), (5, 100), (1, 1)])
def test_batches_hold_each_example_once(N: int, size: int) -> None:
    x = torch.arange(N)
    batches = Batches(Examples(x, context=-x), size)
    parts = list(batches.iterate(batches.shuffled()))

    assert len(parts) == len(batches) == math.ceil(N / size)
    assert torch.equal(torch.cat([p.target for p in parts]).sort().values, x)
    assert all(torch.equal(p.context, -p.target) for p in parts)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert max(map(len, parts)) <= size


def test_batches_come_in_a_new_order() -> None:
    batches = Batches(Examples(torch.arange(100)), 30)
    first, second = batches.shuffled(), batches.shuffled()
    rest = [batch.target for batch in batches.iterate(first, start=2)]

    assert not torch.equal(first, second)
    assert torch.equal(torch.cat(rest), first[50:])


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": -1},
        {"epochs": 1.5},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"validation_fraction": 1.0},
        {"validation_fraction": -0.1},
        {"patience": 0},
        {"max_grad_norm": -1.0},
    ],
)
def test_bad_arguments_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=f"expected {next(iter(options))}"):
        Training(**options)


class Poisoned(Objective):
    r"""Cannot score one of the examples."""

    posterior = Dirac

    def forward(self, model, x, target) -> Loss:
        error = (model.decode(model.encode(x).mean).mean - target).square().sum(dim=-1)
        error = torch.where(target[:, 0] == 7.0, math.nan, error)
        return Loss(error, {"distortion": error})


def test_steps_with_a_nan_loss_are_skipped() -> None:
    x = torch.randn(640, D)
    x[123, 0] = 7.0
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Poisoned())
    records = run(step, x, epochs=3, batch_size=32)  # 1 of 20 steps is left out

    assert all(math.isfinite(record.train["total"]) for record in records)
    assert records[-1].train["total"] < records[0].train["total"]


def test_the_error_names_an_example_that_makes_every_loss_nan() -> None:
    x = torch.randn(64, D)
    x[23, 0] = 7.0
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Poisoned())

    with pytest.raises(
        FloatingPointError,
        match=r"example 23 of.*its distortion is not finite\. No epoch was completed",
    ):
        run(step, x, epochs=3, batch_size=64)


def test_a_rolled_back_epoch_is_repeated_with_half_the_learning_rate(caplog) -> None:
    x = torch.randn(64, D)

    class Stumbling(Explosive):
        def forward(self, model, x, target) -> Loss:
            loss = super().forward(model, x, target)
            return loss if self.steps not in {3, 4} else Loss(loss.total * math.nan, {})

    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Stumbling(after=100))
    records = run(step, x, epochs=4, batch_size=32)

    assert [record.epoch for record in records] == [1, 2, 3, 4]
    assert step.objective.steps == 10  # the second epoch was repeated
    assert [r.message for r in caplog.records if "half the learning rate" in r.message]


def test_patience_ends_the_training() -> None:
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Reconstruction())
    solver = Training(
        epochs=100,
        learning_rate=0.5,
        batch_size=8,
        validation_fraction=0.5,
        patience=3,
        show_progress=False,
    )
    held_out = Examples(torch.randn(64, D))
    records = list(solver.train(step, Examples(torch.randn(64, D)), held_out))
    losses = [record.validation["total"] for record in records]

    assert len(records) < 100
    assert len(records) - 1 - losses.index(min(losses)) == 3
    assert evaluate(step, [held_out])["total"] == pytest.approx(min(losses))


def test_patience_needs_validation_examples() -> None:
    with pytest.raises(ValueError, match=r"validation_fraction=0\.1"):
        Training(patience=3, validation_fraction=0)

    with pytest.raises(ValueError, match="patience=3 has no effect with epochs=3"):
        Training(patience=3, epochs=3)


def test_the_schedule_fits_the_time_budget(monkeypatch) -> None:
    clock = iter(range(10000))
    monkeypatch.setattr(
        "autoencode.training.schedule.time.perf_counter", lambda: float(next(clock))
    )
    seen = []

    class Watching(Explosive):
        def forward(self, model, x, target) -> Loss:
            seen.append(self.progress.item())
            return super().forward(model, x, target)

    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Watching(after=10000))
    records = run(step, torch.randn(64, D), time_budget="50s", batch_size=8)

    assert records[-1].seconds <= 60
    assert seen == sorted(seen)
    assert 0.9 < seen[-1] <= 1.0


@pytest.mark.parametrize("budget", ["soon", "-1m", 0, "10 parsecs", "m"])
def test_bad_time_budgets_are_refused(budget) -> None:
    with pytest.raises(ValueError, match="expected a time such as"):
        Training(time_budget=budget)


def test_least_squares_sees_the_corruption() -> None:
    X = np.random.default_rng(0).normal(size=(2000, 4)) @ np.diag([3.0, 2.0, 1.0, 0.5])
    noise = ae.corruptions.GaussianNoise(0.5)
    model = ae.linear(latent_dim=4, corruption=noise, random_state=0).fit(X)

    # The Wiener filter, in units of the scaled data
    scale = model.modality_.scale_[0]
    C = np.cov(X.T / scale)
    wiener = C @ np.linalg.inv(C + 0.25 * np.eye(4))
    filtered = model.denoise(X)

    assert np.allclose(filtered - X.mean(axis=0), (X - X.mean(axis=0)) @ wiener.T, atol=0.15)


def test_moving_averages_follow_the_weights_and_are_kept() -> None:
    torch.manual_seed(0)
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Reconstruction())
    batches = Batches(Examples(torch.randn(64, D)), 16)
    state = TrainState(Training(epochs=1, ema_decay=0.5).resolve(64), step, batches)
    expected = [p.detach().clone() for p in state.optimizer.parameters]

    for i, _ in enumerate(state.remaining_steps()):
        decay = min(0.5, (1 + i) / (10 + i))
        expected = [
            decay * a + (1 - decay) * p for a, p in zip(expected, state.optimizer.parameters)
        ]

    torch.testing.assert_close(state.averages, [p.detach() for p in expected])

    # The averages are validated and kept; training continues with the weights themselves
    weights = [p.detach().clone() for p in state.optimizer.parameters]
    state.end_epoch(lambda: ({}, {}))
    torch.testing.assert_close([p.detach() for p in state.optimizer.parameters], weights)
    state.load_best_weights()
    torch.testing.assert_close([p.detach() for p in state.optimizer.parameters], expected)


def test_the_model_remembers_how_it_was_trained(tmp_path, caplog) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))

    with caplog.at_level("INFO", logger="autoencode"):
        model = ae.autoencoder(2, training=Training(epochs=1)).fit(X)

    model.save(tmp_path / "model.ae")
    again = ae.load(tmp_path / "model.ae").training_

    # What is of one machine stays there
    assert again.get_params() == model.training_.get_params() | {"device": None}
    assert (again.epochs, again.compile) == (1, False)
    assert again.precision in {"float32", "bfloat16"}
    assert any(again.precision in record.getMessage() for record in caplog.records)


def test_each_record_is_logged_to_tensorboard(monkeypatch, tmp_path) -> None:
    shown = []

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            shown.append(folder)

        def __enter__(self):
            return self

        def __exit__(self, *_) -> None:
            shown.append("closed")

        def add_scalar(self, name: str, value: float, epoch: int) -> None:
            shown.append((name, value, epoch))

    module = types.SimpleNamespace(SummaryWriter=SummaryWriter)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Reconstruction())
    records = run(step, torch.randn(64, D), epochs=2, tensorboard_dir=tmp_path)

    assert shown[0] == str(tmp_path)
    assert shown[-1] == "closed"
    assert ("total/train", records[1].train["total"], 2) in shown


def test_the_error_without_tensorboard_names_the_package(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    step = TrainStep(linear_model(Dirac(), FixedGaussian()), Reconstruction())

    with pytest.raises(ImportError, match="pip install"):
        run(step, torch.randn(64, D), epochs=1, tensorboard_dir=tmp_path)


def test_least_squares_ignores_held_out_examples() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    moved = X.copy()

    def solve(X: np.ndarray) -> tuple[np.ndarray, dict]:
        training = ae.LeastSquares(validation_fraction=0.25)
        model = ae.linear(latent_dim=2, training=training, random_state=0)
        model.modality = ae.modalities.Tables(scaling="none")
        model.fit(X)
        return model.inverse_transform(np.eye(2)), model.history_[0].validation

    torch.manual_seed(0)
    before, validated = solve(X)

    # Which rows are held out depends on their number alone: find one, and move it
    for i in range(len(X)):
        moved = X.copy()
        moved[i] += 10
        after, validated_after = solve(moved)

        if validated_after != pytest.approx(validated) and np.allclose(after, before):
            return

    raise AssertionError("each row changes the solution")
