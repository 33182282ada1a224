r"""Commands: each is a function whose arguments are the flags and whose docstring is the help.

- `fit`: train a model
- `compare`: models and classical methods on the same data
- `codes/`: codes of examples; compressed files
- `reconstruct`: examples encoded and decoded
- `missing/`: missing cells and pixels; things that users do not have
- `sample`: new examples, and examples between two others
- `forecast`: the steps after the end of series
- `score`: surprisal of examples; quality and illnesses of a model (`evaluate`, `diagnose`)
- `anomalies`, `neighbors`: surprisal, strange examples, and similar ones
- `plot`, `manifold`: pictures, and a report with pictures
- `pages/`: pages for a browser
- `models/`: description of a model; the list of recipes; files that run without this library
"""

__all__ = ["COMMANDS"]

from collections.abc import Callable

from .anomalies import anomalies
from .codes import compress, decompress, transform
from .compare import compare
from .fit import fit
from .forecast import forecast
from .manifold import manifold
from .missing import impute, inpaint, recommend
from .models import export, info, recipes
from .neighbors import neighbors
from .pages import demo, explore
from .plot import plot
from .reconstruct import denoise, reconstruct
from .sample import interpolate, sample
from .score import diagnose, evaluate, score

COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (
        fit,
        compare,
        transform,
        compress,
        decompress,
        reconstruct,
        denoise,
        sample,
        impute,
        inpaint,
        recommend,
        forecast,
        score,
        evaluate,
        diagnose,
        plot,
        manifold,
        neighbors,
        anomalies,
        interpolate,
        explore,
        export,
        info,
        recipes,
        demo,
    )
}
