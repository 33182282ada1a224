r"""Checkpoints on disk, from which an interrupted training continues exactly.

A checkpoint holds the weights, the optimizer, the random state and the place in the data. It is
one file, which is written whole or not at all. A process may therefore be killed at any moment,
and the last complete checkpoint remains. A folder has one owner: two trainings cannot use it at
the same time, and no other training overwrites the checkpoint of an unfinished one.
"""

__all__ = ["Checkpoint", "fingerprint"]

import contextlib
import hashlib
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import Timeout
from torch import Tensor

from ..common.atomic_files import check_writable
from ..common.checks.types import fits
from ..common.container import read, write
from ..common.locks import locked

log = logging.getLogger(__name__)

_FILE, _PREVIOUS, _LOCK = "last.checkpoint", "previous.checkpoint", "training.lock"
_HASHED_CHUNK_BYTES = 2**24


class Checkpoint:
    r"""Last two checkpoints of one training, in a folder of its own.

    Writing happens in the background, from a copy of the tensors. If the disk is full or the
    folder has vanished, a warning is logged and the training continues. If the last checkpoint
    is damaged, the one before it is read.

    Arguments:
        folder: The folder. It is created if it is missing.
        seconds: The minimum time between two writes.

    Raises:
        ValueError: If the folder cannot be written.

    Example:
        >>> import tempfile, torch
        >>> checkpoint = Checkpoint(tempfile.mkdtemp(), seconds=0)
        >>> with checkpoint.owned(resume=False):
        ...     checkpoint.write({"step": 3}, {"weight": torch.ones(2)})
        >>> checkpoint.read()[0]["step"]
        3
    """

    def __init__(self, folder: str | Path, seconds: float = 60.0) -> None:
        self.path = Path(folder) / _FILE
        self.previous = Path(folder) / _PREVIOUS
        self.seconds = seconds
        self.written = time.monotonic()
        self.thread: threading.Thread | None = None
        self.failed = False

        check_writable(self.path)

    @contextlib.contextmanager
    def owned(self, resume: bool) -> Iterator[None]:
        r"""Reserves the folder for one training, and waits for the last write at the end.

        The checkpoint of an unfinished training is renamed, unless that training is resumed.

        Arguments:
            resume: Whether to resume the training in the folder.

        Raises:
            ValueError: If another process or thread trains in the same folder.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self.path.parent / _LOCK))
            except Timeout:
                raise ValueError(
                    f"another training is using the checkpoints in '{self.path.parent}'. Use"
                    " another folder, or wait for its end."
                ) from None

            stack.callback(self.close)

            if not resume:
                self._move_aside()

            yield

    def due(self) -> bool:
        r"""Tell whether it is time to write, and the last write is done."""
        if self.thread is not None and self.thread.is_alive():
            return False

        return time.monotonic() - self.written >= self.seconds

    def write(self, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        r"""Writes in the background; the tensors may change once this returns."""
        self.close()
        tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        self.thread = threading.Thread(target=self._write, args=(document, tensors))
        self.thread.start()
        self.written = time.monotonic()

    def close(self) -> None:
        r"""Waits for a write that is under way."""
        if self.thread is not None:
            self.thread.join()
            self.thread = None

    def read(self, prefix: str = "") -> tuple[dict[str, Any], dict[str, Tensor]] | None:
        r"""Returns the last checkpoint, or `None` if there is none.

        Arguments:
            prefix: The beginning of the names of the tensors to read.

        Raises:
            ValueError: If the last file is damaged, and no readable one precedes it.
        """
        there = [path for path in (self.path, self.previous) if os.path.lexists(path)]
        damage = ""

        for path in there:
            try:
                checkpoint = read(path, prefix)
            except (ValueError, OSError) as error:
                damage = damage or str(error)
                continue

            if damage:
                log.warning("%s Continuing from the previous checkpoint, '%s'.", damage, path)

            return checkpoint

        if not there:
            return None

        raise ValueError(
            f"cannot resume: {damage} There is no earlier checkpoint. Start again without"
            " resume, or in another folder."
        )

    def seed(self) -> int | None:
        r"""Returns the seed of the stored training, or `None` if there is none.

        Raises:
            ValueError: If the file is damaged.
        """
        return self._number("seed", 0, 2**63)

    def latent_dim(self) -> int | None:
        r"""Returns the size of the code of the stored training, or `None` if there is none.

        Raises:
            ValueError: If the file is damaged.
        """
        return self._number("latent_dim", 1, 2**20)

    def _number(self, name: str, low: int, end: int) -> int | None:
        checkpoint = self.read(prefix="no tensor")
        number = None if checkpoint is None else checkpoint[0].get(name)

        if number is not None and not (fits(number, int) and low <= number < end):
            raise ValueError(f"cannot resume: '{self.path}' is damaged (its '{name}').")

        return number

    def _move_aside(self) -> None:
        r"""Renames the checkpoints of an unfinished training."""
        try:
            checkpoint = self.read(prefix="no tensor")
            done = checkpoint is None or checkpoint[0].get("finished") is True
        except ValueError:
            done = False

        if done:
            return

        when = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"

        for path in (self.path, self.previous):
            if os.path.lexists(path):
                aside = path.with_name(f"{path.stem}-{when}{path.suffix}")
                os.rename(path, aside)
                log.warning(
                    "'%s' belongs to a training that was not finished. It is now called '%s'. To"
                    " continue that training, move the file to an empty folder and name it '%s'.",
                    path, aside.name, _FILE
                )  # fmt: skip

    def _write(self, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        try:
            if os.path.lexists(self.path):
                os.replace(self.path, self.previous)

            write(self.path, document, tensors)
            self.failed = False
        except Exception as error:
            # One warning is enough: the next writes will most likely fail, too
            if not self.failed:
                log.warning(
                    "cannot write the checkpoint '%s': %s. The training continues.",
                    self.path,
                    error,
                )

            self.failed = True


def fingerprint(*tensors: Tensor | None) -> str:
    r"""A hash of the types, shapes and numbers of some tensors.

    Example:
        >>> import torch
        >>> fingerprint(torch.zeros(3)) == fingerprint(torch.zeros(3))
        True
        >>> fingerprint(torch.zeros(3)) == fingerprint(torch.ones(3))
        False
    """
    digest = hashlib.blake2b(digest_size=16)

    for tensor in tensors:
        if tensor is None:
            digest.update(b"none")
        else:
            digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())

            row = max(1, math.prod(tensor.shape[1:]) * tensor.dtype.itemsize)
            rows = tensor if tensor.shape else tensor.reshape(1)

            for part in rows.split(max(1, _HASHED_CHUNK_BYTES // row)):
                digest.update(part.contiguous().cpu().numpy().tobytes())

    return digest.hexdigest()
