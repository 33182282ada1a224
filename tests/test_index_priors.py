r"""Laws of codes of finitely many values, and of their autoregressive prior."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris
from torch import Tensor, randn

import autoencode as ae
from autoencode import distributions as d
from autoencode.distributions.codes.codebook import code_indices
from autoencode.models.latent import Conditional
from autoencode.objectives import ELBO, VQ
from autoencode.priors import TransformerPrior

X, y = load_iris().data[::3], np.repeat(["a", "b"], 25)
SMALL = {"network": ae.networks.FullyConnected((8,)), "random_state": 0}
FAMILIES = [
    d.VectorQuantizer(7, 2),
    d.ResidualQuantizer(2, 5, 2),
    d.ProductQuantizer(5, 2),
    d.FiniteScalarQuantizer((5, 3)),
    d.FiniteScalarQuantizer((4, 3, 3)),
    d.LookupFreeQuantizer(3),
    d.GumbelSoftmax(3),
    d.StraightThroughBernoulli(),
]


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    monkeypatch.setattr("autoencode.priors.neural.ascent._MAX_UPDATES", 40)
    monkeypatch.setattr("autoencode.priors.neural.ascent._UPDATES_PER_CHECK", 20)
    monkeypatch.setattr("autoencode.priors.neural.ascent._MIN_EXAMPLES", 20)


def built(family):
    torch.manual_seed(0)
    family = family.clone().build(None, (6,))
    family.train()(3 * randn(200, 6, 1))  # entries of codebooks begin at codes
    return family.eval()


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_indices_and_values_are_inverse(family) -> None:
    family, residual = built(family), isinstance(family, d.ResidualQuantizer)
    G, K = family.index_shape(6)
    k = torch.randint(K, (40, 2, G))
    z = family.values(k, 6)

    assert family.finite
    assert z.shape == (40, 2, 6)
    assert residual or torch.equal(family.indices(z), k)
    assert residual or torch.equal(family.project(z), z)
    assert residual or torch.equal(family.project(z + 0.01 * randn(z.shape)), z)

    q = family(randn(9, 6, 1))
    found = code_indices(q)
    assert torch.equal(found, family.indices(q.mean)) or residual or family.has_density
    assert torch.allclose(family.values(found, 6), family.project(q.mean), atol=1e-6) or residual
    assert found.shape == (9, G)
    assert int(found.max()) < K


def prior_of(family, context: int = 0, **options) -> TransformerPrior:
    torch.manual_seed(1)
    prior = TransformerPrior(8, 1, 2, **options)
    prior.attach(Conditional(None, family, (1,), (4,)), context)
    return prior.build(4)


def test_the_probabilities_of_all_codes_have_a_sum_of_one_and_are_those_of_samples() -> None:
    family = d.FiniteScalarQuantizer((3, 3))
    prior = prior_of(family)
    prior.fitted = torch.ones(1)
    k = torch.cartesian_prod(torch.arange(9), torch.arange(9))
    p, z = prior(), family.values(k, 4)
    probability = p.log_prob(z).exp()
    new = family.indices(p.sample((4000,))) @ torch.tensor([9, 1])
    share = torch.bincount(new, minlength=81) / 4000

    assert float(probability.sum()) == pytest.approx(1, abs=1e-5)
    assert torch.allclose(share, probability, atol=5 * float(probability.max() / 4000) ** 0.5)
    assert torch.allclose(p.log_prob(z[:, None])[:, 0], p.log_prob(z), atol=1e-5)
    assert p.sample((2, 3)).shape == (2, 3, 4)


def test_an_index_depends_on_those_before_it_and_on_the_condition(monkeypatch) -> None:
    monkeypatch.setattr("autoencode.priors.neural.ascent._MAX_UPDATES", 160)
    family = d.GumbelSoftmax(2)
    prior = prior_of(family, context=2, conditional=True)
    c = torch.eye(2)[torch.arange(300) % 2]
    first = torch.randint(2, (300, 1))
    k = torch.cat([first, first ^ c[:, :1].long()], dim=1)  # equal, or unequal by the label
    prior.fit(lambda: family.values(k, 4)[:, None], c)
    new = family.indices(prior(c).sample())

    assert len(prior.fitted) == 1
    assert float(((new[:, 0] ^ new[:, 1]) == c[:, 0]).float().mean()) > 0.8
    assert 0.2 < float(new[:, 0].float().mean()) < 0.8


def test_categories_without_a_pattern_keep_their_reference() -> None:
    family = d.StraightThroughBernoulli()
    prior = prior_of(family)
    prior.fit(lambda: torch.randint(2, (200, 1, 4)).float())
    assert len(prior.fitted) == 0
    assert float(prior().log_prob(torch.ones(4))) == pytest.approx(4 * np.log(0.5))


@pytest.mark.parametrize(
    ("posterior", "objective", "conditional"),
    [(d.VectorQuantizer(8), VQ(), False), (d.GumbelSoftmax(2), ELBO(), True)],
    ids=repr,
)
def test_models_are_stored_cloned_and_resumed(posterior, objective, conditional, tmp_path) -> None:
    training = ae.Training(epochs=2, checkpoint_dir=tmp_path / "run", checkpoint_seconds=0)
    prior = TransformerPrior(8, 1, 2, conditional=conditional)
    options = {"posterior": posterior, "prior": prior, "training": training, **SMALL}
    labels = {"y": y} if conditional else {}
    model = ae.Autoencoder(4, objective=objective, conditional=conditional, **options)
    model.fit(X, **labels)
    model.model_.prior.fitted = torch.ones(1)  # also where the reference is as good

    def new(model) -> Tensor:
        return model.sample(5, *("b",) * conditional, random_state=0)

    model.save(tmp_path / "m.ae")
    assert np.array_equal(new(ae.load(tmp_path / "m.ae")), new(model))
    resumed = clone(model).fit(X, resume=True, **labels)
    resumed.model_.prior.fitted = torch.ones(1)
    assert np.array_equal(new(resumed), new(model))


def test_codes_of_any_values_are_refused() -> None:
    with pytest.raises(ValueError, match="codes of finitely many values"):
        ae.vae(2, prior=TransformerPrior(), training=ae.Training(epochs=1)).fit(X)

    with pytest.raises(ValueError, match="depth >= 1"):
        TransformerPrior(depth=0)
