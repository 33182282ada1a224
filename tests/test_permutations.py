r"""Tests of random orders that are computed from the index."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import autoencode as ae
from autoencode.common.arrays import Permutation
from autoencode.data import Batches, Examples


@given(st.integers(1, 3000), st.integers(0, 2**62))
@settings(max_examples=30)
def test_a_computed_order_is_a_permutation(n: int, seed: int) -> None:
    order = Permutation(n, seed)
    every = order[:]

    assert torch.equal(every.sort().values, torch.arange(n))
    assert torch.equal(Permutation(n, seed)[:], every)
    assert torch.equal(order.part(n // 3, n)[:], every[n // 3 :])
    assert int(order[n // 2]) == int(every[n // 2])
    some = torch.randint(n, (4, 2))
    assert torch.equal(order[some], every[some])


def test_computed_orders_differ_by_seed_and_from_the_order_of_rows() -> None:
    n = 10_000
    a, b = (Permutation(n, seed)[:].float() for seed in (0, 1))

    for x, y in ((a, b), (a, torch.arange(n)), (a[1:], a[:-1])):
        assert abs(float(torch.corrcoef(torch.stack([x, y.float()]))[0, 1])) < 0.05


def test_an_order_of_many_examples_takes_no_memory() -> None:
    rows = torch.zeros(1).expand(10**9, 1)
    some = Batches(Examples(rows), batch_size=1000)
    order = some.shuffled()

    assert isinstance(order, Permutation)
    assert len(next(some.iterate(order, start=len(some) - 1))) == 1000
    data, held_out = Examples(rows).hold_out(2048)
    assert held_out is not None
    assert (len(data), len(held_out)) == (10**9 - 2048, 2048)
    assert not torch.isin(held_out.rows[:], data.rows[:5000]).any()


def test_a_training_in_a_computed_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoencode.data.batches._MAX_DRAWN_ORDER", 10)
    X = np.random.default_rng(0).normal(size=(100, 4))
    scores = [
        ae.vae(2, training=ae.Training(epochs=2), random_state=0).fit(X).transform(X)
        for _ in range(2)
    ]

    assert np.array_equal(*scores)
