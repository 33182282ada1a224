r"""Tests for the configurable module."""

import pytest
from sklearn.base import clone

from autoencode.common.configurable import Configurable
from autoencode.corruptions import GaussianNoise
from autoencode.objectives import ELBO


class Outer(Configurable):
    def __init__(self, inner=None, size: int = 3) -> None:
        self.inner = inner
        self.size = size


def test_params_round_trip() -> None:
    outer = Outer(ELBO(beta=2.0), size=5)
    params = outer.get_params()

    assert params["inner__beta"] == 2.0
    assert Outer(**outer.get_params(deep=False)).get_params() == params


def test_nested_arguments_are_set() -> None:
    outer = Outer(ELBO()).set_params(inner__beta=3.0, size=7)

    assert (outer.inner.beta, outer.size) == (3.0, 7)


@pytest.mark.parametrize("name", ["siz", "inner__gamma", "size__x", "inner__beta__x"])
def test_unknown_arguments_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="has no argument"):
        Outer(ELBO()).set_params(**{name: 1})


@pytest.mark.parametrize("copy", [clone, Configurable.clone])
def test_clones_share_nothing(copy) -> None:
    outer = Outer(ELBO(beta=2.0))
    other = copy(outer)
    other.inner.beta = 9.0

    assert outer.inner.beta == 2.0
    assert repr(copy(outer)) == repr(outer)


def test_repr_can_be_evaluated() -> None:
    assert repr(eval(repr(GaussianNoise(0.25)))) == "GaussianNoise(std=0.25)"
