r"""Reads R's files, run in an environment that has a reader of them.

Usage: `rda_tables.py FOLDER` writes each `.rda` in a folder as `.csv` beside it.
"""

import sys
import warnings
from pathlib import Path

import rdata

warnings.filterwarnings("ignore")

for path in Path(sys.argv[1]).glob("*.rda"):
    (frame,) = rdata.read_rda(path).values()
    frame.to_csv(path.with_suffix(".csv"), index=False)
