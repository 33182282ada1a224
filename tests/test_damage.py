r"""Tests that damaged and untrusted files are refused with a clear error."""

import copy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import memory
import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import safe_open

import autoencode as ae
from autoencode.common import container
from autoencode.common.checks.types import fits
from autoencode.corruptions import GaussianNoise
from autoencode.distributions import SharedGaussian
from autoencode.modalities import Images, Tables, describe_context
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, Objective, Reconstruction
from autoencode.priors import Mixture

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5))
TRAINING = ae.Training(epochs=1, validation_fraction=0)
OPTIONS: dict[str, Any] = {"layers": (8,), "training": TRAINING, "random_state": 0}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "m.ae"
    ae.vae(2, prior=Mixture(1), **OPTIONS).fit(X).save(path)
    return path.read_bytes()


@pytest.fixture
def file(saved: bytes, tmp_path: Path) -> Path:
    (tmp_path / "m.ae").write_bytes(saved)
    return tmp_path / "m.ae"


def change(file: Path, edit: Callable[[dict], Any], tensors: Callable = lambda t: None) -> Path:
    document, stored = container.read(file)
    edit(document)
    tensors(stored)
    container.write(file, document, stored)
    return file


# Damage


def test_the_format_is_that_of_safetensors(file: Path) -> None:
    _, tensors = container.read(file)

    with safe_open(file, framework="pt") as opened:
        assert {*opened.keys()} == {*tensors}
        assert all(torch.equal(opened.get_tensor(k), t) for k, t in tensors.items())


def test_all_types_come_back(tmp_path: Path) -> None:
    tensors = {
        str(dtype): torch.arange(6).reshape(2, 3).T.to(dtype)
        for dtype in container._TYPES.values()
    } | {"none": torch.zeros(0, 3), "one": torch.tensor(3.0)}
    container.write(tmp_path / "t", {}, tensors)
    again = container.read(tmp_path / "t")[1]

    assert {k: (t.dtype, t.shape) for k, t in again.items()} == {
        k: (t.dtype, t.shape) for k, t in tensors.items()
    }
    assert all(torch.equal(again[k], t) for k, t in tensors.items())


@pytest.mark.slow
def test_no_flipped_bit_is_loaded(file: Path) -> None:
    whole = file.read_bytes()
    size = len(whole)
    places = {
        *RNG.integers(0, 8 * size, 700),
        *range(0, 8 * 80),
        *range(8 * (size - 20), 8 * size),
    }

    for place in places:
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        file.write_bytes(damaged)

        with pytest.raises(ValueError, match=str(file)):
            ae.load(file)


@pytest.mark.parametrize("how", ["cut", "longer", "empty", "zeros", "swapped"])
def test_other_damage_is_found(file: Path, how: str) -> None:
    whole = file.read_bytes()
    damaged = {
        "cut": whole[:-1],
        "longer": whole + b"\0",
        "empty": b"",
        "zeros": whole[:-64] + bytes(64),
        "swapped": whole[:-8] + whole[-4:] + whole[-8:-4],
    }
    file.write_bytes(damaged[how])

    with pytest.raises(ValueError, match=r"m\.ae' is not a model, or is damaged"):
        ae.load(file)


def test_files_without_a_digest_are_read_if_they_are_older(file: Path) -> None:
    document, tensors = container.read(file)
    expected = ae.load(file).transform(X)

    for version in (1, 2):
        text = {"autoencode": container.json.dumps(document | {"version": version})}
        safetensors.torch.save_file(tensors, file, metadata=text)

        if version == 1:
            assert np.array_equal(ae.load(file).transform(X), expected)
        else:
            with pytest.raises(ValueError, match="digest"):
                ae.load(file)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(file: Path, value: float) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["encoder.network.layers.0.weight"][0, 0] = value

    with pytest.raises(ValueError, match=r"m\.ae' cannot be loaded: .* are not finite"):
        ae.load(change(file, lambda d: None, spoil))


PRIORS: dict[str, Callable[[dict[str, torch.Tensor]], Any]] = {
    "two sets of means": lambda t: {"prior.loc": torch.stack([t["prior.loc"]] * 2)},
    "flat means": lambda t: {"prior.loc": t["prior.loc"].flatten()},
    "more means": lambda t: {"prior.loc": t["prior.loc"].repeat(2, 1)},
    "wider factors": lambda t: {"prior.scale_tril": torch.eye(3)[None]},
    "weights of two axes": lambda t: {"prior.weight": t["prior.weight"][None]},
    "weights below zero": lambda t: {"prior.weight": -t["prior.weight"]},
    "no scales": lambda t: {"prior.scale_tril": torch.zeros_like(t["prior.scale_tril"])},
}


