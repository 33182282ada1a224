r"""Command line of the fuzzer: makes models in a folder, mutates them, and prints the counts.

The exit status is 1 if a mutant ended in anything but predictions or a refusal, or if a public
part of models occurs in none of them. Such mutants stay in the folder. Models that are in the
folder already are used again.
"""

import argparse
import logging
import sys
from importlib.util import find_spec
from pathlib import Path

import torch

from .models import KINDS, parts_left_out
from .outcomes import run

parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("--mutants", type=int, default=300)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
parser.add_argument("--log", type=Path, help="a file for one line per mutant")
parser.add_argument("--stop", type=float, default=float("inf"), help="seconds")
given = parser.parse_args()

torch.set_num_threads(1)
logging.getLogger("autoencode").setLevel(logging.CRITICAL)
counts = run(given.folder, given.kinds, given.mutants, given.seed, given.log, given.stop)
print(*(f"{n:6} {what}" for what, n in counts.most_common()), sep="\n")
whole = given.kinds == [*KINDS] and find_spec("pandas")
absent = parts_left_out(given.folder / f"{k}.ae" for k in KINDS) if whole else set()
print(*sorted(absent), "in no model" if absent else "")
sys.exit(bool(absent) or any(what.startswith("RAW") for what in counts))
