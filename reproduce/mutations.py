r"""Breaks each objective on purpose, and counts the mistakes that the tests catch.

Each mistake is made in the source of a module, in a process of its own; the tests of the module
then run until one fails. `python reproduce/mutations.py` writes `results/mutations.md`;
`--module matching/mmd` tries one module, and `--list` only shows the mistakes.
"""

import argparse
import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType

from mutants import Mutant, mutants

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "autoencode"
RESULTS = Path(__file__).parent / "results"
TIMEOUT = 300  # seconds; a mistake may make a loop endless

TESTS = {
    "objectives/elbo": "test_objectives",
    "objectives/reconstruction": "test_objectives",
    "objectives/contractive": "test_objectives",
    "objectives/image_similarity": "test_image_similarity",
    "objectives/matryoshka": "test_matryoshka",
    "objectives/bounds/capacity": "test_bounds",
    "objectives/bounds/hamiltonian": "test_bounds",
    "objectives/bounds/importance_weighted": "test_bounds",
    "objectives/disentangling/covariance": "test_disentangling",
    "objectives/disentangling/factor": "test_disentangling",
    "objectives/disentangling/pairs": "test_disentangling",
    "objectives/disentangling/total_correlation": "test_disentangling",
    "objectives/matching/adversarial": "test_matching",
    "objectives/matching/mmd": "test_matching",
    "objectives/matching/transport": "test_matching",
    "objectives/matching/vae_gan": "test_matching",
    "objectives/regularized/code_norm": "test_regularized",
    "objectives/regularized/isometric": "test_regularized",
    "objectives/regularized/quantized": "test_quantized",
    "objectives/regularized/sparse": "test_regularized",
    "objectives/regularized/sparse_coding": "test_sparse",
    "objectives/regularized/topological": "test_regularized",
    "distributions/divergences": "test_distributions",
}


class _Loader(importlib.machinery.SourceFileLoader):
    r"""Loads a module from a tree instead of its file."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        super().__init__(name, path)
        self.tree = tree

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.tree, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, tree: ast.Module) -> None:
        self.name = "autoencode." + module.replace("/", ".")
        self.path, self.tree = SOURCES / f"{module}.py", tree

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None

        loader = _Loader(name, str(self.path), self.tree)
        return importlib.util.spec_from_loader(name, loader)


NO_EFFECT = 100  # exit status of tests that pass because nothing was changed


def outcome(module: str, mutant: Mutant, selection: list[str]) -> str:
    r"""Runs tests in a child process that imports the mutant: caught, missed, or no effect."""
    child = os.fork()

    if child == 0:
        signal.alarm(TIMEOUT)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.meta_path.insert(0, _Finder(module, mutant.tree))
        status = _first_failure(module, selection)
        changed = mutant.kind != "detach" or hasattr(builtins, "has_effect")
        os._exit(status if status or changed else NO_EFFECT)

    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "missed", NO_EFFECT: "no effect"}.get(status, "caught")


def _first_failure(module: str, selection: list[str]) -> int:
    r"""Runs the tests of a module, those that catch most first; returns the first exit status."""
    import pytest

    exported = ast.parse((SOURCES / f"{module}.py").read_text()).body[1].value.elts
    own = ["-k", " or ".join(name.value for name in exported)]
    steps = [
        ["test_gradients.py", *(own if module.startswith("objectives") else [])],
        [f"{TESTS[module]}.py"],
        ["test_objectives.py", "test_trained_objectives.py"],
    ]

    for step in steps:
        files = [str(ROOT / "tests" / a) if a.endswith(".py") else a for a in step]
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *selection, *files]))

        if status not in (0, 5):  # 5: no test has such a name
            return status

    return 0


def try_module(module: str, selection: list[str]) -> list[dict]:
    rows = []

    for mutant in mutants(SOURCES / f"{module}.py"):
        found = outcome(module, mutant, selection)
        row = {k: v for k, v in mutant._asdict().items() if k != "tree"}
        rows.append({"module": module, **row, "outcome": found})
        print(*rows[-1].values(), sep=" | ", flush=True)

    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", choices=TESTS, action="append")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--slow", action="store_true", help="run the slow tests, too")
    args = parser.parse_args()

    import scipy.stats  # noqa: F401  what all children need is imported once
    import sklearn.decomposition  # noqa: F401
    import torch  # noqa: F401

    for module in args.module or TESTS:
        if args.list:
            kinds = Counter(m.kind for m in mutants(SOURCES / f"{module}.py"))
            print(module, dict(kinds))
            continue

        rows = try_module(module, [] if args.slow else ["-m", "not slow"])
        (RESULTS / f"mutations-{module.replace('/', '-')}.json").write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
