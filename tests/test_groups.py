r"""Groups of examples that stay together, and what `y` is taken for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import autoencode as ae
from autoencode import Training
from autoencode.cli import main
from autoencode.data import Examples, Names
from autoencode.inputs import Loaded, join_groups
from autoencode.modalities import ContinuousContext, Labels, describe_context

GROUPS = np.repeat(["p", "q", "r", "s", "t"], [1, 5, 2, 8, 4])
X = np.random.default_rng(0).normal(size=(20, 3))


def model(**options) -> ae.Autoencoder:
    training = Training(epochs=1, validation_fraction=0.3)
    return ae.autoencoder(1, training=training, random_state=0, **options)


@pytest.mark.parametrize("n", [1, 4, 10, 19])
def test_whole_groups_are_held_out(n: int) -> None:
    groups = torch.from_numpy(np.unique(GROUPS, return_inverse=True)[1])

    for seed in range(5):
        torch.manual_seed(seed)
        train, held_out = Examples(torch.arange(20.0), groups=groups).hold_out(n)
        a, b = train[:].target.long(), held_out[:].target.long()

        assert sorted([*a.tolist(), *b.tolist()]) == [*range(20)]
        assert len(a) > 0
        assert not {*groups[a].tolist()} & {*groups[b].tolist()}


@pytest.mark.parametrize(
    "groups",
    [
        [*GROUPS],
        GROUPS[:, None],
        pd.Series(GROUPS),
        pd.Series(pd.Categorical(GROUPS)),
        pd.DataFrame({"patient": GROUPS}),
        np.unique(GROUPS, return_inverse=True)[1] + 1,
    ],
)
def test_groups_have_any_form_that_labels_have(groups) -> None:
    found = join_groups(Loaded(X), groups).groups
    assert found.tolist() == np.unique(GROUPS, return_inverse=True)[1].tolist()


def test_groups_of_files_are_joined_by_name() -> None:
    files = Names(["a.png", "b.png", "c.png"], [0, 1, 2], 3)
    found = join_groups(Loaded(X[:3], [4, 5, 6], files), {"c": "v", "a": "u"})

    assert found.names == ["a.png", "c.png"]
    assert found.groups.tolist() == [0, 1]
    assert found.y.tolist() == [4, 6]
    assert np.array_equal(found.X, X[[0, 2]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": ["a"] * 20}, "got 'a' alone"),
        ({"groups": ["a", "b"]}, "one group for each of 20 examples"),
        ({"groups": ["a", None] * 10}, "10 examples have no group, the first in row 1"),
        ({"groups": pd.Series(GROUPS, index=[*range(1, 20), 0])}, r"groups.loc\[X.index\]"),
        ({"corrupted": pd.DataFrame(X, index=[*range(1, 20), 0])}, r"corrupted.loc\[X.index\]"),
    ],
)
def test_what_cannot_be_joined_is_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model().fit(pd.DataFrame(X), **options)


def test_groups_without_effect_are_refused() -> None:
    with pytest.raises(ValueError, match="holds out no example"):
        ae.linear(1).fit(X, groups=GROUPS)

    with pytest.raises(ValueError, match="validation_fraction=0"):
        ae.vae(1, training=Training(validation_fraction=0)).fit(X, groups=GROUPS)


def test_the_command_line_reads_a_column_of_groups(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(patient=GROUPS)
    table.to_csv("t.csv", index=False)
    words = ["--epochs", "1", "--latent-dim", "1", "--validation-fraction", "0.3"]

    assert main(["fit", "t.csv", "--out", "m.ae", "--groups", "patient", *words]) == 0
    assert ae.load("m.ae").feature_names_in_.tolist() == ["a", "b", "c"]
    assert "of 5 groups" in capsys.readouterr().err

    assert main(["fit", "t.csv", "--out", "n.ae", "--groups", "doctor", *words]) == 2
    assert "there is no 'doctor'" in capsys.readouterr().err

    table.assign(a=table.a + 1).to_csv("damaged.csv", index=False)
    words += ["--recipe", "denoising", "--groups", "patient", "--corrupted", "damaged.csv"]
    assert main(["fit", "t.csv", "--out", "d.ae", *words]) == 0
    assert ae.load("d.ae").feature_names_in_.tolist() == ["a", "b", "c"]

    table[::-1].to_csv("damaged.csv", index=False)
    assert main(["fit", "t.csv", "--out", "d.ae", *words]) == 2
    assert "have other groups" in capsys.readouterr().err


def test_what_y_is_can_be_said(caplog) -> None:
    ages = np.arange(20, 60)

    assert isinstance(describe_context(ages), Labels)
    assert "conditional=ae.modalities.ContinuousContext()" in caplog.text
    assert isinstance(describe_context(ages, ContinuousContext()), ContinuousContext)
    assert describe_context([0.5, 1.5], Labels()).classes_.tolist() == [0.5, 1.5]
    half = torch.tensor([0.5, 1.5], dtype=torch.bfloat16)
    assert isinstance(describe_context(half), ContinuousContext)

    for y in (np.array([1j, 2.0]), np.array([1, 2], "m8[s]")):
        with pytest.raises(ValueError, match="expected y as labels or real numbers"):
            describe_context(y)


def test_unknown_labels_are_refused_or_missing(tmp_path: Path) -> None:
    trained = model(conditional=Labels(unknown="error")).fit(X, GROUPS)
    trained.save(tmp_path / "m.ae")

    for one in (trained, ae.load(tmp_path / "m.ae")):
        with pytest.raises(ValueError, match="expected labels of the fit"):
            one.transform(X[:2], ["p", "z"])

        one.context_.unknown = "missing"
        assert one.transform(X[:2], ["p", "z"]).shape == (2, 1)

        with pytest.raises(ValueError, match="expected labels of the fit"):
            one.inverse_transform([[0.0]], "z")

    assert model(conditional=Labels()).set_params(conditional__unknown="error").conditional.unknown

    with pytest.raises(TypeError, match="expected conditional as True"):
        model(conditional="yes").fit(X, GROUPS)


@pytest.mark.parametrize(
    ("suffix", "mixed"),
    [
        ("csv", False),
        ("parquet", True),
        pytest.param("csv", True, marks=pytest.mark.slow),
        pytest.param("parquet", False, marks=pytest.mark.slow),
    ],
)
def test_later_files_may_keep_the_column(tmp_path, monkeypatch, capsys, suffix, mixed) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(patient=GROUPS)
    frame = frame.assign(city=np.array(["x", "y"])[np.arange(20) % 2]) if mixed else frame
    frame = frame.assign(kind=np.array(["u", "v"])[np.arange(20) % 2])
    getattr(frame, f"to_{suffix}")(f"t.{suffix}", index=False)
    frame = frame.drop(columns="kind")
    frame.drop(columns="patient").to_csv("u.csv", index=False)
    words = ["--recipe", "vae", "--latent-dim", "1", "--layers", "4", "--epochs", "1"]
    fit = ["fit", f"t.{suffix}", "--out", "m.ae", "--groups", "patient", "--label-column", "kind"]

    assert main([*fit, "--validation-fraction", "0.3", *words]) == 0
    assert main(["score", "m.ae", f"t.{suffix}", "--out", "t.npy"]) == 0
    assert main(["score", "m.ae", "u.csv", "--out", "u.npy"]) == 0
    assert np.allclose(np.load("t.npy"), np.load("u.npy"))

    capsys.readouterr()
    frame.rename(columns={"patient": "doctor"}).to_csv("v.csv", index=False)
    assert main(["score", "m.ae", "v.csv", "--out", "v.npy"]) == 2
    assert ("doctor" if mixed else "expected numbers") in capsys.readouterr().err


def test_rows_without_a_group_are_refused(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["patient"] = [None, *GROUPS[1:]]
    frame.to_csv("t.csv", index=False)

    assert main(["fit", "t.csv", "--out", "m.ae", "--groups", "patient", "--epochs", "1"]) == 2
    assert "1 examples have no group, the first in row 0" in capsys.readouterr().err
