r"""Tests for the signatures module: what is read from the source is what Python sees."""

import inspect
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencode import (
    corruptions,
    distributions,
    modalities,
    networks,
    objectives,
    priors,
    recipes,
)
from autoencode.cli import signatures
from autoencode.cli.signatures import (
    REQUIRED,
    Group,
    check_choice,
    parse,
    read_signatures,
    signature,
    subclasses,
)
from autoencode.estimator import Autoencoder
from autoencode.training import trainer as training

BASES = [
    (objectives, objectives.Objective),
    (distributions, distributions.Family),
    (corruptions, corruptions.Corruption),
    (modalities, modalities.Modality),
    (networks, networks.Network),
    (priors, priors.Prior),
    (training, training.Solver),
]


def public(module) -> dict:
    return {name: getattr(module, name) for name in module.__all__}


def module_name(module) -> str:
    return module.__name__.partition(".")[2]


def concrete(module, base) -> dict:
    classes = {k: v for k, v in public(module).items() if inspect.isclass(v)}
    return {k: v for k, v in classes.items() if issubclass(v, base) and not inspect.isabstract(v)}


CLASSES = [
    pytest.param(signature(module_name(module), name), cls, id=name)
    for module, base in BASES
    for name, cls in concrete(module, base).items()
]
RECIPES = [
    pytest.param(read_signatures("recipes")[k], v, id=k) for k, v in public(recipes).items()
]
ESTIMATOR = pytest.param(signature("estimator", "Autoencoder"), Autoencoder, id="Autoencoder")


@pytest.mark.parametrize(("found", "real"), [*CLASSES, *RECIPES, ESTIMATOR])
def test_names_and_defaults_are_those_of_python(found, real) -> None:
    parameters = inspect.signature(real).parameters.values()
    parameters = [p for p in parameters if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]
    empty = inspect.Parameter.empty

    assert [(a.name, None if a.default is REQUIRED else a.default) for a in found.arguments] == [
        (p.name, None if p.default is empty else p.default) for p in parameters
    ]
    assert [a.default is REQUIRED for a in found.arguments] == [
        p.default is empty for p in parameters
    ]
    assert found.summary
    assert inspect.getdoc(real).split()[0] in found.summary


@pytest.mark.parametrize(("found", "real"), [*CLASSES, *RECIPES, ESTIMATOR])
def test_each_argument_is_explained(found, real) -> None:
    for argument in found.arguments:
        assert argument.text, argument.name
        assert "`" not in argument.text
        assert "\\" not in argument.text


@pytest.mark.parametrize(("module", "base"), BASES)
def test_subclasses_are_all_found(module, base) -> None:
    assert subclasses(module_name(module), base.__name__).keys() == concrete(module, base).keys()


def test_types() -> None:
    estimator = {a.name: a for a in signature("estimator", "Autoencoder").arguments}
    images = {a.name: a.type for a in signature("modalities", "Images").arguments}
    vae = {a.name: a.type for a in read_signatures("recipes")["vae"].arguments}

    assert estimator["latent_dim"].type is int
    assert estimator["conditional"].type is bool
    assert estimator["random_state"].type is int
    assert estimator["objective"][1:3] == (None, (("objectives", "Objective"),))
    assert images["size"] == int | tuple[int, int]
    assert vae["layers"] == tuple[int, ...]
    assert vae["warmup"] is float


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a function or class of 'objectives'"):
        signature("objectives", "Nothing")


def test_reading_imports_nothing() -> None:
    code = """if True:
        import sys
        from autoencode.cli.signatures import read_signatures
        read_signatures("recipes"), read_signatures("objectives"), read_signatures("training")
        assert not {"torch", "sklearn", "numpy"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


# Flags


def groups() -> list[Group]:
    found = [signature("training", "Training"), signature("objectives", "ELBO")]
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
    ],
)
def test_parse_errors_say_what_to_do(argv, message) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}.* See fit --help$"):
        parse("fit", "", groups(), argv, lambda: {"--scale": "--x Y"})


def test_missing_arguments_are_named() -> None:
    command = signature("cli.commands", "transform")

    with pytest.raises(ValueError, match="missing DATA and --out"):
        parse("transform", "", [Group("transform", "", command.arguments)], ["model.ae"])


def test_choose() -> None:
    assert check_choice("recipe", "vae", ["vae"]) == "vae"

    with pytest.raises(ValueError, match=r"unknown recipe 'x'\. Known: vae\."):
        check_choice("recipe", "x", ["vae"])


def test_last_value_counts() -> None:
    argv = ["--recipe", "vae", "--a_b=1", "--recipe=linear", "--last"]

    assert signatures.last_value("--recipe", argv) == "linear"
    assert signatures.last_value("--a-b", argv) == "1"
    assert signatures.last_value("--last", argv) is None
