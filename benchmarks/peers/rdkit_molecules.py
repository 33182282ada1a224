r"""Validity of SMILES by RDKit; run in an environment of its own.

Arguments: a file of new SMILES, one of those that were trained on, and the file to write the
shares to, as JSON: of valid ones, of different ones among the valid, and of those among these
that were not trained on.
"""

import json
import sys
from pathlib import Path

from rdkit import Chem, RDLogger

RDLogger.DisableLog("rdApp.*")


def canonical(line: str) -> str | None:
    molecule = Chem.MolFromSmiles(line) if line else None
    return None if molecule is None else Chem.MolToSmiles(molecule)


def main(new: Path, known: Path, out: Path) -> None:
    lines = new.read_text().split("\n")
    valid = [smiles for smiles in map(canonical, lines) if smiles]
    unique = set(valid)
    novel = unique - set(map(canonical, known.read_text().split("\n")))
    shares = len(valid) / len(lines), len(unique) / len(valid), len(novel) / len(unique)
    out.write_text(json.dumps(shares))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
