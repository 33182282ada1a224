r"""Laws of quantized codes."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits, load_iris
from torch import randn

import autoencode as ae
from autoencode import Autoencoder, Training
from autoencode.distributions import (
    Dirac,
    FiniteScalarQuantizer,
    LookupFreeQuantizer,
    ProductQuantizer,
    ResidualQuantizer,
    VectorQuantizer,
)
from autoencode.distributions.codes.codebook import Codebook, perplexity, usage
from autoencode.inference.generation import sample_codes
from autoencode.networks import FullyConnected
from autoencode.objectives import VQ, Reconstruction

QUANTIZERS = [
    VectorQuantizer(codebook_size=5, codebook_dim=2),
    ResidualQuantizer(n_stages=3, codebook_size=4, codebook_dim=2),
    ProductQuantizer(codebook_size=5, codebook_dim=2),
    LookupFreeQuantizer(n_bits=2),
    FiniteScalarQuantizer(levels=(4, 3)),
]
DIGITS = load_digits().images.astype("uint8")


@pytest.mark.parametrize("family", QUANTIZERS, ids=repr)
def test_codes_are_entries_with_the_gradient_of_what_they_stand_for(family) -> None:
    family = family.clone().build(None, (6,)).train()
    phi = randn(7, 6, 1, requires_grad=True)
    q = family(phi)

    assert q.mean.shape == (7, 6)
    assert q.expand((2, 7, 6)).mean.shape == (2, 7, 6)
    assert q.index.shape[0] == 7

    if not isinstance(family, ResidualQuantizer):  # whose stages may find another sum
        torch.testing.assert_close(family.project(q.mean), q.mean)

    weight = randn(7, 6)
    (q.rsample() * weight).sum().backward()

    if isinstance(family, FiniteScalarQuantizer):
        assert (phi.grad.sign() == weight.sign()[..., None]).all()
    elif isinstance(family, LookupFreeQuantizer):  # that of units of variance one
        scale = phi.detach().std(dim=0, correction=0)
        torch.testing.assert_close(phi.grad, weight[..., None] / scale, rtol=1e-3, atol=1e-4)
    else:
        torch.testing.assert_close(phi.grad, weight[..., None])


@pytest.mark.parametrize("family", QUANTIZERS, ids=repr)
def test_codes_do_not_depend_on_those_beside_them(family) -> None:
    family = family.clone().build(None, (6,)).train()

    for _ in range(3):
        family(randn(20, 6, 1))

    family.eval()
    phi = randn(9, 6, 1)
    alone = torch.cat([family(row[None]).mean for row in phi])

    torch.testing.assert_close(family(phi).mean, alone)


def test_vectors_become_their_nearest_entries() -> None:
    family = VectorQuantizer(codebook_size=6, codebook_dim=3).build(None, (6,)).train()
    phi = randn(10, 6, 1)
    family(phi)
    family.eval()
    groups = phi.reshape(-1, 3).numpy()
    nearest = cdist(groups, family.codebook.entries.numpy()).argmin(axis=1)
    q = family(phi)

    np.testing.assert_array_equal(q.index.flatten().numpy(), nearest)
    torch.testing.assert_close(q.mean.reshape(-1, 3), family.codebook.entries[q.index.flatten()])
    squares = (phi.reshape(10, 6) - q.mean).square().sum(dim=1)
    torch.testing.assert_close(q.commitment, squares)


def test_entries_are_moving_averages() -> None:
    # Equations 6 to 8 of the paper, for a codebook whose entries are all in use
    torch.manual_seed(0)
    book = Codebook(3, 2, ema_decay=0.8, revival=0.0).train()
    centers = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    book.entries.copy_(centers)
    book.counts.fill_(5.0)
    book.sums.copy_(5 * centers)
    N, m = np.full(3, 5.0), 5 * centers.double().numpy()

    for _ in range(4):
        x = centers[torch.randint(3, (30,))] + 0.1 * randn(30, 2)
        nearest = cdist(x.numpy(), m / N[:, None]).argmin(axis=1)

        for k in range(3):
            N[k] = 0.8 * N[k] + 0.2 * (nearest == k).sum()
            m[k] = 0.8 * m[k] + 0.2 * x.double().numpy()[nearest == k].sum(axis=0)

        book(x)

    np.testing.assert_allclose(book.counts, N, rtol=1e-5)
    np.testing.assert_allclose(book.entries, m / N[:, None], rtol=1e-4, atol=1e-4)


def test_unused_entries_are_revived() -> None:
    torch.manual_seed(0)
    book = Codebook(8, 1, ema_decay=0.5).train()
    book(randn(100, 1))
    book.entries[3], book.sums[3], book.counts[3] = 1e3, 1e3 * 1e-9, 1e-9  # far from all data
    book(randn(100, 1))

    assert book.entries.abs().max() < 5
    assert perplexity(book(randn(500, 1))[1], 8) > 4


def test_each_stage_of_a_residual_quantizer_lowers_the_error() -> None:
    torch.manual_seed(0)
    x = randn(500, 4, 1)
    errors = []

    for stages in (1, 2, 4):
        family = (
            ResidualQuantizer(stages, codebook_size=16, codebook_dim=4, ema_decay=0.5)
            .build(None, (4,))
            .train()
        )

        for _ in range(20):
            family(x)

        errors.append(float((family.eval()(x).mean - x[..., 0]).square().mean()))

    assert errors[0] > 1.5 * errors[1] > 2 * errors[2]


def test_finite_scalars_are_those_of_the_paper() -> None:
    # Section 3.1 and the code of appendix A.1
    levels = np.array([8, 5, 5, 5])
    z = 3 * np.random.default_rng(0).normal(size=(50, 4))
    half = (levels - 1) * (1 - 1e-3) / 2
    offset = np.where(levels % 2 == 1, 0.0, 0.5)
    bounded = np.tanh(z + np.arctanh(offset / half)) * half - offset
    codes = np.round(bounded) / (levels // 2)
    index = ((codes * (levels // 2) + levels // 2) * [1, 8, 40, 200]).sum(axis=1)

    q = FiniteScalarQuantizer()(torch.from_numpy(z)[..., None])
    np.testing.assert_allclose(q.mean, codes)
    np.testing.assert_array_equal(q.index[:, 0], index)


def test_every_level_is_reached() -> None:
    for n in range(3, 9):
        family = FiniteScalarQuantizer((n,))
        phi = torch.linspace(-8, 8, 4001)[:, None, None]

        assert sorted(set(family(phi).index.flatten().tolist())) == list(range(n))


def test_perplexity_is_the_exponential_of_the_entropy() -> None:
    index = torch.tensor([0, 0, 1, 2])
    entropy = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))

    assert float(perplexity(index, 9)) == pytest.approx(math.exp(entropy), rel=1e-5)

    # Of several codebooks, each has its own entries
    pairs = torch.tensor([[0, 3, 0, 4], [1, 3, 2, 4]])
    assert float(perplexity(pairs, 5, 2)) == pytest.approx((math.exp(entropy) + 2) / 2, rel=1e-5)
    assert float(usage(pairs, 5, 2)) == pytest.approx((3 + 2) / 10)
    assert float(usage(pairs, 5)) == 1


def test_each_group_has_a_codebook_of_its_own() -> None:
    torch.manual_seed(0)
    family = ProductQuantizer(codebook_size=6, codebook_dim=3).build(None, (6,)).train()
    phi = randn(2, 40, 6, 1)
    family(phi)
    q = family.eval()(phi)
    x = phi.reshape(80, 2, 3).numpy()

    for g, book in enumerate(family.codebooks):
        nearest = cdist(x[:, g], book.entries.numpy()).argmin(axis=1)
        np.testing.assert_array_equal(q.index.reshape(80, 2)[:, g], nearest)

    assert q.mean.shape == (2, 40, 6)
    assert not torch.equal(*(book.entries for book in family.codebooks))


@pytest.mark.usefixtures("float64")
def test_signs_have_the_entropies_of_all_entries() -> None:
    # Section 3.1 of the paper, by a table of all entries
    phi = randn(7, 6, 1, requires_grad=True)
    family = LookupFreeQuantizer(3, entropy_weight=0.3, temperature=2.0).build(None, (6,))
    q = family.eval()(phi)
    table = torch.tensor([[2.0 * (k >> j & 1) - 1 for j in range(3)] for k in range(8)])
    x = phi.reshape(14, 3)
    p = (-torch.cdist(x, table).square() / 2).softmax(dim=1)
    each = -(p * p.log()).sum(dim=1).reshape(7, 2).sum(dim=1)
    expected = 0.3 * (each + 2 * (p.mean(dim=0) * p.mean(dim=0).log()).sum())

    torch.testing.assert_close(q.penalty, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(t.sum(), phi, retain_graph=True)[0] for t in (q.penalty, expected))
    )
    np.testing.assert_array_equal(q.index.flatten(), p.argmax(dim=1))
    torch.testing.assert_close(q.mean.reshape(14, 3), table[p.argmax(dim=1)])
    assert LookupFreeQuantizer(3, entropy_weight=0.0).build(None, (6,))(phi).penalty is None


def test_bits_are_even_wherever_units_are() -> None:
    family = LookupFreeQuantizer(2).build(None, (4,)).train()
    loc, scale = randn(4, 1), 0.1 + torch.rand(4, 1)

    for _ in range(200):
        family(5 * loc + scale * randn(64, 4, 1))

    bits = family.eval()(5 * loc + scale * randn(4000, 4, 1)).mean
    assert bits.mean(dim=0).abs().max() < 0.2


def model(posterior, latent_dim: int = 4, epochs: int = 3, **options) -> Autoencoder:
    objective = Reconstruction() if isinstance(posterior, FiniteScalarQuantizer) else VQ()
    network = FullyConnected((16,))
    training = Training(epochs=epochs, compile=False, device="cpu", **options)

    return Autoencoder(
        latent_dim,
        objective=objective,
        posterior=posterior,
        network=network,
        training=training,
        random_state=0,
    )


@pytest.mark.parametrize("family", QUANTIZERS, ids=repr)
def test_models_return_indices_and_are_stored(family, tmp_path) -> None:
    X = load_iris().data.astype("float32")
    fitted = model(family).fit(X)
    index = fitted.transform(X, indices=True)

    assert index.dtype == np.int64
    assert index.shape == (150, 6 if isinstance(family, ResidualQuantizer) else 2)

    fitted.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")
    np.testing.assert_array_equal(loaded.transform(X, indices=True), index)
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))

    # Equal indices stand for equal codes
    codes = {tuple(i): z for i, z in zip(index, fitted.transform(X))}
    np.testing.assert_allclose([codes[tuple(i)] for i in index], fitted.transform(X), atol=1e-6)


def test_codes_that_are_not_quantized_have_no_indices() -> None:
    training = Training(1, device="cpu")
    fitted = ae.autoencoder(2, layers=(8,), training=training).fit(load_iris().data)

    with pytest.raises(ValueError, match=r"expected quantized codes.*VectorQuantizer"):
        fitted.transform(load_iris().data, indices=True)


def test_new_examples_come_from_entries() -> None:
    X = load_iris().data.astype("float32")
    fitted = model(VectorQuantizer(codebook_size=5, codebook_dim=2), epochs=10).fit(X)
    codes = sample_codes(fitted.model_, 200)

    # Two groups of five entries have at most 25 values
    assert 1 < len(np.unique(codes.numpy().round(4), axis=0)) <= 25
    assert fitted.sample(200, random_state=0).std() > 0
    assert 1 <= fitted.history_[-1].train["perplexity"] <= 5


@pytest.mark.parametrize("objective", [VQ(), Reconstruction()], ids=repr)
@pytest.mark.parametrize("family", QUANTIZERS, ids=repr)
def test_records_hold_perplexity_and_usage(family, objective) -> None:
    X = load_iris().data.astype("float32")
    fitted = model(family, epochs=1).set_params(objective=objective).fit(X)
    found = fitted.history_[-1]["posterior"]

    assert 0 < found["usage"] <= 1
    assert 1 <= found["perplexity"] <= 12  # entries of the largest table
    assert ("penalty" in fitted.history_[-1].train) == (
        isinstance(family, LookupFreeQuantizer) and isinstance(objective, VQ)
    )


def test_a_width_that_does_not_divide_the_code_is_refused() -> None:
    for family in (VectorQuantizer(5, 4), ProductQuantizer(5, 4), LookupFreeQuantizer(4)):
        with pytest.raises(ValueError, match=r"a multiple of (codebook_dim|n_bits)=4"):
            model(family, latent_dim=6).fit(load_iris().data)


def test_a_posterior_that_is_not_quantized_is_refused() -> None:
    with pytest.raises(ValueError, match="expected quantized codes"):
        model(Dirac()).fit(load_iris().data)


@pytest.mark.slow
@pytest.mark.parametrize("family", [QUANTIZERS[0], *QUANTIZERS[2:4]], ids=repr)
def test_codebooks_resume_to_the_bit(family, tmp_path, cut_short) -> None:
    X = load_iris().data.astype("float32")
    whole = model(family, epochs=2).fit(X)
    cut_short(lambda: model(family, epochs=2, checkpoint_dir=tmp_path / "run").fit(X), 1)
    resumed = model(family, epochs=2, checkpoint_dir=tmp_path / "run").fit(X, resume=True)

    np.testing.assert_array_equal(whole.transform(X), resumed.transform(X))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "share", "epochs"),
    [
        (VectorQuantizer(codebook_size=64, codebook_dim=4), 0.9, 60),
        pytest.param(LookupFreeQuantizer(8), 0.5, 20, marks=pytest.mark.by_hand),
    ],
    ids=repr,
)
def test_most_entries_are_used_on_digits(family, share: float, epochs: int) -> None:
    fitted = model(family, latent_dim=16, epochs=epochs).fit(DIGITS)
    index = fitted.transform(DIGITS, indices=True)
    shared = isinstance(family, VectorQuantizer)  # one codebook for all groups

    for group in [index.flatten()] if shared else [*index.T]:
        assert len(np.unique(group)) > share * (64 if shared else 256)

    errors = fitted.reconstruction_error(DIGITS).mean()
    assert errors < 0.5 * ((DIGITS / 16 - DIGITS.mean(axis=0) / 16) ** 2).sum(axis=(1, 2)).mean()


@pytest.mark.parametrize(
    "make",
    [
        lambda: VectorQuantizer(codebook_size=1),
        lambda: VectorQuantizer(codebook_dim=0),
        lambda: VectorQuantizer(ema_decay=1.0),
        lambda: ResidualQuantizer(n_stages=0),
        lambda: FiniteScalarQuantizer(levels=(2, 3)),
        lambda: FiniteScalarQuantizer(levels=()),
        lambda: ProductQuantizer(codebook_size=1),
        lambda: LookupFreeQuantizer(0),
        lambda: LookupFreeQuantizer(15),
        lambda: LookupFreeQuantizer(temperature=0.0),
        lambda: LookupFreeQuantizer(entropy_weight=-1.0),
        lambda: VQ(commitment_weight=-1.0),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
