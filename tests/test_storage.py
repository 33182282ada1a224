r"""Tests for the storage module."""

import json
import os
import pickle
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import safe_open

import autoencode as ae
from autoencode import recipes
from autoencode.common import container
from autoencode.corruptions import Blur, Compose, GaussianNoise, Masking, SaltAndPepper
from autoencode.distributions import (
    Bernoulli,
    ContinuousBernoulli,
    DiscretizedLogistic,
    FixedGaussian,
    Gaussian,
)
from autoencode.modalities import Images, Tables
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO
from autoencode.persistence import encoding as storage
from autoencode.priors import Mixture, StandardNormal

TRAINING = ae.Training(epochs=1, validation_fraction=0)
SMALL: dict[str, Any] = {"layers": (8,), "training": TRAINING, "random_state": 0}


def table() -> NDArray:
    return np.random.default_rng(0).uniform(0.1, 0.9, size=(20, 5))


def pictures() -> NDArray:
    return np.random.default_rng(0).integers(256, size=(20, 4, 6), dtype=np.uint8)


PLAIN = SMALL | {"prior": StandardNormal()}  # which takes no time to fit
CASES = {
    "linear": (ae.linear(2), table(), None),
    **{
        n: (getattr(recipes, n)(2, **SMALL), table(), None)
        for n in recipes.basic.__all__
        if n != "linear"
    },
    "defaults": (ae.Autoencoder(training=ae.Training(epochs=1), random_state=0), pictures(), None),
    "linear images": (ae.linear(2), pictures(), None),
    "images": (ae.vae(2, **PLAIN), pictures(), None),
    "color": (ae.vae(2, **PLAIN), np.repeat(pictures()[..., None], 3, axis=-1), None),
    "integers": (ae.vae(2, **PLAIN), (100 * table()).astype(int), None),
    "bernoulli": (ae.vae(2, likelihood=Bernoulli(), **PLAIN), pictures(), None),
    "gaussian": (ae.vae(2, likelihood=Gaussian(), **PLAIN), table(), None),
    "fixed": (ae.vae(2, likelihood=FixedGaussian(0.2), **PLAIN), table(), None),
    "continuous": (ae.vae(2, likelihood=ContinuousBernoulli(), **PLAIN), table(), None),
    "logistic": (ae.vae(2, likelihood=DiscretizedLogistic(), **PLAIN), pictures(), None),
    "modalities": (ae.vae(2, modality=[Images(), Tables("whole")], **PLAIN), table(), None),
    "prior": (ae.vae(2, posterior=Gaussian(), **PLAIN), table(), None),
    "fitted prior": (ae.vae(2, prior=Mixture(max_components=1), **SMALL), table(), None),
    "corruption": (
        ae.denoising(2, corruption=Compose([Masking(), SaltAndPepper(), Blur()]), **SMALL),
        pictures(),
        None,
    ),
    "names": (ae.vae(2, conditional=True, **PLAIN), table(), ["ä", "b"] * 10),
    "numbers": (ae.vae(2, conditional=True, **PLAIN), table(), np.arange(20) % 3),
    "truths": (ae.vae(2, conditional=True, **PLAIN), table(), np.arange(20) % 2 == 0),
    "floats": (ae.vae(2, conditional=True, **PLAIN), table(), np.linspace(0, 1, 20)),
    "vectors": (ae.linear(2, conditional=True), table(), table()[:, :3]),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.ae"


def load(file: Path, **options: Any) -> ae.Autoencoder:
    r"""Loads a model, and fails if anything is unpickled."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was unpickled")

    with pytest.MonkeyPatch.context() as patch:
        for module, name in [
            (pickle, "load"),
            (pickle, "loads"),
            (pickle, "Unpickler"),
            (torch, "load"),
        ]:
            patch.setattr(module, name, refuse)

        return ae.load(file, **options)


@cache
def fitted() -> ae.Autoencoder:
    return ae.vae(2, **SMALL).fit(table())


def saved(file: Path) -> Path:
    fitted().save(file)
    return file


def rewrite(file: Path, change: Callable[[dict], Any]) -> None:
    r"""Changes the document of a model file."""
    document, tensors = container.read(file)
    change(document)
    container.write(file, document, tensors)


# There and back


@pytest.mark.parametrize("case", CASES)
def test_saved_and_loaded_gives_the_same_numbers_to_the_bit(file: Path, case: str) -> None:
    estimator, X, y = CASES[case]
    model = estimator.fit(X, y)
    model.save(file)
    torch.manual_seed(99)  # new weights would be others
    again = load(file)

    assert repr(again.get_params()) == repr(model.get_params())
    assert again.history_ == model.history_
    assert repr(again.likelihood_) == repr(model.likelihood_)
    assert getattr(again, "n_features_in_", None) == getattr(model, "n_features_in_", None)

    Z = model.transform(X, y)
    results = {
        "transform": lambda m: m.transform(X, y),
        "inverse_transform": lambda m: m.inverse_transform(Z, y),
        "reconstruct": lambda m: m.reconstruct(X, y),
        "reconstruction_error": lambda m: m.reconstruction_error(X, y),
    }

    if hasattr(model, "sample"):
        results["score_samples"] = lambda m: m.score_samples(X, y)
        results["sample"] = lambda m: m.sample(20, y, random_state=3)

    for name, use in results.items():
        first, second = use(model), use(again)
        assert first.dtype == second.dtype, name
        assert np.array_equal(first, second), name

    # What was loaded can be saved and trained again
    again.save(file)
    assert np.array_equal(load(file).transform(X, y), Z)
    assert np.array_equal(again.fit(X, y).transform(X, y), Z)


def test_tensors_of_any_layout_are_stored(file: Path) -> None:
    numbers = torch.arange(6.0)
    layouts = {
        "expanded": numbers[:1].expand(3, 1), "empty": numbers[:0], "scalar": numbers[2],
        "single, without a stride": torch.empty_strided((1,), (0,)).fill_(2.0),
        "every second": numbers[::2], "transposed": numbers.reshape(2, 3).T,
    }  # fmt: skip
    container.write(file, {}, layouts)
    found = container.read(file)[1]

    assert all(torch.equal(found[name], layouts[name]) for name in layouts)


@pytest.mark.parametrize("case", ["linear", "vae", "images", "names"])
@pytest.mark.parametrize("when", ["saved", "loaded", "both"])
def test_the_encoder_alone_transforms(file: Path, case: str, when: str) -> None:
    estimator, X, y = CASES[case]
    model = estimator.fit(X, y)
    model.save(file, encoder_only=when != "loaded")
    encoder = load(file, encoder_only=when != "saved")

    assert np.array_equal(encoder.transform(X, y), model.transform(X, y))

    uses = [
        lambda: encoder.inverse_transform(encoder.transform(X, y), y),
        lambda: encoder.reconstruct(X, y),
        lambda: encoder.reconstruction_error(X, y),
        lambda: encoder.save(file),
    ]

    if case != "linear":
        uses += [lambda: encoder.sample(3, y), lambda: encoder.score_samples(X, y)]

    for use in uses:
        with pytest.raises(ValueError, match="encoder_only=True and cannot decode"):
            use()

    encoder.save(file, encoder_only=True)
    assert np.array_equal(load(file).transform(X, y), model.transform(X, y))

    with safe_open(file, framework="pt") as opened:
        assert all(name.startswith("encoder.") for name in opened.keys())


def test_a_file_holds_all_of_the_preprocessing(file: Path) -> None:
    X = 1000 * table() + 7
    ae.linear(5).fit(X).save(file)

    assert np.allclose(load(file).reconstruct(X), X)


def test_a_file_outlives_the_default_network(file: Path, monkeypatch) -> None:
    model = ae.vae(2, training=ae.Training(epochs=1), random_state=0).fit(table())
    model.save(file)
    monkeypatch.setattr(Tables, "network", lambda self: FullyConnected((7,)))

    assert np.array_equal(load(file).transform(table()), model.transform(table()))


def test_feature_names_are_kept(file: Path) -> None:
    pandas = pytest.importorskip("pandas")
    model = ae.linear(2).fit(pandas.DataFrame(table(), columns=list("abcde")))
    model.save(file)

    assert load(file).feature_names_in_.tolist() == list("abcde")


def test_a_generator_in_mid_stream_is_left_out(file: Path) -> None:
    model = ae.linear(2, random_state=np.random.RandomState(0)).fit(table())
    model.save(file)

    assert load(file).random_state is None


# What the user brings along

USER_MODULE = """
import torch

from autoencode.networks import FullyConnected
from autoencode.objectives import Reconstruction


class Net(FullyConnected):
    pass


class Goal(Reconstruction):
    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, model, x, target):
        loss = super().forward(model, x, target)
        return loss._replace(total=self.weight * loss.total)


