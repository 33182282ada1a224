r"""Tests of the design itself: imports point down, and every public name is explained."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import autoencode

SOURCE = Path(autoencode.__file__).parent

# From low to high, as in ARCHITECTURE.md; a module imports from lower lines only
LAYERS = [
    {"configurable", "factors", "kinds", "padding", "progress", "seeding", "waiting", "writing"}
    | {"failures"},
    {"networks", "container"},
    {"distributions", "corruptions", "storage", "data", "optimizer"},
    {"model", "priors", "datasets"},
    {"objectives", "modalities", "evaluation"},
    {"step", "passes", "checkpoints", "imputation"},
    {"update", "schedule"},
    {"run"},
    {"watching"},
    {"training"},
    {"least_squares", "start", "assembly", "arguments", "reading", "diagnosis"},
    {"rebuild"},
    {"archive", "code_size"},
    {"estimator"},
    {"plots", "recipes"},
    {"manifold"},
    {"demo"},
    {"cli"},
    {"__main__"},
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}
RANK["signatures"] = 0  # reads source as text, and knows nothing of it


def imports(path: Path) -> set[str]:
    r"""The parts of the library that a file imports, also inside of functions."""

    package = path.relative_to(SOURCE).parts[:-1]
    found = set()

    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            target = [*above, *(node.module or "").split(".")]
            target = [part for part in target if part]
            found |= {target[0]} if target else {alias.name for alias in node.names}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not any(n.split(".")[0] == "autoencode" for n in names), f"absolute: {path}"

    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.stem)
def test_imports_point_down(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")

    if part == "__init__":
        return

    for target in imports(path) - {part, "__version__"}:
        assert RANK[target] < RANK[part], f"{part} imports {target}"


def public() -> list:
    found = {}

    for info in pkgutil.walk_packages([str(SOURCE)], "autoencode."):
        module = importlib.import_module(info.name)

        for name in getattr(module, "__all__", []):
            value = getattr(module, name)

            if inspect.isclass(value) or inspect.isfunction(value):
                found[f"{value.__module__}.{name}"] = value

    return [pytest.param(value, id=name) for name, value in found.items()]


@pytest.mark.parametrize("value", public())
def test_public_names_are_explained_and_shown(value) -> None:
    doc = inspect.getdoc(value) or ""

    assert doc, "no docstring"
    assert ">>> " in doc or inspect.isabstract(value) or issubclass_of_tuple(value), "no example"

    if not inspect.isfunction(value):
        return

    arguments = [p for p in inspect.signature(value).parameters if p not in {"args", "kwargs"}]

    if arguments:
        assert "Arguments:" in doc or len(arguments) == 1


def issubclass_of_tuple(value) -> bool:
    return inspect.isclass(value) and issubclass(value, tuple)


def test_names_in_the_package_exist() -> None:
    for name in autoencode.__all__:
        assert getattr(autoencode, name) is not None

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        autoencode.nothing  # noqa: B018
