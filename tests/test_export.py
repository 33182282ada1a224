r"""Tests that exported models run without this library and agree with their model."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode import export
from autoencode.cli import main
from autoencode.common.arrays import cast
from autoencode.export.operations import SIMPLER
from autoencode.export.trials import Trial, largest_difference
from autoencode.modalities import Series, Sounds, Texts
from autoencode.modalities.capabilities.exporting import cast_tensor
from autoencode.modalities.columns.grids import snap, snap_tensor
from autoencode.modalities.normal_scores import NormalScores, ScoreTable
from autoencode.networks.gru import GRU, _as_one_operation
from autoencode.priors import StandardNormal

pandas = pytest.importorskip("pandas")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

RNG = np.random.default_rng(0)
QUICK: dict[str, Any] = {
    "layers": (8,),
    "training": ae.Training(epochs=2, show_progress=False),
    "random_state": 0,
}
READER = Path(export.__file__).parent / "prepare.mjs"
node = pytest.mark.skipif(shutil.which("node") is None, reason="the reader needs node")


def table() -> np.ndarray:
    r"""Numbers, skewed numbers, flags and a constant column."""
    X = RNG.normal(size=(60, 5))
    X[:, 1], X[:, 2], X[:, 3] = np.exp(2 * X[:, 1]), X[:, 2] > 0, 7
    return X


def frame() -> Any:
    t = np.arange(60)
    X = pandas.DataFrame(
        {
            "length": 3 * np.sin(t),
            "price": np.round(np.exp(np.cos(t)), 2),
            "color": np.array(["red", "green", "blue"])[t % 3],
            "flag": t % 2 == 0,
            "day": pandas.Timestamp("2020-01-01") + pandas.to_timedelta(5 * (t % 9), unit="D"),
            "same": 1.5,
        }
    )
    X.loc[t % 5 == 0, "length"] = np.nan
    X.loc[t % 8 == 3, "color"] = None

    return X


def run(path: Path, **inputs: Any) -> list[Any]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


@pytest.mark.slow
def test_tables_from_the_users_units_to_them(tmp_path: Path) -> None:
    X, file = table(), tmp_path / "m.onnx"
    model = ae.vae(2, conditional=True, **QUICK).fit(X, y := np.arange(60) % 3)
    exported = model.export(file, part="both")
    proto = onnx.load(file)
    onnx.checker.check_model(proto, full_check=True)

    assert exported.path == file
    assert exported.difference < 1e-4
    assert exported.preparation is None
    assert [(v.domain, v.version) for v in proto.opset_import] == [("", 18)]
    assert {p.key: p.value for p in proto.metadata_props}["labels"] == "[0, 1, 2]"
    assert {n.op_type for n in proto.graph.node}.isdisjoint({"RandomNormal", "RandomNormalLike"})

    for n in (1, 4, 60):
        Z, R = run(file, examples=X[:n], condition=y[:n])
        assert Z.dtype == np.float32
        assert R.dtype == X.dtype
        assert np.allclose(Z, model.transform(X[:n], y[:n]), atol=1e-4)
        assert np.allclose(R, model.reconstruct(X[:n], y[:n]), rtol=1e-3, atol=1e-3)
        assert (R[:, 3] == 7).all()


@pytest.mark.slow
def test_bytes_of_images_go_in_and_come_out(tmp_path: Path) -> None:
    X = RNG.integers(0, 256, (20, 8, 6, 3), dtype=np.uint8)
    model = ae.vq_vae(8, **QUICK).fit(X)
    model.export(tmp_path / "m.onnx", part="both")
    Z, indices, R = run(tmp_path / "m.onnx", examples=X)

    assert np.allclose(Z, model.transform(X), atol=1e-4)
    assert (indices == model.transform(X, indices=True)).mean() > 0.9  # entries may be equal
    assert R.dtype == np.uint8
    assert np.abs(R.astype(int) - model.reconstruct(X)).max() <= 1


@pytest.mark.slow
@node
def test_javascript_prepares_rows_of_mixed_columns(tmp_path: Path) -> None:
    X, file = frame(), tmp_path / "m.onnx"
    model = ae.autoencoder(2, **QUICK).fit(X)
    exported = model.export(file, part="both")
    rows = json.loads(X.to_json(orient="records", date_format="iso"))
    rows[0]["color"] = "a color that the fit did not see"
    x, _ = javascript(exported.preparation, rows, tmp_path)
    x = np.array(x, float).reshape(len(rows), -1)  # null is NaN

    assert np.allclose(x[1:], model.modality_.as_input(X)[1:], equal_nan=True)
    assert np.isnan(x[0, 2])
    Z, R = run(file, examples=x)
    assert np.allclose(Z[1:], model.transform(X)[1:], atol=1e-4)

    _, again = javascript(exported.preparation, rows, tmp_path, R.ravel().tolist())
    expected = json.loads(model.reconstruct(X[1:]).to_json(orient="records", date_format="iso"))

    for a, b in zip(again[1:], expected):
        assert a.keys() == b.keys()
        assert (a["color"], a["flag"], a["same"]) == (b["color"], b["flag"], b["same"])
        assert a["price"] == pytest.approx(b["price"], abs=0.011)
        assert pandas.Timestamp(a["day"]) == pandas.Timestamp(b["day"], tz="UTC")


@node
@pytest.mark.parametrize("options", [{}, {"vocab_size": 270}, {"max_bytes": 12, "truncate": True}])
def test_javascript_prepares_texts(options: dict, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    X = [f"néw words {i} and wörds€"[: 10 + i] for i in range(15)] + ["", " ", "  a  b"]
    texts = Texts(**options).fit(X)
    about = {**texts.preparation(), "part": "encoder"}
    (tmp_path / "about.json").write_text(json.dumps(about))
    x, _ = javascript(tmp_path / "about.json", X, tmp_path)

    assert np.array_equal(np.reshape(x, (len(X), -1)), texts.as_input(X).numpy())


def javascript(about: Path, rows: list, folder: Path, numbers: list | None = None) -> Any:
    r"""Returns what the reader makes of rows and of numbers, both as JSON."""
    (folder / "input.json").write_text(json.dumps([rows, numbers]))
    (folder / "try.mjs").write_text(
        f"""import {{ readFileSync }} from "node:fs";
        import {{ prepare, restore }} from {json.dumps(READER.as_uri())};
        const read = (file) => JSON.parse(readFileSync(file, "utf8"));
        const [rows, numbers] = read({json.dumps(str(folder / "input.json"))});
        const about = read({json.dumps(str(about))});
        const x = Array.from(prepare(about, rows));
        console.log(JSON.stringify([x, numbers && restore(about, numbers)]));"""
    )
    done = subprocess.run(["node", folder / "try.mjs"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    return json.loads(done.stdout)


@pytest.mark.slow
def test_texts_are_encoded(tmp_path: Path) -> None:
    X = [f"line {i}" * (1 + i % 3) for i in range(20)]
    options = {k: v for k, v in QUICK.items() if k != "layers"}
    network = ae.networks.Recurrent(width=8)
    model = ae.vae(2, network=network, prior=StandardNormal(), **options).fit(X)
    exported = model.export(tmp_path / "m.onnx")
    about = json.loads(exported.preparation.read_text())
    (Z,) = run(tmp_path / "m.onnx", examples=model.modality_.as_input(X).numpy())

    assert about["end"] == 255
    assert about["inputs"] == exported.inputs
    assert np.allclose(Z, model.transform(X), atol=1e-4)

    with pytest.raises(ValueError, match="token by token"):
        model.export(tmp_path / "other.onnx", part="decoder")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["encoder", "decoder", "both"])
def test_archives_run_in_torch(part: str, tmp_path: Path) -> None:
    X = np.sin(np.arange(12) / 2 + np.arange(40)[:, None])
    X[::5, 3:5] = np.nan
    model = ae.vae(2, modality=Series(), prior=StandardNormal(), **QUICK).fit(X)
    model.export(tmp_path / "m.pt2", part)
    program = torch.export.load(tmp_path / "m.pt2").module()
    Z = model.transform(X)
    found = program(torch.from_numpy(Z if part == "decoder" else X))
    wanted = {"encoder": [Z], "decoder": [model.inverse_transform(Z)]}.get(part)

    for a, b in zip(found, wanted or [Z, model.reconstruct(X)], strict=True):
        assert np.allclose(a, b, atol=1e-4)


def test_refusals_come_first_and_leave_no_file(tmp_path: Path) -> None:
    X = table()
    model = ae.autoencoder(2, **QUICK).fit(X)
    sounds = ae.linear(2, modality=Sounds(rate=4000, seconds=0.1)).fit(
        0.1 * RNG.normal(size=(9, 400))
    )
    model.save(tmp_path / "m.ae", encoder_only=True)
    half = ae.load(tmp_path / "m.ae")

    for wrong, arguments, message in [
        (model, ("m.txt",), "expected a file of ONNX"),
        (model, ("m.onnx", "head"), r"expected part as one of \['encoder', 'decoder', 'both'\]"),
        (model, ("m.onnx", "both", 0), "tolerance"),
        (half, ("m.onnx", "both"), "cannot decode"),
        (sounds, ("m.onnx", "decoder"), r"found by a search.*spectrum=ae.modalities.MDCT"),
        (ae.vae(), ("m.onnx",), "not fitted"),
    ]:
        name, *rest = arguments

        with pytest.raises(ValueError, match=message):
            wrong.export(tmp_path / name, *rest)

    with pytest.raises(ValueError, match=r"differs from the model by .*No file was written"):
        model.export(tmp_path / "m.onnx", "encoder", tolerance=1e-30)

    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".onnx"] == []


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoencode.export.onnx_file._PACKAGES", ("onnx", "no_such_package"))

    with pytest.raises(ImportError, match=r"no_such_package: pip install 'autoencode\[onnx\]'"):
        ae.linear(2).fit(table()).export(tmp_path / "m.onnx")


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    ae.linear(2).fit(table()).save(tmp_path / "m.ae")
    (tmp_path / "other.pt2").write_text("something else")
    words = ["export", str(tmp_path / "m.ae"), "--out"]

    assert main([*words, str(tmp_path / "m.pt2"), "--part", "both"]) == 0
    printed = capsys.readouterr().out
    assert "examples         float64 (N, 5)" in printed
    assert "reconstructions  float64 (N, 5)" in printed
    assert "\nNext: autoencode " in printed
    assert main([*words, str(tmp_path / "other.pt2")]) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "m.jpg")]) == 2


def test_differences_are_shares_of_columns_and_ignore_rounding() -> None:
    y = np.array([[1.0, 1000.0]] * 13)
    trial = Trial((torch.zeros(13, 1),), (y,), (np.array([0.0, 1.0]),))

    def difference(change: float, column: int = 1, dtype: str = "float64") -> float:
        changed = y.copy()
        changed[:, column] += change
        return largest_difference(trial, lambda x: (changed[: len(x[0])].astype(dtype),))

    assert difference(0) == difference(1) == 0
    assert difference(10) == pytest.approx(0.01)
    assert difference(0.01, column=0) == pytest.approx(0.01)
    assert difference(np.nan) == difference(0, dtype="float32") == np.inf


# Operations on tensors in place of those on arrays, and of those that ONNX lacks


def test_means_of_scores_on_tensors() -> None:
    v = [np.exp(RNG.normal(size=300)), RNG.poisson(1, 300).astype(float), np.full(300, 2.0)]
    scores = [NormalScores(9).fit(column) for column in v]
    loc, scale = torch.from_numpy(RNG.normal(size=(50, 3))), torch.rand(50, 3).double() + 0.2
    found = ScoreTable(scores).mean(loc, scale).numpy()

    for j, s in enumerate(scores):
        expected = s.mean(loc[:, j].numpy(), scale[:, j].numpy())
        assert np.allclose(found[:, j], expected, atol=1e-4 * np.ptp(v[j]) + 1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "uint16", "bool", "float32", ">f8"])
def test_casts_of_tensors(dtype: str) -> None:
    X = np.concatenate([RNG.normal(size=50) * 10.0 ** RNG.integers(0, 20, 50), [0.5, 1.5, 2.5]])

    assert np.array_equal(cast_tensor(torch.from_numpy(X), dtype).numpy(), cast(X.copy(), dtype))


def test_grids_of_tensors() -> None:
    v = RNG.normal(size=200)
    assert np.array_equal(snap_tensor(torch.from_numpy(v), 0.99, 0.05, 2), snap(v, 0.99, 0.05, 2))


def test_recurrence_as_one_operation() -> None:
    gru = GRU(7, 5).double()
    x, shift, h = torch.randint(7, (3, 6)), torch.randn(3, 15).double(), torch.randn(3, 5).double()
    found = _as_one_operation(x.T, gru.table.weight, shift, h, gru.weight, gru.bias)

    assert torch.allclose(found, gru(x, shift, h))


def test_simpler_operations() -> None:
    aten = torch.ops.aten
    x = torch.randint(-3, 4, (4, 9))
    ends = torch.randn(4, 6).sort(dim=1).values
    erf, ndtr = SIMPLER[aten.erf.default], SIMPLER[aten.special_ndtr.default]

    assert torch.equal(SIMPLER[aten.cummax.default](x, 1)[0], x.cummax(dim=1).values)
    assert torch.equal(SIMPLER[aten.cumprod.default](x, -1), x.cumprod(dim=-1))
    assert torch.equal(SIMPLER[aten.cumprod.default](x > 0, 0), (x > 0).cumprod(dim=0))

    for right in (False, True):
        found = SIMPLER[aten.searchsorted.Tensor](ends, ends, right=right)
        assert torch.equal(found, torch.searchsorted(ends, ends, right=right))

    assert torch.allclose(erf(ends.double()), ends.double().erf(), atol=1e-6)
    assert erf(ends) is NotImplemented
    assert torch.allclose(ndtr(ends.double()), torch.special.ndtr(ends.double()), atol=1e-6)
