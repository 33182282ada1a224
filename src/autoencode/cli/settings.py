r"""Settings of a fit: of the recipe, the estimator, its objects, table formats and training."""

__all__ = ["build_estimator", "flag_groups", "flags_of_other_choices"]

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .signatures import (
    Argument,
    Group,
    available_classes,
    check_choice,
    last_value,
    read_signatures,
    signature,
)

if TYPE_CHECKING:  # these take a second to import, for which `--help` need not wait
    from ..estimator import Autoencoder
    from ..training.trainer import Solver

_MODEL, _TABLE, _TRAINING = "model", "table", "training"


def flag_groups(argv: Sequence[str]) -> list[Group]:
    r"""The flags of `fit`, which depend on the recipe and the classes that were chosen.

    Arguments:
        argv: The words after `autoencode fit`.

    Raises:
        ValueError: If a recipe or class is unknown.

    Example:
        >>> [group.name for group in flag_groups(["--recipe", "vae", "--objective", "ELBO"])]
        ['vae', 'model', 'objective', 'table', 'training']
    """
    recipes = read_signatures("recipes")
    recipe = last_value("--recipe", argv) or "autoencoder"
    _, _, about, own = recipes[check_choice("recipe", recipe, recipes)]

    estimator = signature("estimator", "Autoencoder")
    taken = {_TRAINING, *(argument.name for argument in own)}
    others = tuple(a for a in estimator.arguments if a.name not in taken)
    found = [Group(recipe, about, own), Group(_MODEL, estimator.summary, others)]

    for argument in others:
        name = last_value(f"--{argument.name}".replace("_", "-"), argv)

        if argument.classes and name is not None:
            classes = available_classes(argument)
            _, _, about, arguments = classes[check_choice(argument.name, name, classes)]
            found.append(Group(argument.name, about, arguments, prefix=f"{argument.name}."))

    for name, module, cls in (
        (_TABLE, "data.tabular.formats", "TableFormat"),
        (_TRAINING, "training", "Training"),
    ):
        _, _, about, arguments = signature(module, cls)
        found.append(Group(name, about, arguments))

    return found


def flags_of_other_choices() -> dict[str, str]:
    r"""Every flag of a recipe or object, with the choice that it belongs to.

    Example:
        >>> flags_of_other_choices()["--objective.penalty"]
        '--objective Contractive'
    """
    found: dict[str, str] = {}

    for argument in signature("estimator", "Autoencoder").arguments:
        if argument.name == _TRAINING:  # its flags are always offered, without a prefix
            continue

        for name, cls in available_classes(argument).items():
            group = Group(name, "", cls.arguments, prefix=f"{argument.name}.")
            found |= dict.fromkeys(group.flags(), f"--{argument.name} {name}")

    for name, recipe in read_signatures("recipes").items():
        found |= dict.fromkeys(Group(name, "", recipe.arguments).flags(), f"--recipe {name}")

    return found


def build_estimator(recipe: str, settings: Mapping[str, dict[str, Any]]) -> "Autoencoder":
    r"""Build the estimator of a recipe with the given settings.

    Arguments:
        recipe: The recipe's name.
        settings: The given values, by group.

    Raises:
        ValueError: If a value is out of range, or one setting cancels another.

    Example:
        >>> settings = {"vae": {"latent_dim": 8}, "training": {"epochs": 3}}
        >>> build_estimator("vae", settings).training.epochs
        3
    """
    from .. import recipes

    make, own = getattr(recipes, recipe), settings.get(recipe, {})
    chosen, training = dict(settings.get(_MODEL, {})), settings.get(_TRAINING, {})

    for argument in signature("estimator", "Autoencoder").arguments:
        if argument.classes and argument.name in chosen:
            values = settings.get(argument.name, {})
            chosen[argument.name] = _make(argument, chosen[argument.name], values)

    _check_effect(make, own, chosen)
    model = make(**own).set_params(**chosen)

    if training:
        model.training = _solver(model.training, training)

    return model


def _make(argument: Argument, name: str, values: Mapping[str, Any]) -> Any:
    r"""Returns an object of a named class, whose own arguments may be objects, too."""
    cls = available_classes(argument)[name]
    module = importlib.import_module(f"..{cls.module}", __package__)
    arguments = dict(values)

    for inner in cls.arguments:
        if inner.classes and inner.name in arguments:
            arguments[inner.name] = _make(inner, arguments[inner.name], {})

    return getattr(module, cls.name)(**arguments)


def _check_effect(
    make: Callable[..., "Autoencoder"], own: dict[str, Any], chosen: dict[str, Any]
) -> None:
    r"""Refuses an argument of a recipe that other arguments override completely."""

    def choices(arguments: dict[str, Any]) -> dict[str, str]:
        return {k: repr(v) for k, v in make(**arguments).get_params(deep=False).items()}

    everything = choices(own)

    for name in own:
        without = choices({k: v for k, v in own.items() if k != name})
        changed = {k for k in everything if everything[k] != without[k]}

        if changed and changed <= chosen.keys():
            flags = " and ".join(f"--{k}" for k in sorted(changed))
            raise ValueError(
                f"--{name.replace('_', '-')} has no effect with {flags}; leave out one of them."
            )


def _solver(default: "Solver | None", values: dict[str, Any]) -> "Solver":
    r"""Returns the recipe's own solver if it has all the arguments, else `Training`."""
    from ..training.trainer import Training

    if "device" in values:
        _check_device(values["device"])

    known = {} if default is None else default.get_params(deep=False)

    if default is not None and values.keys() <= known.keys():
        return type(default)(**known | values)

    return Training(**values)


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        raise ValueError(f"cannot train on '{device}': {str(error).splitlines()[0]}") from None