class Outer:
    class Inner(FullyConnected):
        pass


def damage(x):
    return x * 0.5


anonymous = lambda x: x
"""


@pytest.fixture
def trusted_module(tmp_path: Path, monkeypatch) -> Any:
    (tmp_path / "mine_alone.py").write_text(USER_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import mine_alone

    yield mine_alone
    del sys.modules["mine_alone"]


@pytest.mark.parametrize("name", ["Net", "Goal", "damage"])
def test_code_of_the_user_is_loaded_if_trusted(file: Path, trusted_module, name: str) -> None:
    options = {
        "Net": lambda: {"network": trusted_module.Net((4,))},
        "Goal": lambda: {"objective": trusted_module.Goal(2.0)},
        "damage": lambda: {"corruption": trusted_module.damage},
    }[name]()
    options = {"training": ae.Training(epochs=1)} | options
    model = ae.autoencoder(2, **options).fit(table())
    model.save(file)
    path = f"mine_alone.{name}"

    for trusted in ([], ["mine_alone.Other"], ["mine"], f"{path}.more"):
        del sys.modules["mine_alone"]  # nothing of it may be imported, either

        with pytest.raises(
            ValueError, match=rf"'{path}', which is not part.*trusted=\['{path}'\]"
        ):
            load(file, trusted=trusted)

        assert "mine_alone" not in sys.modules
        sys.modules["mine_alone"] = trusted_module

    alone = getattr(trusted_module, name)

    for trusted in ([path], path, [alone], alone, ["other.Thing", path], "mine_alone"):
        again = load(file, trusted=trusted)
        assert np.array_equal(again.transform(table()), model.transform(table()))
        assert repr(again) == repr(model)


def test_trusted_code_that_is_gone_is_reported(file: Path, trusted_module) -> None:
    options = {"training": ae.Training(epochs=1), "network": trusted_module.Net((4,))}
    ae.autoencoder(2, **options).fit(table()).save(file)
    del trusted_module.Net

    with pytest.raises(ValueError, match=r"uses 'mine_alone\.Net', which cannot be imported"):
        load(file, trusted=["mine_alone.Net"])


@pytest.mark.parametrize("name", ["lambda", "local", "nested", "replaced", "main"])
def test_what_has_no_import_path_is_not_stored(file: Path, trusted_module, name: str) -> None:
    def local(x: torch.Tensor) -> torch.Tensor:
        return x

    options = {
        "lambda": {"corruption": trusted_module.anonymous},
        "local": {"corruption": local},
        "nested": {"network": trusted_module.Outer.Inner((4,))},
        "replaced": {"corruption": trusted_module.damage},
        "main": {"corruption": trusted_module.damage},
    }[name]
    saved(file)
    before = file.read_bytes()
    model = ae.autoencoder(2, **({"training": ae.Training(epochs=1)} | options)).fit(table())

    if name == "replaced":
        trusted_module.damage = None
    elif name == "main":
        trusted_module.damage.__module__ = "__main__"

    with pytest.raises(ValueError, match=r"cannot store .*"):
        model.save(file)

    assert file.read_bytes() == before
    assert sorted(os.listdir(file.parent)) == sorted({"model.ae", *_python(file.parent)})


def _python(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name in {"mine_alone.py", "__pycache__"}]


def test_what_cannot_be_told_in_json_is_not_stored() -> None:
    with pytest.raises(ValueError, match="cannot store tensor"):
        storage.encode(torch.zeros(2))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.1,
        "ä",
        [1, [2.0, None]],
        (1, (2, "b")),
        {"a": (1, 2), "b": {}},
        GaussianNoise(0.2),
        Compose([Masking(0.1), GaussianNoise()]),
    ],
    ids=repr,
)
def test_encode_and_decode(value: Any) -> None:
    again = storage.decode(json.loads(json.dumps(storage.encode(value))))

    assert repr(again) == repr(value)
    assert type(again) is type(value)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "?", "U3", "O"])
def test_arrays_are_kept_to_the_bit(dtype: str) -> None:
    X = (np.random.default_rng(0).normal(size=(3, 2)) * 3).astype(dtype)
    again = storage.decode(json.loads(json.dumps(storage.encode(X))))

    assert again.dtype == X.dtype
    assert np.array_equal(again, X)


# Files that are no models


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a model, or is damaged or truncated"),
        (b"what is this", "is not a model, or is damaged or truncated"),
        (pickle.dumps({"a": 1}), "is not a model, or is damaged or truncated"),
        (safetensors.torch.save({"a": torch.zeros(2)}), "holds tensors, but no model of this"),
        (
            safetensors.torch.save({"a": torch.zeros(2)}, {"autoencode": "{"}),
            "is not a model, or is damaged or truncated",
        ),
        (
            safetensors.torch.save({"a": torch.zeros(2)}, {"autoencode": "[" * 100_000}),
            "is not a model, or is damaged or truncated",
        ),
        (
            safetensors.torch.save({"a": torch.zeros(2)}, {"autoencode": "[1]"}),
            "holds tensors, but no model of this",
        ),
        (
            safetensors.torch.save({"a": torch.zeros(2)}, {"autoencode": '{"version": 1}'}),
            "is damaged",
        ),
        (
            safetensors.torch.save({"a": torch.zeros(2)}, {"autoencode": '{"version": "x"}'}),
            "holds tensors, but no model of this",
        ),
    ],
    ids=["empty", "text", "pickle", "foreign", "json", "deep", "list", "bare", "version"],
)
def test_what_is_no_model_is_refused(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)

    with pytest.raises(ValueError, match=message) as error:
        load(file)

    assert str(file) in str(error.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for path in (tmp_path / "none.ae", tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no model file"):
            load(path)


def test_a_truncated_file_is_refused(file: Path) -> None:
    whole = saved(file).read_bytes()

    for length in {1, 7, 8, 9, *range(10, len(whole), 97), len(whole) - 1}:
        file.write_bytes(whole[:length])

        with pytest.raises(ValueError, match="is not a model, or is damaged or truncated"):
            load(file)


def test_a_newer_version_is_refused(file: Path) -> None:
    rewrite(saved(file), lambda d: d.update(version=container.VERSION + 1))

    with pytest.raises(ValueError, match=r"was written by a newer release.*Update autoencode"):
        load(file)


@pytest.mark.parametrize(
    "key",
    [
        "arguments",
        "network",
        "likelihood",
        "modality",
        "context",
        "history",
        "seed",
        "n_features_in",
    ],
)
def test_a_document_with_a_hole_is_refused(file: Path, key: str) -> None:
    rewrite(saved(file), lambda d: d.pop(key))

    with pytest.raises(ValueError, match=f"is damaged: '{key}'"):
        load(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["arguments"].update(latent_dim=3),
        lambda d: d["arguments"].update(latent_dim="many"),
        lambda d: d["arguments"].update(color="red"),
        lambda d: d.update(history=[3]),
        lambda d: d.update(arguments=[]),
        lambda d: d["modality"]["learned"].pop("shape_"),
        lambda d: d["modality"]["learned"].update(shape_={"tuple": ["a"]}),
        lambda d: d["modality"].update({"class": 3}),
        lambda d: d["modality"]["arguments"].update(size=3),
        lambda d: d.update(context=[1]),
    ],
)
def test_a_document_with_nonsense_is_refused(file: Path, change) -> None:
    rewrite(saved(file), change)

    with pytest.raises(ValueError, match=r"."):
        load(file)


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "builtins.eval",
        "subprocess.Popen",
        "torch.nn.Linear",
        "autoencode.common.container.write",
        "autoencode.persistence.encoding.os.system",
        "autoencode.persistence.encoding.Path",
        "autoencode.estimator.Autoencoder",
        "autoencode.load",
        "autoencode.__main__.main",
        "autoencode.nothing.There",
        "autoencode.",
        "autoencode",
        ".os.system",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["class", "function"])
def test_a_file_runs_nothing(file: Path, monkeypatch, path: str, kind: str) -> None:
    document: dict[str, Any] = {"function": path}

    if kind == "class":
        document = {"class": path, "arguments": {"command": "true"}, "learned": {}}

    rewrite(saved(file), lambda d: d["arguments"].update(corruption=document))

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was run")

    monkeypatch.setattr(os, "system", refuse)
    monkeypatch.setattr(container, "write", refuse)

    with pytest.raises(ValueError, match=r"the model (uses|names) '"):
        load(file)


@pytest.mark.parametrize("name", ["fit", "__class__", "_hidden_", "load", "restore"])
def test_a_file_sets_only_what_is_learned(file: Path, name: str) -> None:
    rewrite(saved(file), lambda d: d["modality"]["learned"].update({name: 3}))

    with pytest.raises(ValueError, match=f"the model sets '{name}', which is not a learned"):
        load(file)


# Writing


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch, place: str) -> None:
    before = saved(file).read_bytes()
    model = ae.linear(2).fit(table())

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, place, fail)

    with pytest.raises(OSError, match="no space left"):
        model.save(file)

    assert file.read_bytes() == before
    assert os.listdir(file.parent) == ["model.ae"]


def test_folders_are_made_and_files_replaced(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "model.ae"
    model = ae.linear(2).fit(table())
    model.save(str(file))
    model.save(file)

    assert os.listdir(file.parent) == ["model.ae"]
    assert load(str(file)).transform(table()).shape == (20, 2)
    umask = os.umask(0)
    os.umask(umask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    model = ae.linear(2).fit(table())

    for path, reason in {tmp_path: "it is a folder", tmp_path / "file" / "model.ae": "."}.items():
        with pytest.raises(ValueError, match=f"cannot write '.*': .*{reason}"):
            model.save(path)

    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_without_permission_is_refused(file: Path, monkeypatch) -> None:
    model = ae.linear(2).fit(table())
    before = saved(file).read_bytes()
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(ValueError, match=r"cannot write '.*': it is read-only"):
        model.save(file)

    def deny(*_: Any, **__: Any) -> None:
        raise PermissionError("permission denied")

    monkeypatch.setattr(os, "open", deny)

    with pytest.raises(ValueError, match=r"cannot write '.*': permission denied"):
        model.save(file.parent / "other.ae")

    assert os.listdir(file.parent) == ["model.ae"]
    assert file.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_place_is_refused(tmp_path: Path) -> None:
    model = ae.linear(2).fit(table())
    file = saved(tmp_path / "model.ae")
    file.chmod(0o444)

    with pytest.raises(ValueError, match=r"cannot write '.*': it is read-only"):
        model.save(file)

    tmp_path.chmod(0o555)

    with pytest.raises(ValueError, match=r"cannot write '.*'"):
        model.save(tmp_path / "other.ae")

    tmp_path.chmod(0o755)


def test_objects_keep_what_they_have_learned(file: Path) -> None:
    images = Images().fit(pictures())
    again = storage.decode(json.loads(json.dumps(storage.encode(images))))

    assert {k: v for k, v in vars(again).items() if k[-1] == "_"} == {
        k: v for k, v in vars(images).items() if k[-1] == "_"
    }
    assert storage.encode(ELBO(2.0))["arguments"]["beta"] == 2.0
