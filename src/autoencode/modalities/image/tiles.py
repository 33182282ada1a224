r"""Photographs of any size in networks for one size: split into tiles, and joined again."""

__all__ = ["over_blocks", "over_tiles"]

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

_BLOCK_PIXELS = 256  # pixels on each side of the part of a block that is kept


def over_tiles(x: Tensor, size: tuple[int, int], function: Callable[[Tensor], Tensor]) -> Tensor:
    r"""Applies a function of tiles to an image, with cross-fades between tiles.

    .. math:: y_p = \frac{\sum_i w_{p - o_i} \, f(x_{o_i})_{p - o_i}}{\sum_i w_{p - o_i}}, \qquad
        w_{st} = \sin^2 \Big( \tfrac{\pi}{h} (s + \tfrac{1}{2}) \Big)
        \sin^2 \Big( \tfrac{\pi}{w} (t + \tfrac{1}{2}) \Big)

    Tiles overlap by half, and the last tile of each row and column ends with the image. An image
    smaller than a tile is extended by its edges.

    Arguments:
        x: The image, with shape `(C, H, W)`.
        size: Height :math:`h` and width :math:`w` of a tile.
        function: Maps tiles with shape `(B, C, h, w)` to tiles of the same shape. It is called
            with one row of tiles at a time, to save memory.

    Returns:
        The image, with shape `(C, H, W)`.

    Example:
        >>> x = torch.rand(3, 50, 41)
        >>> torch.allclose(over_tiles(x, (16, 16), lambda tiles: tiles), x, atol=1e-6)
        True
    """
    _, H, W = x.shape
    h, w = size
    x = pad(x, (0, max(0, w - W), 0, max(0, h - H)), mode="replicate")
    weight = _fade(h)[:, None] * _fade(w)
    total, weights = torch.zeros_like(x), torch.zeros_like(x[0])

    for i in _starts(x.shape[1], h):
        columns = _starts(x.shape[2], w)
        tiles = function(torch.stack([x[:, i : i + h, j : j + w] for j in columns]))

        for j, tile in zip(columns, tiles):
            total[:, i : i + h, j : j + w] += weight * tile
            weights[i : i + h, j : j + w] += weight

    return (total / weights)[:, :H, :W]


def over_blocks(
    x: Tensor, radius: int, function: Callable[[Tensor], Tensor], stride: int = 1
) -> Tensor:
    r"""Applies a fully convolutional function to an image in blocks, as in a single pass.

    Arguments:
        x: The image, with shape `(C, H, W)`.
        radius: The radius of the receptive field in pixels, a multiple of the strides within the
            function.
        function: Maps images of any size, with shape `(B, C, *, *)`, to results with shape
            `(B, K, *, *)`, one for each square of `stride` by `stride` pixels, rounded up.
        stride: The number of pixels on each side of a position of the result.

    Returns:
        The result, with shape `(K, H, W)`; height and width are divided by the stride.

    Example:
        >>> x = torch.rand(1, 300, 20)
        >>> torch.equal(over_blocks(x, 2, lambda blocks: 1 - blocks), 1 - x)
        True
    """
    _, H, W = x.shape
    n, rows, columns = _BLOCK_PIXELS // stride, -(-H // stride), -(-W // stride)
    y = torch.empty(0)

    for i in range(0, H, _BLOCK_PIXELS):
        for j in range(0, W, _BLOCK_PIXELS):
            top, left = max(0, i - radius), max(0, j - radius)
            bottom, right = min(H, i + _BLOCK_PIXELS + radius), min(W, j + _BLOCK_PIXELS + radius)
            block = function(x[None, :, top:bottom, left:right])[0]
            y = y if len(y) else block.new_empty(len(block), rows, columns)
            here = y[:, i // stride : i // stride + n, j // stride : j // stride + n]
            block = block[:, (i - top) // stride :, (j - left) // stride :]
            here[:] = block[:, : here.shape[1], : here.shape[2]]

    return y


def _fade(n: int) -> Tensor:
    return torch.sin(torch.pi / n * (torch.arange(n) + 0.5)) ** 2


def _starts(length: int, n: int) -> list[int]:
    r"""Returns the starts of tiles that overlap by half; the last ends with the image."""
    starts = [*range(0, length - n + 1, max(1, n // 2))]
    return starts if starts[-1] == length - n else [*starts, length - n]
