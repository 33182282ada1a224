r"""The settings of a fit: those of the recipe, the estimator, chosen objects and the training."""

__all__ = ["build", "elsewhere", "groups"]

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .signatures import Argument, Group, choose, offered, read, signature, value_of

if TYPE_CHECKING:  # these take a second to import, which `--help` need not wait for
    from ..estimator import Autoencoder
    from ..training.trainer import Solver

_MODEL, _TABLE, _TRAINING = "model", "table", "training"


def groups(argv: Sequence[str]) -> list[Group]:
    r"""The arguments that a fit offers, given what was typed so far.

    Arguments:
        argv: What was typed after `autoencode fit`.

    Raises:
        ValueError: If it names an unknown recipe or class.

    Example:
        >>> [group.name for group in groups(["--recipe", "vae", "--objective", "ELBO"])]
        ['vae', 'model', 'objective', 'table', 'training']
    """
    recipes = read("recipes")
    recipe = value_of("--recipe", argv) or "autoencoder"
    _, _, about, own = recipes[choose("recipe", recipe, recipes)]

    estimator = signature("estimator", "Autoencoder")
    taken = {_TRAINING, *(argument.name for argument in own)}
    others = tuple(a for a in estimator.arguments if a.name not in taken)
    found = [Group(recipe, about, own), Group(_MODEL, estimator.summary, others)]

    for argument in others:
        name = value_of(f"--{argument.name}".replace("_", "-"), argv)

        if argument.classes and name is not None:
            classes = offered(argument)
            _, _, about, arguments = classes[choose(argument.name, name, classes)]
            found.append(Group(argument.name, about, arguments, prefix=f"{argument.name}."))

    for name, module, cls in (
        (_TABLE, "data.tabular.formats", "TableFormat"),
        (_TRAINING, "training", "Training"),
    ):
        _, _, about, arguments = signature(module, cls)
        found.append(Group(name, about, arguments))

    return found


def elsewhere() -> dict[str, str]:
    r"""All flags of recipes and objects, and the choices that they go with.

    Example:
        >>> elsewhere()["--objective.penalty"]
        '--objective Contractive'
    """
    found: dict[str, str] = {}

    for argument in signature("estimator", "Autoencoder").arguments:
        if argument.name == _TRAINING:  # whose flags are always there, by their own names
            continue

        for name, cls in offered(argument).items():
            group = Group(name, "", cls.arguments, prefix=f"{argument.name}.")
            found |= dict.fromkeys(group.flags(), f"--{argument.name} {name}")

    for name, recipe in read("recipes").items():
        found |= dict.fromkeys(Group(name, "", recipe.arguments).flags(), f"--recipe {name}")

    return found


def build(recipe: str, settings: Mapping[str, dict[str, Any]]) -> "Autoencoder":
    r"""The estimator that a recipe makes with the settings that were given, and no others.

    Arguments:
        recipe: The recipe's name.
        settings: The values that were given, by the name of their group.

    Raises:
        ValueError: If a value is out of its range, or one setting makes another void.

    Example:
        >>> build("vae", {"vae": {"latent_dim": 8}, "training": {"epochs": 3}}).training.epochs
        3
    """
    from .. import recipes

    make, own = getattr(recipes, recipe), settings.get(recipe, {})
    chosen, training = dict(settings.get(_MODEL, {})), settings.get(_TRAINING, {})

    for argument in signature("estimator", "Autoencoder").arguments:
        if argument.classes and argument.name in chosen:
            given = settings.get(argument.name, {})
            chosen[argument.name] = _make(argument, chosen[argument.name], given)

    _check_effect(make, own, chosen)
    model = make(**own).set_params(**chosen)

    if training:
        model.training = _solver(model.training, training)

    return model


def _make(argument: Argument, name: str, given: Mapping[str, Any]) -> Any:
    r"""Returns an object of the class that was named, as are those of its own arguments."""
    cls = offered(argument)[name]
    module = importlib.import_module(f"..{cls.module}", __package__)
    arguments = dict(given)

    for inner in cls.arguments:
        if inner.classes and inner.name in arguments:
            arguments[inner.name] = _make(inner, arguments[inner.name], {})

    return getattr(module, cls.name)(**arguments)


def _check_effect(
    make: Callable[..., "Autoencoder"], own: dict[str, Any], chosen: dict[str, Any]
) -> None:
    r"""Refuses an argument of a recipe all of whose effect something else replaces."""

    def choices(arguments: dict[str, Any]) -> dict[str, str]:
        return {k: repr(v) for k, v in make(**arguments).get_params(deep=False).items()}

    everything = choices(own)

    for name in own:
        without = choices({k: v for k, v in own.items() if k != name})
        changed = {k for k in everything if everything[k] != without[k]}

        if changed and changed <= chosen.keys():
            flags = " and ".join(f"--{k}" for k in sorted(changed))
            raise ValueError(f"--{name.replace('_', '-')} has no effect with {flags}; drop one.")


def _solver(default: "Solver | None", given: dict[str, Any]) -> "Solver":
    r"""Returns the recipe's own way to train if it has all the arguments, or else `Training`."""
    from ..training.trainer import Training

    if "device" in given:
        _check_device(given["device"])

    known = {} if default is None else default.get_params(deep=False)

    if default is not None and given.keys() <= known.keys():
        return type(default)(**known | given)

    return Training(**given)


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        raise ValueError(f"cannot train on '{device}': {str(error).splitlines()[0]}") from None
