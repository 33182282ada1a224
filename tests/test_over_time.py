r"""Tests of codes over time: their network, their prior, and series and sounds of any length."""

import math
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode.cli import main
from autoencode.inference.positions import over_time
from autoencode.modalities import LogMel, Series, Sounds
from autoencode.networks import FullyConnected, Incomplete, TemporalConvolutional
from autoencode.priors import AutoregressivePrior, Mixture, StandardNormal
from autoencode.priors.neural.next_codes import CodesOverTime, NextCode

RNG = np.random.default_rng(0)
NETWORK = TemporalConvolutional(width=8, depth=1, stride=4, channels=3)
PRIOR = AutoregressivePrior(width=8, n_components=2, max_steps=12)
RATE = 2000


def waves(n: int = 24, T: int = 30) -> np.ndarray:
    t = np.arange(T) / 2 + RNG.uniform(0, 6, (n, 1))
    return np.stack([np.sin(t), 50 + 9 * np.cos(t)], axis=2)


def quick(**more: object) -> ae.Autoencoder:
    options = {"modality": Series(), "network": NETWORK, "prior": PRIOR, "random_state": 0} | more
    return ae.vae(training=ae.Training(epochs=2, batch_size=8, show_progress=False), **options)


@pytest.fixture(scope="module")
def fitted() -> ae.Autoencoder:
    return quick().fit(waves())


@pytest.fixture(scope="module")
def sounds() -> ae.Autoencoder:
    X = np.sin(np.arange(500) * RNG.uniform(0.1, 1, (22, 1)))
    kind = Sounds(RATE, spectrum=LogMel(n_mels=8, hop_seconds=0.016, n_iter=1))
    return quick(modality=kind, network=TemporalConvolutional(width=8, depth=1)).fit(X)


# The network


@pytest.mark.parametrize("context", [0, 2])
@pytest.mark.parametrize("shape", [(1, 1), (2, 21), (1, 9, 4), (2, 8, 3)], ids=str)
@pytest.mark.parametrize("stride", [1, 4])
def test_each_step_counts(stride, shape, context) -> None:
    network = TemporalConvolutional(width=4, depth=2, stride=stride)
    size = network.code_size(shape)
    encoder = network.encoder(shape, 2 * size, context)
    decoder = network.decoder(size, (2 * shape[0], *shape[1:]), context)
    x, c = torch.rand(3, *shape, requires_grad=True), torch.randn(3, context)
    q = encoder(x, c if context else None)
    r = decoder(q[:, :size], c if context else None)

    assert q.shape == (3, 2 * size)
    assert r.shape == (3, 2 * shape[0], *shape[1:])
    assert size == math.prod(network.code_shape(shape))

    r.square().sum().backward()
    assert (x.grad != 0).all()


@pytest.mark.parametrize("shape", [(2, 20), (1, 12, 5)], ids=str)
def test_it_begins_at_a_cosine_transform(shape) -> None:
    network = TemporalConvolutional(
        width=4, stride=4, channels=4 * shape[0] * math.prod(shape[2:])
    )
    size = network.code_size(shape)
    encoder, decoder = network.encoder(shape, size), network.decoder(size, shape)

    for half in (encoder, decoder):
        torch.nn.init.zeros_(half.layers[-1].weight)

    x = torch.rand(3, *shape)
    assert torch.allclose(decoder(encoder(x)), x, atol=1e-5)


def test_it_moves_with_time() -> None:
    x = torch.rand(1, 2, 80)
    size = NETWORK.code_size((2, 80))
    encoder = NETWORK.encoder((2, 80), size)
    z, later = (encoder(v).unflatten(1, (3, 20)) for v in (x, x.roll(-8, dims=2)))

    assert torch.allclose(later[..., 4:14], z[..., 6:16], atol=1e-5)


