r"""Tests of the waiting policy of threads, in new processes, as it is read only once."""

import os
import subprocess
import sys

import pytest

CHOICES = {"OMP_WAIT_POLICY": "active", "GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "200"}
PRINT_POLICY = "import os, sys; print(os.environ.get('OMP_WAIT_POLICY'))"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    kept = {name: value for name, value in os.environ.items() if name not in CHOICES}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True, text=True, check=False, env={**kept, **environment},
    )  # fmt: skip


def test_the_import_sets_it_and_loads_nothing() -> None:
    script = f"import autoencode; {PRINT_POLICY}; print({{'torch', 'numpy'}} & {{*sys.modules}})"
    assert run("-c", script).stdout.splitlines() == ["passive", "set()"]


@pytest.mark.parametrize("name", [*CHOICES])
def test_the_user_chooses(name: str) -> None:
    output = run(
        "-c", f"import autoencode; {PRINT_POLICY}", **{name: CHOICES[name]}
    ).stdout.strip()
    assert output == ("active" if name == "OMP_WAIT_POLICY" else "None")


def test_libraries_loaded_before_keep_their_policy() -> None:
    before = "import sys, types; sys.modules['torch'] = types.ModuleType('torch')"
    assert run("-c", f"{before}; import autoencode; {PRINT_POLICY}").stdout == "None\n"


def policy_of_openmp(output: str) -> str:
    r"""The policy of the last library of OpenMP that was loaded, torch's."""
    lines = [line for line in output.splitlines() if "OMP_WAIT_POLICY" in line]

    if not lines:
        pytest.skip("torch is built without OpenMP, or with one that says nothing")

    return lines[-1].split("=")[1].strip(" '\"").lower()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "from autoencode.estimator import Autoencoder"),
        ("-m", "autoencode", "transform", "missing.ae", "missing.npy", "--out", "missing.csv"),
    ],
    ids=["python", "command"],
)
def test_openmp_hears_of_it(arguments: tuple[str, ...]) -> None:
    assert policy_of_openmp(run(*arguments, OMP_DISPLAY_ENV="true").stderr) == "passive"


@pytest.mark.slow
def test_openmp_hears_of_another_choice() -> None:
    script = "import autoencode; autoencode.vae"
    output = run("-c", script, OMP_DISPLAY_ENV="true", OMP_WAIT_POLICY="active").stderr
    assert policy_of_openmp(output) == "active"
