r"""Laws of the choice among priors by held-out codes."""

import logging

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris
from torch import Tensor, randn

import autoencode as ae
from autoencode.cli import main
from autoencode.distributions import GumbelSoftmax, PowerSpherical, VectorQuantizer
from autoencode.priors import (
    BestPrior,
    KernelDensity,
    LearnedMixture,
    Mixture,
    StandardNormal,
    VampPrior,
)

X, y = load_iris().data[::3], np.repeat(["a", "b"], 25)
QUICK = {"layers": (8,), "training": ae.Training(epochs=1), "random_state": 0}
SIMPLE = [StandardNormal(), Mixture(4), KernelDensity()]


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    monkeypatch.setattr("autoencode.priors.neural.ascent._MAX_UPDATES", 20)
    monkeypatch.setattr("autoencode.priors.neural.ascent._UPDATES_PER_CHECK", 20)
    monkeypatch.setattr("autoencode.priors.neural.ascent._MIN_EXAMPLES", 20)


def ring(n: int) -> Tensor:
    angle = 6.2832 * torch.rand(n)
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * randn(n, 2)


def test_the_choice_has_the_highest_score_of_held_out_codes(caplog) -> None:
    torch.manual_seed(0)
    prior, new = BestPrior(SIMPLE).build(2), ring(500)

    with caplog.at_level(logging.INFO, "autoencode"):
        prior.fit(lambda: ring(400)[:, None])

    best = max(prior.scores, key=prior.scores.get)
    assert repr(prior.chosen) == best == repr(KernelDensity())
    assert prior.scores[best] > prior.scores[repr(StandardNormal())] + 1
    assert float(prior().log_prob(new).mean()) == pytest.approx(prior.scores[best], abs=0.3)
    assert "chose the prior KernelDensity" in caplog.text
    assert all(repr(candidate) in caplog.text for candidate in SIMPLE)


def test_the_simplest_stays_where_nothing_is_gained() -> None:
    torch.manual_seed(0)
    prior = BestPrior(SIMPLE).build(2)
    prior.fit(lambda: randn(400, 1, 2))
    assert isinstance(prior.chosen, StandardNormal)

    few = BestPrior(SIMPLE).build(2)
    few.fit(lambda: 5 + randn(9, 1, 2))
    assert isinstance(few.chosen, StandardNormal)
    assert len(few.choice) == 0


@pytest.mark.parametrize(
    "options",
    [{"prior": BestPrior([StandardNormal(), Mixture(1)])}, {"prior": "best", "conditional": True}],
    ids=["given", "best"],
)
def test_models_are_stored_cloned_and_resumed(options, tmp_path) -> None:
    training = ae.Training(epochs=2, checkpoint_dir=tmp_path / "run", checkpoint_seconds=0)
    labels = {"y": y} if "conditional" in options else {}
    of = {"y": "b"} if labels else {}
    model = ae.vae(2, **QUICK | {"training": training} | options).fit(X, **labels)
    model.save(tmp_path / "m.ae")
    again, resumed = ae.load(tmp_path / "m.ae"), clone(model).fit(X, resume=True, **labels)
    new = model.sample(5, random_state=0, **of)

    assert isinstance(model.prior_, BestPrior)
    assert np.array_equal(again.sample(5, random_state=0, **of), new)
    assert np.array_equal(resumed.sample(5, random_state=0, **of), new)
    assert repr(again.model_.prior.chosen) == repr(model.model_.prior.chosen)
    assert again.model_.prior.scores == model.model_.prior.scores
    assert np.isfinite([*model.model_.prior.scores.values()]).all()
    assert again.get_params(deep=False)["prior"].__class__ is options["prior"].__class__


def test_candidates_suit_the_codes() -> None:
    def names(posterior) -> list[str]:
        model = ae.Autoencoder(4, posterior=posterior, prior="best", training=QUICK["training"])
        prior = model.fit(X).model_.prior
        return [type(p).__name__ for p in prior.priors]

    assert names(VectorQuantizer(8)) == ["TransformerPrior", "TransformerPrior"]
    assert names(GumbelSoftmax(2)) == ["Reference", "TransformerPrior", "TransformerPrior"]

    with pytest.raises(ValueError, match="nothing to choose from"):
        names(PowerSpherical())


def test_what_cannot_be_chosen_is_named() -> None:
    for wrong in ([], [Mixture()], [Mixture(), VampPrior()], [Mixture(), LearnedMixture()]):
        with pytest.raises(ValueError, match="two or more candidates that are fitted after"):
            BestPrior(wrong)

    with pytest.raises(TypeError, match="expected prior as"):
        ae.vae(2, prior="worst", **QUICK).fit(X)

    assert hasattr(ae.autoencoder(2, prior="best"), "sample")

    torch.manual_seed(0)
    prior = BestPrior(SIMPLE).build(2)
    prior.choice = torch.tensor([7])
    with pytest.raises(ValueError, match="prior 7 of 3"):
        prior()


def test_the_command_line_has_the_word(tmp_path, capsys) -> None:
    np.savetxt(tmp_path / "x.csv", X, delimiter=",")
    out = str(tmp_path / "m.ae")
    words = f"fit {tmp_path / 'x.csv'} --recipe autoencoder --latent-dim 2 --epochs 1 --out {out}"

    assert main([*words.split(), "--prior", "best"]) == 0
    assert "chose the prior" in "".join(capsys.readouterr())
    assert isinstance(ae.load(out).prior_, BestPrior)
