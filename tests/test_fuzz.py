r"""Tests of files that nobody would write: a mutant of a file ends in predictions or a refusal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_mutants_of_models(tmp_path: Path) -> None:
    # In a process of its own, whose memory and time are those of the mutants alone
    command = [sys.executable, str(Path(__file__).parent / "fuzz.py"), str(tmp_path)]
    done = subprocess.run(
        [*command, "--mutants", "300"],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "AUTOENCODE_CACHE": str(tmp_path / "cache")},
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