def test_wrong_sizes_and_data_are_refused() -> None:
    with pytest.raises(ValueError, match="expected width >= 1"):
        TemporalConvolutional(stride=0).code_size((1, 9))

    with pytest.raises(ValueError, match=r"needs a code size of 9 .*channels="):
        NETWORK.encoder((2, 12), 8)

    with pytest.raises(ValueError, match=r"needs series.*FullyConnected"):
        NETWORK.code_shape((5,))

    with pytest.raises(ValueError, match=r"is for series and sounds, got Images"):
        quick(modality=None).fit(np.zeros((3, 8, 8), np.uint8))


# The prior


def trained(c: int = 0, D: int = 1) -> NextCode:
    torch.manual_seed(0)
    network = NextCode(D, 8, 3, c)
    torch.nn.init.normal_(network.head.weight)

    return network


@torch.no_grad()
def test_the_next_code_has_a_density() -> None:
    grid = torch.linspace(-30, 30, 20001)
    z = torch.stack([torch.full_like(grid, 0.7), grid], dim=1)[..., None]
    log_p = trained()(z).double()

    assert torch.allclose(
        torch.trapezoid(log_p[:, 1].exp(), grid.double()), torch.ones(()).double()
    )
    assert torch.allclose(torch.trapezoid(trained()(z[:, 1:])[:, 0].exp(), grid), torch.ones(()))


def test_it_depends_on_the_past_and_the_context_alone() -> None:
    network = trained(c=2, D=3)
    z, c = torch.randn(4, 9, 3), torch.randn(4, 2)
    changed = z.clone()
    changed[:, 5:] += 1
    log_p = network(z, c)

    assert torch.allclose(network(changed, c)[:, :5], log_p[:, :5])
    assert (network(changed, c)[:, 6:] != log_p[:, 6:]).all()
    assert (network(z, c + 1) != log_p).all()


@torch.no_grad()
def test_codes_are_drawn_from_the_density() -> None:
    network = trained(D=2)
    p = CodesOverTime(network, torch.tensor([1.0, -2.0]), torch.tensor([2.0, 0.5]), 3)
    value = p.sample(torch.Size([2000]))
    z = (value.unflatten(1, (2, 3)).mT - p.loc) / p.scale
    before, first = torch.nn.functional.pad(z[:, :-1], (0, 0, 1, 0)), torch.zeros(2000, 3, 1)
    first[:, 0] = 1
    log_w, loc, scale = network._parts(network.cell(torch.cat([before, first], dim=2))[0])
    w = log_w.exp()[..., None]
    mean = (w * loc).sum(dim=2)
    variance = (w * (loc.square() + scale.square())).sum(dim=2) - mean.square()
    residual = (z - mean) / variance.sqrt()

    assert (residual.mean(dim=0).abs() < 0.12).all()  # five standard errors
    assert (residual.square().mean(dim=0) - 1).abs().max() < 0.25
    assert torch.allclose(p.step_log_prob(value).sum(dim=1), p.log_prob(value))


@pytest.mark.slow
def test_a_process_of_first_order_is_found() -> None:
    torch.manual_seed(0)
    z = [torch.randn(400, 1)]

    for _ in range(15):
        z.append(0.9 * z[-1] + math.sqrt(0.19) * torch.randn(400, 1))

    codes = torch.cat(z, dim=1)
    prior = AutoregressivePrior(width=16, n_components=1, max_steps=120)
    prior.context, prior.steps = 0, 16
    prior.build(16).fit(lambda: codes[:, None])
    gain = (prior().log_prob(codes) - StandardNormal().build(16)().log_prob(codes)).mean()
    ideal = -15 * 0.5 * math.log(0.19)

    assert 0.7 * ideal < gain < 1.1 * ideal


def test_codes_that_follow_the_unit_gaussian_keep_it() -> None:
    torch.manual_seed(0)
    prior = AutoregressivePrior(width=4, n_components=1, max_steps=2)
    prior.context, prior.steps = 0, 4
    prior.build(8).fit(lambda: torch.randn(200, 3, 8))

    assert prior().mean.shape == (8,)
    assert torch.equal(prior().stddev, torch.ones(8))


