r"""Signatures read from this library's source, without importing it.

Torch takes more than a second to import, for which `--help` need not wait. Flags are therefore
made from the syntax tree: names, types and defaults of arguments, with their text in the
docstring. An argument whose type is a class of this library, such as `objective: Objective |
None`, accepts every public concrete subclass in the module that the class is imported from.
"""

__all__ = ["REQUIRED", "Argument", "Signature", "read_signatures", "signature", "subclasses"]

import ast
import re
from collections.abc import Iterator
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any, Literal, NamedTuple

REQUIRED = object()

_ROOT = Path(__file__).parents[2]
_PLAIN = {"bool": bool, "float": float, "int": int, "str": str, "Path": Path}
_LATEX = {
    r"\mathcal{N}": "N",
    r"\sim": "~",
    r"\geq": ">=",
    r"\leq": "<=",
    r"\mid": "|",
    r"\tilde ": "~",
    r"\,": "",
    "\\": "",
}

Definition = ast.ClassDef | ast.FunctionDef
Found = tuple[str, ast.AST]  # a module of this library, and a node of its syntax tree


class Argument(NamedTuple):
    r"""One argument of a function or class."""

    name: str

    type: Any
    r"""The type to which words are converted, or `None` if there is none."""

    classes: tuple[tuple[str, str], ...]
    r"""The modules and names of the classes of this library that it accepts."""

    default: Any
    r"""Its value, its source if that is not a literal, or `REQUIRED`."""

    positional: bool

    text: str
    r"""Its text in the docstring."""


class Signature(NamedTuple):
    r"""A function or class of this library."""

    module: str
    name: str

    summary: str
    r"""The first sentence of its docstring."""

    arguments: tuple[Argument, ...]


@cache
def read_signatures(module: str) -> dict[str, Signature]:
    r"""The public functions and concrete classes of a module, by name.

    Arguments:
        module: The module's name within this library, such as `"objectives"`.

    Example:
        >>> read_signatures("objectives")["ELBO"].summary
        'Negative evidence lower bound, with a weight on the rate.'
    """
    public = _find(module, "__all__")
    names = ast.literal_eval(public[1]) if public else []  # type: ignore[arg-type]

    return {
        name: signature(module, name)
        for name in names
        if (found := _find(module, name)) and _is_concrete(found[1])
    }


def signature(module: str, name: str) -> Signature:
    r"""One function or class of a module.

    Arguments:
        module: The module's name within this library.
        name: The name of the function or class in it.

    Example:
        >>> signature("objectives", "ELBO").arguments[0][:4]
        ('beta', <class 'float'>, (), 1.0)
    """
    found = _find(module, name)

    if found is None or not isinstance(found[1], (ast.ClassDef, ast.FunctionDef)):
        raise ValueError(f"expected a function or class of '{module}', got '{name}'.")

    return _signature(found[0], found[1])


def subclasses(module: str, base: str) -> dict[str, Signature]:
    r"""The concrete subclasses of a class that a module makes public, by name.

    Arguments:
        module: The module's name within this library.
        base: The name of the class in that module.

    Example:
        >>> {"ELBO", "Contractive"} <= set(subclasses("objectives", "Objective"))
        True
    """
    ancestor = _find(module, base)
    return {
        name: signature
        for name, signature in read_signatures(module).items()
        if any(found == ancestor for found in _ancestry(signature.module, name))
    }


def _signature(module: str, node: Definition) -> Signature:
    summary = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
    summary = _plain(re.split(r"\.\. math::|(?<=[.])\s", summary)[0])

    # A class without `__init__` inherits that of the nearest ancestor, and its text
    owners = _ancestry(module, node.name) if isinstance(node, ast.ClassDef) else [(module, node)]
    found = ((m, n, _function(n)) for m, n in owners)
    arguments = next((_arguments(m, n, f) for m, n, f in found if f is not None), ())

    return Signature(module, node.name, summary, tuple(arguments))


