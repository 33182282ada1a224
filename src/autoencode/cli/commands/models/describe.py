r"""Commands that describe a model, and list the recipes."""

from pathlib import Path

from ...next_step import suggest_next
from ...options import LoadOptions
from ...signatures import recipe_signatures
from ..fit import best_epoch, describe_duration, describe_terms


def info(model: Path, /, loading: LoadOptions = LoadOptions()) -> None:
    r"""Describe a model and its training.

    Arguments:
        model: The model file.
    """
    from ... import inputs

    estimator = inputs.load_model(model, loading)
    parameters = estimator.get_params(deep=False).items()
    arguments = {name: value for name, value in parameters if value is not False}
    context, best = estimator.context_, best_epoch(estimator)
    n_params = sum(p.numel() for p in estimator.model_.parameters())

    rows = {
        "file": f"{model}, {model.stat().st_size / 1e6:.2f} MB",
        "examples": f"{estimator.modality_}, shape {estimator.modality_.shape_}",
        **arguments,
        "likelihood": estimator.model_.likelihood,
        "condition": None if context is None else f"{context} of {context.size_}",
        "parameters": f"{n_params:,}",
        "trained": describe_duration(estimator),
        "best epoch": describe_terms(best),
    }

    for name, value in rows.items():
        if value is not None:
            print(f"{name:14} {value}")

    suggest_next("transform", model, "DATA", out=f"{model.stem}-codes.csv", options=loading)


def recipes() -> None:
    r"""List the recipes of `fit --recipe`: what each is for, when to use another, its time in
    fits of vae, and its source.
    """
    for name, recipe in recipe_signatures().items():
        advice = recipe.advice or {}
        known = {
            "for": advice["purpose"],
            "else": advice["instead"],
            "time": "the unit" if name == "vae" else f"{advice['cost']:.1f} of vae",
            "source": advice["source"],
        }
        print(f"{name:14} {recipe.summary}")

        for key, text in known.items():
            print(f"{'':14}   {key + ':':7} {text.replace('`', '')}")

    suggest_next("fit", "DATA", recipe="vae", out="model.ae")
