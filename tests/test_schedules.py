r"""Laws of weights that change during a training, and of free nats of units."""

import inspect

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import Tensor, randn

import autoencode as ae
from autoencode import objectives
from autoencode.cli.settings import build_estimator, flag_groups
from autoencode.cli.signatures import parse
from autoencode.common.schedules import check_weights
from autoencode.distributions import FullGaussian, Gaussian, GumbelSoftmax
from autoencode.networks import FullyConnected
from autoencode.objectives import (
    ELBO,
    BetaTCVAE,
    CyclicalSchedule,
    ExponentialSchedule,
    LinearSchedule,
    Objective,
    WeightSchedule,
)

WEIGHTS = [
    (cls, name)
    for cls in vars(objectives).values()
    if inspect.isclass(cls) and issubclass(cls, Objective)
    if cls not in {objectives.ImageSimilarity, objectives.AdaGVAE}  # for images, for pairs
    for name, parameter in inspect.signature(cls).parameters.items()
    if "WeightSchedule" in str(parameter.annotation)
]


def test_cycles_are_those_of_the_paper() -> None:
    steps, n_cycles, rise = 60, 3, 0.5
    schedule = CyclicalSchedule(end=2.0, n_cycles=n_cycles, rise=rise)

    # Equations 6 and 7, with steps counted from zero
    for t in range(steps):
        tau = (t % (steps // n_cycles)) / (steps / n_cycles)
        expected = 2.0 * (tau / rise if tau <= rise else 1.0)
        found = float(schedule(torch.tensor(t / steps, dtype=torch.float64)))

        # At the end of a cycle the weight is the last one, not the first of the next
        assert found == pytest.approx(expected if t == 0 or tau > 0 else 2.0)

    assert float(schedule(torch.tensor(1.0))) == 2.0


def test_linear_schedules_rise_and_fall() -> None:
    s = torch.tensor([0.0, 0.1, 0.2, 0.6, 1.0])

    torch.testing.assert_close(
        LinearSchedule(3.0, 1.0, 0.2)(s), torch.tensor([3.0, 2.0, 1.0, 1.0, 1.0])
    )
    torch.testing.assert_close(LinearSchedule(2.0, 2.0)(s), torch.full((5,), 2.0))


def test_temperatures_fall_as_in_the_paper() -> None:
    r, least = 3.0, 0.5
    duration = np.log(1 / least) / r
    s = torch.linspace(0, 1, 21, dtype=torch.float64)

    torch.testing.assert_close(
        ExponentialSchedule(1.0, least, duration)(s), (-r * s).exp().clamp(min=least)
    )


def test_a_posterior_follows_the_progress_of_the_training(tmp_path) -> None:
    seen = []

    class Heard(ExponentialSchedule):
        def __call__(self, progress: Tensor) -> Tensor:
            if progress.ndim == 0:
                seen.append(float(progress))

            return super().__call__(progress)

    X = np.random.default_rng(0).normal(size=(24, 3))
    options = {"network": FullyConnected((4,)), "random_state": 0}
    training = ae.Training(2, 8, validation_fraction=0.0, compile=False)
    posterior = GumbelSoftmax(2, Heard(2.0, 0.1))
    ae.Autoencoder(4, objective=ELBO(), posterior=posterior, training=training, **options).fit(X)

    # That of each step, and not of validation, whose codes are discrete
    np.testing.assert_allclose(sorted({*seen} - {1.0}), (np.arange(6) + 0.5) / 6, atol=1e-6)
    own = GumbelSoftmax(2, ExponentialSchedule(end=0.25, duration=1.0)).build(None, (4,))
    own.progress.fill_(0.5)
    assert float(own.train()(randn(3, 4, 1)).temperature) == 0.5
    assert own.eval()(randn(3, 4, 1)).temperature is None

    model = ae.Autoencoder(4, objective=ELBO(), posterior=own, training=training, **options).fit(X)
    model.save(tmp_path / "model.ae")
    loaded = ae.load(tmp_path / "model.ae")
    assert repr(loaded.posterior) == repr(own)
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))