def test_it_needs_codes_over_time() -> None:
    with pytest.raises(ValueError, match=r"needs codes over time.*TemporalConvolutional"):
        quick(network=FullyConnected((4,))).fit(waves())

    with pytest.raises(ValueError, match="expected width >= 1"):
        AutoregressivePrior(max_steps=0)


# The estimator


def test_codes_are_those_of_any_length(fitted) -> None:
    X = waves(5)
    whole = fitted.transform(X, full_size=True)
    other = fitted.transform([X[0], X[1, :10], np.tile(X[2], (3, 1))], full_size=True)

    assert whole.shape == (5, 8, 3)
    assert np.allclose(whole.transpose(0, 2, 1).reshape(5, -1), fitted.transform(X), atol=1e-5)
    assert [z.shape for z in other] == [(8, 3), (3, 3), (23, 3)]
    assert np.allclose(other[0], whole[0], atol=1e-5)
    assert [x.shape for x in fitted.inverse_transform(other)] == [(32, 2), (12, 2), (92, 2)]

    again = fitted.inverse_transform(fitted.transform(X[:, :28], full_size=True))
    assert again.shape == (5, 28, 2)
    assert abs(again[..., 1].mean() - 50) < 9


def test_long_examples_are_encoded_in_parts(fitted, sounds, monkeypatch) -> None:
    X = [np.tile(waves(1)[0], (7, 1)), waves(1)[0]]
    noise = [RNG.normal(size=n) / 4 for n in (3000, 5003)]
    codes = [m.transform(x, full_size=True) for m, x in ((fitted, X), (sounds, noise))]
    monkeypatch.setattr(over_time, "_MAX_CODES", 5)
    parts = [m.transform(x, full_size=True) for m, x in ((fitted, X), (sounds, noise))]

    for whole, part in zip(codes, parts):
        assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(whole, part))


def test_new_series_have_any_length(fitted) -> None:
    assert isinstance(fitted.blueprint_.prior, AutoregressivePrior)
    assert fitted.sample(3).shape == (3, 30, 2)
    assert fitted.sample(2, steps=101, random_state=0).shape == (2, 101, 2)
    assert np.array_equal(*(fitted.sample(2, steps=9, random_state=1) for _ in range(2)))


def test_the_scores_of_steps_bound_the_density(fitted) -> None:
    X = waves(6)
    steps = fitted.score_samples(X, full_size=True)
    flat = fitted.score_samples(X)

    assert steps.shape == (6, 8)
    assert (steps.sum(axis=1) < flat + 3).all()  # noise of sixteen codes

    X[0, 12:16] += 300
    assert fitted.score_samples(X, full_size=True)[0].argmin() == 3


def test_the_default_prior_knows_time() -> None:
    kinds = {"modality": Series(), "network": NETWORK}
    resolve = ae.blueprint.choices.resolve_prior
    vae, plain = ae.vae(**kinds), ae.autoencoder(**kinds)

    assert isinstance(resolve(None, vae.objective, False, None, NETWORK), AutoregressivePrior)
    assert isinstance(resolve(None, vae.objective, True, None, NETWORK), AutoregressivePrior)
    assert isinstance(resolve(None, vae.objective, False, None, FullyConnected()), Mixture)
    assert isinstance(resolve(None, plain.objective, False, None, NETWORK), StandardNormal)


def test_a_resumed_and_a_stored_model_are_the_same(tmp_path) -> None:
    X, y = waves(), np.arange(24) % 2
    training = ae.Training(epochs=2, checkpoint_dir=tmp_path / "run", checkpoint_seconds=0)
    model = quick(conditional=True).set_params(training=training).fit(X, y)
    new = model.sample(4, y=[0, 1, 0, 1], steps=40, random_state=0)
    scores = model.score_samples(X, y, full_size=True)
    model.save(tmp_path / "model.ae")
    loaded = ae.load(tmp_path / "model.ae")

    assert model.model_.prior.conditional
    assert np.array_equal(loaded.sample(4, y=[0, 1, 0, 1], steps=40, random_state=0), new)
    assert np.array_equal(loaded.score_samples(X, y, full_size=True), scores)
    assert not np.array_equal(model.sample(4, y=1, steps=40, random_state=0), new)

    again = model.fit(X, y, resume=True)
    assert np.array_equal(again.sample(4, y=[0, 1, 0, 1], steps=40, random_state=0), new)


