r"""Baselines that a trained model should beat: one distribution for all examples."""

__all__ = ["Unigram", "constant"]

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Size, Tensor
from torch.distributions import Distribution, Independent
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ...distributions import Family
from ...networks.padding import lengths


def constant(family: Family, x: Tensor, event: Size, steps: int = 60) -> Distribution:
    r"""Maximum-likelihood fit of one distribution to all examples.

    .. math:: \arg \max_\phi \sum_i \log p(x_i \mid \phi)

    Arguments:
        family: The family, with untrained parameters, which are fitted, too.
        x: The examples, with shape `(N, *)`.
        event: The shape of the raw parameters.
        steps: The maximum number of steps of L-BFGS.

    Returns:
        A distribution with batch shape `(1,)`.

    Example:
        >>> from autoencode.distributions import SharedGaussian
        >>> x = torch.tensor([[0.0, 1.0], [2.0, 5.0]])
        >>> constant(SharedGaussian(), x, x.shape[1:]).mean.round(decimals=3)
        tensor([[1., 3.]], dtype=torch.float64)
    """
    family, x = family.double().eval(), x.double()
    phi = torch.zeros(1, *event, family.n_params, dtype=torch.float64, device=x.device)
    parameters = [phi.requires_grad_(), *family.parameters()]

    def p() -> Distribution:
        y = family(phi)
        return Independent(y, len(y.batch_shape) - 1)

    def loss() -> Tensor:
        return -p().log_prob(x).mean() / max(1, x[0].numel())

    def loss_and_gradient(vector: NDArray) -> tuple[float, NDArray]:
        _assign(parameters, vector)
        value = loss()
        gradient = torch.autograd.grad(value, parameters, allow_unused=True)
        known = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradient)]

        return float(value.detach()), _vector(known)

    if x.shape[1:] == event:  # if the raw parameter is a location, its best value is the mean
        with torch.no_grad():
            at_zero = loss()
            phi[..., 0] = x.mean(dim=0)

            if not loss() < at_zero:
                phi.zero_()

    # From scipy, because optimizers of torch import its compiler, which takes two seconds
    with torch.enable_grad():
        limits = {"maxiter": steps, "maxcor": steps, "ftol": 1e-9, "gtol": 1e-7}
        start = _vector(parameters)
        result = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options=limits)

    _assign(parameters, result.x)

    for parameter in parameters:
        parameter.requires_grad_(False)

    return p()


class Unigram:
    r"""Unigram model of sequences: independent tokens, up to the end token.

    Arguments:
        x: The sequences to which it is fitted, with shape `(N, L)`.
        family: The likelihood of the sequences, which knows the number of tokens.

    Example:
        >>> from types import SimpleNamespace
        >>> x = torch.tensor([[0, 0, 1, 2], [0, 2, 2, 2]])  # the token 2 ends a sequence
        >>> unigram = Unigram(x, SimpleNamespace(vocab_size=3))
        >>> unigram.log_p.exp().round(decimals=2)
        tensor([0.4400, 0.2200, 0.3300], dtype=torch.float64)
    """

    def __init__(self, x: Tensor, family: Any) -> None:
        self.end = family.vocab_size - 1
        n = self._scored(x)
        counts = torch.bincount(x[n].long(), minlength=self.end + 1).double() + 1
        self.log_p = (counts / counts.sum()).log()

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log-probability of each sequence, with shape `(N,)`."""
        each = self.log_p[x.long()]
        return each.masked_fill(~self._scored(x), 0).sum(dim=-1)

    def _scored(self, x: Tensor) -> Tensor:
        n = lengths(x, self.end)
        return torch.arange(x.shape[1], device=x.device) < n[:, None]


def _vector(parts: Sequence[Tensor]) -> NDArray:
    flat = [part.detach().contiguous() for part in parts]
    return np.asarray(parameters_to_vector(flat).cpu())


def _assign(parameters: Sequence[Tensor], vector: NDArray) -> None:
    vector_to_parameters(torch.from_numpy(vector).to(parameters[0].device), parameters)
