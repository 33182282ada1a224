r"""The processes of a training, and what they agree on."""

__all__ = ["Processes", "join", "only_first", "present"]

import atexit
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from ...common.failures import FitWarning
from ...common.failures.filters import ignored

log = logging.getLogger(__name__)

_ADDRESS = ("MASTER_ADDR", "MASTER_PORT")
_OWN_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
_RAISED = {kind.__name__: kind for kind in (ValueError, TypeError, ImportError)}


class Processes(NamedTuple):
    r"""Processes that train copies of one model, numbered from zero.

    A single process is the default, and needs no communication.

    Example:
        >>> alone = Processes()
        >>> alone.is_first, alone.first(lambda: 3)
        (True, 3)
    """

    rank: int = 0
    r"""The number of this process."""

    size: int = 1
    r"""The number of all processes."""

    @property
    def several(self) -> bool:
        r"""Tell whether there is more than one process."""
        return self.size > 1

    @property
    def is_first(self) -> bool:
        r"""Tell whether this is the process that writes and prints."""
        return self.rank == 0

    @property
    def per_machine(self) -> int:
        r"""The number of processes on this machine."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", self.size))

    def device(self, kind: str) -> str:
        r"""Returns the device of this process: the processes of a machine share its GPUs.

        Arguments:
            kind: The kind of device, such as `"cuda"`.
        """
        if not self.several or kind != "cuda":
            return kind

        place = int(os.environ.get("LOCAL_RANK", self.rank))
        return f"cuda:{place % max(1, torch.cuda.device_count())}"

    def sum_(self, tensor: Tensor) -> Tensor:
        r"""Adds the tensors of all processes in place, and returns the tensor."""
        if self.several:
            with _explained():
                dist.all_reduce(tensor)

        return tensor

    def total(self, *numbers: float) -> list[float]:
        r"""Returns the sum of each number over all processes, in double precision."""
        if not self.several:
            return [*numbers]

        sums = torch.tensor(numbers, dtype=torch.float64, device=_carrier())
        return self.sum_(sums).tolist()

    def gather(self, rows: Tensor) -> list[Tensor]:
        r"""Returns the tensors of all processes, which have the same shape and type."""
        own = rows.detach().contiguous()
        parts = [torch.empty_like(own) for _ in range(self.size)]

        with _explained():
            # As bytes, because not every backend knows every type
            dist.all_gather([_bytes(part) for part in parts], _bytes(own))

        return parts

    def first(self, function: Callable[[], Any]) -> Any:
        r"""Calls a function in the first process, and returns its result in all of them.

        Arguments:
            function: The function. Its result consists of JSON values.

        Raises:
            ValueError, TypeError, ImportError: What the function raises, in every process.
        """
        if not self.several:
            return function()

        error, answer = None, ""

        if self.is_first:
            try:
                answer = json.dumps({"value": function()})
            except Exception as raised:
                error = raised
                kind = next((k for k, v in _RAISED.items() if isinstance(raised, v)), "ValueError")
                answer = json.dumps({"error": str(raised), "kind": kind})

        given = json.loads(self._text(answer))

        if error is not None:
            raise error

        if "error" in given:
            raise _RAISED[given["kind"]](given["error"])

        return given["value"]

    def copy_(self, tensors: dict[str, Tensor]) -> None:
        r"""Sets tensors to those of the first process, in place. Shapes and names are the same."""
        for tensor in tensors.values() if self.several else ():
            if tensor.numel():
                own = tensor.detach().contiguous()
                self._send(_bytes(own))
                tensor.detach().copy_(own)

    def tensors(self, tensors: dict[str, Tensor] | None) -> dict[str, Tensor]:
        r"""Returns the tensors of the first process.

        Arguments:
            tensors: The tensors by name; of other processes, `None`.
        """
        if not self.several:
            return tensors or {}

        known = tensors or {}

        def describe() -> list[Any]:
            return [[k, str(t.dtype).split(".")[1], [*t.shape]] for k, t in known.items()]

        about = self.first(describe)
        taken = {
            name: known[name] if self.is_first else torch.empty(shape, dtype=getattr(torch, kind))
            for name, kind, shape in about
        }
        self.copy_(taken)

        return taken

    def _text(self, text: str) -> str:
        data = torch.tensor([*text.encode()], dtype=torch.uint8)
        n = int(self.total(len(data) if self.is_first else 0)[0])
        data = data if self.is_first else torch.empty(n, dtype=torch.uint8)
        self._send(data)

        return bytes(data.tolist()).decode()

    def _send(self, data: Tensor) -> None:
        with _explained():
            carried = data.to(_carrier()) if data.device.type == "cpu" else data
            dist.broadcast(carried, src=0)
            data.copy_(carried)


def present() -> Processes:
    r"""The processes of torch's process group, or a single one if there is no group.

    Example:
        >>> present().size
        1
    """
    if dist.is_available() and dist.is_initialized():
        return Processes(dist.get_rank(), dist.get_world_size())

    return Processes()


def join() -> Processes:
    r"""The processes of this training; joins them if a launcher has started several.

    If torch has a process group, the training uses it. Otherwise, if the environment has `RANK`
    and `WORLD_SIZE`, as `torchrun` sets them, a group is made, which ends with the process.

    Raises:
        ValueError: If the environment is incomplete.

    Example:
        >>> join().size
        1
    """
    known = present()
    rank, size = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")

    if known.several or not dist.is_available() or dist.is_initialized():
        return known

    if rank is None or size is None or size == "1":
        return known

    missing = [name for name in _ADDRESS if name not in os.environ]

    if not (rank.isdecimal() and size.isdecimal() and int(rank) < int(size)) or missing:
        raise ValueError(
            "expected a launcher's environment: RANK from 0 to below WORLD_SIZE, MASTER_ADDR and"
            f" MASTER_PORT, got RANK={rank}, WORLD_SIZE={size}"
            + "".join(f", no {name}" for name in missing)
            + ". Start with torchrun, or unset RANK and WORLD_SIZE to train in one process."
        )

    if torch.cuda.is_available():
        torch.cuda.set_device(Processes(int(rank), int(size)).device("cuda"))

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"

    with _explained():
        dist.init_process_group(backend)

    atexit.register(_leave)
    joined = present()
    restarts = os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0"

    if joined.is_first and restarts and os.environ.get(_OWN_STORE) != "1":
        log.warning(
            "after the death of a process, the new ones may not find each other: set %s=1 in the"
            " environment of torchrun.", _OWN_STORE
        )  # fmt: skip

    if joined.is_first:
        log.info(
            "training on %s processes, %d of them on this machine, over %s: each has a copy of the"
            " model and a share of every minibatch.", size, joined.per_machine, backend
        )  # fmt: skip

    return joined


@contextmanager
def only_first(processes: Processes) -> Iterator[None]:
    r"""Let only the first process speak within a `with` block: the others would say the same.

    Arguments:
        processes: The processes.

    Example:
        >>> with only_first(Processes()):
        ...     pass
    """
    if processes.is_first:
        yield
        return

    package = logging.getLogger(__name__.partition(".")[0])
    level = package.level
    package.setLevel(logging.ERROR)

    try:
        with ignored(category=FitWarning):
            yield
    finally:
        package.setLevel(level)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _carrier() -> str:
    r"""Returns the kind of device whose tensors every process of the group can send."""
    return "cuda" if dist.get_backend() == "nccl" else "cpu"


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1).view(torch.uint8)


@contextmanager
def _explained() -> Iterator[None]:
    r"""Turns the errors of a lost connection into one that says what has happened."""
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError(
            "lost the connection to another process of the training, which has most likely ended."
            " Its own output says why. With checkpoints, resume=True (command line: --resume)"
            f" continues the training. ({' '.join(str(error).split())[:200]})"
        ) from None
