r"""Tests of new texts that go on from a given beginning."""

import itertools
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autoencode as ae
from autoencode.cli import main
from autoencode.distributions import Autoregressive
from autoencode.inference import continuation
from autoencode.inference.continuation import continue_prefixes
from autoencode.modalities import Texts
from autoencode.modalities.context import ContinuousContext
from autoencode.networks import Network, Recurrent, Transformer
from autoencode.priors import StandardNormal

NETWORKS = [Recurrent(8, vocab_size=3), Transformer(8, depth=1, n_heads=2, vocab_size=3)]
WORDS = ["abba", "baba", "aaaa", "bbbb", "abab", "baab", "aabb", "né"]
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def fitted(y: object = None, X: list[str] = WORDS, **options) -> ae.Autoencoder:
    options = {"conditional": y is not None, "prior": StandardNormal()} | options
    training = ae.Training(epochs=1, batch_size=8, show_progress=False)
    model = ae.vae(2, network=Recurrent(8), training=training, random_state=0, **options)
    return model.fit(X, y)


@pytest.fixture
def few_codes(monkeypatch) -> None:
    monkeypatch.setattr(continuation, "PRIOR_CODES", 64)
    monkeypatch.setattr(continuation, "_MIN_PRIOR_CODES", 16)


@pytest.fixture(scope="module")
def plain() -> ae.Autoencoder:
    return fitted(modality=Texts(max_bytes=20))


def rows(*texts: str, length: int = 4) -> torch.Tensor:
    r"""Texts of the letters a and b, as symbols 0 and 1 with the end 2."""
    return torch.tensor([[*map("ab".index, text), *[2] * (length - len(text))] for text in texts])


def chi_square(x: torch.Tensor, ends: torch.Tensor, p: torch.Tensor) -> float:
    r"""Returns the statistic of counts of rows, all of which are listed."""
    counts = torch.stack([(x == row).all(dim=-1).sum() for row in ends]).double()
    assert counts.sum() == len(x)
    expected = len(x) * p.double()
    assert expected.min() > 5
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("network", NETWORKS, ids=["recurrent", "transformer"])
def test_continuations_have_their_conditional_probabilities(network: Network) -> None:
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        family = Autoregressive(max_length=4).build(network, (16,)).eval()
        torch.nn.init.normal_(family.token_decoder.head.weight, std=0.5)
        p = family(torch.randn(1, 16, 1))

        # All sequences of up to four tokens that begin with ab
        pairs = map("".join, itertools.product("ab", repeat=2))
        ends = rows("ab", "aba", "abb", *("ab" + pair for pair in pairs))
        log_p = p.log_prob(ends) - p.log_prob(rows("ab", length=2))
        torch.testing.assert_close(log_p.exp().sum(), torch.tensor(1.0))

        x = p.expand((6000,)).sample_after(torch.tensor([0, 1]))

    # The chi-square distribution of 6 degrees exceeds this in 0.1 %
    assert chi_square(x.long(), ends, log_p.exp()) < 22.5


def test_codes_of_continuations_are_those_given_the_beginning() -> None:
    model, modality = fitted(X=["a", "b"], modality=Texts(max_bytes=1)).model_, Texts().fit(["a"])

    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        head = model.decoder.family.token_decoder.head
        torch.nn.init.normal_(head.weight, std=8.0)
        head.bias.fill_(-10.0)[[97, 98, 255]] = 0.0
        x = continue_prefixes(model, modality, 3000 * ["a"])
        z = model.prior().sample((20_000,))
        p = model.decode(z)
        both, first = p.log_prob(torch.tensor([[97, 255]])), p.log_prob(torch.tensor([[97]]))

    # p(end | a) is a mean over codes, weighted by how probable they make the beginning
    expected = float((both.logsumexp(dim=0) - first.logsumexp(dim=0)).exp())
    unweighted = float((both - first).exp().mean())
    found = float((x[:, 1] == 255).double().mean())

    assert abs(unweighted - expected) > 0.1
    assert abs(found - expected) < 0.04


@pytest.mark.usefixtures("few_codes")
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(prefix=LETTERS)
def test_new_texts_begin_as_asked(plain: ae.Autoencoder, prefix: str) -> None:
    first = plain.sample(3, prefix=prefix, random_state=0).tolist()

    assert all(text.startswith(prefix) for text in first)
    assert first == plain.sample(3, prefix=prefix, random_state=0).tolist()


@pytest.mark.usefixtures("few_codes")
def test_each_text_has_its_own_beginning(plain: ae.Autoencoder) -> None:
    prefixes = ["ab", "", "né", "x" * 20]
    texts = plain.sample(4, prefix=prefixes, random_state=0)

    assert all(map(str.startswith, texts, prefixes))
    assert texts[3] == prefixes[3]  # there is no room for more


@pytest.mark.usefixtures("few_codes")
def test_beginnings_with_labels_and_numbers() -> None:
    y = np.array(["s", "t"] * 4)
    model = fitted(y)
    texts = model.sample(4, y=["s", "t", "s", "t"], prefix=["a", "a", "b", "b"], random_state=0)
    assert all(map(str.startswith, texts, "aabb"))

    numbers = np.linspace(-1, 1, 16).reshape(8, 2)
    model = fitted(numbers, conditional=ContinuousContext())
    assert all(text.startswith("ab") for text in model.sample(3, y=numbers[:3], prefix="ab"))
    assert all(text.startswith("ab") for text in model.sample(3, y=numbers[:1], prefix="ab"))


@pytest.mark.usefixtures("few_codes")
def test_beginnings_of_subwords() -> None:
    pytest.importorskip("tokenizers")
    model = fitted(X=8 * ["the cat sat", "a dog"], modality=Texts(max_bytes=20, vocab_size=262))
    assert all(text.startswith("the c") for text in model.sample(5, prefix="the c"))


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("x" * 21, "up to 20 bytes, as the model writes no longer texts, got 21: 'x"),
        (["a", "b"], "3 texts, one for each new example, got 2 of them"),
        (["a", "b", 3], "got 3"),
        ("\ud800", "whole characters"),
    ],
)
def test_impossible_beginnings_are_refused(plain, prefix: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain.sample(3, prefix=prefix)


def test_only_texts_have_beginnings() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    training = ae.Training(epochs=1, show_progress=False)
    model = ae.vae(1, layers=(4,), prior=StandardNormal(), training=training).fit(X)

    with pytest.raises(ValueError, match=r"sample\(prefix=...\) needs a model of texts"):
        model.sample(prefix="a")


@pytest.mark.usefixtures("few_codes")
def test_the_command_line_takes_a_beginning(plain, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    plain.save("words.ae")

    assert main(shlex.split("sample words.ae -n 4 --prefix 'n é' --out new.csv")) == 0
    assert Path("new.csv").read_text().count("n é") == 4
    assert main(shlex.split(f"sample words.ae --prefix {'x' * 30} --out other.csv")) == 2
    assert "up to 20 bytes" in capsys.readouterr().err
