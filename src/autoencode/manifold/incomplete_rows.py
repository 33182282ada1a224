r"""Codes of rows with missing cells."""

__all__ = ["encode_incomplete"]

from collections.abc import Callable

import torch
from torch import Tensor

_IMPUTATION_ROUNDS = 4


def encode_incomplete(
    encode: Callable[[Tensor], Tensor],
    decode: Callable[[Tensor], Tensor],
    log_prob: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    known: Tensor,
) -> Tensor:
    r"""Codes of rows, from their known cells.

    .. math:: z_0 = f(x), \qquad z_{t + 1} = f \big( x_o, g(z_t)_m \big)

    :math:`x_o` are the known numbers of a row, and :math:`g(z_t)_m` are the decoded values of the
    missing ones. From the second round on, the encoder sees complete rows, as in its training. The
    result is the code of the round with the highest :math:`p(x_o \mid z)`.

    References:
        | Stochastic Backpropagation and Approximate Inference in Deep Generative Models (Rezende
          et al., 2014), appendix F

    Arguments:
        encode: Maps rows with shape `(N, D)` to codes with shape `(N, d)`.
        decode: Maps codes to the means of rows.
        log_prob: Maps rows and codes to :math:`\log p(x_o \mid z)`, with shape `(N,)`.
        x: The rows, with zeros for missing numbers.
        known: Mask of the known numbers, with shape `(N, D)`.

    Returns:
        The codes, with shape `(N, d)`.

    Example:
        >>> W = torch.tensor([[0.6, 0.8]])
        >>> x, known = torch.tensor([[3.0, 0.0]]), torch.tensor([[True, False]])
        >>> def log_prob(x, z):
        ...     return -((z @ W - x) * known).square().sum(dim=1)
        >>> z = encode_incomplete(lambda x: x @ W.T, lambda z: z @ W, log_prob, x, known)
        >>> bool(z > 3)  # on the way to 5, where the known number is met
        True
    """
    z = encode(x)
    rows = (~known.all(dim=1)).nonzero().flatten()

    if len(rows) == 0:
        return z

    part, there, code = x[rows], known[rows], z[rows]
    best, likeliest = code, log_prob(part, code)

    for _ in range(_IMPUTATION_ROUNDS):
        code = encode(torch.where(there, part, decode(code)))
        ll = log_prob(part, code)
        better = ll > likeliest
        best = torch.where(better[:, None], code, best)
        likeliest = torch.where(better, ll, likeliest)

    return z.index_copy(0, rows, best)
