r"""Tests for flags of which a row has at most one, as in one-hot encodings."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal

import autoencode as ae
from autoencode.modalities.columns.exclusive import are_groups, exclusive_groups
from autoencode.modalities.columns.flags import Flag, draw_exclusive

pd = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
KIND, STATE = RNG.choice(4, 300, p=[0.55, 0.25, 0.15, 0.05]), RNG.integers(0, 3, 300)
SIZE = KIND + RNG.normal(size=300)


def one_hot(of: np.ndarray) -> np.ndarray:
    return np.eye(of.max() + 1)[of]


def vae(X) -> ae.Autoencoder:
    return ae.vae(2, training=ae.Training(epochs=20), random_state=0).fit(X)


def numeric() -> np.ndarray:
    return np.c_[SIZE, one_hot(KIND), one_hot(STATE)[:, 1:], RNG.random(300) < 0.3]


def frame(dtype: type) -> "pd.DataFrame":
    X = pd.DataFrame({"size": SIZE, "kind": [*map(str, KIND)], "state": [*map(str, STATE)]})
    return pd.get_dummies(X, columns=["kind", "state"], dtype=dtype)


@pytest.mark.slow
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("of", ["array", "booleans", "whole numbers"])
def test_new_rows_keep_one_hot_codes(of, missing, caplog) -> None:
    X = numeric() if of == "array" else frame(bool if of == "booleans" else np.int64)

    if missing and of == "array":
        pytest.skip("an array of numbers has no missing cells")

    if missing:
        X.loc[:20, "size"] = np.nan

    with caplog.at_level(logging.INFO):
        new = np.asarray(vae(X).sample(500, random_state=1), float)

    kinds, states = new[:, 1:5], new[:, 5:7] if of == "array" else new[:, 5:8]
    assert (kinds.sum(axis=1) == 1).all()
    assert set(states.sum(axis=1)) == ({0, 1} if of == "array" else {1})
    assert np.abs(kinds.mean(axis=0) - one_hot(KIND).mean(axis=0)).max() < 0.1
    assert "exactly one of columns" in caplog.text
    assert ("at most one of columns" in caplog.text) == (of == "array")


def test_flags_of_a_group_are_drawn_by_their_probabilities() -> None:
    torch.manual_seed(0)
    pi = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.1]], dtype=torch.float64)
    n, threshold = 20_000, 0.4
    p = Normal(threshold + torch.special.ndtri(pi), 1.0).expand((n, 2, 3))

    for row, always in enumerate([True, False]):
        flags = [Flag(at, (-2.0, 3.0, threshold)) for at in range(3)]
        q = Normal(p.loc[:, row], p.scale[:, row])
        x = draw_exclusive(q.sample(), q, [(flags, always)])
        on = (x == 3).double()

        assert ((x == 3) | (x == -2)).all()
        assert (on.sum(dim=1) == 1).all() if always else (on.sum(dim=1) <= 1).all()
        torch.testing.assert_close(on.mean(dim=0), pi[row], rtol=0, atol=4 * 0.5 / n**0.5)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.integers(0, 2**31))
def test_groups_are_found_among_other_flags(sizes, seed) -> None:
    rng = np.random.default_rng(seed)
    parts, expected, at = [], [], 0

    for size in sizes:  # one column alone is no group
        codes = np.r_[np.arange(size), rng.integers(0, size, 200)]
        part = np.eye(size, dtype=bool)[np.resize(codes, 200)]
        part = part if size > 1 else rng.random((200, 1)) < 0.5
        expected += [([*range(at, at + size)], True)] * (size > 1)
        parts.append(part)
        at += size

    found = exclusive_groups(np.hstack(parts), range(at))
    assert [tuple(group) for group in found if group.always] == expected
    assert are_groups(found, range(at))


def test_independent_flags_are_no_group() -> None:
    flags = np.random.default_rng(0).random((200, 300)) < 0.03
    pairs = [(flags[:, j] & flags[:, j + 1]).any() for j in range(299)]
    assert not all(pairs)  # some exclude each other by chance
    assert exclusive_groups(flags, range(300)) == []


@pytest.mark.slow
def test_groups_are_stored(tmp_path) -> None:
    model = vae(numeric())
    model.save(tmp_path / "model.ae")
    again = ae.load(tmp_path / "model.ae")
    assert again.modality_.exclusive_ == [([1, 2, 3, 4], True), ([5, 6], False)]
    np.testing.assert_array_equal(again.sample(9, random_state=0), model.sample(9, random_state=0))
