r"""Tests for data frames that are all numbers."""

import warnings

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode.cli import main
from autoencode.modalities import Tables

pd = pytest.importorskip("pandas")

PLAIN = {"layers": (8,), "training": ae.Training(epochs=1), "random_state": 0}
PLAIN["prior"] = ae.priors.StandardNormal()  # which takes no time to fit


def numbers(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    cells = {
        "age": rng.integers(18, 90, n),
        "height": rng.normal(1.7, 0.1, n),
        "short": rng.normal(size=n).astype(np.float32),
        "gray": rng.integers(0, 255, n).astype(np.uint8),
        "member": rng.random(n) < 0.3,
        "children": pd.array(rng.integers(0, 4, n), dtype="Int64"),
    }
    return pd.DataFrame(cells, index=range(7, 7 + n))


def test_frames_of_numbers_come_back_as_such() -> None:
    X = numbers()
    modality = Tables().fit(X)
    R = modality.restore(modality.normalize(modality.load(X)))

    pd.testing.assert_frame_equal(R, X.reset_index(drop=True), rtol=1e-5)
    assert np.array_equal(modality.load(X), modality.load(modality.to_numeric(X)))


def test_frames_of_numbers_stay_in_their_range() -> None:
    X = numbers()
    modality = Tables().fit(X)
    R = modality.restore(torch.tensor([[-1e6], [1e6]]).expand(2, X.shape[1]))

    assert R.dtypes.equals(X.dtypes)
    assert np.allclose(R.astype(float), X.astype(float).agg(["min", "max"]))


def test_what_is_fitted_to_a_frame_of_numbers_gives_frames(tmp_path) -> None:
    X = numbers()
    model = ae.vae(2, **PLAIN).fit(X)
    model.save(tmp_path / "model.ae")
    Z = model.transform(X)

    for m in (model, ae.load(tmp_path / "model.ae")):
        for R in (m.sample(3), m.inverse_transform(Z), m.reconstruct(X)):
            assert R.dtypes.equals(X.dtypes)

    # An array is an array, of the same numbers
    again = ae.vae(2, **PLAIN).fit(X.to_numpy(float))
    assert isinstance(again.sample(3), np.ndarray)
    assert np.allclose(Z, again.transform(X.to_numpy(float)), atol=1e-5)


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["a", "b", "c", "d"], pd.DataFrame),
        (range(4), pd.DataFrame),
        (pd.MultiIndex.from_product([["a", "b"], [1, 2]]), np.ndarray),  # no names to keep
    ],
)
def test_columns_have_names_of_text_or_whole_numbers(columns, kind) -> None:
    X = pd.DataFrame(np.random.default_rng(0).random((30, 4)), columns=columns)
    R = ae.linear(2).fit(X).reconstruct(X)

    assert isinstance(R, kind)
    assert kind is np.ndarray or R.columns.equals(X.columns)


def test_an_array_has_its_planes_in_arrays_and_a_frame_in_frames() -> None:
    X = numbers()
    tangents = ae.manifold.Tangents(ae.linear(3).fit(X), n_components=2).fit(X)
    steps = np.zeros((len(X), 2))

    assert tangents.displace(X, steps).dtypes.equals(X.dtypes)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        moved = tangents.displace(X.to_numpy(float), steps)

    assert np.allclose(moved, X.to_numpy(float), rtol=1e-5)


def test_the_command_line_keeps_the_types_of_columns(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    X = numbers()[["age", "height", "children"]]
    X.assign(kind="a").to_csv("rows.csv", index=False)
    X.to_parquet("rows.parquet", index=False)

    for fit in ("rows.csv --label-column kind", "rows.parquet"):
        assert main(f"fit {fit} --recipe vae --layers 8 --epochs 1 --out m.ae".split()) == 0
        assert main("sample m.ae -n 5 --out new.csv".split()) == 0
        assert main("sample m.ae -n 5 --out new.npy".split()) == 0

        new = pd.read_csv("new.csv")
        assert [*new.columns] == [*X.columns]
        assert [t.kind for t in new.dtypes] == ["i", "f", "i"]
        assert new["age"].between(X["age"].min(), X["age"].max()).all()
        assert np.load("new.npy").shape == (5, 3)
