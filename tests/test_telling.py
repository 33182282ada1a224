r"""Tests of the anomalies among texts: what they tell of their codes, and of themselves."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.distributions import Distribution

import autoencode as ae
from autoencode.datasets import number_words
from autoencode.distributions import Autoregressive, AutoregressiveDistribution
from autoencode.manifold import OffManifoldDetector
from autoencode.manifold.anomalies.densities import AdaptiveKDE, GaussianDensity
from autoencode.manifold.anomalies.sequences import decompose_sequences
from autoencode.manifold.codec import Codec, as_codec
from autoencode.modalities import Texts
from autoencode.networks import Recurrent, Transformer
from autoencode.networks.padding import lengths

NUMBER_WORDS = number_words(random_state=0).X
TRAIN, KNOWN, NEW = NUMBER_WORDS[:400], NUMBER_WORDS[400:600], NUMBER_WORDS[600:700]
DENSITIES = [GaussianDensity, AdaptiveKDE]


def garbled(texts: list[str]) -> list[str]:
    r"""The same letters, in another order."""
    rng = np.random.default_rng(0)
    return ["".join(rng.permutation([*text])) for text in texts]


def fitted(recipe: str = "autoencoder", epochs: int = 6, **options) -> ae.Autoencoder:
    defaults = {
        "network": Recurrent(48),
        "training": ae.Training(
            epochs=epochs, batch_size=16, validation_fraction=0, show_progress=False
        ),
        "random_state": 0,
    }
    return getattr(ae, recipe)(4, **(defaults | options))


@pytest.fixture(scope="module")
def speller() -> ae.Autoencoder:
    return fitted().fit(TRAIN)


def drawn(network: Recurrent | Transformer, d: int) -> Codec:
    r"""Codec of rows of up to three out of three symbols, of which a code makes what is likely."""
    torch.manual_seed(1)
    family = Autoregressive(max_length=6).build(network, (8,)).eval()
    torch.nn.init.normal_(family.token_decoder.head.weight, std=2.0)
    W = torch.randn(d, 8)

    def likelihood(z: Tensor) -> Distribution:
        return family((z @ W.to(z)).tanh()[..., None])

    return replace(
        as_codec((lambda x: x, lambda z: z)),
        encode=lambda x: torch.linspace(-1, 1, len(x) * d).reshape(len(x), d).to(W),
        likelihood=likelihood,
        tokenized=True,
    )


def counted(p: AutoregressiveDistribution, x: Tensor) -> Tensor:
    r"""Log-probabilities of rows, counted from the entropies of their symbols."""
    entropy = p.family.factors(p.phi, x).entropy()
    inside = torch.arange(x.shape[1]) < lengths(x, p.family.vocab_size - 1)[:, None]

    return p.log_prob(x) + (entropy * inside).sum(dim=1)


networks = pytest.mark.parametrize(
    "network",
    [Recurrent(8, vocab_size=3), Transformer(8, depth=1, n_heads=2, vocab_size=3)],
    ids=repr,
)


# What texts tell


@networks
def test_precision_is_the_mean_square_of_the_score(network, float64) -> None:
    # Of the last symbol, over all that could stand there; those before it are the same
    codec = drawn(network, 2)
    x = torch.tensor([[0, 1, 1, 2, 2]])
    z = codec.encode(x)

    def log_p(z: Tensor, row: Tensor) -> Tensor:
        return codec.likelihood(z).log_prob(row)[0]

    expected = torch.zeros(2, 2)

    for t, symbol in itertools.product(range(4), range(3)):
        begun = torch.cat([x[:, :t], torch.tensor([[symbol]])], dim=1)
        slopes = [
            torch.autograd.functional.jacobian(lambda z, r=r: log_p(z, r), z)[0]
            for r in (begun, begun[:, :-1])
            if r.numel()
        ]
        slope = slopes[0] - slopes[1] if t else slopes[0]
        before = log_p(z, begun[:, :-1]) if t else 0.0
        expected += (log_p(z, begun) - before).exp() * slope[:, None] * slope

    torch.testing.assert_close(
        decompose_sequences(codec, x).precision[0], expected, rtol=1e-3, atol=1e-5
    )


@networks
def test_surprises_add_up_to_probabilities_whatever_stands_beside(network, float64) -> None:
    codec = drawn(network, 2)
    x = torch.tensor([[2, 2, 2, 2, 2], [0, 2, 2, 2, 2], [0, 1, 0, 0, 2], [1, 1, 1, 0, 0]])
    decomposed, z = decompose_sequences(codec, x), codec.encode(x)

    torch.testing.assert_close(-decomposed.residual.sum(dim=1), counted(codec.likelihood(z), x))
    assert (decomposed.residual[0, 1:] == 0).all()

    for i in range(len(x)):
        alone = decompose_sequences(
            replace(codec, encode=lambda _, i=i: z[i : i + 1]), x[i : i + 1]
        )
        torch.testing.assert_close(alone.precision[0], decomposed.precision[i])


@networks
def test_what_a_model_writes_is_as_surprising_as_expected(network, float64) -> None:
    codec = drawn(network, 2)
    z = torch.tensor([[0.3, -0.8]]).expand(4000, 2)
    x = codec.likelihood(z).sample()
    off = -decompose_sequences(replace(codec, encode=lambda _: z), x).residual.sum(dim=1)

    assert off.std() > 0.5
    assert abs(off.mean()) < 4 * off.std() / 4000**0.5


# How much of a law is near codes


@pytest.mark.slow
@pytest.mark.parametrize("density", DENSITIES)
def test_masses_are_integrals(density: Callable, float64) -> None:
    codes = torch.randn(30, 2) * torch.tensor([1.0, 0.3])
    fitted_density, z = density(codes), torch.tensor([[0.5, 0.2], [-3.0, 1.0]])
    G = torch.tensor([[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 0.0]]])

    axis = torch.linspace(-9, 9, 901)
    grid = torch.cartesian_prod(axis, axis)
    p = fitted_density.log_prob(grid).exp() * (axis[1] - axis[0]) ** 2

    for row, g, found in zip(z, G, fitted_density.log_window_mass(z, G).exp(), strict=True):
        away = grid - row
        near = (-0.5 * ((away @ g) * away).sum(dim=1)).exp()
        torch.testing.assert_close(found, (p * near).sum(), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("density", DENSITIES)
def test_masses_end_in_densities_and_in_one(density: Callable, float64) -> None:
    codes, z, eye = torch.randn(50, 3), torch.randn(5, 3), torch.eye(3).expand(5, 3, 3)
    fitted_density = density(codes)
    narrow = fitted_density.log_window_mass(z, 1e8 * eye) - 1.5 * np.log(2 * np.pi / 1e8)

    torch.testing.assert_close(narrow, fitted_density.log_prob(z), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(fitted_density.log_window_mass(z, 0 * eye), torch.zeros(5))


def test_kernels_left_out_are_as_if_they_were_not(float64) -> None:
    density, G = AdaptiveKDE(torch.randn(20, 2)), torch.eye(2).expand(20, 2, 2)
    found = density.log_window_mass(density.codes, G, self_indices=torch.arange(20))
    codes, widths = density.codes, density.widths

    for i in range(20):
        others = torch.arange(20) != i
        density.codes, density.widths = codes[others], widths[others]
        torch.testing.assert_close(
            density.log_window_mass(codes[i : i + 1], G[:1]), found[i : i + 1]
        )


@pytest.mark.slow
def test_other_charts_of_the_codes_change_nothing(speller: ae.Autoencoder) -> None:
    codec = as_codec(speller, allow_tokens=True)
    A = torch.tensor([[3.0, 1, 0, 0], [0, 0.5, 0, 0], [0, 0, 2, 1], [1, 0, 0, 1]])
    charted = replace(
        codec,
        encode=lambda x: codec.encode(x) @ A,
        likelihood=lambda z: codec.likelihood(z @ torch.linalg.inv(A)),
    )
    first, second = (
        OffManifoldDetector(m, density="gaussian").fit(KNOWN) for m in (codec, charted)
    )

    for a, b in zip(first.decompose(NEW), second.decompose(NEW), strict=True):
        np.testing.assert_allclose(a, b, atol=0.02)


# Detecting


@pytest.mark.slow
@pytest.mark.parametrize("density", ["parzen", "gaussian"])
def test_garbled_texts_are_anomalies(speller: ae.Autoencoder, density: str) -> None:
    detector = OffManifoldDetector(speller, density=density).fit(KNOWN)
    assert detector.model_ is speller

    usual, odd = detector.score_samples(NEW), detector.score_samples(garbled(NEW))
    truth = np.repeat([1, 0], len(NEW))
    assert roc_auc_score(truth, np.concatenate([usual, odd])) > 0.97
    assert np.mean(detector.predict(NEW) < 0) < 0.1
    assert np.mean(detector.predict(garbled(NEW)) < 0) > 0.8


@pytest.mark.slow
def test_long_texts_are_not_stranger_for_their_length() -> None:
    # Letters by chance, of which no model can know more than how many there are
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice([*"abcdefgh"], n)) for n in rng.integers(2, 20, 600)]
    model = fitted("vae", network=Recurrent(64)).fit(texts[:400])
    scores = OffManifoldDetector(model).fit(texts[400:500]).score_samples(texts[500:])
    length = [*map(len, texts[500:])]

    assert spearmanr(model.score_samples(texts[500:]), length).statistic < -0.9
    assert abs(spearmanr(scores, length).statistic) < 0.4


@pytest.mark.slow
def test_parts_add_up_and_letters_explain(speller: ae.Autoencoder) -> None:
    detector = OffManifoldDetector(speller, contamination=0.1).fit(KNOWN)
    on, off = detector.decompose(NEW)
    scores = detector.score_samples(NEW)

    np.testing.assert_allclose(on + off, scores)
    np.testing.assert_allclose(detector.decision_function(NEW), scores - detector.offset_)
    assert np.mean(detector.predict(KNOWN) < 0) == pytest.approx(0.1)
    assert (on <= 0).all()

    # Across is what the model says of texts, given their own codes
    x, codec = speller.preprocess(NEW).target, as_codec(speller, allow_tokens=True)
    expected = counted(codec.likelihood(codec.encode(x)), x.long()).detach()
    np.testing.assert_allclose(off, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(detector.explain(NEW).sum(axis=1), -off)

    # The letter that does not belong there is among the least expected
    text = "seven hundred and eighty-one"
    wrong = text[:9] + "q" + text[10:]
    assert 9 in detector.explain([wrong])[0].argsort()[-3:]


@pytest.mark.slow
def test_texts_in_any_form_have_the_same_scores(speller: ae.Autoencoder) -> None:
    pandas = pytest.importorskip("pandas")
    detector = OffManifoldDetector(speller).fit(KNOWN)
    expected = detector.score_samples(NEW)

    for X in (tuple(NEW), np.array(NEW), np.array(NEW, object), pandas.Series(NEW)):
        np.testing.assert_array_equal(detector.score_samples(X), expected)

    # Nor does a text depend on those beside it, and zeros at its end count
    np.testing.assert_allclose(detector.score_samples(NEW[3:4]), expected[3:4], rtol=1e-3)
    assert detector.score_samples(["one\0"]) < detector.score_samples(["one"]) - 1


@pytest.mark.slow
def test_untrained_models_are_trained_alike_on_parts() -> None:
    # Of which the longest text is in one alone
    texts = ["ab" * n for n in range(1, 7)] * 5 + ["ab" * 9]
    model = fitted(epochs=2, network=Recurrent(8))
    detectors = [
        OffManifoldDetector(model, n_folds=2, random_state=0).fit(texts) for _ in range(2)
    ]

    for X in (texts, ["abab", "ba"]):
        a, b = (detector.score_samples(X) for detector in detectors)
        assert np.array_equal(a, b)
        assert np.isfinite(a).all()

    assert not hasattr(model, "model_")
    assert clone(detectors[0]).set_params(model__latent_dim=2).fit(texts).model_.latent_dim == 2


@pytest.mark.slow
def test_conditional_models_see_texts_under_a_label() -> None:
    X = [letter * n for n in (2, 3, 4) for letter in "ab"] * 10
    model = fitted("vae", conditional=True, network=Recurrent(16), free_nats=0.0, epochs=25)
    model.fit(X, [text[0] for text in X])
    detector = OffManifoldDetector(model, y=["a"]).fit([text for text in X if text[0] == "a"])

    self_indices, other = detector.decompose(["aaa", "bbb"]).off_manifold
    assert self_indices > other + 3


@pytest.mark.slow
def test_subwords_are_judged_too() -> None:
    pytest.importorskip("tokenizers")
    kind = Texts(max_bytes=40, vocab_size=280)
    model = fitted(epochs=1, network=Recurrent(16), modality=kind).fit(TRAIN)
    detector = OffManifoldDetector(model).fit(KNOWN)

    explained, off = detector.explain(NEW), detector.decompose(NEW).off_manifold

    assert explained.shape == (len(NEW), 41)
    assert np.std(off) > 0.1
    np.testing.assert_allclose(explained.sum(axis=1), -off, rtol=1e-6)


def test_what_is_no_such_text_is_named(speller: ae.Autoencoder) -> None:
    with pytest.raises(ValueError, match=r"default model needs numbers, got Texts\. Pass a model"):
        OffManifoldDetector().fit(KNOWN)

    detector = OffManifoldDetector(speller).fit(KNOWN)

    with pytest.raises(ValueError, match="expected texts of up to"):
        detector.predict(["one " * 30])

    with pytest.raises(ValueError, match="expected data like those of Texts"):
        detector.predict(np.zeros((3, 4)))
