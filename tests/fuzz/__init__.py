r"""Mutants of model files, and their ends.

    cd tests && python -m fuzz FOLDER --mutants 2000 --seed 1

- `models`: a small model of each kind, with `examples` of its data; `combined`: further parts
- `mutations`: changes of documents, tensors and bytes
- `outcomes`: the end of a mutant, and whether it is right
- `files`: mutants of data files and checkpoints, `python -m fuzz.files FOLDER`
"""

from .models import KINDS, Seed, make
from .mutations import at, change_bytes, change_document, mutate, places
from .outcomes import MEMORY, differing, run, same

__all__ = [
    "KINDS", "MEMORY", "Seed", "at", "change_bytes", "change_document", "differing", "make",
    "mutate", "places", "run", "same",
]  # fmt: skip