def test_gaps_and_points_have_codes_over_time() -> None:
    X = waves()
    X[::3, 5:9] = np.nan
    model = ae.autoencoder(
        modality=Series(),
        network=NETWORK,
        prior=PRIOR,
        training=ae.Training(epochs=1, batch_size=8, show_progress=False),
        random_state=0,
    ).fit(X)

    assert isinstance(model.network_, Incomplete)
    assert model.transform([X[0], X[1, :7]], full_size=True)[1].shape == (2, 3)
    assert model.sample(2, steps=50).shape == (2, 50, 2)
    assert np.isfinite(model.impute(X)).all()


def test_sounds_of_any_length(sounds) -> None:
    X = [np.sin(np.arange(n) / 3) for n in (500, 1400)]
    codes = sounds.transform(X, full_size=True)

    assert [z.shape for z in codes] == [(8, 8), (22, 8)]
    assert [len(x) for x in sounds.inverse_transform(codes)] == [15 * 32, 43 * 32]
    assert sounds.sample(2, seconds=0.7).shape == (2, 1400)
    assert np.abs(sounds.sample(1, seconds=0.7)).max() <= 1
    assert [s.shape for s in sounds.score_samples(X, full_size=True)] == [(8,), (22,)]


def test_wrong_lengths_and_models_are_refused(fitted, sounds) -> None:
    with pytest.raises(ValueError, match=r"counted in steps.*--steps"):
        fitted.sample(seconds=1)

    with pytest.raises(ValueError, match=r"counted in seconds.*--seconds"):
        sounds.sample(steps=8)

    for wrong in (0, 2.5, True):
        with pytest.raises(ValueError, match="expected steps as an integer >= 1"):
            fitted.sample(steps=wrong)

    for wrong in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="expected seconds > 0"):
            sounds.sample(seconds=wrong)

    with pytest.raises(ValueError, match=r"codes of 3 numbers over time.*\(8, 2\)"):
        fitted.inverse_transform(np.zeros((1, 8, 2)))

    vectors = quick(network=FullyConnected((4,)), prior=StandardNormal(), latent_dim=2)
    vectors.fit(waves())

    for call in (
        lambda: vectors.sample(steps=9),
        lambda: vectors.transform(waves(2), full_size=True),
        lambda: vectors.score_samples(waves(2), full_size=True),
        lambda: vectors.inverse_transform(np.zeros((1, 8, 2))),
    ):
        with pytest.raises(ValueError, match=r"are vectors.*TemporalConvolutional"):
            call()

    with pytest.raises(ValueError, match=r"one length only.*AutoregressivePrior"):
        quick(prior=Mixture(2)).fit(waves()).sample(steps=9)


def test_the_command_line(fitted, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    fitted.save("model.ae")
    X = waves(2)
    np.save("x.npy", X)

    for line in (
        "sample model.ae --out new.npy -n 2 --steps 41",
        "transform model.ae x.npy --out z.csv --full-size",
        "transform model.ae x.npy --out z.npy --full-size",
        "score model.ae x.npy --out s.csv --full-size",
    ):
        assert main(shlex.split(line)) == 0, capsys.readouterr()

    rows = Path("z.csv").read_text().splitlines()
    assert np.load("new.npy").shape == (2, 41, 2)
    assert np.allclose(np.load("z.npy"), fitted.transform(X, full_size=True), atol=1e-5)
    assert rows[0] == "example,step,z1,z2,z3"
    assert len(rows) == len(Path("s.csv").read_text().splitlines()) == 17
    assert main(shlex.split("sample model.ae --out new.npy --seconds 1")) != 0
    assert "counted in steps" in capsys.readouterr().err
