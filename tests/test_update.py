r"""Tests of the optimizer and of optimization steps: eager, accumulated and compiled."""

import copy
import logging
import math
from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn as nn
from torch import Tensor

from autoencode import Training
from autoencode.data import Examples
from autoencode.distributions import Autoregressive, Dirac, Gaussian, SharedGaussian
from autoencode.models.latent import Conditional, LatentModel, Model
from autoencode.networks import FullyConnected, Incomplete, Recurrent
from autoencode.objectives import ELBO, Loss, Objective, Reconstruction
from autoencode.priors import StandardNormal
from autoencode.training.adamw import NEGLIGIBLE, AdamW
from autoencode.training.step import TrainStep
from autoencode.training.trainer import TrainingDefaults
from autoencode.training.update import CompiledUpdate, EagerUpdate, has_bfloat16, has_compiler

D = 6

# Warnings of torch's compiler differ between releases
QUIET = pytest.mark.filterwarnings("ignore")
TRACED = partial(torch.compile, backend="eager")  # all but the C++ compiler


def make(objective: Objective | None = None, context: int = 0, **options) -> TrainStep:
    r"""A small model with the same weights each time."""

    torch.manual_seed(0)
    objective = objective or Reconstruction()
    parts = objective.posterior(), SharedGaussian(), StandardNormal()
    model = LatentModel.build(FullyConnected((300,)), (D,), 2, *parts, context=context)

    return TrainStep(model, objective, **options).train()


def batches(n: int, size: int = 16) -> list[Examples]:
    generator = torch.Generator().manual_seed(1)
    return [Examples(torch.randn(size, D, generator=generator)) for _ in range(n)]


def weights(step: TrainStep) -> Tensor:
    return torch.cat([p.detach().flatten() for p in step.parameters()])


def run(update: EagerUpdate | CompiledUpdate, data: list[Examples]) -> list[float]:
    torch.manual_seed(2)
    sums = [update(batch, lr_scale=0.5).sums.values.tolist() for batch in data]

    return [total / n if n else math.nan for n, total, *_ in sums]


# Optimizer


def test_adamw_agrees_with_torch_for_narrow_matrices() -> None:
    layer = nn.Linear(5, 3)
    other = copy.deepcopy(layer)
    ours = AdamW(layer, learning_rate=0.1, weight_decay=0.5)
    theirs = torch.optim.AdamW(
        [
            {"params": [other.weight], "weight_decay": 0.5},
            {"params": [other.bias], "weight_decay": 0.0},
        ],
        lr=0.1,
        betas=(0.9, 0.99),
    )

    for x in torch.randn(20, 4, 5):
        layer(x).square().sum().backward()
        other(x).square().sum().backward()
        ours.step()
        theirs.step()
        theirs.zero_grad()

    torch.testing.assert_close(layer.weight, other.weight)
    torch.testing.assert_close(layer.bias, other.bias)


@pytest.mark.parametrize("inputs", [1, 256, 1024])
def test_learning_rates_fall_with_the_root_of_the_width(inputs: int) -> None:
    layer = nn.Linear(inputs, 1, bias=False)
    before = layer.weight.detach().clone()
    optimizer = AdamW(layer, learning_rate=0.1)
    layer(torch.ones(inputs)).sum().backward()
    optimizer.step()

    moved = (before - layer.weight).detach()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.1 * min(1, 256 / inputs) ** 0.5))


def test_weights_without_a_gradient_do_not_change() -> None:
    module = nn.ModuleDict({"used": nn.Linear(3, 2), "unused": nn.Linear(300, 2)})
    before = copy.deepcopy(module.state_dict())
    optimizer = AdamW(module, learning_rate=0.1, weight_decay=0.1)
    module["used"](torch.ones(3)).sum().backward()
    optimizer.step()

    for name, tensor in module.state_dict().items():
        assert tensor.equal(before[name]) == name.startswith("unused")

    with pytest.raises(ValueError, match="expected a model with weights to train"):
        AdamW(module.requires_grad_(False), learning_rate=0.1)


