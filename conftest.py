r"""What the tests and the examples in docstrings share."""

import os

import numpy as np
import pytest
import torch

from autoencode.common.seeding import seed_torch


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autoencode")
    group.addoption("--threads", type=int, default=1, help="the threads of torch in each worker")
    group.addoption(
        "--bfloat16",
        choices=["yes", "no"],
        help="test as on a processor with or without instructions for bfloat16",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Each worker has one core; threads that wait for each other's cores are many times slower
    torch.set_num_threads(config.getoption("threads"))

    if (given := config.getoption("bfloat16")) is not None:
        torch.cpu.get_capabilities = lambda: {"avx512_bf16": given == "yes"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    r"""Skips the tests that take minutes, unless they are asked for."""
    if "AUTOENCODE_GRID" not in os.environ:
        for item in items:
            if item.get_closest_marker("by_hand"):
                item.add_marker(pytest.mark.skip(reason="set AUTOENCODE_GRID=1"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    seed_torch(0)
    np.random.seed(1)  # noqa: NPY002  the generator of estimators without a random_state


@pytest.fixture(autouse=True)
def _names_in_doctests(doctest_namespace: dict) -> None:
    doctest_namespace["torch"] = torch
