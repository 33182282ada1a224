r"""Laws that hold for each prior in a model: storage, clones, resumed trainings, new examples."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris

import autoencode as ae
from autoencode.cli import main
from autoencode.priors import (
    ConditionalMixture,
    ExemplarPrior,
    FlowPrior,
    KernelDensity,
    LearnedMixture,
    TwoStagePrior,
    VampPrior,
)

X, y = load_iris().data[::3], np.repeat(["a", "b"], 25)
GIVEN = {"layers": (8,), "random_state": 0}

PRIORS = {
    "maf": FlowPrior(n_steps=2, layers=(8,)),
    "realnvp, learned": FlowPrior("realnvp", 2, layers=(8,), joint=True),
    "spline": FlowPrior("spline", 1, 4, layers=(8,)),
    "kernels": KernelDensity(),
    "neighbors": KernelDensity(4),
    "mixture, learned": LearnedMixture(3),
    "mixture": LearnedMixture(3, joint=False),
    "vamp": VampPrior(4),
    "exemplars": ExemplarPrior(10),
    "two stages": TwoStagePrior((8,)),
}
GIVEN_LABEL = {
    "maf": FlowPrior(n_steps=1, layers=(8,), conditional=True),
    "realnvp, learned": FlowPrior("realnvp", 2, layers=(8,), joint=True, conditional=True),
    "mixture, learned": LearnedMixture(2, conditional=True),
    "mixture": ConditionalMixture(2),
    "one Gaussian": LearnedMixture(1, conditional=True, joint=False, layers=(8,)),
}


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    monkeypatch.setattr("autoencode.priors.neural.ascent._MAX_UPDATES", 40)
    monkeypatch.setattr("autoencode.priors.neural.ascent._UPDATES_PER_CHECK", 20)
    monkeypatch.setattr("autoencode.priors.neural.ascent._MIN_EXAMPLES", 20)


def fitted(prior, training=None, **options):
    training = training or ae.Training(epochs=1)
    return ae.vae(2, prior=prior, training=training, **GIVEN, **options)


def check(model, folder, given=()) -> None:
    new = model.sample(5, *given[:1], random_state=0)
    scores = model.score_samples(X[:9], *(labels[:9] for labels in given[1:]))
    assert new.shape == (5, 4)
    assert np.isfinite(scores).all()

    model.save(folder / "m.ae")
    again = ae.load(folder / "m.ae")
    assert np.array_equal(again.sample(5, *given[:1], random_state=0), new)
    assert repr(again.prior_) == repr(model.prior_)


@pytest.mark.parametrize("name", PRIORS)
def test_models_are_stored_cloned_and_resumed(name: str, tmp_path) -> None:
    training = ae.Training(epochs=2, checkpoint_dir=tmp_path / "run", checkpoint_seconds=0)
    model = fitted(PRIORS[name], training).fit(X)
    check(model, tmp_path)
    new = model.sample(5, random_state=0)

    resumed = clone(model).fit(X, resume=True)
    assert np.array_equal(resumed.sample(5, random_state=0), new)

    if model.model_.prior.fits:  # neither encoder nor decoder depend on it
        plain = fitted(ae.priors.StandardNormal(), ae.Training(epochs=2)).fit(X)
        assert np.array_equal(plain.transform(X), model.transform(X))


@pytest.mark.parametrize("name", GIVEN_LABEL)
def test_conditional_models_draw_from_the_prior_of_the_label(name: str, tmp_path) -> None:
    model = fitted(GIVEN_LABEL[name], conditional=True).fit(X, y)
    check(model, tmp_path, ("b", y))
    assert model.sample(3, ["a", "b", "a"]).shape == (3, 4)

    prior = model.model_.prior
    with torch.no_grad():
        for weight in prior.parameters():  # as if it had been trained for long
            weight.add_(torch.randn(weight.shape))

    if len(prior.loc):
        a, b = (prior(c[None]).log_prob(torch.zeros(1, 2)) for c in torch.eye(2))
        assert not torch.allclose(a, b)


def test_priors_of_a_condition_need_one() -> None:
    with pytest.raises(ValueError, match="depends on a condition, but the model has none"):
        fitted(LearnedMixture(conditional=True)).fit(X)


@pytest.mark.parametrize("name", ["maf", "kernels", "mixture", "two stages"])
def test_plain_autoencoders_draw_new_examples(name: str, tmp_path) -> None:
    training = ae.Training(epochs=1)
    model = ae.autoencoder(2, prior=PRIORS[name], training=training, **GIVEN).fit(X)
    assert model.sample(4, random_state=0).shape == (4, 4)
    assert np.isfinite(model.sample(400, random_state=1)).all()

    few = clone(model).fit(X[:3])  # too few to learn anything
    assert np.isfinite(few.sample(4)).all()

    with pytest.raises(AttributeError, match=r"'sample'.* prior=Mixture\(\)"):
        ae.autoencoder(2, prior=FlowPrior(joint=True)).sample()

    with pytest.raises(ValueError, match=r"no density.*prior=KernelDensity\(\)"):
        ae.autoencoder(2, prior=ExemplarPrior()).fit(X)


def test_the_command_line_offers_them(tmp_path, capsys) -> None:
    np.savetxt(tmp_path / "x.csv", X, delimiter=",")
    out = str(tmp_path / "m.ae")
    words = f"fit {tmp_path / 'x.csv'} --recipe vae --latent-dim 2 --epochs 1 --out {out}"

    for flags in (
        "--prior FlowPrior --prior.kind realnvp --prior.n-steps 1",
        "--prior KernelDensity --prior.n-neighbors 5",
        "--prior LearnedMixture --prior.n-components 2 --prior.joint False",
    ):
        assert main([*words.split(), *flags.split()]) == 0
        assert main(["sample", out, "-n", "3", "--out", str(tmp_path / "n.csv"), "--force"]) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FlowPrior("iaf"), "kind 'maf', 'realnvp' or 'spline'"),
        (lambda: FlowPrior(n_steps=0), "n_steps >= 1"),
        (lambda: FlowPrior("spline", n_bins=1), "n_bins >= 2"),
        (lambda: KernelDensity(0), "n_neighbors >= 1"),
        (lambda: KernelDensity(bandwidth=0), "bandwidth > 0"),
        (lambda: ExemplarPrior(1), "n_exemplars >= 2"),
        (lambda: LearnedMixture(0), "n_components >= 1"),
        (lambda: LearnedMixture(layers=(8,)), "without conditional=True"),
    ],
)
def test_wrong_arguments_are_named(make, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
