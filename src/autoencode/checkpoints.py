r"""Exact resume: weights, optimizer, random state and place in the data, on disk.

A checkpoint is one safetensors file, replaced whole or not at all, so that a process may be
killed at any moment: what is found afterwards is the last one that was finished.
"""

__all__ = ["Checkpoint", "fingerprint"]

import hashlib
import logging
import math
import threading
import time
from pathlib import Path
from typing import Any

from torch import Tensor

from .container import read, write
from .writing import check_writable

log = logging.getLogger(__name__)

_FILE = "last.checkpoint"
_CHUNK = 2**24  # bytes that are hashed at once


class Checkpoint:
    r"""The checkpoint of one training, in a folder of its own.

    Writing happens in the background, from a copy of the tensors. A full disk or a folder
    that has vanished costs a warning, not the training.

    Arguments:
        folder: The folder; made if missing.
        seconds: The least time between two writes.

    Raises:
        ValueError: If the folder cannot be written.

    Example:
        >>> import tempfile, torch
        >>> checkpoint = Checkpoint(tempfile.mkdtemp(), seconds=0)
        >>> checkpoint.write({"step": 3}, {"weight": torch.ones(2)})
        >>> checkpoint.close()
        >>> checkpoint.read()[0]["step"]
        3
    """

    def __init__(self, folder: str | Path, seconds: float = 60.0) -> None:
        self.path = Path(folder) / _FILE
        self.seconds = seconds
        self.written = time.monotonic()
        self.thread: threading.Thread | None = None
        self.failed = False

        check_writable(self.path)

    def due(self) -> bool:
        r"""Whether it is time to write, and the last write is done."""
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

    def read(self) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
        r"""Returns what was written last, or `None` if there is nothing.

        Raises:
            ValueError: If the file is damaged.
        """
        return read(self.path) if self.path.exists() else None

    def seed(self) -> int | None:
        r"""Returns the seed of the training that was written, or `None`.

        Raises:
            ValueError: If the file is damaged.
        """
        return self._number("seed")

    def latent_dim(self) -> int | None:
        r"""Returns the number of features of the code of that training, or `None`.

        Raises:
            ValueError: If the file is damaged.
        """
        return self._number("latent_dim")

    def _number(self, name: str) -> int | None:
        return read(self.path, prefix="no tensor")[0].get(name) if self.path.exists() else None

    def _write(self, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        try:
            write(self.path, document, tensors)
            self.failed = False
        except Exception as error:
            # Once is enough: the next ones will most likely fail alike
            if not self.failed:
                log.warning("cannot write the checkpoint '%s': %s; going on.", self.path, error)

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

            for part in tensor.split(max(1, _CHUNK // row)):
                digest.update(part.contiguous().cpu().numpy().tobytes())

    return digest.hexdigest()