@pytest.mark.parametrize("name", PRIORS)
def test_priors_that_do_not_agree_with_themselves_are_refused(file: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"m\.ae' (cannot be loaded|is damaged)"):
        ae.load(change(file, lambda d: None, lambda t: t.update(PRIORS[name](t))))


# Sizes


def _deep(d: dict) -> None:
    d["arguments"]["modality"] = value = []

    for _ in range(100_000):
        value.append([])
        value = value[0]


def _set(*path: str, **values: Any) -> Callable[[dict], None]:
    def edit(document: dict) -> None:
        for name in path:
            document = document[name]

        document.update(values)

    return edit


WIDE = {"array": ["x"], "dtype": "S2000000000"}
LARGE: dict[str, Callable[[dict], Any]] = {
    "layers": _set("network", "arguments", layers={"tuple": [30_000, 30_000]}),
    "width": _set("network", "arguments", layers={"tuple": [10**15]}),
    "depth": _set("network", "arguments", layers={"tuple": [1] * 100_000}),
    "code": _set("arguments", latent_dim=10**9),
    "huge": _set("arguments", latent_dim=10**19),
    "convolutions": lambda d: d.update(
        network={
            "class": "autoencode.networks.Convolutional",
            "arguments": {"width": 8, "depth": 10**7, "hidden_width": 8},
            "learned": {},
        },
        modality=d["modality"]
        | {"learned": d["modality"]["learned"] | {"shape_": {"tuple": [1, 8, 8]}}},
    ),
    "transformer": _set(
        network={
            "class": "autoencode.networks.Transformer",
            "arguments": {"width": 8, "depth": 10**7, "n_heads": 1, "vocab_size": 10**8},
            "learned": {},
        },
    ),
    "strings": _set("modality", "learned", a_=WIDE, b_=WIDE, c_=WIDE),
    "columns": _set("modality", "learned", shape_={"tuple": [10**9]}),
    "components": _set("arguments", "prior", "arguments", max_components=10**18),
}


@memory.linux
@pytest.mark.parametrize("name", LARGE)
def test_sizes_are_compared_before_memory_is_taken(file: Path, name: str) -> None:
    before = memory.forget()
    change(file, LARGE[name])

    if name == "components":  # of which there are as many as are stored
        assert ae.load(file).sample(3).shape == (3, 5)
    else:
        with pytest.raises(ValueError, match=r"m\.ae'"):
            ae.load(file)

    assert memory.peak() - before < 2e8


@pytest.mark.parametrize("text", ["[" * 10**5, '{"a":' * 10**5, "9" * 5000, "[0," * 10, "nul", ""])
def test_documents_that_are_none(file: Path, text: str) -> None:
    torch_file = safetensors.torch.save({"a": torch.zeros(2)}, {"autoencode": text})
    file.write_bytes(torch_file)

    with pytest.raises(ValueError, match=r"m\.ae' is not a model, or is damaged"):
        ae.load(file)


def test_a_document_too_large_to_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too large"):
        container.write(tmp_path / "t", {"a": [[]] * 3_000_000}, {})

    assert not (tmp_path / "t").exists()


@memory.linux
@pytest.mark.slow
def test_a_loaded_model_takes_the_memory_of_its_file(tmp_path: Path) -> None:
    training = ae.Training(epochs=1, batch_size=40, validation_fraction=0)
    ae.autoencoder(2, layers=(3000, 3000), training=training).fit(X).save(tmp_path / "large.ae")
    script = f"""
import memory, torch, autoencode as ae, autoencode.estimator, autoencode.networks
torch.nn.Linear(3, 3)(torch.zeros(1, 3))
before = memory.forget()
model = ae.load({str(tmp_path / "large.ae")!r})
print(memory.peak() - before)
"""
    size = (tmp_path / "large.ae").stat().st_size
    assert size > 7e7
    assert memory.printed(script) < 1.2 * size + 3e7


# Places


def _whole(*numbers: int) -> dict[str, Any]:
    return {"array": [*numbers], "dtype": "<i8"}


