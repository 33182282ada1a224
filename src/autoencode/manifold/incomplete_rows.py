r"""The codes of rows of which some cells are missing."""

__all__ = ["encode_incomplete"]

from collections.abc import Callable

import torch
from torch import Tensor

_ROUNDS = 4  # of filling in and encoding again


def encode_incomplete(
    encode: Callable[[Tensor], Tensor],
    decode: Callable[[Tensor], Tensor],
    log_prob: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    known: Tensor,
) -> Tensor:
    r"""The codes of rows by what is known of them.

    .. math:: z_0 = f(x), \qquad z_{t + 1} = f \big( x_o, g(z_t)_m \big)

    Here :math:`x_o` are the known numbers of a row, and :math:`g(z_t)_m` is what the decoder makes
    of the missing ones. An encoder that was trained on whole rows knows no gaps, and sees none
    after the first round. Of all codes of a row, the one under which :math:`x_o` is likeliest is
    taken.

    References:
        | Stochastic Backpropagation and Approximate Inference in Deep Generative Models (Rezende
          et al., 2014), appendix F

    Arguments:
        encode: Maps rows with shape `(N, D)` to codes with shape `(N, d)`.
        decode: Maps codes to the means of rows.
        log_prob: Maps rows and codes to :math:`\log p(x_o \mid z)`, with shape `(N,)`.
        x: The rows, with zeros where nothing is known.
        known: Which numbers are known, with shape `(N, D)`.

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

    for _ in range(_ROUNDS):
        code = encode(torch.where(there, part, decode(code)))
        ll = log_prob(part, code)
        better = ll > likeliest
        best = torch.where(better[:, None], code, best)
        likeliest = torch.where(better, ll, likeliest)

    return z.index_copy(0, rows, best)
