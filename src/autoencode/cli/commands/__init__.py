r"""Commands: each is a function whose arguments are the flags and whose docstring is the help."""

__all__ = ["COMMANDS"]

from collections.abc import Callable

from .fit import fit, info, recipes
from .inference import denoise, impute, reconstruct, sample, score, transform
from .manifold import anomalies, interpolate, manifold, neighbors
from .plots import demo, plot

COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (
        fit,
        transform,
        reconstruct,
        denoise,
        sample,
        impute,
        score,
        plot,
        manifold,
        neighbors,
        anomalies,
        interpolate,
        info,
        recipes,
        demo,
    )
}
