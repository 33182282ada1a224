r"""Tests for the signatures module: the table is what Python sees, and flags are what it says."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autoencode
from autoencode import (
    corruptions,
    distributions,
    modalities,
    networks,
    objectives,
    priors,
)
from autoencode.cli import signatures
from autoencode.cli.commands import COMMANDS
from autoencode.cli.generate import generate
from autoencode.cli.signatures import (
    REQUIRED,
    Argument,
    Group,
    check_choice,
    choices,
    class_signature,
    command_signature,
    help_text,
    option_groups,
    parse,
    recipe_signatures,
)
from autoencode.cli.signatures.forms import convert
from autoencode.cli.signatures.table import PATH
from autoencode.estimator import Autoencoder

FOLDERS = {
    "objective": (objectives, objectives.Objective),
    "likelihood": (distributions, distributions.Family),
    "corruption": (corruptions, corruptions.Corruption),
    "modality": (modalities, modalities.Modality),
    "network": (networks, networks.Network),
    "prior": (priors, priors.Prior),
}
REMEDY = "run make signatures (python -m autoencode.cli.generate), and commit the table"
ESTIMATOR = {a.name: a for a in class_signature("Autoencoder").arguments}


def test_the_table_is_that_of_the_library() -> None:
    stored = json.loads(PATH.read_text(encoding="utf-8"))
    live = json.loads(json.dumps(generate()))

    for section, entries in live.items():
        for name, entry in entries.items():
            assert stored[section].get(name) == entry, f"{name} has changed: {REMEDY}"

    assert stored == live, REMEDY


def real(found) -> object:
    return getattr(sys.modules[f"autoencode.{found.module}"], found.name)


KNOWN = [
    *recipe_signatures().values(),
    *map(class_signature, json.loads(PATH.read_text())["classes"]),
]


@pytest.mark.parametrize("found", [pytest.param(s, id=s.name) for s in KNOWN])
def test_names_defaults_and_texts_are_those_of_python(found) -> None:
    value = real(found)
    empty = inspect.Parameter.empty
    parameters = inspect.signature(value).parameters.values()
    parameters = [p for p in parameters if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]

    assert [a.name for a in found.arguments] == [p.name for p in parameters]
    assert found.summary
    assert inspect.getdoc(value).split()[0] in found.summary

    for argument, parameter in zip(found.arguments, parameters):
        assert (argument.default is REQUIRED) == (parameter.default is empty)
        assert (
            argument.default is REQUIRED
            or argument.classes
            or (argument.default == parameter.default)
        )
        assert argument.text, argument.name
        assert not {"`", "\\"} & {*argument.text}


@pytest.mark.parametrize("name", FOLDERS)
def test_every_class_that_words_can_make_is_a_choice(name) -> None:
    folder, base = FOLDERS[name]
    classes = [getattr(folder, n) for n in folder.__all__]
    classes = [c for c in classes if inspect.isclass(c) and issubclass(c, base)]
    known = {c.__name__ for c in classes if not inspect.isabstract(c)}

    known -= {n for n in known if not getattr(getattr(folder, n), "has_density", True)}
    known -= {n for n in known if getattr(getattr(folder, n), "has_reference", False)}

    # These are learned from the data, or are made of other objects
    unmade = {"CensoredGaussian", "MixedColumns", "Compose", "Modules"}
    assert known - choices(ESTIMATOR[name]).keys() <= unmade
    assert choices(ESTIMATOR[name]).keys() <= known


def test_a_flag_offers_only_what_the_estimator_accepts() -> None:
    posteriors = choices(ESTIMATOR["posterior"]).keys()
    assert {"Gaussian", "Dirac"} <= posteriors
    assert not {"Autoregressive", "Bernoulli", "DiscretizedLogistic", "MixedColumns"} & posteriors

    X = [[0.0, 1.0]] * 12

    for name in ("Autoregressive", "Bernoulli", "DiscretizedLogistic"):
        with pytest.raises(ValueError, match="expected a posterior whose samples have gradients"):
            Autoencoder(1, posterior=getattr(distributions, name)()).fit(X)

    with pytest.raises(ValueError, match="expected a likelihood with a density"):
        Autoencoder(1, likelihood=distributions.Dirac()).fit(X)


def test_forms() -> None:
    images = {a.name: a.form for a in class_signature("Images").arguments}
    vae = {a.name: a.form for a in recipe_signatures()["vae"].arguments}
    sounds = {a.name: a for a in class_signature("Sounds").arguments}

    assert ESTIMATOR["latent_dim"].form == ESTIMATOR["random_state"].form == "INT"
    assert ESTIMATOR["conditional"].form == "{True,False}"
    assert ESTIMATOR["objective"].form is None
    assert images["size"] == "INT|INT INT"
    assert images["layout"] == "{NHW,NHWC,NCHW}"
    assert vae["layers"] == "INT ..."
    assert vae["warmup"] == "FLOAT"
    assert sounds["spectrum"].classes == ("LogMel", "MDCT")
    assert convert("{auto,True,False}", ["True"]) is True
    assert convert("{auto,True,False}", ["auto"]) == "auto"
    assert convert("INT|TEXT", ["no"]) == "no"


def test_shared_flags_are_declared_once() -> None:
    table = json.loads(PATH.read_text())
    owners: dict[str, set[str]] = {}

    for name in COMMANDS:
        about = command_signature(name)
        own = Group(name, "", tuple(a for a in about.arguments if not a.classes))

        for group in (own, *option_groups(about)):
            for flag in group.flags():
                owners.setdefault(flag, set()).add(group.name)

    shared = {
        "--label-column",
        "--labels",
        "--y",
        "--trusted",
        "--force",
        "--decimal",
        "--encoding",
    }
    assert shared <= owners.keys()
    assert all(len(owners[flag]) == 1 for flag in shared)

    # All commands that read data know the format of tables
    for name, entry in table["commands"].items():
        flags = {f for g in option_groups(command_signature(name)) for f in g.flags()}
        reads = any(a["name"] == "data" for a in entry["arguments"])
        assert ("--separator" in flags) == reads


def test_reading_the_table_imports_nothing() -> None:
    code = """if True:
        import sys
        from autoencode.cli.signatures import class_signature, recipe_signatures
        recipe_signatures(), class_signature("ELBO")
        assert not {"torch", "sklearn", "numpy", "inspect", "ast"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


# Flags


def groups() -> list[Group]:
    found = [class_signature("Training"), class_signature("ELBO")]
    return [Group("training", "", found[0].arguments), Group("elbo", "", found[1].arguments, "o.")]


@settings(max_examples=30)
@given(
    epochs=st.none() | st.integers(),
    learning_rate=st.none() | st.floats(allow_nan=False),
    device=st.none() | st.text("abcxyz:019", min_size=1),
    show_progress=st.none() | st.booleans(),
    beta=st.none() | st.floats(allow_nan=False),
    underscores=st.booleans(),
    equals=st.booleans(),
)
def test_what_is_typed_is_what_is_given(underscores, equals, beta, **values) -> None:
    values = {k: v for k, v in values.items() if v is not None}
    flags = {k if underscores else k.replace("_", "-"): v for k, v in values.items()}
    flags |= {} if beta is None else {"o.beta": beta}
    argv = [
        word
        for flag, value in flags.items()
        for word in ([f"--{flag}={value}"] if equals else [f"--{flag}", f"{value}"])
    ]

    found = parse("fit", "", groups(), argv)

    assert found == {"training": values, "elbo": {} if beta is None else {"beta": beta}}


@settings(max_examples=30)
@given(st.lists(st.text(max_size=8), max_size=4))
def test_whatever_is_typed_ends_in_one_line(words) -> None:
    try:
        parse("fit", "", groups(), words)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    except SystemExit as stop:
        assert stop.code == 0  # noqa: PT017


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--epochs", "a"], "expected --epochs INT, got 'a'"),
        (["--epochs"], "expected --epochs INT, got nothing"),
        (["--show-progress", "1"], "expected --show-progress {True,False}, got '1'"),
        (["--epoch", "3"], "unknown flag '--epoch'; did you mean '--epochs'?"),
        (["--scale", "3"], "unknown flag '--scale'; it belongs to --x Y."),
        (["data"], "unknown argument 'data'"),
        (["--o.beta=1", "--", "--epochs"], "unknown argument '--epochs'"),
    ],
)
def test_parse_errors_say_what_to_do(argv, message) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}.* See fit --help$"):
        parse("fit", "", groups(), argv, lambda: {"--scale": "--x Y"})


