r"""Checkpoint from which a training is resumed, and its seed."""

__all__ = ["checkpoint_to_resume", "seed_to_resume"]

from numbers import Integral

from ..common.seeding import Seed
from ..training.checkpoints import Checkpoint
from ..training.solver import Solver


def checkpoint_to_resume(training: Solver | None) -> Checkpoint:
    r"""Checkpoint to resume from.

    Raises:
        ValueError: If the training has no checkpoint folder.

    Example:
        >>> from autoencode import Training
        >>> checkpoint_to_resume(Training())
        Traceback (most recent call last):
        ValueError: resume=True needs a checkpoint: training=Training(checkpoint_dir='run') ...
    """
    folder = getattr(training, "checkpoint_dir", None)

    if folder is None:
        raise ValueError(
            "resume=True needs a checkpoint: training=Training(checkpoint_dir='run') (command"
            " line: --checkpoint-dir run)."
        )

    return Checkpoint(folder)


def seed_to_resume(
    training: Solver | None,
    random_state: Seed,
    now: int,
) -> int:
    r"""Seed of the training to resume, or the current seed if there is no checkpoint.

    Arguments:
        training: The training method, which names the folder of the checkpoint.
        random_state: The argument of :class:`~autoencode.Autoencoder`.
        now: The seed from `random_state`.

    Raises:
        ValueError: If the training has no checkpoint folder, or the checkpoint has another seed.

    Example:
        >>> from autoencode import Training
        >>> seed_to_resume(Training(), None, 0)
        Traceback (most recent call last):
        ValueError: resume=True needs a checkpoint: training=Training(checkpoint_dir='run') ...
    """
    checkpoint = checkpoint_to_resume(training)
    then = checkpoint.seed()

    # Only an integer gives the same seed each time
    if then not in (None, now) and isinstance(random_state, Integral):
        raise ValueError(
            f"'{checkpoint.path}': cannot resume: the random_state differs from that of the"
            f" checkpoint, got {random_state}. Resume with the same, or use another folder."
        )

    return now if then is None else then
