r"""Tests of the modality guessed from an array, and of refusals of ambiguous arrays."""

import logging

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import autoencode as ae
from autoencode import inputs
from autoencode.modalities import Images, MixedTables, Modality, Series, Sounds, Tables

RNG = np.random.default_rng(0)
STEPS = np.arange(24) / 4 + RNG.uniform(0, 6, (60, 1))


def smooth(*shape: int) -> NDArray:
    r"""Images from 0 to 1 whose neighbors are alike, all sides of which are divided by four."""
    coarse = RNG.random([n if i == 0 else n // 4 for i, n in enumerate(shape)])
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)

    for axis in (1, 2):
        fine = sum(np.roll(fine, k, axis) for k in range(4)) / 4

    return fine


GRAY = smooth(60, 32, 32)
COLOR = np.stack([smooth(30, 32, 32) for _ in range(3)], axis=-1)
PHOTO = np.stack([GRAY[0].repeat(2, axis=0)] * 3, axis=-1)
WALKS = np.cumsum(RNG.normal(size=(60, 50, 6)), axis=1)
RANGES = WALKS.min(axis=(0, 1)), np.ptp(WALKS, axis=(0, 1))
BLOCKS = np.kron(RNG.integers(0, 6, (50, 4, 4)), np.ones((8, 8), int))


def recognized(X, modality: Modality | None = None) -> Modality:
    found = inputs.read(X, modality, fitting=True)
    X = ae.vae()._compare_columns(found, modality, reset=True).X
    fitted = inputs.modality_of(X, modality).clone().fit(X)
    x = fitted.normalize(fitted.load(X))

    assert x.shape == (len(X), *fitted.shape_)
    assert torch.isfinite(x).all() or isinstance(fitted, MixedTables)

    return fitted


@pytest.mark.parametrize(
    ("X", "shape"),
    [
        ((255 * GRAY).astype(np.uint8), (1, 32, 32)),
        (GRAY, (1, 32, 32)),
        (GRAY.astype(np.float16), (1, 32, 32)),
        (2 * GRAY - 1, (1, 32, 32)),
        ((GRAY - GRAY.mean()) / GRAY.std(), (1, 32, 32)),
        ((4000 * GRAY).astype(np.uint16), (1, 32, 32)),
        (GRAY > 0.5, (1, 32, 32)),
        ((GRAY > 0.5).astype(int), (1, 32, 32)),
        (torch.from_numpy(GRAY), (1, 32, 32)),
        (GRAY[..., None], (1, 32, 32)),
        (RNG.random((60, 24, 24)), (1, 24, 24)),
        (RNG.integers(0, 256, (60, 28, 28), np.uint8), (1, 28, 28)),
        (RNG.integers(0, 17, (60, 8, 8)).astype(float), (1, 8, 8)),
        (COLOR, (3, 32, 32)),
        (2 * COLOR - 1, (3, 32, 32)),
        ((255 * COLOR).astype(np.uint8), (3, 32, 32)),
        (RNG.random((60, 20, 30, 4)), (4, 20, 30)),
        (RNG.random((60, 32, 32, 12)), (12, 32, 32)),
        (np.eye(6, dtype=np.uint8)[BLOCKS], (6, 32, 32)),
        ([*GRAY], (1, 32, 32)),
        (GRAY.astype(object), (1, 32, 32)),
    ],
)
def test_plain_images_are_images(X, shape: tuple) -> None:
    found = recognized(X)
    assert isinstance(found, Images)
    assert found.shape_ == shape


@pytest.mark.parametrize(
    "X",
    [
        RNG.normal(size=(50, 100)),
        RNG.normal(size=(50, 100)).tolist(),
        [*RNG.normal(size=(50, 100))],
        [*(3 * RNG.normal(size=(5, 1200)))],
        RNG.integers(0, 256, (60, 784), np.uint8),
        RNG.integers(0, 2, (60, 20)).astype(bool),
    ],
)
def test_plain_tables_are_tables(X) -> None:
    assert isinstance(recognized(X), Tables)


def test_plain_sounds_are_sounds() -> None:
    waves = [RNG.uniform(-0.5, 0.5, n) for n in (3000, 4000)]

    for X in (
        waves,
        [torch.from_numpy(x) for x in waves],
        [(9e3 * x).astype("i2") for x in waves],
    ):
        assert isinstance(recognized(X), Sounds)


AS_GRAY = "modality=ae.modalities.Images(layout='NHW')"
CHANNELS_LAST = "layout='NHWC'"
CHANNELS_FIRST = "modality=ae.modalities.Images(layout='NCHW')"
FIRST = [CHANNELS_FIRST, "np.moveaxis(X, 1, -1)", CHANNELS_LAST]
SERIES = "modality=ae.modalities.Series()"
WINDOWS = [SERIES, "X.reshape(len(X), -1)", AS_GRAY]
SOUNDS = "modality=ae.modalities.Sounds(rate=...)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("X", "message", "remedies"),
    [
        (RNG.random((20, 12, 32, 32)), r"32 x 32 with 12 channels first", FIRST),
        (RNG.random((20, 2, 24, 24)), r"24 x 24 with 2 channels first", FIRST),
        (RNG.random((20, 5, 24, 40)), r"24 x 40 with 5 channels first", FIRST),
        (np.moveaxis(COLOR, -1, 1), r"32 x 32 with 3 channels first", FIRST),
        (torch.from_numpy(COLOR).movedim(-1, 1), r"3 channels first", [CHANNELS_FIRST]),
        (GRAY[:, None], "32 x 32 with 1 channels first", FIRST),
        (np.array(PHOTO), "may be one photograph", ["X[None]", *WINDOWS]),
        ((255 * PHOTO).astype(np.uint8), "may be one photograph", ["X[None]", AS_GRAY]),
        (np.dstack([PHOTO, PHOTO[..., :1]]), "may be one photograph", ["X[None]"]),
        (np.moveaxis(PHOTO, -1, 0), "one photograph", ["np.moveaxis(X, 0, -1)[None]", AS_GRAY]),
        ((255 * GRAY[0]).astype(np.uint8), "one gray photograph", ["X[None]"]),
        (RNG.uniform(-1, 1, (6, 1, 4000)), "4000 steps of 1 sensor", [*WINDOWS, SOUNDS]),
        (RNG.uniform(-1, 1, (6, 2, 4000)), "4000 steps of 2 sensors", [*WINDOWS, SOUNDS]),
        (RNG.uniform(-1, 1, (6, 4000, 1)), "4000 steps of 1 sensor", [*WINDOWS, SOUNDS]),
        (WALKS, r"are not alike", WINDOWS),
        ((WALKS - RANGES[0]) / RANGES[1], "are not alike", WINDOWS),
        (WALKS[..., :3], "windows of 50 steps of 3 sensors", WINDOWS),
        (WALKS[..., None], r"are not alike.*X\[\.\.\., 0\] with", ["X.reshape(len(X), -1)"]),
        (RNG.normal(size=(60, 50, 9)), "unusual for intensities", WINDOWS),
        (
            np.stack([np.sin(STEPS), 1e4 + RNG.normal(size=(60, 24))] * 3, axis=2),
            "one scale for all",
            WINDOWS,
        ),
        (abs(RNG.normal(size=(60, 50, 6))) * [1, 1, 1, 99, 99, 99], "differ in range", WINDOWS),
        (BLOCKS, "maps of labels", ["np.eye(6, dtype=np.uint8)[X]", AS_GRAY]),
        (BLOCKS.astype(np.uint8), "maps of labels", ["np.eye(6, dtype=np.uint8)[X]", AS_GRAY]),
        (
            np.stack([280 + 9 * COLOR[..., 0], 0.01 * COLOR[..., 1]], axis=-1),
            "channels .* differ in range",
            ["(X - X.mean(axis=(0, 1, 2))) / X.std(axis=(0, 1, 2))", CHANNELS_LAST],
        ),
        (
            [WALKS[0], WALKS[1][:30]],
            "of up to 6 columns",
            [SERIES],
        ),
        (
            [np.cumsum(RNG.normal(size=n)) for n in (50, 60)],
            "hundredths of a second",
            [SERIES],
        ),
        (
            [RNG.random(n) for n in (2000, 3000)],
            "all of which are at least zero",
            [SERIES, SOUNDS],
        ),
        (
            [RNG.uniform(-0.5, 0.5, 2000) for _ in range(4)],
            "sounds of one length",
            ["np.stack(X)", SOUNDS],
        ),
        (
            RNG.random((5, 4)) * 1j,
            "Complex",
            ["np.abs(X)", "np.concatenate([X.real, X.imag], axis=1)"],
        ),
        (RNG.random((5, 6, 6)) * 1j, "Complex", ["np.stack([X.real, X.imag], axis=-1)"]),
        (
            np.array([["2026-01-02"], ["2026-01-03"]], "M8[D]"),
            "datetime64",
            ["X.astype('datetime64[s]').astype(float)", "pd.DataFrame(X)"],
        ),
        (np.array([[5], [7]], "m8[s]"), "timedelta64", ["X / np.timedelta64(1, 's')"]),
        (np.zeros(5, [("a", float), ("b", int)]), "got an array of type", ["pd.DataFrame(X)"]),
        (np.array([["1", "2"], ["3", "4"]]), "text in an array", ["X.astype(float)"]),
        (RNG.random((4, 3, 8, 8, 3)), "videos or volumes", ["X.reshape(-1, *X.shape[2:])"]),
        (RNG.random((2, 2, 2, 2, 2, 2)), "at most four axes", ["X.reshape(len(X), -1)"]),
        ([PHOTO, PHOTO[:9]], "Write them to a folder", []),
    ],
)
def test_two_readings_are_refused_and_each_remedy_works(X, message: str, remedies: list) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        recognized(X)

    text = str(refused.value)
    assert len(text) <= 600  # which the command line shows

    for remedy in remedies:
        assert remedy in text
        names = {
            "X": X,
            "np": np,
            "pd": pytest.importorskip("pandas"),
            "Images": Images,
        }

        if remedy == SERIES:
            moved = (
                X.swapaxes(1, 2) if "X.swapaxes(1, 2) with modality=ae.modalities.S" in text else X
            )
            series = Series().fit(moved)
            assert series.shape_[0] == np.atleast_2d(moved[0].T).shape[0]
            x = series.normalize(series.load(series.windows(moved)))
            assert x.nan_to_num().abs().max() < 1e3
        elif remedy == SOUNDS:
            moved = X.swapaxes(1, 2) if "X.swapaxes(1, 2)" in text else X
            recognized(moved, Sounds(rate=16000, seconds=0.1))
        elif remedy == CHANNELS_LAST:
            recognized(X, Images(layout="NHWC"))
        elif remedy.startswith("modality="):
            recognized(X, eval(remedy.removeprefix("modality=ae.modalities."), names))
        else:
            recognized(eval(remedy, names))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_channels_may_stand_first(tmp_path, dtype) -> None:
    last = (255 * COLOR).astype(np.uint8).astype(dtype)
    first = np.ascontiguousarray(np.moveaxis(last, -1, 1))
    there, same = Images(layout="NCHW").fit(first), Images().fit(last)
    x = there.normalize(there.load(first))

    assert torch.equal(x, same.normalize(same.load(last)))
    assert np.allclose(there.restore(x), first, atol=1e-3)
    assert np.array_equal(there.to_images(first), same.to_images(last))

    with pytest.raises(ValueError, match=r"expected images with shape \(N, 3, 32, 32\)"):
        there.load(last)

    np.save(tmp_path / "X.npy", first)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    training = ae.Training(epochs=1)
    fit = {"layers": (4,), "training": training, "random_state": 0, "modality": there.clone()}
    codes = [ae.autoencoder(2, **fit).fit(X).transform(first) for X in (first, mapped)]
    assert np.array_equal(*codes)


@pytest.mark.parametrize(
    ("modality", "message"),
    [
        (Images(layout="CHW"), "expected a layout out of"),
        (Images(layout="NCHW"), "layout NCHW, of 4 axes"),
        (Images(size=16), "size=16 scales images from files"),
    ],
)
def test_arguments_of_images_are_checked(modality: Images, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        modality.fit(GRAY)


def test_guesses_are_logged(caplog) -> None:
    with caplog.at_level(logging.INFO, "autoencode"):
        ae.linear(2).fit(GRAY)
        ae.linear(2, modality=Images()).fit(GRAY)

    messages = [r.getMessage() for r in caplog.records if "taken for" in r.getMessage()]
    assert messages == [
        "taken for 60 gray images of 32 x 32; modality=... (command line: --modality) changes"
        " this."
    ]
