r"""Virtual environments of other packages, made once in `benchmarks/data/`."""

import subprocess
import sys
from pathlib import Path

import data


def python(name: str, *packages: str) -> Path:
    r"""Returns the interpreter of an environment with some packages and the torch of this one."""
    folder = data.FOLDER / name
    binary, finished = folder / "bin" / "python", folder / "made"

    if not finished.exists():  # an interrupted installation starts again
        constraints = (Path(__file__).parents[1] / "constraints.txt").read_text().splitlines()
        torch = next(line for line in constraints if line.startswith("torch=="))
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)

        for package in packages:
            package = torch if package == "torch" else package
            subprocess.run([binary, "-m", "pip", "install", "-q", package], check=True)

        finished.touch()

    return binary


def output(*command: str | Path) -> str:
    r"""Returns the output of a command."""
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout
