r"""Random orders of many examples, computed from the index.

An order of :math:`10^9` examples in memory takes 8 GB in each process. This one takes none.
"""

__all__ = ["Permutation"]

import torch
from torch import Tensor

_ROUNDS = 6
_FACTORS = 0x2545F4914F6CDD1D, 0x1D8E4E27C47D124F  # odd, so that no bit is lost


class Permutation:
    r"""Pseudorandom order of numbers, of which any part is computed alone.

    The bits of a number are split into two halves, :math:`L` and :math:`R`. Each round of a
    Feistel network maps :math:`(L, R)` to :math:`(R, L \oplus f_k(R))`, which can be undone, so
    that no two numbers have the same image. Numbers beyond the last are mapped again until they
    are within.

    References:
        | How to Construct Pseudorandom Permutations from Pseudorandom Functions
          (Luby & Rackoff, 1988)
        | https://doi.org/10.1137/0217022

        | Ciphers with Arbitrary Finite Domains (Black & Rogaway, 2002), for the repetition
        | https://doi.org/10.1007/3-540-45760-7_9

    Arguments:
        n: The count of numbers, from zero.
        seed: The seed of the order.
        start: The first place of the part that this object stands for.
        stop: The place after its last; by default `n`.

    Example:
        >>> order = Permutation(6, seed=0)
        >>> order[:].sort().values
        tensor([0, 1, 2, 3, 4, 5])
        >>> torch.equal(order.part(2, 6)[1:3], order[3:5])
        True
    """

    def __init__(self, n: int, seed: int, start: int = 0, stop: int | None = None) -> None:
        self.n = n
        self.seed = seed
        self.start = start
        self.stop = n if stop is None else stop
        self.half = max(1, -(-max(1, n - 1).bit_length() // 2))

        generator = torch.Generator().manual_seed(seed)
        self.keys = torch.randint(2**62, (_ROUNDS,), generator=generator).tolist()

    def __len__(self) -> int:
        return self.stop - self.start

    def __repr__(self) -> str:
        return f"Permutation({self.n}, {self.seed}, {self.start}, {self.stop})"

    def __getitem__(self, index: Tensor | slice | int) -> Tensor:
        if isinstance(index, slice):
            index = torch.arange(*index.indices(len(self)))

        index = torch.as_tensor(index)
        x = self._mixed(index.cpu().flatten() + self.start)

        while (outside := x >= self.n).any():
            x[outside] = self._mixed(x[outside])

        return x.reshape(index.shape)

    def part(self, start: int, stop: int) -> "Permutation":
        r"""Returns the part of the order from one place to before another."""
        return Permutation(self.n, self.seed, self.start + start, self.start + stop)

    def to(self, device: torch.device | str) -> "Permutation":
        r"""Returns the order itself, which is computed on the processor."""
        return self

    def _mixed(self, x: Tensor) -> Tensor:
        mask = (1 << self.half) - 1
        left, right = x >> self.half, x & mask

        for key in self.keys:
            h = (right ^ key) * _FACTORS[0]
            h = (h ^ (h >> 29)) * _FACTORS[1]
            left, right = right, left ^ ((h ^ (h >> 32)) & mask)

        return (left << self.half) | right
