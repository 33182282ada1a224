r"""Capabilities: abilities of some kinds of data, beyond the methods of every `Modality`.

A kind has a capability if it inherits from its class. Callers check this with `isinstance`.
The functions next to the classes define the default for all other kinds.

- `files`: reading files and folders, writing a file for each example
- `tables`: rows with columns, examples that are not numbers
- `scales`: nonlinear scales; means and new examples in the user's units
- `covariates`: known inputs beside the examples
- `cells`: missing cells, surprisal of cells, rows with given cells, new levels, rankings
- `sequences`: tokens, windows of long examples, examples of any length, and forecasts
- `lattices`: the numbers that examples can have, for lossless compression
- `pictures`: pictures of examples, and images of any size
- `fitting`: statistics that the model needs, and parts of a model adapted to the data
- `exporting`: scaling as operations on tensors, for exported models
"""

__all__ = [
    "Accompanied",
    "Adaptive",
    "Augmented",
    "Calibrated",
    "CellDecomposable",
    "CellScored",
    "Collected",
    "Conditionable",
    "DensityFitted",
    "ErrorWeighted",
    "Exportable",
    "Extendable",
    "Forecastable",
    "Gridded",
    "GriddedCells",
    "Imputable",
    "NonNumeric",
    "NonlinearScale",
    "OpenLevels",
    "Pictured",
    "Rankable",
    "Readable",
    "ResidualFitted",
    "Streamed",
    "Subsettable",
    "TableReadable",
    "Tabular",
    "Tiled",
    "TimeResolved",
    "Tokenized",
    "Windowed",
    "Writable",
    "context_values",
    "has_covariates",
]

from .cells import CellDecomposable, CellScored, Conditionable, Imputable, OpenLevels, Rankable
from .covariates import Accompanied, context_values, has_covariates
from .exporting import Exportable
from .files import Readable, Writable
from .fitting import (
    Adaptive,
    Augmented,
    Calibrated,
    DensityFitted,
    ErrorWeighted,
    ResidualFitted,
    Subsettable,
)
from .lattices import Gridded, GriddedCells
from .pictures import Pictured, Tiled
from .scales import NonlinearScale
from .sequences import (
    Collected,
    Extendable,
    Forecastable,
    Streamed,
    TimeResolved,
    Tokenized,
    Windowed,
)
from .tables import NonNumeric, TableReadable, Tabular