@pytest.mark.parametrize(("cls", "name"), WEIGHTS)
def test_each_weight_may_be_a_schedule(cls: type[Objective], name: str, make_model) -> None:
    torch.manual_seed(0)
    model, x = make_model(cls.posterior).eval(), randn(8, 5)
    built = [
        cls(**{name: weight}).build(model)
        for weight in (3.0, LinearSchedule(3.0, 3.0), LinearSchedule(1.0, 5.0, 1.0))
    ]
    built[2].load_state_dict(built[0].state_dict())
    built[1].load_state_dict(built[0].state_dict())
    built[2].advance(0.5)
    totals = []

    for objective in built:
        torch.manual_seed(1)
        totals.append(objective(model, x, x).total)

    assert totals[0].equal(totals[1])
    assert totals[0].equal(totals[2])

    built[2].advance(0.0)
    torch.manual_seed(1)
    assert not built[2](model, x, x).total.equal(totals[0])

    with pytest.raises(ValueError, match=f"expected {name} >= 0"):
        cls(**{name: -1.0})


class Falling(WeightSchedule):
    r"""A schedule from outside of the library."""

    def __call__(self, progress: Tensor) -> Tensor:
        return 1 - 2 * progress


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: LinearSchedule(-1.0),
        lambda: LinearSchedule(duration=0.0),
        lambda: ExponentialSchedule(end=0.0),
        lambda: GumbelSoftmax(temperature=LinearSchedule()),
        lambda: GumbelSoftmax(temperature=0.0),
        lambda: LinearSchedule(duration=1.5),
        lambda: CyclicalSchedule(n_cycles=0),
        lambda: CyclicalSchedule(rise=0.0),
        lambda: CyclicalSchedule(end=float("nan")),
        lambda: check_weights(beta=Falling()),
    ],
)
def test_schedules_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="expected"):
        wrong()


@pytest.mark.slow
def test_schedules_are_stored_cloned_and_set(tmp_path) -> None:
    X = np.random.default_rng(0).normal(size=(24, 3))
    model = ae.Autoencoder(
        2,
        objective=ELBO(CyclicalSchedule(n_cycles=2), free_nats_per_unit=0.1),
        training=ae.Training(epochs=2),
        random_state=0,
    ).fit(X)
    model.save(tmp_path / "model.ae")
    loaded = ae.load(tmp_path / "model.ae")

    assert loaded.evaluate(X) == model.evaluate(X)
    assert repr(clone(loaded).objective) == repr(model.objective)
    assert model.set_params(objective__beta__n_cycles=3).objective.beta.n_cycles == 3


def test_a_flag_takes_a_number_or_the_name_of_a_schedule() -> None:
    def beta(words: str):
        argv = ["--objective", "ELBO", *words.split()]
        settings = parse("fit", "", flag_groups(argv), argv)
        return build_estimator("autoencoder", settings).objective.beta

    assert beta("--objective.beta 2.5") == 2.5
    schedule = beta("--objective.beta LinearSchedule --objective.beta.duration 0.3")
    assert repr(schedule) == "LinearSchedule(duration=0.3)"

    with pytest.raises(
        ValueError,
        match=r"FLOAT\|\{Cyclical.*,LinearSchedule\}, got 'Lin'",
    ):
        beta("--objective.beta Lin")


def test_free_nats_of_units_are_those_of_the_paper(float64, make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    q = model.encode(x)
    rates = 0.5 * (q.mean.square() + q.variance - q.variance.log() - 1)  # of each unit
    means = rates.mean(dim=0)
    free = float(means.mean().detach())  # one unit says less than this, the other more
    loss = ELBO(beta=2.0, free_nats_per_unit=free)(model, x, x)
    expected = 2 * torch.stack([m if m > free else torch.tensor(free) for m in means]).sum()

    assert means.min() < free < means.max()
    torch.testing.assert_close(loss.total - loss.terms["distortion"], expected.expand(16))
    torch.testing.assert_close(loss.terms["rate"], rates.sum(dim=1))

    # Where all say more, they cost what they say
    loss, whole = (ELBO(free_nats_per_unit=f)(model, x, x) for f in (1e-9, 0.0))
    costs = [(part.total - part.terms["distortion"]).mean() for part in (loss, whole)]
    torch.testing.assert_close(*costs)


@pytest.mark.parametrize("objective", [ELBO(free_nats_per_unit=0.1), BetaTCVAE()], ids=repr)
def test_dependent_units_are_refused(objective: Objective, make_model) -> None:
    model, x = make_model(FullGaussian), randn(4, 5)

    with pytest.raises(ValueError, match="expected a posterior of independent units"):
        objective.build(model)(model, x, x)
