r"""Tests for priors that are fitted to the codes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.datasets import load_iris
from torch import Tensor, randn
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

import autoencode as ae
from autoencode.common import container
from autoencode.distributions import Gaussian, GaussianMixture
from autoencode.objectives import ELBO, Reconstruction
from autoencode.priors import ConditionalMixture, Mixture, StandardNormal, VampPrior

SMALL = {
    "layers": (16,),
    "training": ae.Training(epochs=5, batch_size=128),
    "random_state": 0,
}


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    r"""Two rings, whose codes a unit Gaussian follows badly."""
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 600)
    radius = np.repeat([1.0, 3.0], 300)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), radius], axis=1)


def fitted(z: Tensor, components: int) -> Mixture:
    prior = Mixture(components).build(z.shape[-1])
    torch.manual_seed(0)
    prior.fit(lambda: z)
    return prior


@pytest.mark.parametrize("D", [1, 3])
def test_it_is_the_unit_gaussian_until_it_is_fitted(D: int) -> None:
    z = randn(7, D)
    assert torch.equal(Mixture().build(D)().log_prob(z), StandardNormal().build(D)().log_prob(z))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("draws", [1, 4])
def test_one_component_has_the_moments_of_the_codes(draws: int) -> None:
    z = 5 + randn(300, draws, 3) @ randn(3, 3)
    flat = z.flatten(end_dim=1)
    p = fitted(z, 1)()
    density = multivariate_normal(flat.mean(0), np.cov(flat.T, bias=True))

    assert torch.allclose(p.mean, flat.mean(0))
    assert p.log_prob(flat[:50]).numpy() == pytest.approx(density.logpdf(flat[:50]), abs=0.05)


@pytest.mark.usefixtures("float64")
def test_the_density_of_a_mixture_is_that_of_torch() -> None:
    weight, loc = randn(4).softmax(dim=0), randn(4, 3)
    scale_tril = randn(4, 3, 3).tril(-1) + (0.1 + torch.rand(4, 3)).diag_embed()
    mixture = GaussianMixture(weight, loc, scale_tril)
    reference = MixtureSameFamily(
        Categorical(weight), MultivariateNormal(loc, scale_tril=scale_tril)
    )
    z, new = randn(5, 7, 3), mixture.sample((40_000,))

    assert torch.allclose(mixture.log_prob(z), reference.log_prob(z))
    assert torch.allclose(mixture.mean, reference.mean)
    assert torch.allclose(mixture.variance, reference.variance)
    assert torch.allclose(new.mean(dim=0), reference.mean, atol=0.05)
    assert torch.allclose(new.var(dim=0), reference.variance, rtol=0.05)
    assert mixture.sample().shape == (3,)


@pytest.mark.usefixtures("float64")
def test_a_planted_mixture_is_recovered() -> None:
    truth = GaussianMixture(
        torch.tensor([0.5, 0.3, 0.2]),
        torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]]),
        torch.tensor(
            [[[1.0, 0.0], [0.9, 0.3]], [[2.0, 0.0], [0.0, 0.5]], [[0.2, 0.0], [0.0, 3.0]]]
        ),
    )
    p, new = fitted(truth.sample((3000, 1)), 3)(), truth.sample((5000,))
    order = torch.tensor([int((p.loc - m).norm(dim=1).argmin()) for m in truth.loc])

    assert torch.allclose(p.weight[order], truth.weight, atol=0.05)
    assert torch.allclose(p.loc[order], truth.loc, atol=0.3)
    assert float((truth.log_prob(new) - p.log_prob(new)).mean()) < 0.02


def planted(n: int, D: int, kind: str) -> Tensor:
    r"""Codes with shape `(n, 1, D)`: of the prior, of another Gaussian, or of six clusters."""
    torch.manual_seed(7)

    if kind == "prior":
        return randn(n, 1, D)

    if kind == "Gaussian":
        A = 0.5 * torch.eye(D) + 0.7 * randn(D, D) / D**0.5
        return randn(n, 1, D) @ A

    means = 0.9 * randn(6, D)
    return means[torch.randint(6, (n, 1))] + 0.4 * randn(n, 1, D)


@pytest.mark.slow
@pytest.mark.parametrize("N", [5, 20, 100, 1000])
@pytest.mark.parametrize("D", [1, 2, 16, 64])
def test_codes_that_were_held_out_never_lose(N: int, D: int) -> None:
    for kind in ("prior", "Gaussian", "clusters"):
        z, new = planted(N + 2000, D, kind)[:, 0].split([N, 2000])
        p = fitted(z[:, None] + torch.zeros(N, 2, 1) + 1e-3 * randn(N, 2, D), 4)
        gain = float((p().log_prob(new) - p.unit().log_prob(new)).mean())

        assert gain > -0.01, kind
        assert gain > 0.4 * D**0.5 or kind != "clusters" or N < 100 or D < 16


@pytest.mark.usefixtures("float64")
def test_features_of_a_collapsed_posterior_stay_unit_gaussians() -> None:
    z = randn(2000, 4) * torch.tensor([1.0, 0.3, 1.0, 1.0]) + torch.tensor([0.0, 0.0, 0.0, 2.0])
    p, x = fitted(z[:, None], 10)(), randn(50, 4)
    dead, alive = [0, 2], [1, 3]
    unit = StandardNormal().build(2)().log_prob
    parts = GaussianMixture(p.weight, p.loc[:, alive], p.scale_tril[:, alive][:, :, alive])

    assert torch.equal(p.loc[:, dead], torch.zeros(len(p.weight), 2))
    assert torch.equal(p.scale_tril[:, dead], torch.eye(4)[dead].expand(len(p.weight), 2, 4))
    assert torch.allclose(p.log_prob(x), parts.log_prob(x[:, alive]) + unit(x[:, dead]))


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
@pytest.mark.parametrize("N", [2, 3, 40, 3000])
def test_points_of_low_rank_are_followed_at_any_scale(N: int, scale: float) -> None:
    A, offset = randn(2, 8), torch.tensor([0.0] * 7 + [3.0])
    A[:, -1] = 0  # a constant feature
    z = scale * (randn(N, 2) @ A + offset)
    new = fitted(z[:, None].expand(N, 2, 8), 10)().sample((500,))
    off = (new / scale - offset) @ (torch.eye(8) - torch.linalg.pinv(A) @ A)

    assert torch.allclose(new.std(dim=0)[:-1], z.std(dim=0, correction=0)[:-1], rtol=0.35)
    assert float(new[:, -1].std()) < 0.02 * float(z.std())
    assert N < 40 or float(off.norm(dim=1).max()) < 0.3


@pytest.mark.usefixtures("float64")
def test_the_density_has_an_integral_of_one_and_is_sampled() -> None:
    z = torch.cat([randn(500, 1) - 4, 0.3 * randn(500, 1) + 2])
    p = fitted(z[:, None], 5)()
    grid = torch.linspace(-12, 12, 20_001)[:, None]
    new = p.sample((20_000,))

    assert float(torch.trapezoid(p.log_prob(grid).exp(), grid[:, 0])) == pytest.approx(1, abs=1e-6)
    assert float((new < 0).double().mean()) == pytest.approx(0.5, abs=0.02)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_scale_of_codes_does_not_matter(scale: float) -> None:
    z = randn(400, 1, 2) + 6 * torch.randint(2, (400, 1, 1))
    one, other = fitted(z, 2)(), fitted(scale * z, 2)()

    assert torch.allclose(
        other.log_prob(scale * z), one.log_prob(z) - 2 * np.log(scale), atol=1e-3
    )


@pytest.mark.parametrize(
    "z",
    [randn(1, 50, 4), randn(3, 50, 4), torch.ones(100, 2, 4), torch.zeros(100, 1, 1)],
    ids=["one example", "three examples", "constant", "zeros"],
)
def test_few_or_equal_codes_have_a_prior(z: Tensor) -> None:
    p = fitted(z, 10)()
    assert p.log_prob(z.flatten(end_dim=1)).isfinite().all()
    assert p.sample((9,)).isfinite().all()


def test_objectives_with_a_density_have_it_by_default() -> None:
    X = load_iris().data[::3]
    once = {"layers": (8,), "training": ae.Training(epochs=1)}
    priors = {make: make(2, **once).fit(X).prior_ for make in (ae.vae, ae.beta_vae)} | {
        ae.autoencoder: ae.autoencoder(2, **once).fit(X).prior_
    }
    chosen = ae.vae(2, prior=StandardNormal(), **once).fit(X)

    assert [type(p) for p in priors.values()] == [Mixture, Mixture, StandardNormal]
    assert isinstance(chosen.model_.prior, StandardNormal)
    assert ae.vae().set_params(prior__max_components=3).prior.max_components == 3
    given = ae.vae(2, conditional=True, **once).fit(X, load_iris().target[::3])
    assert isinstance(given.model_.prior, ConditionalMixture)
    assert (ELBO.prior, Reconstruction.prior) == (Mixture, StandardNormal)


@pytest.mark.slow
def test_new_rows_of_default_models_have_the_spread_of_the_data() -> None:
    X = load_iris().data[::2]
    new = ae.vae(2, random_state=0).fit(X).sample(1000, random_state=0)
    ratio = new.std(axis=0) / X.std(axis=0)

    assert ratio.min() > 2 / 3
    assert ratio.max() < 4 / 3


def test_codes_that_are_not_finite_leave_the_unit_gaussian(
    caplog: pytest.LogCaptureFixture,
) -> None:
    p = fitted(torch.full((20, 2, 3), torch.nan), 4)
    assert len(p.weight) == 0
    assert "not all finite" in caplog.text


@pytest.mark.slow
def test_the_bound_rises_and_nothing_else_changes(rows: np.ndarray) -> None:
    plain, mixed = (
        ae.vae(2, prior=prior, **SMALL).fit(rows)
        for prior in (StandardNormal(), Mixture(max_components=8))
    )
    before, after = plain.evaluate(rows), mixed.evaluate(rows)

    assert np.array_equal(plain.transform(rows), mixed.transform(rows))
    assert after["distortion"] == pytest.approx(before["distortion"])
    assert after["bound"] > before["bound"] + 0.1
    assert mixed.score(rows) > plain.score(rows)


@pytest.mark.slow
def test_new_examples_of_a_plain_autoencoder_are_like_the_data(rows: np.ndarray) -> None:
    model = ae.autoencoder(2, layers=(32,), prior=Mixture(), random_state=0).fit(rows)
    new = model.sample(400, random_state=0)

    # The radius is a column, too: that of two rings alone
    radius = np.hypot(new[:, 0], new[:, 1])
    assert np.abs(radius - new[:, 2]).mean() < 0.3
    assert np.abs(new[:, 2].mean() - 2) < 0.2
    assert not hasattr(model, "score_samples")
    assert ae.linear(2, prior=Mixture()).fit(rows).sample(3).shape == (3, 3)


def test_without_one_the_error_says_so() -> None:
    with pytest.raises(AttributeError, match=r"'sample'.* prior=Mixture\(\)"):
        ae.autoencoder(2).sample()


@pytest.mark.slow
def test_it_is_stored_and_made_again(rows: np.ndarray, tmp_path: Path) -> None:
    model = ae.vae(2, prior=Mixture(max_components=8), **SMALL).fit(rows)
    model.save(tmp_path / "model.ae")
    model.save(tmp_path / "encoder.ae", encoder_only=True)
    again = ae.load(tmp_path / "model.ae")
    new = model.sample(5, random_state=0)

    assert np.array_equal(again.sample(5, random_state=0), new)
    assert np.array_equal(again.score_samples(rows[:9]), model.score_samples(rows[:9]))
    assert np.array_equal(clone(model).fit(rows).sample(5, random_state=0), new)

    document, tensors = container.read(tmp_path / "model.ae")
    del document["prior"]
    container.write(tmp_path / "lost.ae", document, tensors)

    with pytest.raises(ValueError, match=r"lost\.ae' is damaged: 'prior'"):
        ae.load(tmp_path / "lost.ae")

    for encoder in (
        ae.load(tmp_path / "encoder.ae"),
        ae.load(tmp_path / "model.ae", encoder_only=True),
    ):
        assert np.array_equal(encoder.transform(rows), model.transform(rows))

        with pytest.raises(ValueError, match="encoder_only"):
            encoder.sample()


@pytest.mark.slow
def test_a_resumed_training_has_the_same(rows: np.ndarray, tmp_path: Path) -> None:
    training = ae.Training(epochs=3, checkpoint_dir=tmp_path / "run", checkpoint_seconds=0)
    model = ae.vae(2, prior=Mixture(), layers=(8,), training=training, random_state=0)
    whole = model.fit(rows).sample(5, random_state=0)

    assert np.array_equal(model.fit(rows, resume=True).sample(5, random_state=0), whole)


@pytest.mark.slow
def test_labels_and_missing_cells_go_with_it(rows: np.ndarray) -> None:
    pd = pytest.importorskip("pandas")
    y = np.repeat(["inner", "outer"], 300)
    X = pd.DataFrame({"x": rows[:, 0], "ring": y}).mask(np.arange(1200).reshape(600, 2) % 7 == 0)
    model = ae.vae(2, prior=Mixture(max_components=4), **SMALL).fit(X)

    assert ae.vae(2, prior=Mixture(), conditional=True, **SMALL).fit(rows, y).sample(
        3, y="outer"
    ).shape == (3, 3)
    assert not model.impute(X).isna().any(axis=None)
    assert set(model.sample(20, conditions={"ring": "outer"})["ring"]) == {"outer"}


@pytest.mark.usefixtures("float64")
def test_each_label_has_the_moments_of_its_codes() -> None:
    labels = torch.arange(600) % 3  # the third has few codes
    labels[labels == 2] = torch.where(torch.arange(200) < 4, 2, 1)
    c = torch.nn.functional.one_hot(labels, 4).double()
    z = randn(600, 1, 2) * (0.4 + labels[:, None, None]) + 3.0 * labels[:, None, None]
    prior = ConditionalMixture(1)
    prior.attach(torch.nn.Identity(), 4)
    prior = prior.build(2)
    zeros = torch.zeros(5, 2)
    assert torch.equal(prior(c[:5]).log_prob(zeros), StandardNormal().build(2)().log_prob(zeros))

    torch.manual_seed(0)
    unlabeled = torch.tensor([[0.25, 0.75, 0, 0]]).double().expand(30, -1)
    prior.fit(lambda: torch.cat([z, randn(30, 1, 2) + 50]), torch.cat([c, unlabeled]))
    p = prior(torch.eye(4).double())
    few = z[labels == 2][:, 0]
    assert torch.allclose(p.mean[:3], torch.stack([z[labels == k].mean((0, 1)) for k in range(3)]))
    assert torch.allclose(
        p.stddev[0], z[labels == 0].flatten(end_dim=1).std(dim=0, correction=0), rtol=0.1
    )
    assert p.log_prob(few.mean(dim=0)).isfinite().all()
    assert torch.equal(p.mean[3], torch.zeros(2).double())  # a label without codes

    # A missing label has the mixture of the labels
    z, mixed = randn(7, 1, 2), prior(torch.tensor([[0.25, 0.75, 0, 0]]).double())
    each = [prior(torch.eye(4).double()[[k]]).log_prob(z) for k in (0, 1)]
    expected = torch.logaddexp(each[0] + np.log(0.25), each[1] + np.log(0.75))
    assert torch.allclose(mixed.log_prob(z), expected)

    new = mixed.sample((20_000,))[:, 0]
    assert torch.allclose(new.mean(dim=0), mixed.mean[0], atol=0.1)
    assert torch.allclose(new.std(dim=0), mixed.stddev[0], rtol=0.05)


def test_numbers_as_contexts_leave_the_unit_gaussian() -> None:
    prior = ConditionalMixture()
    prior.attach(torch.nn.Identity(), 1)
    prior = prior.build(2)
    prior.fit(lambda: 3 * randn(50, 1, 2), randn(50, 1))
    assert len(prior.weight) == 0


def test_mixtures_of_labels_are_stored_and_decide_densities(
    rows: np.ndarray, tmp_path: Path
) -> None:
    y, c = np.repeat(["inner", "outer"], 300), torch.eye(2).repeat_interleave(300, dim=0)
    model = ae.vae(2, conditional=True, **{**SMALL, "training": ae.Training(epochs=1)})
    model.fit(rows, y)
    model.model_.prior.fit(lambda: 0.1 * randn(600, 1, 2) + 4 * c[:, None] - 2, c)
    model.save(tmp_path / "model.ae")
    again = ae.load(tmp_path / "model.ae")

    z = model.model_.prior(torch.eye(2)).sample((50,)).mean(dim=0)
    assert torch.allclose(z, 4 * torch.eye(2) - 2, atol=0.2)
    assert np.array_equal(again.score_samples(rows, y), model.score_samples(rows, y))
    assert np.array_equal(
        again.sample(5, y="outer", random_state=0), model.sample(5, y="outer", random_state=0)
    )


@pytest.mark.parametrize("components", [0, -1, 2.5, "ten"])
def test_wrong_arguments_are_named(components: object) -> None:
    with pytest.raises(ValueError, match="max_components as an integer >= 1"):
        Mixture(components)


@pytest.mark.usefixtures("float64")
def test_a_vamp_prior_is_the_mixture_of_the_posteriors_of_its_inputs(make_model) -> None:
    model = make_model(Gaussian)
    prior = VampPrior(3)
    prior.attach(model.encoder)
    prior = prior.build(2)
    x = randn(3, 5)
    prior.start(lambda: (x, None))
    z, q = randn(7, 2), model.encode(x)
    weights = Categorical(logits=prior.logits)

    torch.testing.assert_close(
        prior().log_prob(z), MixtureSameFamily(weights, q).log_prob(z), rtol=1e-9, atol=1e-9
    )
    assert "encoder" not in str([*prior.state_dict()])  # its weights are stored once

    prior().log_prob(z).sum().backward()
    assert all(p.grad is not None for p in (*prior.parameters(), *model.encoder.parameters()))


def test_models_with_a_vamp_prior(rows, tmp_path) -> None:
    some, y = rows[::6], np.repeat([0, 1], 50)
    options = SMALL | {"training": ae.Training(2, device="cpu", compile=False)}
    model = clone(ae.vae(2, prior=VampPrior(8), conditional=True, **options)).fit(some, y)
    model.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")

    np.testing.assert_array_equal(loaded.score_samples(some, y), model.score_samples(some, y))
    assert loaded.sample(3, 1).shape == (3, 3)
    assert model.model_.prior.attached[0] is model.model_.encoder

    with pytest.raises(ValueError, match="no density"):
        ae.autoencoder(2, prior=VampPrior(), **options).fit(rows)
