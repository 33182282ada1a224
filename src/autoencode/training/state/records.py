r"""Records of epochs."""

__all__ = ["EpochRecord"]

from typing import NamedTuple


class EpochRecord(NamedTuple):
    r"""Losses and other measurements of one epoch.

    See Also:
        :class:`~autoencode.Training`, :func:`~autoencode.plots.history`
    """

    epoch: int
    r"""The number of the epoch, from 1."""

    train: dict[str, float]
    r"""Means of the loss and of its terms over the epoch's minibatches, in nats per example."""

    validation: dict[str, float]
    r"""The same means on the validation examples after the epoch; empty if there are none."""

    posterior: dict[str, float]
    r"""The number of active units, and the mutual information in nats, of the codes of a few
    hundred examples after the epoch; empty if codes have no density."""

    seconds: float
    r"""The time since the training started."""

    skipped: int = 0
    r"""The number of steps skipped because their loss or gradient was not finite, including those
    of attempts that were rolled back."""
