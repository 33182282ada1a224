r"""Tests of the wheel and the source distribution: their content, and an installed copy."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

pytestmark = pytest.mark.slow


def tracked(folder: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )

    if listed.returncode:
        pytest.skip("the sources are no git repository")

    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    out = tmp_path_factory.mktemp("dist")
    code = f"from hatchling.build import *; build_wheel({str(out)!r}); build_sdist({str(out)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory) -> Path:
    r"""A bare environment with the wheel, which sees the dependencies of this one."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*command, "--target", site, wheel], check=True)
    here = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(here))

    return folder


def run(installed: Path, *words: str, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [installed / "bin" / "python", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stdout + done.stderr

    return done.stdout


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {name.removeprefix("src/") for name in tracked("src")}

    assert names == expected
    assert "autoencode/py.typed" in names
    assert any(name.endswith(".html") for name in names)


def test_wheel_has_license_readme_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        (metadata,) = [name for name in file.namelist() if name.endswith("/METADATA")]
        text = file.read(metadata).decode()
        names = file.namelist()
        (entry,) = [name for name in names if name.endswith("/entry_points.txt")]
        commands = file.read(entry).decode()

    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert "autoencode = autoencode.cli:main" in commands
    assert "scikit-learn's interface" in text
    required = re.findall(r"^Requires-Dist: ([\w-]+)(?!.*extra)", text, flags=re.MULTILINE)
    assert {*required} == {re.split(r"\W>|>", d)[0] for d in PROJECT["project"]["dependencies"]}


def test_sdist_holds_what_tests_and_documentation_need(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")

    with tarfile.open(path) as file:
        names = {name.partition("/")[2] for name in file.getnames()}

    for folder in ("src", "tests", "docs", "examples", "benchmarks"):
        assert tracked(folder) <= names, folder

    top = {"LICENSE", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", "conftest.py"}
    assert top | {"constraints.txt", "CITATION.cff", "pyproject.toml", ".gitignore"} <= names
    assert not [n for n in names if n.startswith((".venv", "demo/", "docs/_build", ".git/"))]


def test_installed_copy_works(installed: Path, tmp_path: Path) -> None:
    code = """
import autoencode as ae
X = ae.datasets.digits().X[:200]
model = ae.linear(latent_dim=4).fit(X)
model.save("digits.ae")
print(ae.__file__)
print(ae.load("digits.ae").transform(X).shape)
"""
    printed = run(installed, "-c", code, cwd=tmp_path).split("\n")
    assert Path(printed[0]).is_relative_to(installed)
    assert printed[1] == "(200, 4)"

    assert "latent_dim" in run(installed, "-m", "autoencode", "info", "digits.ae", cwd=tmp_path)


@pytest.mark.by_hand
def test_type_checkers_see_the_public_types(installed: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="the type checker is not installed")
    (tmp_path / "user.py").write_text(
        "import autoencode as ae\n"
        "reveal_type(ae.vae(latent_dim=2))\n"
        "reveal_type(ae.Training(epochs=2).epochs)\n"
        "ae.Training(epochs='many')\n"
    )
    checked = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--python-executable", installed / "bin" / "python",
            "--ignore-missing-imports", "--follow-imports=silent", "user.py",
        ],
        cwd=tmp_path, env={k: v for k, v in os.environ.items() if k != "MYPYPATH"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    printed = checked.stdout

    assert '"autoencode.estimator.autoencoder.Autoencoder"' in printed, printed
    assert "int | None" in printed
    assert 'Argument "epochs" to "Training" has incompatible type "str"' in printed
    assert printed.count("error:") == 1, printed