ELBO_ = {"class": "autoencode.objectives.ELBO", "arguments": {}, "learned": {}}
PERCEPTRON = {"class": "autoencode.networks.FullyConnected", "arguments": {}, "learned": {}}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_set(network=ELBO_), "its network is ELBO"),
        (_set(likelihood=PERCEPTRON), "likelihood"),
        (_set(modality=None), "its modality is None"),
        (_set(context="x"), "its context is 'x'"),
        (_set(seed="x"), "its seed is 'x'"),
        (_set(seed=True), "its seed is True"),
        (_set(seed=-1), "no seed"),
        (_set(history=[]), "no history"),
        (_set(history=[{"dict": {"epoch": 1}}]), "invalid records"),
        (_set("arguments", objective=PERCEPTRON), "objective"),
        (_set("arguments", corruption=PERCEPTRON), "corruption"),
        (_set("network", "arguments", layers="x"), "layers of FullyConnected"),
        (_set("network", "arguments", layers={"tuple": [2.5]}), "layers of FullyConnected"),
        (_set("network", "arguments", skip={"tuple": []}), "skip of FullyConnected"),
        (_set("modality", "learned", shape_={"tuple": []}), "."),
        (_set("modality", "learned", shape_="ab"), "shape_ of Tables"),
        (_set("modality", "learned", fit_=3), "Tables learns no 'fit_'"),
        (lambda d: d["modality"]["learned"].pop("loc_"), "Tables lacks 'loc_'"),
        (lambda d: d["modality"].update(learned={}), "Tables lacks"),
        (_set("modality", "learned", columns_=2**63), "columns_ of Tables"),
        (_set("modality", "learned", decimals_="x"), "decimals_ of Tables"),
        (_set("modality", "learned", steps_=0.5), "steps_ of Tables"),
        (_set("modality", "learned", columns_=_whole(0, 1, 2, 3, 9)), "'columns_' of Tables"),
        (_set("modality", "learned", columns_=_whole(0, 1, 2, 4, 3)), "'columns_' of Tables"),
        (_set("modality", "learned", decimals_=_whole(0)), "'low_' of Tables"),
        (_set("modality", "learned", scored_=_whole(0, 1, 2)), "'scores_' of Tables"),
    ],
)  # fmt: skip
def test_objects_are_checked_against_their_place(file: Path, edit, message: str) -> None:
    change(file, edit)

    with pytest.raises(ValueError, match=rf"m\.ae' .*{message}"):
        ae.load(file)


def test_labels_are_distinct() -> None:
    labels = describe_context(["a", "b", "a"])
    labels.check_learned()
    labels.classes_ = np.array(["a", "a"])

    with pytest.raises(ValueError, match="'classes_' of Labels"):
        labels.check_learned()


def test_annotations_are_read() -> None:
    whole = Sequence[int]
    good = [(2, int), (2.0, int), (np.int64(2), int), (2, float), (None, int | None), (3, whole)]
    good += [((1, 2), whole), ([1], tuple[int, ...]), (len, Callable), ("a", Literal["a", 1])]
    good += [("x", str | Path), (object(), Any), ({"a": 1}, dict[str, int]), (ELBO(), Objective)]
    bad = [(True, int), (2.5, int), ("2", int), (None, int), ((1, "a"), whole), (int, Callable)]
    bad += [(1.0, Literal["a", 1]), ((1, 2), tuple[int]), ({"a": "b"}, dict[str, int])]
    bad += [("ab", whole), (ELBO, Objective), (FullyConnected(), Objective | None)]

    assert [v for v, kind in good if not fits(v, kind)] == []
    assert [v for v, kind in bad if fits(v, kind)] == []


def test_learned_attributes_have_exactly_their_kind() -> None:
    numbers, lists = np.zeros(2), list[tuple[int, str]]
    good = [(numbers, NDArray[np.float64]), (numbers > 0, NDArray[np.bool_]), ([], lists)]
    good += [
        (np.float32([1]), NDArray[np.float64]),
        ([(1, "a")], lists),
        ((1.0, 2), tuple[float, float]),
    ]
    bad = [(numbers, NDArray[np.intp]), (0.0, NDArray[np.float64]), ([0.0], NDArray[np.float64])]
    bad += [
        (2**63, int),
        (10**19, float),
        (3, tuple[int, ...]),
        (numbers, lists),
        ([[1, "a"]], lists),
    ]

    assert [v for v, kind in good if not fits(v, kind, strict=True)] == []
    assert [v for v, kind in bad if fits(v, kind, strict=True)] == []


USER_MODULE = """
CALLED = []

def corrupt(x=None, **k):
    CALLED.append((x, k))
    return x

class Plain:
    def __init__(self, **k):
        CALLED.append(k)
"""