def _arguments(
    module: str, documented: Definition, function: ast.FunctionDef
) -> Iterator[Argument]:
    a, texts = function.args, _texts(ast.get_docstring(documented) or "")

    positional = a.posonlyargs + a.args
    defaults = [None] * (len(positional) - len(a.defaults)) + a.defaults + a.kw_defaults

    for arg, default in zip(positional + a.kwonlyargs, defaults):
        if arg.arg != "self":
            types, classes = _types(module, arg.annotation)
            yield Argument(
                arg.arg,
                reduce(or_, types) if types else None,
                tuple(classes),
                REQUIRED if default is None else _value(default),
                arg in a.posonlyargs,
                texts.get(arg.arg, ""),
            )


def _types(module: str, node: ast.AST | None) -> tuple[list[Any], list[tuple[str, str]]]:
    r"""Returns the plain types that an annotation allows, and the classes of this library."""
    if isinstance(node, ast.BinOp):
        left, right = _types(module, node.left), _types(module, node.right)
        return left[0] + right[0], left[1] + right[1]

    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return _generic(module, node.value.id, node.slice), []

    if not isinstance(node, ast.Name):
        return [], []

    if node.id in _PLAIN:
        return [_PLAIN[node.id]], []

    found = _find(module, node.id)

    if found is None or not isinstance(found[1], ast.ClassDef):
        return _types(*found) if found else ([], [])

    return [], [(_imported_from(module, node.id) or module, node.id)]


def _generic(module: str, name: str, inside: ast.AST) -> list[Any]:
    if name == "Literal":
        return [Literal[_value(inside)]]

    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    types = [t for part in parts for t in _types(module, part)[0]]

    if name not in {"Sequence", "list", "tuple"} or not types:
        return []

    fixed = name == "tuple" and len(types) == len(parts)
    return [tuple[tuple(types)] if fixed else tuple[types[0], ...]]  # type: ignore[misc,valid-type]


def _value(node: ast.AST) -> Any:
    try:
        return ast.literal_eval(node)  # type: ignore[arg-type]
    except ValueError:
        return ast.unparse(node)


# Docstrings


def _texts(docstring: str) -> dict[str, str]:
    r"""Returns the texts of the section `Arguments:`, by argument."""
    section = re.search(r"^Arguments:\n((?:[ ]{4}.*\n?|\n)+)", docstring, re.MULTILINE)
    entries = re.findall(
        r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section[1] if section else "", re.MULTILINE
    )

    return {name: _plain(" ".join(text.split())) for name, text in entries}


def _plain(text: str) -> str:
    r"""Returns text without the marks of reStructuredText and LaTeX."""
    text = re.sub(r":\w+:`~?(?:autoencode\.)?(?:\w+\.)*([^`]*)`", r"\1", text).replace("`", "")

    for mark, plain in _LATEX.items():
        text = text.replace(mark, plain)

    return text.strip()


# Syntax trees


@cache
def _tree(module: str) -> ast.Module:
    path = _ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _find(module: str, name: str) -> Found | None:
    r"""Returns the definition of a name in a module, followed through imports."""
    for node in _tree(module).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            return module, node

        if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
            return module, node.value

    source = _imported_from(module, name)
    return None if source is None else _find(source, name)


def _imported_from(module: str, name: str) -> str | None:
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            if name in {alias.name for alias in node.names}:
                parts = module.split(".")
                up = node.level - _ROOT.joinpath(*parts).is_dir()
                return ".".join([*parts[: len(parts) - up], node.module])

    return None


def _ancestry(module: str, name: str) -> Iterator[tuple[str, ast.ClassDef]]:
    r"""Yields a class and its ancestors."""
    found = _find(module, name)

    if found is not None and isinstance(found[1], ast.ClassDef):
        yield found[0], found[1]

        for base in found[1].bases:
            yield from _ancestry(found[0], ast.unparse(base))


def _is_concrete(node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        return "abc.ABC" not in map(ast.unparse, node.bases)

    return isinstance(node, ast.FunctionDef)


def _function(node: Definition) -> ast.FunctionDef | None:
    if isinstance(node, ast.FunctionDef):
        return node

    methods = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    return methods[0] if methods else None
