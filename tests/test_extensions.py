r"""Tests that parts from outside of the library work as those inside do."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import nbinom
from sklearn.base import clone
from sklearn.datasets import load_iris
from torch import nn

import autoencode as ae
from autoencode.cli import main
from autoencode.networks import Modules
from autoencode.objectives import ELBO, WAE

FOLDER = Path(__file__).parents[1] / "examples" / "extensions"
X, Y = load_iris(return_X_y=True)
QUICK = {"training": ae.Training(2, device="cpu", compile=False), "random_state": 0}


@pytest.fixture
def extensions(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return lambda name: importlib.import_module(name)


PARTS = {
    "barlow": {"objective": "Barlow"},
    "student": {"posterior": "Student"},
    "label_prior": {"prior": "LabelPrior"},
    "layers": {"network": "Concatenated"},
    "speckle": {"corruption": "Speckle"},
}


@pytest.mark.parametrize(
    "name",
    [
        "barlow",
        "label_prior",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("student", "layers", "speckle")),
    ],
)
def test_parts_are_fitted_stored_and_searched(extensions, name: str, tmp_path) -> None:
    part = {key: getattr(extensions(name), cls)() for key, cls in PARTS[name].items()}
    make = ae.vae if name != "barlow" else ae.autoencoder
    options = QUICK | {} if name == "layers" else QUICK | {"layers": (8,)}
    model = make(2, conditional=name == "label_prior", **options | part)
    y = Y if name == "label_prior" else None
    model = clone(model).fit(X, y)
    model.save(tmp_path / "m.ae")

    with pytest.raises(ValueError, match=f"--trusted {name}"):
        ae.load(tmp_path / "m.ae")

    loaded = ae.load(tmp_path / "m.ae", trusted=name)
    np.testing.assert_array_equal(loaded.transform(X, y), model.transform(X, y))
    few, labels = X[:4], None if y is None else y[:4]
    assert loaded.score(few, labels) == model.score(few, labels)


LINES = {
    "barlow": ["--recipe", "autoencoder", "--objective", "Barlow", "--objective.weight", "2"],
    "student": ["--recipe", "vae", "--posterior", "Student", "--posterior.freedom", "7"],
    "label_prior": ["--recipe", "vae", "--prior", "LabelPrior", "--conditional"],
    "layers": ["--network", "Concatenated", "--network.width", "8"],
    "speckle": ["--recipe", "denoising", "--corruption", "Speckle", "--corruption.scale", "0.1"],
}


@pytest.mark.parametrize(
    "name", ["barlow", *(pytest.param(name, marks=pytest.mark.slow) for name in [*LINES][1:])]
)
def test_the_command_line_offers_them(extensions, name: str, tmp_path, capsys) -> None:
    np.savez(tmp_path / "X.npz", X=X.astype("float32"), y=Y)
    data, out = str(tmp_path / "X.npz"), str(tmp_path / "m.ae")
    words = [data, *LINES[name], "--latent-dim", "2", "--epochs", "1", "--out", out]

    assert main(["fit", *words]) == 2
    assert "unknown" in capsys.readouterr().err

    assert main(["fit", *words, "--trusted", name]) == 0, capsys.readouterr().err
    assert f"--trusted {name}" in capsys.readouterr().out  # in the next command
    codes = str(tmp_path / "z.npy")

    assert main(["transform", out, data, "--out", codes]) == 2
    assert f"--trusted {name}." in capsys.readouterr().err
    assert main(["transform", "--out", codes, "--trusted", name, out, data]) == 0
    assert np.load(codes).shape == (150, 2)


def test_help_shows_flags_of_others(extensions, capsys) -> None:
    main(["fit", "--trusted", "barlow", "--objective", "Barlow", "--help"])
    assert "--objective.noise FLOAT" in capsys.readouterr().out

    main(["fit", "--help"])
    assert "Barlow" not in capsys.readouterr().out


def test_modules_that_cannot_be_used_are_refused(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = "from autoencode.objectives import Reconstruction\n"
    files = {
        "raises": "1 / 0",
        "taken": f"{source}class ELBO(Reconstruction):\n    pass",
        "unmade": f"{source}class Mine(Reconstruction):\n    def __init__(self, f):\n        pass",
        "unread": f"{source}class Mine(Reconstruction):\n    def __init__(self, f: 'No'): pass",
    }
    messages = {
        "raises": "cannot import 'raises': division by zero",
        "taken": "two classes have the name ELBO",
        "unmade": "no flag can set its argument 'f'",
        "unread": "the types of Mine.__init__ cannot be read",
        "missing": "cannot import 'missing': No module named 'missing'",
        "barlow.Other": "cannot import 'barlow.Other'",
    }

    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)

    for name, message in messages.items():
        assert main(["fit", "X.npy", "--objective", "Mine", "--trusted", name]) == 2
        assert message in capsys.readouterr().err


def test_counts_have_the_probabilities_of_scipy(extensions) -> None:
    family = extensions("counts").ZeroInflatedCounts()
    phi = torch.randn(3, dtype=torch.float64)
    mean, shape, zero = (float(v) for v in (*nn.functional.softplus(phi[:2]), phi[2].sigmoid()))
    mean, shape = mean + 1e-4, shape + 1e-2
    x = torch.arange(2000).double()
    p = family(phi.expand(2000, 3))
    expected = (1 - zero) * nbinom.pmf(x.numpy(), shape, shape / (shape + mean))
    expected[0] += zero

    np.testing.assert_allclose(p.log_prob(x).exp().numpy(), expected, rtol=1e-9)
    assert float(p.log_prob(x).exp().sum()) == pytest.approx(1, abs=1e-6)
    assert float(p.mean[0]) == pytest.approx(float((x.numpy() * expected).sum()), rel=1e-6)


def test_counts_are_drawn_as_counts(extensions) -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 4.0, (120, 3)))
    likelihood = extensions("counts").ZeroInflatedCounts()
    table = ae.modalities.Tables(scaling="none")
    model = ae.vae(1, layers=(8,), likelihood=likelihood, modality=table, **QUICK).fit(counts)
    new = model.sample(200, random_state=0)

    assert (new == new.round()).all()
    assert (new >= 0).all()
    assert np.isfinite(model.score(counts))


def test_codes_of_a_label_have_their_own_prior(extensions) -> None:
    prior = extensions("label_prior").LabelPrior()
    training = ae.Training(10, batch_size=50, device="cpu", compile=False)
    model = ae.vae(2, layers=(16,), prior=prior, conditional=True, training=training,
                   random_state=0).fit(X, Y)  # fmt: skip
    p = model.model_.given(torch.eye(3)).prior()

    assert p.batch_shape == (3,)
    assert float(torch.pdist(p.mean.detach()).min()) > 1e-3  # they start at one place
    assert model.sample(4, y=1, random_state=0).shape == (4, 4)
    assert model.sample(3, y=[0, 1, 2], random_state=0).shape == (3, 4)
    assert np.isfinite(model.score(X[:4], Y[:4]))

    matched = ae.Autoencoder(2, WAE(), prior=prior, conditional=True, **QUICK).fit(X, Y)
    assert matched.sample(3, y=0).shape == (3, 4)

    with pytest.raises(ValueError, match="depends on a condition, but the model has none"):
        ae.vae(2, prior=prior, **QUICK).fit(X)


def pair(width: int = 2) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return (
        nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, width)),
        nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4)),
    )


def test_plain_modules_are_networks(caplog) -> None:
    model = ae.Autoencoder(2, network=pair(), **QUICK)
    before = model.network[0][0].weight.clone()
    Z = clone(model).fit(X).transform(X)

    assert torch.equal(model.network[0][0].weight, before)  # copies are trained
    np.testing.assert_array_equal(model.fit(X).transform(X), Z)
    assert "cannot be saved" in caplog.text

    both = nn.Module()
    both.encoder, both.decoder = pair()
    np.testing.assert_array_equal(clone(model).set_params(network=both).fit(X).transform(X), Z)
    np.testing.assert_array_equal(
        clone(model).set_params(network=Modules(*pair())).fit(X).transform(X), Z
    )

    with pytest.raises(ValueError, match="both are functions that make the modules"):
        model.save("m.ae")


def test_frozen_modules_stay_as_they_are() -> None:
    encoder, decoder = pair()
    encoder.requires_grad_(False)
    encoder[1].running_mean.fill_(0.3)
    model = ae.Autoencoder(2, network=(encoder, decoder), **QUICK).fit(X)
    trained = model.model_.encoder.network.module.state_dict()

    for name, value in encoder.state_dict().items():
        assert torch.equal(trained[name], value), name

    assert not torch.equal(model.model_.decoder.network.module[0].weight, decoder[0].weight)


def test_functions_that_make_modules_are_stored(extensions, tmp_path) -> None:
    layers = extensions("layers")
    network = Modules(layers.encoder, layers.decoder)
    model = ae.Autoencoder(2, ELBO(), network=network, **QUICK).fit(X)
    model.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae", trusted=[layers.encoder, layers.decoder])

    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    np.testing.assert_array_equal(ae.load(tmp_path / "m.ae", trusted="layers").sample(
        3, random_state=0), model.sample(3, random_state=0))  # fmt: skip


def test_modules_that_do_not_fit_are_refused() -> None:
    encoder, decoder = pair(3)
    wide = np.c_[X, X[:, 0] ** 2]

    with pytest.raises(ValueError, match=r"encoder to return a tensor of shape \(\d+, 2\)"):
        ae.Autoencoder(2, network=(encoder, decoder), **QUICK).fit(X)

    with pytest.raises(ValueError, match=r"decoder to return a tensor of shape \(\d+, 5\)"):
        ae.Autoencoder(2, network=(nn.Linear(5, 2), decoder), **QUICK).fit(wide)

    with pytest.raises(ValueError, match=r"second argument of shape \(N, 3\)"):
        ae.Autoencoder(2, network=pair(), conditional=True, **QUICK).fit(X, Y)

    for wrong in (nn.Linear(4, 2), (encoder,), (nn.Linear, nn.Linear), ("a", "b"), 3):
        with pytest.raises(TypeError, match="expected"):
            ae.Autoencoder(2, network=wrong, **QUICK).fit(X)
