r"""Tests that one library serves all kinds of data: the same laws for each, from files on disk."""

import importlib
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

import autoencode as ae
from autoencode import inputs
from autoencode.cli import main
from autoencode.manifold import Geodesics, NeighborGraph
from autoencode.manifold.arrays import select_rows
from autoencode.modalities import (
    Images,
    LogMel,
    MixedTables,
    Modality,
    Series,
    Sounds,
    Tables,
    Texts,
)
from autoencode.networks import FullyConnected, Recurrent
from autoencode.priors import StandardNormal

pandas = pytest.importorskip("pandas")
soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")
pytest.importorskip("pyarrow")

N = 24


class Kind(NamedTuple):
    cls: type[Modality]
    write: Callable[[Path], Path]
    modality: Callable[[], Modality | None]

    out: str
    r"""The suffix of a file for examples; nothing for a folder."""


def images(folder: Path) -> Path:
    for i, x in enumerate(np.random.default_rng(0).integers(0, 255, (N, 8, 8), np.uint8)):
        file = folder / "images" / f"{i:02}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(x).save(file)

    return file.parent


def tables(folder: Path) -> Path:
    X = np.random.default_rng(0).normal(size=(N, 4))
    pandas.DataFrame(X, columns=[*"abcd"]).to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def frames(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    X = pandas.DataFrame({"a": rng.normal(size=N), "b": rng.choice(["x", "y"], N), "c": range(N)})
    X.loc[::5, "a"] = None
    X.to_csv(folder / "frame.csv", index=False)
    return folder / "frame.csv"


def sounds(folder: Path) -> Path:
    for i in range(N):
        file = folder / "sounds" / f"{i:02}.wav"
        file.parent.mkdir(exist_ok=True)
        x = 0.5 * np.sin(2 * np.pi * (200 + 30 * i) / 4000 * np.arange(500 + 20 * i))
        soundfile.write(file, x, 4000)

    return file.parent


def texts(folder: Path) -> Path:
    (folder / "lines.txt").write_text("".join(f"line {i}\n" for i in range(N)))
    return folder / "lines.txt"


def series(folder: Path) -> Path:
    t = np.arange(12) / 3 + np.random.default_rng(0).uniform(0, 6, (N, 1))
    np.save(folder / "series.npy", np.stack([np.sin(t), 9 * np.cos(t)], axis=2))
    return folder / "series.npy"


def small_sounds() -> Sounds:
    spectrum = LogMel(n_mels=8, hop_seconds=0.016, n_iter=2)
    return Sounds(rate=4000, seconds=0.2, spectrum=spectrum)


KINDS = [
    Kind(Images, images, lambda: None, ""),
    Kind(Tables, tables, lambda: None, ".csv"),
    Kind(MixedTables, frames, lambda: None, ".csv"),
    Kind(Sounds, sounds, small_sounds, ""),
    Kind(Texts, texts, lambda: None, ".txt"),
    Kind(Series, series, Series, ".npy"),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls.__name__)


def model_of(kind: Kind, epochs: int = 2, **options: Any) -> ae.Autoencoder:
    network = Recurrent(width=8) if kind.cls is Texts else FullyConnected((8,))
    training = ae.Training(epochs=epochs, batch_size=8, **options)

    return ae.vae(
        2,
        modality=kind.modality(),
        network=network,
        prior=None if kind.cls is Tables else StandardNormal(),  # which takes no time to fit
        training=training,
        random_state=0,
    )


def same(X: Any, Y: Any) -> bool:
    return X.equals(Y) if hasattr(X, "equals") else np.array_equal(X, Y)


class Case(NamedTuple):
    kind: Kind
    path: Path
    model: ae.Autoencoder


def fitted(kind: Kind, folder: Path) -> Case:
    path = kind.write(folder)
    return Case(kind, path, model_of(kind).fit(path))


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.cls.__name__)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return fitted(request.param, tmp_path_factory.mktemp("kind"))


def test_a_path_is_enough(case: Case) -> None:
    kind, path, model = case

    assert type(model.modality_) is kind.cls
    assert np.isfinite(model.transform(path)).all()
    assert len(model.reconstruct(path)) == len(model.score_samples(path)) == N
    assert len(model.sample(3, random_state=0)) == 3


@pytest.mark.slow
def test_clones_and_stored_models_are_the_same(case: Case, tmp_path: Path) -> None:
    _, path, model = case
    model.save(tmp_path / "model.ae")
    stored = ae.load(tmp_path / "model.ae")

    for other in (stored, clone(stored).fit(path)):
        assert same(other.transform(path), model.transform(path))
        assert same(other.reconstruct(path), model.reconstruct(path))
        assert same(other.score_samples(path, n_samples=8), model.score_samples(path, n_samples=8))
        assert same(other.sample(4, random_state=1), model.sample(4, random_state=1))


class Stop(Exception):
    pass


class Stopping(ae.Training):
    def train(self, *args: Any, **options: Any) -> Any:
        for record in super().train(*args, **options):
            yield record

            if record.epoch == 2:
                raise Stop


