r"""Tests of trainings in several processes, which are equal to those in one."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn as nn
from hypothesis import given
from hypothesis import strategies as st
from launching import launch

import autoencode as ae
from autoencode import recipes
from autoencode.data import Batches, Examples
from autoencode.objectives import Reconstruction
from autoencode.training.replicas import Processes, Pulse, check_memory, present
from autoencode.training.replicas.draws import Draws
from autoencode.training.replicas.replica import Replica
from autoencode.training.replicas.shares import Share
from autoencode.training.replicas.spreading import all_rows, own_rows
from autoencode.training.state import TrainState

# Shares and noise


@given(st.integers(1, 100), st.integers(1, 9))
def test_shares_are_a_partition_in_order(n: int, size: int) -> None:
    shares = [Share.of(n, Processes(rank, size)) for rank in range(size)]
    rows = [k for s in shares for k in range(s.start, s.start + s.length)]

    assert rows == [*range(n)]
    assert max(s.length for s in shares) - min(s.length for s in shares) <= 1
    assert all(0 <= s.rows.start < s.rows.stop <= n for s in shares)


_MAKERS = {
    "randn": lambda n: torch.randn(n, 3),
    "rand": lambda n: torch.rand(4, n, 5, 1),  # a stack of draws for each example
    "randint": lambda n: torch.randint(9, (n, 3)),
    "samples": lambda n: torch.distributions.Normal(torch.zeros(n, 2), 1.0).rsample((7,)),
    "channels last": lambda n: torch.randn_like(
        torch.zeros(n, 3, 4, 5).to(memory_format=torch.channels_last)
    ),
    "bernoulli": lambda n: torch.bernoulli(torch.full((n, 3), 0.3)),
    "exponential": lambda n: torch.empty(n, 4).exponential_(),
    "dropout": lambda n: nn.functional.dropout(torch.ones(n, 3)),
    "categories": lambda n: torch.multinomial(torch.ones(n, 5), 2),
    "flat": lambda n: torch.randn(3 * n),
    "for all": lambda n: torch.randn(5, 2)[:1].expand(n, 2),
}


@pytest.mark.parametrize("name", _MAKERS)
@pytest.mark.parametrize("size", [2, 3, 7, 9])
def test_processes_draw_the_noise_of_a_single_one(name: str, size: int) -> None:
    make, n = _MAKERS[name], 7
    torch.manual_seed(0)
    whole, after = make(n), torch.get_rng_state()
    parts = []

    for rank in range(size):
        draws, share = Draws(Processes(rank, size)), Share.of(n, Processes(rank, size))
        draws.learn(make)
        torch.manual_seed(0)

        with draws.of(share):
            own = make(share.rows.stop - share.rows.start)

        assert torch.equal(torch.get_rng_state(), after)
        dim = next(d for d in range(own.ndim) if own.shape[d] != whole.shape[d])
        factor = whole.shape[dim] // n
        parts.append(own.narrow(dim, 0, share.length * factor))

    assert torch.equal(torch.cat(parts, dim), whole)


def test_batches_read_the_own_rows() -> None:
    batches = Batches(Examples(torch.arange(23)), batch_size=5)
    order = torch.randperm(23)
    whole = [batch.target for batch in batches.iterate(order)]
    parts = []

    for rank in range(3):
        processes = Processes(rank, 3)

        def own(index: torch.Tensor, processes: Processes = processes) -> torch.Tensor:
            return index[Share.of(len(index), processes).rows]

        parts.append([batch.target for batch in batches.iterate(order, 1, own)])

    assert [torch.cat(p).tolist() for p in zip(*parts)] == [t.tolist() for t in whole[1:]]
    assert torch.equal(torch.cat(whole), order)


# Trainings


def _table(n: int = 103) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 3)) @ rng.normal(size=(3, 6)) + 0.1 * rng.normal(size=(n, 6))


def _weights(model: Any) -> torch.Tensor:
    parts = model.model_.encoder, model.model_.decoder
    return torch.cat([t.double().flatten() for p in parts for t in p.state_dict().values()])


def _outcome(model: Any) -> dict[str, Any]:
    records = [*model.history_]
    return {
        "weights": _weights(model),
        "prior": [*model.model_.prior.state_dict().values()],
        "train": torch.tensor([r.train["total"] for r in records]),
        "validation": torch.tensor([r.validation["total"] for r in records]),
        "skipped": [r.skipped for r in records],
    }


def _fit(name: str, X: Any = None, **options: Any) -> dict[str, Any]:
    training = ae.Training(**({"epochs": 2, "batch_size": 16} | options))
    model = getattr(recipes, name)(2).set_params(training=training, random_state=0)
    return _outcome(model.fit(_table() if X is None else X))


def _fit_all(settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: _fit(name.split()[0], **options) for name, options in settings.items()}


# The second example of each way to divide a minibatch has an uneven number of rows at the end
_EVERYDAY: dict[str, dict[str, Any]] = {
    "vae": {"gradient_accumulation": 3, "max_grad_norm": 1.0, "ema_decay": 0.9},
    "beta_tc_vae": {},
    "vq_vae": {},
}
_MORE = {
    name: {}
    for name in (
        "aae", "autoencoder", "contractive", "denoising", "dip_vae", "factor_vae", "hvae",
        "info_vae", "linear", "masked", "matryoshka", "rae", "sigma_vae", "sparse", "vae_gan",
        "wae",
    )
}  # fmt: skip
_MORE["autoencoder bfloat16"] = {"precision": "bfloat16"}


def _assert_same(ours: dict[str, Any], theirs: dict[str, Any], tolerance: float = 2e-2) -> None:
    for part in ("train", "validation"):
        torch.testing.assert_close(ours[part], theirs[part], rtol=1e-3, atol=1e-3)

    scale = theirs["weights"].abs().max()
    assert (ours["weights"] - theirs["weights"]).abs().max() <= tolerance * scale
    assert ours["skipped"] == theirs["skipped"]


def _assert_equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert torch.equal(ours["weights"], theirs["weights"])
    assert all(map(torch.equal, ours["prior"], theirs["prior"]))
    assert torch.equal(ours["validation"], theirs["validation"])


def _check_same(settings: dict[str, dict[str, Any]], n: int) -> None:
    alone = _fit_all(settings)
    together = launch(_fit_all, n, settings)

    for name in settings:
        for rank in range(n):
            _assert_equal(together[rank][name], together[0][name])

        # A difference of one rounding grows where a gradient is zero but for rounding
        _assert_same(together[0][name], alone[name])


@pytest.mark.slow
def test_two_processes_train_as_one() -> None:
    _check_same(_EVERYDAY, 2)


@pytest.mark.slow
def test_three_processes_train_as_one() -> None:
    # The codebook starts where the encoder has no gradient, so that a third of a number, which two
    # processes do not need, decides its first step
    _check_same({k: v for k, v in _EVERYDAY.items() if k != "vq_vae"}, 3)


@pytest.mark.slow
def test_every_objective_trains_as_in_one_process() -> None:
    _check_same(_MORE, 2)


def _data(kind: str) -> Any:
    rng = np.random.default_rng(0)

    if kind == "images":
        return rng.integers(0, 255, size=(40, 12, 12), dtype=np.uint8)

    if kind == "texts":
        return ["".join(rng.choice([*"abcd "], 12)) for _ in range(40)]

    if kind == "sounds":
        return rng.normal(size=(40, 256)).astype(np.float32), ae.modalities.Sounds()

    if kind == "series":
        return rng.normal(size=(40, 16, 2)), ae.modalities.Series()

    import pandas as pd

    numbers, words = rng.normal(size=(2, 40)).T, rng.choice(["a", "b"], 40)
    frame = pd.DataFrame(numbers, columns=["x", "y"]).assign(z=words)
    frame.loc[3, "x"] = np.nan
    return frame


def _fit_kinds(kinds: list[str]) -> dict[str, Any]:
    outcomes = {}

    for kind in kinds:
        X = _data(kind)
        X, modality = X if isinstance(X, tuple) else (X, None)
        training = ae.Training(epochs=1, batch_size=7)
        model = recipes.vae(2, training=training, modality=modality, random_state=0)
        outcomes[kind] = _outcome(model.fit(X))

    return outcomes


@pytest.mark.slow
def test_every_kind_of_data_trains_as_in_one_process() -> None:
    kinds = ["images", "texts", "sounds", "series", "frames"]
    alone, together = _fit_kinds(kinds), launch(_fit_kinds, 2, kinds)

    for kind in kinds:
        _assert_equal(together[1][kind], together[0][kind])
        _assert_same(together[0][kind], alone[kind])


# Steps that are not finite


class _Fragile(Reconstruction):
    r"""Reconstruction whose loss is infinite for examples far from zero."""

    def forward(self, model: Any, x: torch.Tensor, target: torch.Tensor) -> Any:
        loss = super().forward(model, x, target)
        far = (x[:, 0] > 2.5) & self.training
        return loss._replace(total=torch.where(far, torch.inf, loss.total))


def _fit_fragile() -> dict[str, Any]:
    training = ae.Training(epochs=2, batch_size=8)
    return _outcome(
        ae.Autoencoder(2, objective=_Fragile(), training=training, random_state=0).fit(_table(403))
    )


@pytest.mark.slow
def test_all_processes_skip_a_step_that_is_not_finite_in_one() -> None:
    alone, together = _fit_fragile(), launch(_fit_fragile, 2)

    assert sum(alone["skipped"]) > 0
    _assert_equal(together[0], together[1])
    _assert_same(together[0], alone)


# Resuming


def _resumed(folder: str, steps: int | None) -> dict[str, Any] | None:
    r"""Trains with a checkpoint after each step, and stops after some steps, if they are given."""
    make_step = TrainState._make_step

    def stop(self: TrainState, *arguments: Any) -> None:
        if self.step == steps:
            raise OSError("the power is off")

        make_step(self, *arguments)

    TrainState._make_step = stop  # type: ignore[method-assign]

    try:
        training = ae.Training(
            epochs=3, batch_size=16, checkpoint_dir=folder, checkpoint_seconds=0
        )
        model = recipes.vae(2).set_params(training=training, random_state=0)
        beat_before = Pulse.beat

        def beat(self: Pulse, *arguments: Any) -> None:
            self.every = 1
            beat_before(self, *arguments)

        Pulse.beat = beat  # type: ignore[method-assign]
        return _outcome(model.fit(_table(), resume=True))
    except OSError:
        return None
    finally:
        TrainState._make_step = make_step  # type: ignore[method-assign]
        Pulse.beat = beat_before  # type: ignore[method-assign]


@pytest.mark.slow
def test_resuming_is_exact_with_the_same_number_of_processes(tmp_path: Path) -> None:
    whole = launch(_resumed, 2, str(tmp_path / "whole"), None)
    assert launch(_resumed, 2, str(tmp_path / "cut"), 8) == [None, None]
    resumed = launch(_resumed, 2, str(tmp_path / "cut"), None)

    _assert_equal(resumed[0], whole[0])
    _assert_equal(resumed[1], whole[0])


@pytest.mark.slow
@pytest.mark.parametrize(("then", "now"), [(2, 1), (1, 2), (2, 3)])
def test_a_training_continues_with_another_number(then: int, now: int, tmp_path: Path) -> None:
    def run(n: int, *arguments: Any) -> Any:
        return launch(_resumed, n, *arguments)[0] if n > 1 else _resumed(*arguments)

    whole = _resumed(str(tmp_path / "whole"), None)
    assert run(then, str(tmp_path / "cut"), 8) is None
    resumed = run(now, str(tmp_path / "cut"), None)
    assert whole is not None

    _assert_same(resumed, whole)


# Ends that all processes share


def _interrupted() -> int:
    r"""Trains until the second process is interrupted, and returns the number of epochs."""
    make_step = TrainState._make_step

    def interrupt(self: TrainState, *arguments: Any) -> None:
        if self.step == 9 and present().rank == 1:
            os.kill(os.getpid(), signal.SIGTERM)

        make_step(self, *arguments)

    TrainState._make_step = interrupt  # type: ignore[method-assign]
    model = recipes.autoencoder(2, training=ae.Training(epochs=10**6, batch_size=16))
    return len(model.fit(_table()).history_)


def _stopped() -> list[int]:
    X, counts = _table(), []

    for options in ({"time_budget": 0.5}, {"epochs": 400, "patience": 1}):
        model = recipes.autoencoder(2, training=ae.Training(batch_size=16, **options))
        counts.append(len(model.fit(X).history_))

    model = recipes.autoencoder(2, training=ae.Training(epochs=5, batch_size=16))
    model.fit(X, after_epoch=lambda record: record.epoch == 2 and present().is_first)
    return [*counts, len(model.history_)]


def test_all_processes_stop_together() -> None:
    first, second = launch(_interrupted, 2)
    assert first == second

    first, second = launch(_stopped, 2)
    assert first == second
    assert first[2] == 2
    assert first[1] < 400


def _deserted() -> str:
    make_step = TrainState._make_step

    def leave(self: TrainState, *arguments: Any) -> None:
        if self.step == 5 and present().rank == 1:
            os._exit(0)

        make_step(self, *arguments)

    TrainState._make_step = leave  # type: ignore[method-assign]

    try:
        recipes.autoencoder(2, training=ae.Training(epochs=3, batch_size=16)).fit(_table())
    except ConnectionError as error:
        return str(error)

    return ""


def test_the_loss_of_a_process_is_told() -> None:
    first, second = launch(_deserted, 2)

    assert second is None
    assert "lost the connection to another process" in first


# Errors


def _errors() -> list[str]:
    found = []

    def fail() -> None:
        raise TypeError("only the first process says this")

    for call in (lambda: present().first(fail), lambda: recipes.vae(2).fit([[1.0], [np.nan]])):
        try:
            call()
        except (TypeError, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")

    return found


def _gathered() -> dict[str, Any]:
    r"""Gradients and second derivatives through networks whose rows are divided."""
    torch.manual_seed(0)
    W = torch.randn(3, 3, requires_grad=True)
    x, processes = torch.randn(5, 3), present()
    y = all_rows((own_rows(x, processes) @ W).tanh(), 5, processes)
    z = all_rows((own_rows(y, processes) @ W).tanh(), 5, processes)
    (gradient,) = torch.autograd.grad((z.T @ z).square().sum(), y, create_graph=True)
    loss = (y.T @ y).square().sum() + gradient.square().sum()
    loss.backward()
    assert W.grad is not None

    return {"loss": loss.detach(), "gradient": processes.sum_(W.grad) / processes.size}


def test_processes_agree_on_errors_and_derivatives() -> None:
    first, second = launch(_both, 3)[:2]
    assert first["errors"] == second["errors"]
    assert first["errors"][0] == "TypeError: only the first process says this"
    alone = _gathered()

    for name, value in alone.items():
        torch.testing.assert_close(first[name], value)
        torch.testing.assert_close(second[name], value)


def _both() -> dict[str, Any]:
    return {"errors": _errors(), **_gathered()}


def test_a_model_that_does_not_fit_is_refused() -> None:
    huge = nn.Linear(2**20, 2**22, bias=False, device="meta")

    with pytest.raises(ValueError, match="Every one holds the whole model"):
        check_memory(huge, "cpu", Processes(0, 2))

    check_memory(huge, "cpu", Processes())


def test_a_replica_averages_what_networks_learn_from_their_rows() -> None:
    from autoencode.models.latent import LatentModel
    from autoencode.training.step import TrainStep

    class Normalized(ae.networks.FullyConnected):
        def encoder(self, *arguments: Any) -> nn.Module:
            return _WithBatchNorm(super().encoder(*arguments))

    parts = ae.distributions.Dirac(), ae.distributions.SharedGaussian(), ae.priors.StandardNormal()
    model = LatentModel.build(Normalized((4,)), (3,), 2, *parts)
    step = TrainStep(model, Reconstruction())
    replica = Replica(step, Examples(torch.randn(9, 3)), Processes(0, 2))

    assert not replica.whole
    assert {name.rpartition(".")[2] for name in replica.averaged} == {
        "running_mean", "running_var", "num_batches_tracked"
    }  # fmt: skip
    assert step.model.encoder.network.norm.num_batches_tracked == 0


class _WithBatchNorm(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.norm, self.network = nn.BatchNorm1d(3), network

    def forward(self, x: torch.Tensor, c: Any = None) -> torch.Tensor:
        return self.network(self.norm(x), c)
