r"""Deliberate mistakes in the mathematics of a module: sign, constant, detach, mean for sum.

A detached value that never has a gradient changes nothing. `builtins.has_effect` tells.
"""

import ast
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DETACHED = """
def _detached(value):
    import builtins

    import torch

    if isinstance(value, torch.Tensor) and value.requires_grad:
        builtins.has_effect = True
        return value.detach()

    return value
"""

UNTOUCHED = {"__init__", "build", "__post_init__"}  # they check arguments and make parameters


class Mutant(NamedTuple):
    r"""A module with one mistake."""

    kind: str
    line: int
    before: str
    after: str
    tree: ast.Module


def mutants(path: Path) -> Iterator[Mutant]:
    r"""Yields the mutants of a module, in the order of its lines."""
    tree = ast.parse(path.read_text())
    terms = _terms(tree)

    for place, (parent, field, index, node) in enumerate(_places(tree)):
        for kind, replacement in _mistakes(parent, field, node):
            if kind == "detach" and id(node) in terms:
                continue

            mutated = copy.deepcopy(tree)
            parent_copy, *_ = list(_places(mutated))[place]
            _replace(parent_copy, field, index, replacement)
            mutated.body.extend(ast.parse(DETACHED).body)
            yield Mutant(
                kind,
                node.lineno,
                ast.unparse(node),
                ast.unparse(replacement),
                ast.fix_missing_locations(mutated),
            )


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int | None, ast.expr]]:
    r"""Yields all expressions of functions, each with the node that holds it."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    seen = set()

    for function in functions:
        if function.name in UNTOUCHED or id(function) in seen:
            continue

        for statement in function.body:
            for node in ast.walk(statement):
                seen.add(id(node))

                if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
                    seen.update(map(id, ast.walk(node)))
                    continue

                for field, value in ast.iter_fields(node):
                    for index, child in enumerate(value if isinstance(value, list) else [value]):
                        if isinstance(child, ast.expr) and id(node) not in _ignored(function):
                            yield node, field, index if isinstance(value, list) else None, child


def _ignored(function: ast.FunctionDef) -> set[int]:
    r"""Returns the nodes of error messages, which are not mathematics."""
    messages = [n for n in ast.walk(function) if isinstance(n, ast.Raise | ast.JoinedStr)]
    return {id(n) for message in messages for n in ast.walk(message)}


def _terms(tree: ast.Module) -> set[int]:
    r"""Returns the nodes of dictionaries: terms that are shown, but not trained on."""
    return {
        id(n) for terms in ast.walk(tree) if isinstance(terms, ast.Dict) for n in ast.walk(terms)
    }


def _mistakes(parent: ast.AST, field: str, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "sign", operand
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield "sign", _at(node, ast.BinOp(left, ast.Sub(), right))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            yield "sign", _at(node, ast.BinOp(left, ast.Add(), right))
        case ast.Constant(value=int() | float() as value) if _is_factor(parent, value):
            yield "constant", _at(node, ast.Constant(2 * value if value else 1))
        case ast.Call(func=ast.Attribute(value=value, attr="sum" | "mean" as attr)):
            other = ast.Attribute(value, {"sum": "mean", "mean": "sum"}[attr], ast.Load())
            yield "mean for sum", _at(node, ast.Call(other, node.args, node.keywords))

    # What a name stands for, or one summand of what a function returns
    is_value = isinstance(parent, ast.Assign) and field == "value"
    is_summand = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub)

    if (is_value or is_summand) and isinstance(
        node, ast.BinOp | ast.Call | ast.UnaryOp | ast.Name
    ):
        if not ast.unparse(node).endswith("detach()"):
            yield "detach", _at(node, ast.Call(ast.Name("_detached", ast.Load()), [node], []))


def _is_factor(parent: ast.AST, value: float | bool) -> bool:
    return isinstance(parent, ast.BinOp) and not isinstance(value, bool)


def _at(node: ast.expr, replacement: ast.expr) -> ast.expr:
    return ast.copy_location(replacement, node)


def _replace(parent: ast.AST, field: str, index: int | None, node: ast.expr) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node