def test_flags_that_texts_name_exist() -> None:
    known = {"help", "version"}
    table = generate()

    for signature in [s for section in table.values() for s in section.values()]:
        known |= {argument["name"].replace("_", "-") for argument in signature["arguments"]}

    home = Path(autoencode.__file__).parent
    pages = [*home.parents[1].glob("docs/*.md"), home.parents[1] / "README.md"]
    unknown = {}

    for path in [*home.rglob("*.py"), *pages]:
        for flag in re.findall(r"(?<![\w-])--([a-z][a-z0-9._-]*)", path.read_text("utf-8")):
            last = flag.rstrip(".-").split(".")[-1].replace("_", "-")

            if last not in known:
                unknown[flag] = path.name

    # Of pip and torchrun, and of examples whose arguments are made up there
    torchrun = {"standalone", "nnodes", "nproc-per-node", "max-restarts"}
    torchrun |= {"rdzv-backend", "rdzv-endpoint"}
    assert unknown.keys() <= {"index-url", "epoch", "n"} | torchrun


def test_missing_arguments_are_named() -> None:
    command = command_signature("transform")

    with pytest.raises(ValueError, match="missing DATA and --out"):
        parse("transform", "", [Group("transform", "", command.arguments)], ["model.ae"])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("data --layers 8 4", {"data": "data", "layers": (8, 4)}),
        ("--layers 8 4 data", {"data": "data", "layers": (8, 4)}),
        ("--layers -- data", {"data": "data", "layers": ()}),
        ("data --force --layers", {"data": "data", "layers": (), "force": True}),
        ("-- --data", {"data": "--data"}),
        ("data --shift -1e-05", {"data": "data", "shift": -1e-5}),
        ("--shift -inf data", {"data": "data", "shift": -float("inf")}),
        ("data --shift 1 --shift=-2", {"data": "data", "shift": -2.0}),
        ("-n 3 -7", {"data": "-7", "n": 3}),
        ("-n3 data --force", {"data": "data", "n": 3, "force": True}),
        ("--gaps data", {"data": "data", "gaps": True}),
        ("--gaps False data", {"data": "data", "gaps": False}),
        ("data --gaps=False --gaps", {"data": "data", "gaps": True}),
    ],
)
def test_words_find_their_places(words, found) -> None:
    arguments = (
        Argument("data", "TEXT", positional=True),
        Argument("layers", "INT ...", default=()),
        Argument("shift", "FLOAT", default=0.0),
        Argument("n", "INT", default=1),
        Argument("force", "{True,False}", default=False),
        Argument("gaps", "{True,False}", default=None),
    )
    assert parse("x", "", [Group("x", "", arguments)], words.split()) == {"x": found}


def test_switches_take_no_value() -> None:
    group = Group("x", "", (Argument("force", "{True,False}", default=False),))

    with pytest.raises(ValueError, match="expected --force without a value, got 'True'"):
        parse("x", "", [group], ["--force=True"])


def test_percent_signs_and_defaults_are_in_the_help() -> None:
    group = Group("x", "", (Argument("rate", "FLOAT", default=0.5, text="50 % or {more}"),))
    assert "50 % or {more} (default: 0.5)" in " ".join(help_text("x", "5 %", [group]).split())


def test_choose() -> None:
    assert check_choice("recipe", "vae", ["vae"]) == "vae"

    with pytest.raises(ValueError, match=r"unknown recipe 'x'\. Known: vae\."):
        check_choice("recipe", "x", ["vae"])


def test_last_value_counts() -> None:
    argv = ["--recipe", "vae", "--a_b=1", "--recipe=linear", "--last"]

    assert signatures.last_value("--recipe", argv) == "linear"
    assert signatures.last_value("--a-b", argv) == "1"
    assert signatures.last_value("--last", argv) is None