@QUIET
@pytest.mark.parametrize(
    "kind", [EagerUpdate, pytest.param(CompiledUpdate, marks=pytest.mark.slow)]
)
def test_frozen_weights_do_not_change(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", TRACED)
    step = make()
    step.model.encoder.requires_grad_(False)
    before = copy.deepcopy(step.state_dict())
    update = kind(step, AdamW(step, 1e-2))
    run(update, batches(3))

    assert kind is EagerUpdate or update.compiled is not None

    for name, tensor in step.state_dict().items():
        assert tensor.equal(before[name]) == ("encoder" in name), name


def test_moments_are_never_denormal() -> None:
    layer = nn.Linear(2, 1)
    optimizer = AdamW(layer, learning_rate=1e-3)

    for i in range(1500):
        x = torch.ones(2) if i == 0 else torch.tensor([1.0, 0.0])  # the second becomes constant
        layer(x).sum().backward()
        optimizer.step()

        if i % 128 == 0:
            optimizer.flush_denormals()

        for name, tensor in optimizer.state_dict().items():
            tiny = (tensor != 0) & (tensor.abs() < torch.finfo(torch.float32).tiny)
            assert not tiny.any(), f"{name} after {i} steps"

    assert optimizer.m[0][0, 1] == 0
    assert NEGLIGIBLE > torch.finfo(torch.float32).tiny


def test_a_skipped_step_changes_nothing() -> None:
    step = make()
    update = EagerUpdate(step, AdamW(step, 1e-2))
    update(batches(1)[0], 1.0)
    before = weights(step), copy.deepcopy(update.optimizer.state_dict())
    updated = update(Examples(torch.full((4, D), torch.nan)), 1.0)

    assert not updated.finite
    assert torch.equal(weights(step), before[0])

    for name, tensor in update.optimizer.state_dict().items():
        assert torch.equal(tensor, before[1][name]), name


class Normalized(Reconstruction):
    r"""Reconstruction that also tracks the mean of the data, as batch normalization does."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(D)

    def forward(self, model: LatentModel, x: Tensor, target: Tensor) -> Loss:
        return super().forward(model, self.norm(x), target)


@pytest.mark.slow
@QUIET
@pytest.mark.parametrize("kind", [EagerUpdate, CompiledUpdate])
def test_buffers_take_part_in_steps(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", TRACED)
    step = make(Normalized())
    norm = step.objective.norm
    update = kind(step, AdamW(step, 1e-3))
    data = batches(5)
    broken = Examples(torch.full((16, D), torch.inf))
    run(update, [data[0], broken, *data[1:3], broken, *data[3:]])

    other = nn.BatchNorm1d(D)
    for batch in data:
        other(batch.target)

    assert kind is EagerUpdate or update.compiled is not None
    torch.testing.assert_close(norm.running_mean, other.running_mean)
    torch.testing.assert_close(norm.running_var, other.running_var)
    assert int(norm.num_batches_tracked) == 5


# Gradient accumulation


@pytest.mark.parametrize("parts", [1, 2, 5, 16, 99])
def test_accumulated_gradients_make_the_same_step(parts: int) -> None:
    whole, cut = make(), make()
    a = run(EagerUpdate(whole, AdamW(whole, 1e-3), max_grad_norm=0.1), batches(5))
    b = run(
        EagerUpdate(cut, AdamW(cut, 1e-3), max_grad_norm=0.1, gradient_accumulation=parts),
        batches(5),
    )

    assert a == pytest.approx(b, rel=1e-5)
    torch.testing.assert_close(weights(whole), weights(cut), rtol=1e-3, atol=1e-5)


# CompiledUpdate


@pytest.mark.slow
@pytest.mark.skipif(not has_compiler("cpu"), reason="there is no C++ compiler")
@QUIET
@pytest.mark.parametrize("instructions", ["those of this processor", "plain"])
def test_compiled_updates_agree_with_eager_ones(
    instructions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if instructions == "plain":  # must not take the results of other processors from the cache
        monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")

    eager, compiled = make(ELBO(), context=3), make(ELBO(), context=3)
    data = [replace(batch, context=torch.rand(16, 3)) for batch in batches(12)]
    data[7] = replace(data[7], target=torch.full((16, D), torch.inf))  # both skip it
    update = CompiledUpdate(compiled, AdamW(compiled, 1e-2, 0.1), max_grad_norm=1.0)

    # As in a new process, where no divergence has been looked up yet
    monkeypatch.setattr("torch.distributions.kl._KL_MEMOIZE", {})
    b = run(update, data)
    a = run(EagerUpdate(eager, AdamW(eager, 1e-2, 0.1), max_grad_norm=1.0), data)

    assert update.compiled is not None
    assert a == pytest.approx(b, rel=1e-4, nan_ok=True)
    torch.testing.assert_close(weights(eager), weights(compiled), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@QUIET
def test_many_models_are_all_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", TRACED)

    for size in range(2, 12):  # torch gives up a function after eight
        step = make()
        update = CompiledUpdate(step, AdamW(step, 1e-3))
        run(update, batches(1, size))

        assert update.compiled is not None, f"model {size - 1}"


@QUIET
def test_models_that_cannot_be_compiled_are_trained_eagerly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stubborn(Reconstruction):
        def forward(self, model: LatentModel, x: Tensor, target: Tensor):
            print("", end="")
            torch._dynamo.graph_break()
            return super().forward(model, x, target)

    step, same = make(Stubborn()), make()
    update = CompiledUpdate(step, AdamW(step, 1e-3))

    with caplog.at_level(logging.WARNING):
        losses = run(update, batches(3))

    assert losses == run(EagerUpdate(same, AdamW(same, 1e-3)), batches(3))
    assert len([r for r in caplog.records if "cannot compile" in r.message]) == 1


# Precision


@pytest.mark.parametrize("objective", [Reconstruction(), ELBO()], ids=["Reconstruction", "ELBO"])
def test_bfloat16_agrees_with_float32_to_two_digits(objective: Objective) -> None:
    full, half = make(objective.clone()), make(objective.clone(), precision="bfloat16")
    a = run(EagerUpdate(full, AdamW(full, 1e-3)), batches(40))
    b = run(EagerUpdate(half, AdamW(half, 1e-3)), batches(40))

    assert a != b  # or nothing was computed in half precision
    assert a == pytest.approx(b, rel=0.02)
    assert all(p.dtype == torch.float32 for p in half.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_agrees_with_the_cpu(precision: str) -> None:
    here, there = make(), make(precision=precision).cuda()
    data = [Examples(batch.target.cuda()) for batch in batches(20)]
    a = run(EagerUpdate(here, AdamW(here, 1e-3)), batches(20))
    b = run(CompiledUpdate(there, AdamW(there, 1e-3)), data)

    assert a == pytest.approx(b, rel=0.02)


def test_objectives_compute_in_full_precision() -> None:
    found = {}

    class Products(Reconstruction):
        def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
            z = model.encode(x).mean
            found["product"] = (z @ z.mT).dtype
            found["hidden"] = hidden[-1]
            return super().forward(model, x, target)

    hidden: list[torch.dtype] = []
    step = make(Products(), precision="bfloat16")
    step.model.encoder.network.layers[0].register_forward_hook(
        lambda module, inputs, output: hidden.append(output.dtype)
    )
    step(batches(1)[0])

    assert found == {"product": torch.float32, "hidden": torch.bfloat16}


def test_token_decoders_compute_in_the_precision_of_the_decoder() -> None:
    family = Autoregressive(max_length=4).build(Recurrent(8, vocab_size=3), (16,))
    seen: list[bool] = []
    family.token_decoder.register_forward_hook(
        lambda *_: seen.append(torch.is_autocast_enabled("cpu"))
    )

    for enabled in (True, False):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            p = family(torch.zeros(2, 16, 1))

        p.log_prob(torch.zeros(2, 4))

    assert seen == [True, False]


def test_distributions_are_in_full_precision_under_autocast() -> None:
    network = FullyConnected((8,)).encoder((D,), 4)
    q = Conditional(network, Gaussian(), (D,), (2,))
    d = Conditional(FullyConnected((8,)).encoder((D,), 2), Dirac(), (D,), (2,))

    with torch.autocast("cpu", torch.bfloat16):
        assert q(torch.randn(3, D)).mean.dtype == torch.float32
        assert d(torch.randn(3, D)).mean.dtype == torch.float32


# Defaults


def test_training_defaults_depend_on_the_arguments_alone() -> None:
    few = Training(device="cpu").resolve(10_000)
    many = Training(device="cpu", epochs=1000).resolve(100_000)
    some = Training(device="cpu", epochs=10).resolve(100_000)

    assert few.epochs == 26  # two thousand steps, of 128 examples
    assert Training().resolve(100).epochs == 128
    assert Training().resolve(100, TrainingDefaults(max_epochs=32)).epochs == 32
    assert [Training().resolve(n).batch_size for n in (1, 100, 1000, 10_000, 100_000)] == [
        16,
        16,
        64,
        128,
        512,
    ]
    assert Training(batch_size=7).resolve(1000).batch_size == 7
    assert [Training().n_held_out(n) for n in (1, 9, 10, 499, 500, 10_000, 10**6)] == [
        0,
        0,
        2,
        100,
        50,
        1000,
        2048,
    ]
    assert [Training(validation_fraction=v).n_held_out(100) for v in (0, 0.5, 0.999)] == [
        0,
        50,
        99,
    ]
    assert Training().resolve(10_000_000).epochs == 10
    assert few.compile is False
    assert some.compile is False
    assert many.compile is has_compiler("cpu")
    assert (
        not Training(device="cpu", epochs=1000)
        .resolve(100_000, TrainingDefaults(static_shapes=False))
        .compile
    )
    assert (
        not Training(device="cpu", epochs=1000, gradient_accumulation=2).resolve(100_000).compile
    )
    assert few.precision == ("bfloat16" if has_bfloat16("cpu") else "float32")
    assert Training(device="cuda", epochs=1000, precision="float32").resolve(100_000).compile
    assert not Training(device="cuda", epochs=1, precision="float32").resolve(100).compile
    assert Training(compile=True, device="cpu").resolve(100).compile is True
    assert Training(time_budget="1s").resolve(1000).epochs is None
    assert many.resolve(100_000).get_params() == many.get_params()
    assert few.learning_rate == 2e-3
    assert (
        Training().resolve(1000, TrainingDefaults(Recurrent().learning_rate)).learning_rate == 5e-3
    )
    assert Training(learning_rate=0.1).resolve(1000, TrainingDefaults(5e-3)).learning_rate == 0.1


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "float16"},
        {"compile": "yes"},
        {"compile": True, "gradient_accumulation": 2},
        {"ema_decay": 1.0},
        {"gradient_accumulation": 0},
    ],
    ids=str,
)
def test_invalid_training_arguments_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        Training(**options)


@pytest.mark.parametrize("n", [100, 1_000, 12_000, 99_999, 100_000])
def test_a_limit_of_minibatches_leaves_the_number_of_epochs(n: int) -> None:
    usual = Training(device="cpu").resolve(n)
    limited = Training(device="cpu").resolve(n, TrainingDefaults(max_batch_size=64))
    most = 64 if n < 100_000 else 512

    assert limited.batch_size == min(usual.batch_size, most)
    assert limited.epochs == usual.epochs

    given = Training(batch_size=200).resolve(n, TrainingDefaults(max_batch_size=64))
    assert given.batch_size == 200
    assert given.epochs == Training(batch_size=200).resolve(n).epochs


def test_only_tokens_limit_the_minibatches_of_recurrent_networks() -> None:
    limits = [Recurrent(vocab_size=9), Recurrent(), Incomplete(Recurrent()), FullyConnected()]
    assert [network.max_batch_size for network in limits] == [64, None, None, None]
