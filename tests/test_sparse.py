r"""Laws of sparse dictionaries: what they find, their units, and their codes in files."""

import numpy as np
import pytest
import torch
from scipy.sparse import load_npz
from torch import nn

import autoencode as ae
from autoencode.cli import main
from autoencode.distributions import BatchTopK, Dirac, FixedGaussian, TopK
from autoencode.models.latent import LatentModel
from autoencode.networks import Dictionary
from autoencode.objectives import Reconstruction, SparseCoding
from autoencode.priors import StandardNormal

QUICK = ae.Training(3, batch_size=64, device="cpu", compile=False)


def planted(n: int, features: int, units: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Sums of a few atoms of a random dictionary, far from zero."""
    rng = np.random.default_rng(0)
    atoms = rng.normal(size=(units, features))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    on = rng.random((n, units)).argsort(axis=1) < k
    codes = on * rng.uniform(0.5, 1.5, (n, units))

    return (codes @ atoms + 10 * rng.normal(size=features)).astype("float32"), atoms


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    return planted(500, 8, 16, 2)[0]


@pytest.fixture(scope="module")
def model(data) -> ae.Autoencoder:
    return ae.recipes.sparse(24, k=2, training=QUICK, random_state=0).fit(data)


def test_codes_are_sparse_and_atoms_have_unit_norm(model, data, tmp_path) -> None:
    Z = model.transform(data)
    atoms = model.model_.decoder.network.atoms.detach().numpy()

    assert Z.shape == (500, 24)
    assert ((Z != 0).sum(axis=1) <= 2).all()
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, rtol=1e-5)

    # The decoder adds up atoms, in units of the scaled data
    scale, loc = model.modality_.scale_, model.modality_.loc_
    bias = model.model_.decoder.network.bias.detach().numpy()
    np.testing.assert_allclose(
        model.inverse_transform(Z), loc + scale * (Z @ atoms + bias), rtol=1e-4, atol=1e-3
    )
    np.testing.assert_allclose(loc, data.mean(axis=0), rtol=1e-5)  # centered by the mean

    model.save(tmp_path / "m.ae")
    np.testing.assert_array_equal(ae.load(tmp_path / "m.ae").transform(data), Z)


def test_codes_in_files_are_those_in_memory(model, data, tmp_path) -> None:
    Z = model.transform(data)

    assert (model.transform(data, sparse=True).toarray() == Z).all()
    assert model.transform(data, out=tmp_path / "z.npy") == tmp_path / "z.npy"
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy"), Z)

    model.transform(data, out=tmp_path / "z.npz")
    found = load_npz(tmp_path / "z.npz")
    assert found.format == "csr"
    assert found.shape == Z.shape
    np.testing.assert_array_equal(found.toarray(), Z)

    for options in ({"sparse": True, "indices": True}, {"sparse": True, "out": "z.npz"}):
        with pytest.raises(ValueError, match="cannot be combined"):
            model.transform(data, **options)

    with pytest.raises(ValueError, match=r"\.npy file for dense codes, or a \.npz file"):
        model.transform(data, out=tmp_path / "z.csv")

    assert not (tmp_path / "z.csv").exists()


def test_units_have_their_top_examples(model, data) -> None:
    Z, found = model.transform(data), model.units(data, n_examples=5)

    np.testing.assert_allclose(found.rate, (Z != 0).mean(axis=0), rtol=1e-6)

    for j in range(24):
        values = np.sort(Z[:, j][Z[:, j] != 0])[::-1][:5]
        np.testing.assert_array_equal(found.activations[j, : len(values)], values)
        np.testing.assert_array_equal(Z[found.examples[j, : len(values)], j], values)
        assert (found.examples[j, len(values) :] == -1).all()


def parts(posterior, network, width: int = 5) -> LatentModel:
    return LatentModel.build(network, (width,), 12, posterior, FixedGaussian(), StandardNormal())


@pytest.mark.usefixtures("float64")
def test_dead_units_explain_what_is_left() -> None:
    torch.manual_seed(0)
    model, x = parts(TopK(2), Dictionary()), torch.randn(20, 5)
    objective = SparseCoding(weight=0.5, k=3).build(model, n_examples=100).train()
    encoder, decoder = model.encoder.network, model.decoder.network
    torch.testing.assert_close(encoder.weight, decoder.atoms)  # they start tied
    objective.idle[:6] = 200.0
    loss = objective(model, x, x)

    # As in the paper: a = relu(Wx + b), the residual without gradient, the top 3 of dead units
    a = (x @ encoder.weight.T + encoder.bias).relu()
    top = torch.zeros_like(a).scatter(1, a.topk(2).indices, a.topk(2).values)
    dead = (objective.idle > 100).double()
    rest = (x - top @ decoder.atoms - decoder.bias).detach()
    b = a * dead
    other = torch.zeros_like(a).scatter(1, b.topk(3).indices, b.topk(3).values)
    auxiliary = (rest - other @ decoder.atoms).square().sum(dim=1) / 2 * (b > 0).any(dim=1)
    distortion = (x - top @ decoder.atoms - decoder.bias).square().sum(dim=1) / 2

    torch.testing.assert_close(loss.terms["auxiliary"], auxiliary)
    torch.testing.assert_close(loss.total - 0.5 * auxiliary, distortion + 2.5 * np.log(2 * np.pi))

    names = [*model.parameters()]
    ours = torch.autograd.grad(loss.total.sum(), names, retain_graph=True)
    theirs = torch.autograd.grad((distortion + 0.5 * auxiliary).sum(), names)

    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q)


def test_units_that_are_on_are_not_dead() -> None:
    torch.manual_seed(0)
    model, x = parts(TopK(1), Dictionary()), torch.randn(30, 5)
    objective = SparseCoding().build(model, n_examples=30).train()

    for _ in range(3):
        objective(model, x, x)

    on = (model.encode(x).mean != 0).any(dim=0)
    assert torch.equal(objective.idle == 0, on)
    assert (objective.idle[~on] == 90).all()

    objective.eval()(model, x, x)  # validation counts no examples
    assert (objective.idle[~on] == 90).all()


def test_other_parts_are_refused_or_used(data) -> None:
    sparse = ae.recipes.sparse

    with pytest.raises(ValueError, match=r"Use posterior=TopK\(\) or BatchTopK\(\)"):
        sparse(12, posterior=Dirac(), training=QUICK).fit(data)

    with pytest.raises(TypeError, match="k has no effect together with posterior"):
        sparse(12, k=3, posterior=BatchTopK(2))

    model = sparse(posterior=BatchTopK(2), training=QUICK, random_state=0).fit(data)
    assert model.latent_dim_ == 32  # four times the columns

    y = np.arange(500) % 2
    given = sparse(12, k=2, conditional=True, training=QUICK, random_state=0).fit(data, y)
    assert given.transform(data, y).shape == (500, 12)

    plain = sparse(12, k=2, objective=Reconstruction(), training=QUICK).fit(data)
    assert isinstance(plain.model_.decoder.network, nn.Module)


def test_the_command_line_writes_indices(tmp_path, data, capsys) -> None:
    np.save(tmp_path / "X.npy", data)
    quantized = ae.recipes.vq_vae(4, codebook_size=8, layers=(8,), training=QUICK, random_state=0)
    quantized.fit(data).save(tmp_path / "m.ae")
    words = ["transform", str(tmp_path / "m.ae"), str(tmp_path / "X.npy"), "--indices"]

    assert main([*words, "--out", str(tmp_path / "k.csv")]) == 0, capsys.readouterr().err
    found = np.loadtxt(tmp_path / "k.csv", delimiter=",", skiprows=1, dtype=int, ndmin=2)
    np.testing.assert_array_equal(found, quantized.transform(data, indices=True))
    assert (tmp_path / "k.csv").read_text().startswith("k1")

    assert main([*words, "--pool-windows", "--out", str(tmp_path / "k.npy")]) == 2
    assert "cannot be combined" in capsys.readouterr().err
