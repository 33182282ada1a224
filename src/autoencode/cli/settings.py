r"""Settings of a fit: of the recipe, the estimator, its objects and the training."""

__all__ = ["build_estimator", "flag_groups", "flags_of_other_choices"]

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .signatures import (
    Argument,
    Group,
    check_choice,
    choices,
    class_signature,
    last_value,
    object_of,
    recipe_signatures,
)

if TYPE_CHECKING:  # the import takes a second, and `--help` does not need it
    from ..estimator import Autoencoder
    from ..training.solver import Solver

_MODEL_SETTINGS, _TRAINING_SETTINGS = "model", "training"


def flag_groups(argv: Sequence[str]) -> list[Group]:
    r"""The flags of `fit`, which depend on the recipe and the classes that were chosen.

    Arguments:
        argv: The words after `autoencode fit`.

    Raises:
        ValueError: If a recipe or class is unknown.

    Example:
        >>> [group.name for group in flag_groups(["--recipe", "vae", "--objective", "ELBO"])]
        ['vae', 'model', 'objective', 'training']
    """
    recipes = recipe_signatures()
    name = last_value("--recipe", argv) or "autoencoder"
    recipe = recipes[check_choice("recipe", name, recipes)]

    estimator = class_signature("Autoencoder")
    taken = {_TRAINING_SETTINGS, *(argument.name for argument in recipe.arguments)}
    others = tuple(a for a in estimator.arguments if a.name not in taken)
    training = class_signature("Training")

    return [
        Group(name, recipe.summary, recipe.arguments),
        Group(_MODEL_SETTINGS, estimator.summary, others),
        *_chosen_groups(others, "", argv),
        Group(_TRAINING_SETTINGS, training.summary, training.arguments),
    ]


def _chosen_groups(
    arguments: Sequence[Argument], prefix: str, argv: Sequence[str]
) -> Iterator[Group]:
    r"""Yields the flags of each class that was chosen for an argument."""
    for argument in arguments:
        key = f"{prefix}{argument.name}"
        name = last_value(f"--{key}".replace("_", "-"), argv)

        if argument.classes and name is not None:
            known = choices(argument)

            if argument.form is not None and name not in known:  # a number, for example
                continue

            cls = known[check_choice(argument.name, name, known)]
            yield Group(key, cls.summary, cls.arguments, prefix=f"{key}.")
            yield from _chosen_groups(cls.arguments, f"{key}.", argv)


def flags_of_other_choices() -> dict[str, str]:
    r"""Every flag of a recipe or object, with the choice that it belongs to.

    Example:
        >>> flags_of_other_choices()["--objective.max-exact-dim"]
        '--objective Contractive'
    """
    # The names that have a flag, by the flag that chooses them
    owners: dict[str, dict[str, list[str]]] = {}

    for argument in class_signature("Autoencoder").arguments:
        if argument.name == _TRAINING_SETTINGS:  # its flags are always offered, without a prefix
            continue

        for name, cls in choices(argument).items():
            for flag in Group(name, "", cls.arguments, prefix=f"{argument.name}.").flags():
                owners.setdefault(flag, {}).setdefault(f"--{argument.name}", []).append(name)

    for name, recipe in recipe_signatures().items():
        for flag in Group(name, "", recipe.arguments).flags():
            owners.setdefault(flag, {}).setdefault("--recipe", []).append(name)

    return {
        flag: " or ".join(f"{chooser} {'|'.join(names)}" for chooser, names in found.items())
        for flag, found in owners.items()
    }


def build_estimator(
    recipe: str, settings: Mapping[str, dict[str, Any]], base: "Autoencoder | None" = None
) -> "Autoencoder":
    r"""Build the estimator of a recipe with the given settings.

    Arguments:
        recipe: The recipe's name.
        settings: The given values, by group.
        base: A trained model, whose arguments take the place of those of the recipe.

    Raises:
        ValueError: If a value is out of range, or one setting cancels another.

    Example:
        >>> settings = {"vae": {"latent_dim": 8}, "training": {"epochs": 3}}
        >>> build_estimator("vae", settings).training.epochs
        3
    """
    from .. import recipes

    make, own = getattr(recipes, recipe), settings.get(recipe, {})
    make = make if base is None else _like(base)
    chosen, training = (
        dict(settings.get(_MODEL_SETTINGS, {})),
        settings.get(_TRAINING_SETTINGS, {}),
    )

    for argument in class_signature("Autoencoder").arguments:
        if _is_choice(argument, chosen):
            chosen[argument.name] = _make(argument, chosen[argument.name], argument.name, settings)

    _check_effect(make, own, chosen)
    model = make(**own).set_params(**chosen)

    if training:
        model.training = _solver(model.training, training)

    return model


def _like(base: "Autoencoder") -> Callable[..., "Autoencoder"]:
    r"""Returns a function that makes an estimator with the arguments of a trained model."""
    from sklearn.base import clone

    def make(layers: Any = None, **own: Any) -> "Autoencoder":
        from ..networks import FullyConnected

        own |= {} if layers is None else {"network": FullyConnected(layers)}
        return clone(base.fitted_).set_params(**own)

    return make


def _make(
    argument: Argument, name: str, key: str, settings: Mapping[str, Mapping[str, Any]]
) -> Any:
    r"""Returns an object of a named class, whose own arguments may be objects, too."""
    cls = choices(argument)[name]
    values = dict(settings.get(key, {}))

    for inner in cls.arguments:
        if _is_choice(inner, values):
            values[inner.name] = _make(inner, values[inner.name], f"{key}.{inner.name}", settings)

    return object_of(cls)(**values)


def _is_choice(argument: Argument, values: Mapping[str, Any]) -> bool:
    r"""Tells whether the value of an argument is the name of a class."""
    return values.get(argument.name) in argument.classes


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

    if "checkpoint_seconds" in values and "checkpoint_dir" not in values:
        raise ValueError("--checkpoint-seconds has no effect without --checkpoint-dir.")

    known = {} if default is None else default.get_params(deep=False)

    if default is not None and values.keys() <= known.keys():
        return type(default)(**known | values)

    return Training(**values)


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        reason = "expected cpu, cuda or mps" if reason.startswith("Expected one of") else reason
        raise ValueError(f"cannot train on '{device}': {reason.rstrip('.')}.") from None
