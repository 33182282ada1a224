r"""Tests of molecules as SELFIES: every row of symbols is a molecule, and molecules come back."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import autoencode as ae
from autoencode.cli import main
from autoencode.corruptions import Typos
from autoencode.modalities import Texts
from autoencode.modalities.text import selfies_tokenizer
from autoencode.networks import Recurrent
from autoencode.priors import StandardNormal

selfies = pytest.importorskip("selfies")

MOLECULES = [
    "CCO", "c1ccccc1", "CC(=O)Nc1ccc(O)cc1", "N[C@@H](C)C(=O)O", "[Na+].[Cl-]", "F/C=C/F", "",
    "CC(C)(C)c1ccc2c(c1)CCC2", "[13CH4]", "Clc1ccc(Br)s1", "CC.O",
    "C" * 40 + "(" + "C" * 20 + ")N",
]  # fmt: skip


@pytest.fixture(scope="module")
def molecules() -> Texts:
    return Texts(selfies=True).fit(MOLECULES)


def test_molecules_come_back_as_the_same_molecule(molecules: Texts) -> None:
    x = molecules.load(MOLECULES)
    back = molecules.restore(molecules.normalize(x)).tolist()

    assert [selfies.encoder(s) if s else "" for s in back] == [
        selfies.encoder(s) if s else "" for s in MOLECULES
    ]
    assert molecules.load(back).equal(x)
    assert molecules.shape_ == (x.shape[1],)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), length=st.integers(0, 30))
def test_any_row_of_symbols_is_a_molecule(molecules: Texts, seed: int, length: int) -> None:
    size = molecules.adapt_network(Recurrent()).vocab_size
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(size - 1, (4, molecules.shape_[0]), generator=generator)
    x[:, length:] = size - 1

    for smiles in molecules.restore(x.float()):
        assert smiles == "" or selfies.decoder(selfies.encoder(smiles))


def test_edits_of_molecules_count_letters(molecules: Texts) -> None:
    x = molecules.normalize(molecules.load(["CCO", "CCN", "CCCCO"]))

    class Means:
        mean = x[[0, 0, 0]]

    assert molecules.error(x, Means()).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["CCO", "C1CC"], "expected a molecule as SMILES, got 'C1CC'"),
        (["CCO", "hello"], "row 1: expected a molecule as SMILES, got 'hello'"),
        (["CO" * 60], "up to 6[0-9] SELFIES symbols.*got 120 in row 0"),
        (["[Xe]CC"], r"symbol '\[Xe\]' of the molecule '\[Xe\]CC' is not one of the"),
    ],
)
def test_other_texts_are_refused(molecules: Texts, texts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        molecules.load(texts)


def test_settings_that_make_no_molecules_are_refused(molecules: Texts) -> None:
    with pytest.raises(ValueError, match="whole molecules"):
        Texts(selfies=True, max_bytes=9, truncate=True).fit(MOLECULES)

    with pytest.raises(ValueError, match="whole molecules"):
        Texts(selfies=True, vocab_size=300).fit(MOLECULES)

    with pytest.raises(ValueError, match="not a molecule"):
        molecules.split_corruption(Typos(0.1))

    with pytest.raises(ValueError, match="not a molecule"):
        molecules.prefix_tokens("CC")


@pytest.mark.parametrize("vocabulary", ["{}", "[]", '["C"]', '["[C]", "[C]"]', "[1]", "x"])
def test_forged_symbols_are_refused(vocabulary: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        selfies_tokenizer.check_symbols(vocabulary)


@pytest.mark.slow
def test_models_of_molecules_are_stored_and_draw_molecules(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.txt").write_text("\n".join(2 * [s for s in MOLECULES if s]) + "\n")
    flags = "--modality Texts --modality.selfies --recipe vae --epochs 1 --latent-dim 2"
    assert main(f"fit m.txt --out m.ae --prior StandardNormal {flags}".split()) == 0
    assert main(["sample", "m.ae", "-n", "5", "--out", "new.txt"]) == 0
    assert all(selfies.encoder(s) for s in Path("new.txt").read_text().split())

    model = ae.load("m.ae")
    assert isinstance(model.prior_, StandardNormal)
    assert np.isfinite(model.score_samples(MOLECULES)).all()
    assert (model.reconstruction_error(MOLECULES) >= 0).all()


def test_without_the_package_there_are_bytes(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "selfies", None)
    selfies_tokenizer._package.cache_clear()

    with pytest.raises(ImportError, match=r"autoencode\[molecules\]"):
        Texts(selfies=True).fit(MOLECULES)

    selfies_tokenizer._package.cache_clear()
