r"""Fixtures shared by the tests: small models with known parameters."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings
from sklearn.utils import estimator_checks
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.distributions import Independent, MultivariateNormal, Normal

from autoencode.common.batching import limit_data
from autoencode.distributions import Family, FixedGaussian
from autoencode.models.latent import Conditional, LatentModel
from autoencode.networks import FullyConnected
from autoencode.priors import StandardNormal
from autoencode.training.state import TrainState

# The same examples on every machine, however slow it is
settings.register_profile("laws", deadline=None, derandomize=True)
settings.load_profile("laws")


def pytest_configure(config: pytest.Config) -> None:
    threadpool_limits(config.getoption("threads"))  # numpy's, as torch's in the other conftest.py


@pytest.fixture
def limits() -> Iterator[Callable[..., None]]:
    r"""Sets limits of data in memory until the end of a test."""
    with contextlib.ExitStack() as stack:
        yield lambda **limits: stack.enter_context(limit_data(**limits))


@pytest.fixture
def place(original: Path, tmp_path: Path, monkeypatch) -> Path:
    r"""A copy of the folder `original` of a module, in which the test runs."""
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path / "cache"))
    place = shutil.copytree(original, tmp_path / "place")
    monkeypatch.chdir(place)

    return place


@pytest.fixture
def cut_short() -> Callable[[Callable[[], Any], int], None]:
    r"""Runs a training that ends with an error after some epochs."""

    def cut_short(fit: Callable[[], Any], epochs: int) -> None:
        make_step = TrainState._make_step

        def stop(self: TrainState, *arguments: Any) -> Any:
            if len(self.records) == epochs:
                raise OSError("the power is off")

            return make_step(self, *arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TrainState, "_make_step", stop)

            with pytest.raises(OSError, match="power"):
                fit()

    return cut_short


@pytest.fixture
def float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def single_precision(monkeypatch) -> None:
    r"""Lets scikit-learn's checks compare what networks compute as single precision allows.

    They ask for 1e-9 and 1e-7. How the last digits of a product of matrices are rounded depends
    on the size of a minibatch, on the place of a row in it, and on the processor.
    """

    def loosened(check: Callable) -> Callable:
        def compare(a: Any, b: Any, rtol: float = 0, atol: float = 0, **options: Any) -> None:
            check(a, b, rtol=max(rtol, 1e-4), atol=max(atol, 1e-4), **options)

        return compare

    for name in ("assert_allclose", "assert_allclose_dense_sparse"):
        monkeypatch.setattr(estimator_checks, name, loosened(getattr(estimator_checks, name)))


@pytest.fixture
def make_model() -> Callable[..., LatentModel]:
    r"""Builds a small random model of rows of five numbers, with a code of two."""

    def make(posterior: type[Family], likelihood: Family | None = None, context: int = 0):
        parts = posterior(), likelihood or FixedGaussian(), StandardNormal()
        return LatentModel.build(FullyConnected((8,)), (5,), 2, *parts, context=context)

    return make


class ProbabilisticPCA:
    r"""Linear Gaussian model with orthogonal loadings: all its laws have closed forms.

    :math:`x = W z + \sigma \epsilon`; the posterior is diagonal, as an encoder's is.
    """

    def __init__(self, scale: float = 0.5) -> None:
        self.W = torch.linalg.qr(torch.randn(5, 2)).Q * torch.tensor([2.0, 1.0])
        self.scale = scale
        self.evidence = MultivariateNormal(
            torch.zeros(5), self.W @ self.W.T + scale**2 * torch.eye(5)
        )

    def posterior(self, x: Tensor) -> Independent:
        precision = self.W.square().sum(dim=0) / self.scale**2 + 1
        return Independent(Normal(x @ self.W / self.scale**2 / precision, precision.rsqrt()), 1)

    def model(self, posterior: Callable[[Tensor], Independent] | None = None) -> LatentModel:
        decoder = Conditional(_Affine(self.W), FixedGaussian(self.scale), (2,), (5,))
        return LatentModel(
            _Encoder(posterior or self.posterior), decoder, StandardNormal().build(2)
        )

    def sample_and_log_prob(self, n: int) -> tuple[Tensor, Tensor]:
        x = self.evidence.sample((n,))
        return x, self.evidence.log_prob(x)


class _Affine(nn.Module):
    def __init__(self, W: Tensor) -> None:
        super().__init__()
        self.W = W

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return z @ self.W.T


class _Encoder(nn.Module):
    def __init__(self, posterior: Callable[[Tensor], Independent]) -> None:
        super().__init__()
        self.posterior = posterior

    def forward(self, x: Tensor, c: Tensor | None = None) -> Independent:
        return self.posterior(x)


@pytest.fixture
def probabilistic_pca(float64) -> ProbabilisticPCA:
    return ProbabilisticPCA()