@pytest.mark.slow
@kinds
def test_a_stopped_fit_goes_on_to_the_bit(kind: Kind, tmp_path: Path) -> None:
    path = kind.write(tmp_path)
    whole = model_of(kind, epochs=4).fit(path)
    model = model_of(kind, epochs=4, checkpoint_dir=str(tmp_path / "run"), checkpoint_seconds=0.0)
    stopping = clone(model).set_params(training=Stopping(**model.training.get_params()))

    with pytest.raises(Stop):
        stopping.fit(path)

    resumed = model.fit(path, resume=True)
    assert len(resumed.history_) == 4
    assert same(resumed.transform(path), whole.transform(path))
    assert same(resumed.sample(4, random_state=0), whole.sample(4, random_state=0))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_codes_and_what_they_stand_for_have_a_geometry(case: Case) -> None:
    kind, path, model = case
    X, *_ = inputs.read(path, model.modality_)
    a, b = (select_rows(X, np.arange(i, i + 4)) for i in (0, 4))

    assert NeighborGraph(3).fit(model.transform(path)).indices_.shape == (N, 3)

    if kind.cls is Texts:
        with pytest.raises(ValueError, match="Texts are tokens, which have no"):
            Geodesics(model).distance(a, b)
        return

    geodesics = Geodesics(model, n_points=8, max_iter=5)
    there, back = np.asarray(geodesics.distance(a, b)), np.asarray(geodesics.distance(b, a))
    straight = np.asarray(Geodesics(model, n_points=8, max_iter=0).distance(a, b))

    assert np.allclose(there, back, rtol=1e-2)
    assert (there <= straight * (1 + 1e-6)).all()
    assert (np.asarray(geodesics.distance(a, a)) < 1e-6).all()


@pytest.mark.slow
@kinds
def test_the_command_line_takes_and_gives_them(
    kind: Kind, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    path = kind.write(Path())
    model_of(kind).fit(path).save("python.ae")
    flags = "--modality Sounds --modality.rate 4000 --modality.seconds 0.2"
    own = {Sounds: flags, Series: "--modality Series"}.get(kind.cls, "")

    def run(line: str) -> str:
        status = main(shlex.split(line))
        output = capsys.readouterr()
        assert status == 0, (line, output.err)
        assert output.out.splitlines()[-1].startswith("Next: ")
        return output.out

    run(f"fit {path} --recipe vae --epochs 1 --random-state 0 {own}")
    assert type(ae.load(f"{path.stem}.ae").modality_) is kind.cls

    run(f"transform python.ae {path} --out codes.npy")
    assert same(np.load("codes.npy"), ae.load("python.ae").transform(path))
    assert f"mean of {N} examples" in run(f"score python.ae {path}")
    assert "random_state" in run("info python.ae")

    for command in (f"reconstruct python.ae {path}", f"denoise python.ae {path}"):
        run(f"{command} --out again{kind.out}")

    run(f"sample python.ae -n 3 --out new{kind.out}")
    run(f"neighbors python.ae {path} --n-neighbors 3 --out neighbors.csv")
    run(f"anomalies python.ae {path} --out odd.csv")
    run(f"manifold python.ae {path} --new {path} --n-neighbors 3 --out page")
    run(f"interpolate python.ae {path} 0 5 -n 4 --out way{kind.out}")

    for name, n in {"again": N, "new": 3, "way": 4}.items():
        if kind.cls is Texts:  # those of so short a fit may be longer than any of it
            assert len(Path(f"{name}.txt").read_text().split("\n")) == n + 1
        else:
            assert f"mean of {n} examples" in run(f"score python.ae {name}{kind.out}")


@kinds
@pytest.mark.parametrize("other", KINDS, ids=lambda kind: kind.cls.__name__)
def test_other_kinds_are_refused(kind: Kind, other: Kind, tmp_path: Path) -> None:
    if kind is other:
        return

    modality = (kind.modality() or kind.cls()).clone()
    path, strange = kind.write(tmp_path), other.write(tmp_path)
    X, *_ = inputs.read(path, modality, fitting=True)
    modality.fit(X)

    with pytest.raises(ValueError, match=r"expected|has 3 features|cannot read"):
        modality.load(inputs.read(strange, modality)[0])


def test_a_kind_of_ones_own_goes_the_same_ways(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "examples")
    graphs = importlib.import_module("graphs")
    X, _ = graphs.rings_and_stars(N, 6, np.random.default_rng(0))
    np.save(tmp_path / "graphs.npy", X)
    own = Kind(
        graphs.Graphs, lambda folder: folder / "graphs.npy", lambda: graphs.Graphs(6), ".npy"
    )

    case = fitted(own, tmp_path)

    test_a_path_is_enough(case)
    test_a_stopped_fit_goes_on_to_the_bit(own, tmp_path)
    test_codes_and_what_they_stand_for_have_a_geometry(case)
