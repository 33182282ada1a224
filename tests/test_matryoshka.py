r"""Laws of ordered codes: the mean over prefixes, principal components, and any objective."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from torch import Tensor, randn
from torch.nn.functional import pad

import autoencode as ae
from autoencode.cli.settings import build_estimator, flag_groups
from autoencode.cli.signatures import parse
from autoencode.distributions import Dirac, FixedGaussian, Gaussian, PowerSpherical, TopK
from autoencode.models.latent import LatentModel
from autoencode.networks import Dictionary, FullyConnected
from autoencode.objectives import (
    AAE,
    ELBO,
    IWAE,
    LinearSchedule,
    Matryoshka,
    Reconstruction,
    SparseCoding,
)
from autoencode.priors import StandardNormal


def make(D: int, posterior=Dirac, layers: tuple[int, ...] = (8,)) -> LatentModel:
    parts = posterior(), FixedGaussian(), StandardNormal()
    return LatentModel.build(FullyConnected(layers, skip=False), (5,), D, *parts)


def gradients(loss: Tensor, model: LatentModel) -> list[Tensor]:
    return [*torch.autograd.grad(loss.mean(), [*model.parameters()], materialize_grads=True)]


@pytest.mark.parametrize("inner", [Reconstruction(), ELBO(beta=2.0), IWAE(3)], ids=repr)
def test_the_loss_is_that_of_the_papers(float64, inner) -> None:
    model, x, prefixes = make(4, inner.posterior), randn(7, 5), [1, 3]
    torch.manual_seed(1)
    found = Matryoshka(inner, prefixes).build(model)(model, x, x)

    # As from the papers: one loss for each prefix, in turn
    torch.manual_seed(1)
    whole = inner(model, x, x)
    z = model.encode(x).rsample()
    errors = []

    for m in [*prefixes, 4]:
        short = torch.cat([z[:, :m], torch.zeros(7, 4 - m)], dim=1)
        errors.append(-model.decode(short).log_prob(x))

    cost = sum(errors) / 3 - errors[-1]

    torch.testing.assert_close(found.total, whole.total + cost)
    torch.testing.assert_close(found.terms, {**whole.terms, "prefixes": cost})

    for a, b in zip(gradients(found.total, model), gradients(whole.total + cost, model)):
        torch.testing.assert_close(a, b)


def test_linear_codes_are_principal_components_in_their_order(float64) -> None:
    x = torch.linalg.qr(randn(50, 5)).Q * torch.tensor([5.0, 4, 3, 2, 1])
    x, V = x - x.mean(dim=0), None
    _, s, V = torch.linalg.svd(x, full_matrices=False)
    variances = s.square() / len(x)
    model, angle = make(3, layers=()), torch.tensor(0.4)
    encoder, decoder = model.encoder.network.layers[0], model.decoder.network.layers[0]
    objective = Matryoshka(prefixes=[1, 2]).build(model)

    def total(W: Tensor) -> Tensor:
        with torch.no_grad():
            encoder.weight.copy_(W)
            decoder.weight.copy_(W.T)
            encoder.bias.zero_()
            decoder.bias.zero_()

        return objective(model, x, x).total.mean()

    # Each prefix leaves the variance of the components after it
    left = sum(variances[m:].sum() for m in (1, 2, 3)) / 3 / 2
    loss = total(V[:3])
    torch.testing.assert_close(loss, left + 5 / 2 * torch.tensor(2 * torch.pi).log())
    assert all(g.abs().max() < 1e-12 for g in gradients(loss, model))

    # The same subspace in another basis costs what the first unit alone loses
    c, s = angle.cos(), angle.sin()
    turned = torch.stack([c * V[0] + s * V[1], c * V[1] - s * V[0], V[2]])
    torch.testing.assert_close(
        total(turned) - loss, (variances[0] - variances[1]) * s.square() / 3 / 2
    )


def test_prefixes_follow_from_the_size_of_the_code() -> None:
    assert [Matryoshka().sizes(D) for D in (1, 2, 3, 8)] == [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8]]
    assert Matryoshka(prefixes=(3, 1, 3)).sizes(5) == [1, 3, 5]
    assert Matryoshka(prefixes=()).sizes(5) == [5]

    for wrong in (lambda: Matryoshka(prefixes=[0, 2]), lambda: Matryoshka(Matryoshka())):
        with pytest.raises(ValueError, match="expected"):
            wrong()

    with pytest.raises(ValueError, match=r"code of 4 numbers, got 6\. Choose a larger latent_dim"):
        Matryoshka(prefixes=[6]).build(make(4))

    with pytest.raises(ValueError, match="have no prefixes"):
        ae.Autoencoder(4, posterior=PowerSpherical(), objective=Matryoshka(ELBO())).fit(np.eye(12))


def test_the_objective_within_keeps_its_choices() -> None:
    assert Matryoshka(ELBO()).posterior is not Dirac
    assert Matryoshka(AAE()).matches_prior
    assert Matryoshka(AAE()).selection_term == "distortion"

    # A schedule within moves along
    objective = Matryoshka(ELBO(LinearSchedule())).build(make(4, Gaussian))
    objective.advance(0.25)
    assert objective.whole.progress == 0.25


def test_dead_units_are_counted_once() -> None:
    parts = TopK(1), FixedGaussian(), StandardNormal()
    model, x = LatentModel.build(Dictionary(), (5,), 8, *parts), randn(3, 5)
    objective = Matryoshka(SparseCoding(), prefixes=[2]).build(model).train()
    objective(model, x, x)

    assert set(objective.whole.idle.tolist()) <= {0.0, 3.0}


def test_any_first_units_are_decoded_clones_and_files_agree(tmp_path) -> None:
    X = load_iris().data.astype("float32")
    model = ae.Autoencoder(
        3,
        objective=Matryoshka(AAE(layers=(4,)), prefixes=(1,)),
        network=FullyConnected((8,)),
        training=ae.Training(epochs=2),
        random_state=0,
    ).fit(X)
    Z = model.transform(X)
    model.save(tmp_path / "model.ae")
    loaded = ae.load(tmp_path / "model.ae")

    for m in (1, 2, 3):
        short = pad(torch.tensor(Z[:, :m]), (0, 3 - m)).numpy()
        np.testing.assert_array_equal(
            loaded.inverse_transform(Z[:, :m]), model.inverse_transform(short)
        )

    with pytest.raises(ValueError, match="expected codes of 3 numbers"):
        model.inverse_transform(np.zeros((2, 4)))

    with pytest.raises(ValueError, match="expected codes of 2 numbers"):
        ae.linear(2).fit(X).inverse_transform(Z[:, :1])

    assert loaded.evaluate(X) == model.evaluate(X)
    assert model.sample(2, random_state=0).shape == (2, 4)
    np.testing.assert_array_equal(clone(loaded).fit(X).transform(X), Z)


def test_flags_reach_the_objective_within() -> None:
    words = "--objective Matryoshka --objective.prefixes 1 2 --objective.objective ELBO"
    argv = [*words.split(), "--objective.objective.beta", "3"]
    settings = parse("fit", "", flag_groups(argv), argv)
    objective = build_estimator("autoencoder", settings).objective

    assert (objective.prefixes, objective.objective.beta) == ((1, 2), 3.0)


@pytest.mark.slow
def test_the_first_units_hold_the_most() -> None:
    X = load_digits().data[:600]
    options = {"latent_dim": 8, "layers": (64,), "random_state": 0}
    training = ae.Training(epochs=20, compile=False)

    def error_of_prefixes(model: ae.Autoencoder) -> float:
        Z = model.fit(X).transform(X)
        short = [np.where(np.arange(8) < m, Z, 0) for m in (1, 2, 4)]
        return float(sum(np.square(X - model.inverse_transform(Z)).mean() for Z in short))

    ordered = error_of_prefixes(ae.matryoshka(**options, training=training))
    assert ordered < 0.9 * error_of_prefixes(ae.autoencoder(**options, training=training))
