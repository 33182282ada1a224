r"""Capabilities: what only some kinds of data can do, beyond the methods of every `Modality`.

A kind has a capability by inheriting from its class. Callers ask with `isinstance`. Functions
beside the classes hold the answers for all other kinds.

- `files`: reading files and folders, writing a file for each example
- `tables`: rows with columns, examples that are not numbers
- `scales`: scales that bend, and the way back from means and new examples
- `cells`: missing cells, surprisal of cells, rows with given cells, levels that are new
- `sequences`: tokens, windows of long examples, and what comes after their end
- `pictures`: pictures of examples, and images of any size
- `fitting`: what is learned for the model, and parts of a model adapted to the data
"""

__all__ = [
    "Adaptive",
    "Augmented",
    "CellDecomposable",
    "CellScored",
    "Collected",
    "Conditionable",
    "DensityFitted",
    "ErrorWeighted",
    "Forecastable",
    "Imputable",
    "NonNumeric",
    "NonlinearScale",
    "OpenLevels",
    "Pictured",
    "Readable",
    "ResidualFitted",
    "Subsettable",
    "TableReadable",
    "Tabular",
    "Tiled",
    "TimeResolved",
    "Tokenized",
    "Windowed",
    "Writable",
]

from .cells import CellDecomposable, CellScored, Conditionable, Imputable, OpenLevels
from .files import Readable, Writable
from .fitting import Adaptive, Augmented, DensityFitted, ErrorWeighted, ResidualFitted, Subsettable
from .pictures import Pictured, Tiled
from .scales import NonlinearScale
from .sequences import Collected, Forecastable, TimeResolved, Tokenized, Windowed
from .tables import NonNumeric, TableReadable, Tabular
