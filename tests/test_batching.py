r"""Tests for the batching module."""

import contextlib
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoencode.common.batching import budget_bytes, memory_budget, rows_per_batch, split_rows


@pytest.mark.slow
@given(st.integers(1, 2**40), st.integers(0, 2**40), st.integers(0, 40))
def test_batches_fit_into_the_budget_and_hold_each_row_once(budget, each, n) -> None:
    x = torch.arange(n)

    with memory_budget(budget):
        parts, rows = split_rows(x, each), rows_per_batch(each)

    assert torch.equal(torch.cat(parts), x)
    assert all(len(part) <= rows for part in parts)
    assert rows == 1 or rows * each <= budget
    assert (rows + 1) * max(1, each) > budget


def test_the_budget_ends_with_its_block() -> None:
    before, elsewhere = budget_bytes(), []

    with memory_budget(100):
        with contextlib.suppress(KeyError), memory_budget(7):
            assert budget_bytes() == 7
            raise KeyError

        assert budget_bytes() == 100
        thread = threading.Thread(target=lambda: elsewhere.append(budget_bytes()))
        thread.start()
        thread.join()

    assert budget_bytes() == before == elsewhere[0]


@pytest.mark.parametrize("n_bytes", [0, -1])
def test_no_memory_is_refused(n_bytes: int) -> None:
    with pytest.raises(ValueError, match="at least one byte"), memory_budget(n_bytes):
        pass