@pytest.mark.parametrize("name", ["corrupt", "Plain"])
@pytest.mark.parametrize("place", ["arguments", "learned"])
def test_naming_never_calls(file: Path, tmp_path, monkeypatch, name: str, place: str) -> None:
    (tmp_path / "mine_called.py").write_text(USER_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import mine_called

    part = {"class": f"mine_called.{name}", "arguments": {"x": "attacker"}, "learned": {}}
    path = ("arguments",) if place == "arguments" else ("modality", "learned")
    change(file, _set(*path, **{"corruption" if place == "arguments" else "x_": part}))

    for trusted in (f"mine_called.{name}", getattr(mine_called, name)):
        with pytest.raises(ValueError, match="cannot be part of a model"):
            ae.load(file, trusted=trusted)

    change(
        file,
        _set(
            *path,
            **{
                "corruption" if place == "arguments" else "x_": {"function": f"mine_called.{name}"}
            },
        ),
    )

    if name == "Plain":
        with pytest.raises(ValueError, match="which is not a function"):
            ae.load(file, trusted=mine_called.Plain)
    elif place == "arguments":
        ae.load(file, trusted=mine_called.corrupt)
    else:
        with pytest.raises(ValueError, match="Tables learns no 'x_'"):
            ae.load(file, trusted=mine_called.corrupt)

    assert mine_called.CALLED == []
    del sys.modules["mine_called"]


def test_only_functions_that_make_modules_are_called(file: Path, tmp_path, monkeypatch) -> None:
    (tmp_path / "mine_trusted.py").write_text(f"from shutil import rmtree\n{USER_MODULE}")
    monkeypatch.syspath_prepend(tmp_path)
    import mine_trusted

    def parts(name: str) -> dict[str, Any]:
        function = {"function": f"mine_trusted.{name}"}
        given = {"to_code": function, "from_code": function}
        return {"class": "autoencode.networks.Modules", "arguments": given, "learned": {}}

    change(file, _set(network=parts("corrupt")))

    with pytest.raises(ValueError, match=r"m\.ae' .*annotated to return a module"):
        ae.load(file, trusted="mine_trusted")

    change(file, _set(network=parts("rmtree")))

    with pytest.raises(ValueError, match="imports from elsewhere, as 'shutil"):
        ae.load(file, trusted="mine_trusted")

    assert mine_trusted.CALLED == []
    del sys.modules["mine_trusted"]


@pytest.mark.parametrize("path", ["subprocess.Popen", "os.system", "builtins.eval", "__main__.x"])
def test_builtins_are_not_suggested_as_trusted_names(file: Path, path: str) -> None:
    part = {"class": path, "arguments": {}, "learned": {}}
    change(file, _set("arguments", corruption=part))

    with pytest.raises(ValueError, match="belongs to Python") as error:
        ae.load(file, trusted=path)

    assert "trusted=" not in str(error.value)


def test_places_of_a_machine_do_not_travel(tmp_path: Path) -> None:
    training = ae.Training(
        epochs=1, checkpoint_dir=tmp_path / "ck", device="cpu", show_progress=False
    )
    ae.vae(2, layers=(8,), training=training, prior=ae.priors.StandardNormal()).fit(X).save(
        tmp_path / "m.ae"
    )
    assert str(tmp_path).encode() not in (tmp_path / "m.ae").read_bytes()

    evil = str(tmp_path / "evil")
    arguments = ("arguments", "training", "arguments")
    change(tmp_path / "m.ae", _set(*arguments, checkpoint_dir=evil, tensorboard_dir=evil))
    model = ae.load(tmp_path / "m.ae")
    model.fit(X)

    assert model.training.checkpoint_dir is None
    assert not (tmp_path / "evil").exists()


# What was fitted is what is saved and evaluated


@pytest.fixture(scope="module")
def explicit() -> ae.Autoencoder:
    parts = {"network": FullyConnected((8,)), "modality": Tables(), "objective": ELBO(2.0)}
    return ae.Autoencoder(2, training=TRAINING, random_state=0, **parts).fit(X)


@pytest.mark.parametrize(
    "changes",
    [
        {"objective__beta": 50.0},
        {"network": FullyConnected((3,))},
        {"modality__scaling": "none"},
        pytest.param({"latent_dim": 9}, marks=pytest.mark.slow),
        pytest.param({"objective": Reconstruction()}, marks=pytest.mark.slow),
        pytest.param(
            {"posterior": None, "objective": None, "likelihood": SharedGaussian()},
            marks=pytest.mark.slow,
        ),
        pytest.param({"network__layers": (3,)}, marks=pytest.mark.slow),
        pytest.param({"modality": Images()}, marks=pytest.mark.slow),
        pytest.param({"prior": Mixture(3)}, marks=pytest.mark.slow),
        pytest.param({"corruption": GaussianNoise(0.1)}, marks=pytest.mark.slow),
        pytest.param({"conditional": True}, marks=pytest.mark.slow),
        pytest.param({"training__epochs": 7}, marks=pytest.mark.slow),
        pytest.param({"random_state": 5}, marks=pytest.mark.slow),
    ],
)
def test_arguments_set_after_a_fit_do_not_change_the_saved_model(
    explicit: ae.Autoencoder, tmp_path: Path, changes
) -> None:
    model = copy.deepcopy(explicit)
    before = model.transform(X), model.evaluate(X), model.score_samples(X)

    model.set_params(**changes)
    model.save(tmp_path / "m.ae")
    again = ae.load(tmp_path / "m.ae")

    for m in (model, again):
        assert np.array_equal(m.transform(X), before[0])
        assert m.evaluate(X) == before[1]
        assert np.array_equal(m.score_samples(X), before[2])
        assert m.sample(3, random_state=0).shape == (3, 5)

    assert again.latent_dim == 2
