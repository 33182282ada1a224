r"""Groups of units, each replaced by an entry of a codebook."""

__all__ = ["LearnedEntries", "entry_width", "groups", "straight_through"]

from torch import Tensor

from ..base import Family
from .codebook import Codebook, QuantizedPoint


class LearnedEntries(Family):
    r"""Abstract family of point masses at entries of codebooks, which moving averages learn.

    Arguments:
        codebook_size: The number of entries.
        codebook_dim: The number :math:`w` of features of an entry, a divisor of the size of the
            code; by default the largest one up to four.
        ema_decay: The decay of the moving averages that define the entries.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> from autoencode.distributions import VectorQuantizer
        >>> VectorQuantizer(codebook_size=1)
        Traceback (most recent call last):
        ValueError: expected codebook_size >= 2, codebook_dim >= 1 or None, and ema_decay in 0 ...
    """

    couples_examples = True
    n_params = 1
    has_density = False
    finite = True

    def __init__(
        self, codebook_size: int = 256, codebook_dim: int | None = None, ema_decay: float = 0.99
    ) -> None:
        super().__init__()

        if not (
            codebook_size >= 2
            and (codebook_dim is None or codebook_dim >= 1)
            and 0 <= ema_decay < 1
        ):
            raise ValueError(
                "expected codebook_size >= 2, codebook_dim >= 1 or None, and ema_decay in 0 to 1,"
                f" got {codebook_size}, {codebook_dim} and {ema_decay}."
            )

        self.codebook_size = codebook_size
        self.codebook_dim = codebook_dim
        self.ema_decay = ema_decay

    def make_codebook(self, D: int) -> Codebook:
        r"""Returns a new codebook for codes of `D` numbers.

        Raises:
            ValueError: If `codebook_dim` does not divide the code.
        """
        return Codebook(self.codebook_size, entry_width(self.codebook_dim, D), self.ema_decay)


def entry_width(codebook_dim: int | None, D: int) -> int:
    r"""Number of features of an entry: as given, or the largest divisor of the code size up to
    four.

    Arguments:
        codebook_dim: The given number, or `None`.
        D: The size of the code.

    Raises:
        ValueError: If the given number does not divide the code size.

    Example:
        >>> entry_width(None, 6)
        3
    """
    if codebook_dim is None:
        return next(w for w in (4, 3, 2, 1) if D % w == 0)

    if D % codebook_dim:
        raise ValueError(
            f"expected a code size that is a multiple of codebook_dim={codebook_dim}, got"
            f" {D}. Choose another latent_dim, or another codebook_dim."
        )

    return codebook_dim


def groups(x: Tensor, width: int) -> Tensor:
    r"""Codes as groups of units, with shape `(*, G, width)`.

    Arguments:
        x: The codes, with shape `(*, D)`.
        width: The number of units of a group.

    Example:
        >>> import torch
        >>> groups(torch.zeros(5, 6), 2).shape
        torch.Size([5, 3, 2])
    """
    return x.unflatten(-1, (-1, width))


def straight_through(
    x: Tensor,
    entries: Tensor,
    index: Tensor,
    size: int,
    n_codebooks: int = 1,
    penalty: Tensor | None = None,
) -> QuantizedPoint:
    r"""Point mass at codebook entries that passes its gradient to the units (straight-through).

    Arguments:
        x: Groups of units, with shape `(*, G, width)`.
        entries: Their entries, with the same shape.
        index: The indices of the entries, with shape `(*, n)`.
        size: The number of values that an index may take.
        n_codebooks: The number of codebooks, to which consecutive indices belong.
        penalty: A penalty for each code, with shape `(*)`, or `None`.

    Example:
        >>> import torch
        >>> x = torch.tensor([[[0.8]]])
        >>> straight_through(x, torch.ones(1, 1, 1), torch.tensor([[1]]), 2).mean
        tensor([[1.]])
    """
    commitment = (x - entries).square().flatten(start_dim=-2).sum(dim=-1)
    z = x + (entries - x).detach()

    return QuantizedPoint(z.flatten(start_dim=-2), index, commitment, size, n_codebooks, penalty)
