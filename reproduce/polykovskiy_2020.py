r"""New molecules from a variational autoencoder (MOSES, Polykovskiy et al., 2020)."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from experiment import Experiment, Size, training

import autoencode as ae

ONES = "one two three four five six seven eight nine".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def run(size: Size, seed: int) -> dict[str, float]:
    texts, is_valid = words() if size == "short" else molecules(size)
    model = ae.vae(
        latent_dim=8 if size == "short" else 128,
        training=training(size, short=12, budget=4, full=100),
        random_state=seed,
    )
    new = list(model.fit(texts).sample(300 if size == "short" else 10_000, random_state=seed))
    valid = [text for text in new if is_valid(text)]
    unique = set(valid)

    return {
        "valid": 100 * len(valid) / len(new),
        "unique": 100 * len(unique) / max(len(valid), 1),
        "new": 100 * len(unique - set(texts)) / max(len(unique), 1),
    }


def words() -> tuple[list[str], Callable[[str], bool]]:
    r"""Returns numbers below a thousand in words, of which a grammar knows all."""
    small = ONES + [f"{a} {b}" if b else a for a in TENS for b in ["", *ONES]]
    every = small + [f"{a} hundred {b}" for a in ONES for b in small]
    shuffled = np.random.default_rng(0).permutation(every).tolist()

    return shuffled[:700], set(every).__contains__


def molecules(size: Size) -> tuple[list[str], Callable[[str], bool]]:
    r"""Returns the molecules of MOSES as SMILES, and the check of RDKit."""
    from rdkit import Chem, RDLogger

    sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
    import data

    RDLogger.DisableLog("rdApp.*")
    train = data.molecules("train")
    return (
        train if size == "full" else train[:100_000],
        lambda smiles: bool(smiles) and Chem.MolFromSmiles(smiles) is not None,
    )


EXPERIMENT = Experiment(
    title="New molecules",
    source="Polykovskiy et al. (2020), github.com/molecularsets/moses, README: VAE",
    measure="new texts, per cent",
    run=run,
    published={"valid": "97.7", "unique": "99.8", "new": "69.5"},
    order=[],
    note="Short runs draw numbers in words instead, whose grammar is known.",
    epochs=100,
)
