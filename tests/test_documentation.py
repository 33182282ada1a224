r"""Tests that the documentation names what exists and has its promised parts."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import autoencode as ae

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").glob("*.md")])
TUTORIALS = sorted((ROOT / "examples" / "tutorials").glob("*.py"))
GALLERY = sorted((ROOT / "examples" / "gallery").glob("*.py"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)


def test_tutorials_cover_each_kind_of_data_and_say_what_can_go_wrong() -> None:
    names = {path.stem for path in TUTORIALS}
    assert {
        "anomalies",
        "images",
        "manifold",
        "mixed_tables",
        "numeric_tables",
        "series",
        "sounds",
        "texts",
    } <= names

    for path in TUTORIALS:
        text = path.read_text("utf-8")
        problems = text.partition("# What can go wrong\n")[2]
        assert problems.count("\n# - **") >= 4, path
        assert "print(" in text, path


def test_gallery_shows_every_picture() -> None:
    shown = {
        name for path in GALLERY for name in re.findall(r"ae\.plots\.(\w+)\(", path.read_text())
    }
    functions = {name for name in ae.plots.__all__ if inspect.isfunction(getattr(ae.plots, name))}

    assert functions <= shown


def test_names_of_executed_pages_are_unique() -> None:
    names = [path.name for path in [*TUTORIALS, *GALLERY]]
    assert len(set(names)) == len(names)


class Uses(ast.NodeVisitor):
    r"""Checks names of the library, and the arguments of calls, without running the code."""

    def __init__(self) -> None:
        self.names = {"ae": ae, "autoencode": ae}
        self.seen = 0

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.startswith("autoencode"):
                module = importlib.import_module(alias.name)
                self.names[alias.asname or "autoencode"] = module if alias.asname else ae

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if (node.module or "").startswith("autoencode"):
            for alias in node.names:
                value = self.lookup(importlib.import_module(node.module), alias.name)
                self.names[alias.asname or alias.name] = value

    def lookup(self, owner, name: str):
        self.seen += 1

        try:
            return getattr(owner, name)
        except AttributeError:
            return importlib.import_module(f"{owner.__name__}.{name}")

    def resolve(self, node):
        if isinstance(node, ast.Name):
            return self.names.get(node.id)

        if isinstance(node, ast.Attribute):
            owner = self.resolve(node.value)

            if inspect.ismodule(owner):
                return self.lookup(owner, node.attr)

        return None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.resolve(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = self.resolve(node.func)

        if inspect.isclass(function) or inspect.isfunction(function):
            signature = inspect.signature(function)
            positional = [a for a in node.args if not isinstance(a, (ast.Starred, ast.Constant))]
            named = {k.arg: None for k in node.keywords if k.arg}
            options = signature.parameters.get("options")

            if options is not None and options.kind is options.VAR_KEYWORD:
                known = {*signature.parameters, *inspect.signature(ae.Autoencoder).parameters}
                assert named.keys() <= known, f"{ast.unparse(node)}: {named.keys() - known}"

            if Ellipsis not in [getattr(a, "value", 0) for a in node.args]:
                signature.bind_partial(*positional, **named)

        self.generic_visit(node)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_code_of_pages_uses_names_and_arguments_that_exist(page: Path) -> None:
    uses = Uses()

    for code in blocks(page, "python"):
        uses.visit(ast.parse(code))


def test_the_check_finds_wrong_names_and_arguments() -> None:
    for code, error in [
        ("ae.vea()", ModuleNotFoundError),
        ("ae.vae(latent=2)", AssertionError),
        ("ae.plots.samples(model, columns=3)", TypeError),
        ("from autoencode.priors import Mixtur", ModuleNotFoundError),
    ]:
        with pytest.raises(error):
            Uses().visit(ast.parse(code))


def test_shown_commands_and_flags_exist(capsys, monkeypatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples" / "extensions")
    from autoencode.cli import main

    helps: dict[tuple[str, ...], str] = {}
    seen = 0

    for page in PAGES:
        for block in re.findall(r"```\w*\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
            for line in re.findall(r"^autoencode (.*?)(?:  #.*)?$", block, flags=re.MULTILINE):
                command, *words = line.split()
                heads = {word.partition(".")[0] for word in words if "." in word}
                heads |= {"--recipe", "--trusted"} if command == "fit" else {"--recipe"}
                chosen = [
                    word
                    for flag in sorted(heads & {*words})
                    for word in (flag, words[words.index(flag) + 1])
                ]
                key = (command, *chosen)

                if key not in helps:
                    try:
                        status = main([*key, "--help"])
                    except SystemExit as stopped:
                        status = stopped.code

                    assert not status, line
                    helps[key] = capsys.readouterr().out

                for flag in [word for word in words if re.match(r"--?[a-z]", word)]:
                    seen += 1
                    assert re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", helps[key]), line

    assert seen > 40


# Words of public names that need no definition: plain English, Python, methods and data
PLAIN = set(
    """
    allow args array augment available batches classes color common compose continuous decay
    defaults denoise dense device diagnostics evaluate farther folder fully get identity index
    indices
    kwargs limits load logits longest metadata method mixed modules ndim noisy normal observed
    options path preprocess probabilities queries references report request residual result
    routing save scaling self show smallest source static strict truncate weighted digits drums
    fashion mnist idx pepper salt mel parzen knn tensorboard transformer recurrent convolutional
    autoregressive dae scalar tokenized waveform incomplete classifier detector quantizer
    divergence tcvae tril less exact iter side
    """.split()
)
INTERFACE = (
    "recipes networks distributions priors objectives corruptions modalities datasets evaluation"
    " training manifold plots"
).split()


def interface() -> dict[str, set[str]]:
    r"""Classes and functions of the reference, each with its arguments."""
    values = {"Autoencoder": ae.Autoencoder, "load": ae.load}

    for folder in INTERFACE:
        module = importlib.import_module(f"autoencode.{folder}")

        for name in module.__all__:
            value = getattr(module, name)

            if inspect.isclass(value) or (inspect.isfunction(value) and folder != "modalities"):
                values[name] = value

    names = {name: {name} for name in values}
    names["Autoencoder"] |= {name for name in dir(ae.Autoencoder) if not name.startswith("_")}

    for name, value in values.items():
        try:
            names[name] |= set(inspect.signature(value).parameters)
        except ValueError:
            assert inspect.isclass(value)

    return names


def test_glossary_defines_the_nouns_of_the_interface() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8").lower()
    unknown = {}

    for owner, names in interface().items():
        for name in names:
            for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name):
                word = word.lower()
                known = word in PLAIN or re.search(rf"\b{word.removesuffix('s')}", glossary)

                if len(word) > 2 and not known:
                    unknown[word] = f"{owner}: {name}"

    assert not unknown, "define them in docs/glossary.md, or list them as PLAIN"


# Sizes and positions, which are not counts of several things
SIZES = set(
    """
    batch_size codebook_dim codebook_size latent_dim tangent_dim vocab_size size width hidden_width
    depth dilation window stride smoothing epoch epochs patience gradient_accumulation skipped rate
    random_state k channels factor patch_size
    """.split()
)


def test_counts_begin_alike() -> None:
    r"""Arguments that count something are `n_...`, and limits are `min_...` or `max_...`."""
    for folder in INTERFACE:
        module = importlib.import_module(f"autoencode.{folder}")

        for owner in module.__all__:
            value = getattr(module, owner)

            if inspect.ismodule(value) or (folder == "modalities" and inspect.isfunction(value)):
                continue

            try:
                arguments = inspect.signature(value).parameters.values()
            except (TypeError, ValueError):
                continue

            for argument in arguments:
                if str(argument.annotation) in ("<class 'int'>", "int", "int | None", "int | str"):
                    known = argument.name in SIZES
                    assert known or re.match("(n|min|max)_", argument.name), (owner, argument)


def test_first_page_is_short() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (python,) = blocks(ROOT / "README.md", "python")
    install, shell = re.findall(r"```\n(.*?)```", text, flags=re.DOTALL)
    screen, _, rest = text.partition("## Measured results")
    rows = re.findall(r"^\| \[.*", rest, flags=re.MULTILINE)

    assert len(python.splitlines()) <= 10
    assert len(shell.splitlines()) <= 5
    assert "pip install" in install
    assert install.count("make ") == 2
    assert screen.count("<img ") == 3
    assert len(screen.splitlines()) <= 50
    assert 0 < len(rows) <= 8
    assert all("](benchmarks/results/" in row for row in rows)

    lines = (ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 100


def test_glossary_names_what_exists() -> None:
    source = "\n".join(path.read_text("utf-8") for path in Path(ae.__file__).parent.rglob("*.py"))
    known = {*re.findall(r"\w+", source)}
    rows = re.findall(r"^\|(.*)\|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.M)
    rows = [row.split("|") for row in rows if "---" not in row and "name in the code" not in row]

    assert len(rows) > 100
    assert all(len(row) == 5 and row[0].strip() and row[4].strip() for row in rows)

    for row in rows:
        for name in re.findall(r"`([A-Za-z_.]+)`", row[2]):
            assert {*name.split(".")} <= known, row


def test_every_page_is_in_a_table_of_contents() -> None:
    decisions = (ROOT / "docs" / "decisions" / "index.md").read_text("utf-8")

    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        if path.stem != "index":
            assert f"({path.name})" in decisions, path
            assert f"\n{path.stem}\n" in decisions, path

    listed = (ROOT / "docs" / "index.md").read_text("utf-8")

    for path in (ROOT / "docs").glob("*.md"):
        assert path.stem == "index" or f"\n{path.stem}\n" in listed, path
