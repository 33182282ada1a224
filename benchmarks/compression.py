r"""Sizes of compressed files beside those of other formats, on the same held-out rows.

A model is trained on other rows of the same data. Its size is not part of the file, and stands in
a column of its own. General formats get the bytes of the array, or the text of the table. Images
of PNG and WebP are one mosaic of all images, which spares the headers of single files.
"""

import io
import lzma
import math
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import report
import soundfile
from numpy.typing import NDArray
from PIL import Image
from sklearn import datasets

import autoencode as ae
from autoencode.distributions import DiscretizedLogistic, MixtureOfLogistics

HEADER = [
    *("data", "rows", "bytes", "autoencode", "xz -9e", "zstd -19", "others"),
    *("seconds to write", "seconds to read", "bytes of the weights"),
]
ZSTD = pa.Codec("zstd", compression_level=19)


def xz(raw: bytes) -> int:
    return len(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME))


def zstd(raw: bytes) -> int:
    return len(ZSTD.compress(raw))


def mosaic(X: NDArray) -> Image.Image:
    r"""All images side by side, with blank ones at the end."""
    columns = math.ceil(math.sqrt(len(X)))
    rows = math.ceil(len(X) / columns)
    tiles = np.zeros((rows * columns, *X.shape[1:]), np.uint8)
    tiles[: len(X)] = X

    return Image.fromarray(
        tiles.reshape(rows, columns, *X.shape[1:]).swapaxes(1, 2).reshape(rows * X.shape[1], -1)
    )


def picture(X: NDArray, kind: str, **options: object) -> int:
    file = io.BytesIO()
    mosaic(X).save(file, kind, **options)

    return file.tell()


def parquet(frame: pd.DataFrame) -> int:
    file = io.BytesIO()
    frame.to_parquet(file, compression="zstd", compression_level=19)

    return file.tell()


def flac(X: NDArray) -> int:
    file = io.BytesIO()
    soundfile.write(file, X.reshape(-1), 2000, format="FLAC", subtype="PCM_16")

    return len(file.getvalue())


def sets() -> list[tuple[str, object, object, dict, dict[str, Callable[[], int]]]]:
    r"""Data of all kinds: the training rows, the held-out rows, arguments and other formats."""
    digits = datasets.load_digits().images
    order = np.random.default_rng(0).permutation(len(digits))
    gray = (digits[order] * 15).astype(np.uint8)
    binary = (digits[order] > 8).astype(np.uint8)
    words = ae.datasets.number_words(random_state=0).X
    cancer = datasets.load_breast_cancer(as_frame=True).frame
    cancer = cancer.sample(frac=1, random_state=0, ignore_index=True)
    cancer["target"] = np.where(cancer.target, "benign", "malignant")
    wave = ae.datasets.membrane_potential().x
    steps = np.rint(wave * 100).astype(np.int16).reshape(-1, 24)[: 12000 // 24]
    long = datasets.load_diabetes().data

    def images(X: NDArray) -> dict[str, Callable[[], int]]:
        bits = X * 255 if X.max() == 1 else X
        return {
            "PNG": lambda: picture(bits, "PNG", optimize=True),
            "WebP": lambda: picture(bits, "WebP", lossless=True, quality=100, method=6),
        }

    test = cancer[400:].reset_index(drop=True)

    return [
        ("binary digits", binary[:1200], binary[1200:], {}, images(binary[1200:])),
        (
            "gray digits",
            *(gray[:1200], gray[1200:], {"likelihood": DiscretizedLogistic()}),
            images(gray[1200:]),
        ),
        (
            "gray digits, five logistics",
            *(gray[:1200], gray[1200:], {"likelihood": MixtureOfLogistics()}),
            images(gray[1200:]),
        ),
        ("breast cancer", cancer[:400], test, {}, {"Parquet": lambda: parquet(test)}),
        ("diabetes, floats", long[:300], long[300:], {}, {}),
        (
            "nerve cell, 24 steps a row",
            *(steps[::2], steps[1::2], {}, {"FLAC": lambda: flac(steps[1::2])}),
        ),
        ("number words", words[:700], words[700:], {}, {}),
    ]


def raw(X: object) -> bytes:
    if isinstance(X, np.ndarray):
        return np.packbits(X).tobytes() if X.max() == 1 else X.tobytes()

    if isinstance(X, pd.DataFrame):
        return X.to_csv(index=False).encode()

    return "".join(f"{line}\n" for line in X).encode()


def main() -> None:
    rows = []

    for name, train, test, arguments, others in sets():
        training = ae.Training(epochs=10 if isinstance(train, list) else 60)
        model = ae.vae(8, training=training, random_state=0, **arguments).fit(train)
        start = time.perf_counter()
        file = io.BytesIO()
        file.write(model.compress(test))
        written = time.perf_counter()
        R = model.decompress(file.getvalue())
        read = time.perf_counter()
        same = R.equals(test) if isinstance(test, pd.DataFrame) else np.array_equal(R, test)
        assert same, name
        weights = sum(p.numel() * p.element_size() for p in model.model_.parameters())
        content = raw(test)
        sizes = {kind: size() for kind, size in others.items()}
        rows.append(
            [
                *(name, f"{len(test):,}", f"{len(content):,}", f"{file.tell():,}"),
                *(f"{xz(content):,}", f"{zstd(content):,}"),
                ", ".join(f"{kind} {size:,}" for kind, size in sizes.items()),
                *(f"{written - start:.1f}", f"{read - written:.1f}", f"{weights:,}"),
            ]
        )
        print(*rows[-1], sep=", ", flush=True)

    report.write(
        "compression",
        "Compressed files, held out",
        HEADER,
        rows,
        "Sizes are in bytes, of the same rows, which no model was trained on. `bytes` are those of"
        " the array, with eight pixels in a byte where they are binary, or of the text of the"
        " table. All files came back unchanged. The model is not part of its file.",
    )


if __name__ == "__main__":
    main()
