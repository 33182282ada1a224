r"""The most memory that a process has held, as Linux counts it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux counts")


def peak() -> int:
    r"""Returns the most bytes held since the process or `forget` began.

    The `ru_maxrss` of a process begins at what its parent held, so that a child of a large
    parent takes as much unseen.
    """
    return held("VmHWM")


def held(name: str = "VmRSS") -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found

    return 1024 * int(found[1])


def forget() -> int:
    r"""Begins to count anew, and returns the bytes held now."""
    Path("/proc/self/clear_refs").write_text("5")

    return held()


def printed(script: str, *arguments: object) -> int:
    r"""Returns the number that a script prints, which may import this module."""
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip

    return int(out.stdout)
