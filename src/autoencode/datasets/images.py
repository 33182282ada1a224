r"""Images of digits and clothes."""

__all__ = ["digits", "fashion_mnist", "idx", "mnist"]

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from ..data import read_array


def digits() -> Bunch:
    r"""The 1,797 handwritten digits of scikit-learn.

    Returns:
        `X`, the images as uint8, with shape `(1797, 8, 8)`, whose gray levels are scaled from
        the original 0 to 16 to 0 to 255; and `y`, the digits, with shape `(1797,)`.

    References:
        | Optical Recognition of Handwritten Digits (Alpaydin & Kaynak, 1998)
        | https://doi.org/10.24432/C50P49

    See Also:
        :func:`~autoencode.datasets.mnist`

    Example:
        >>> digits().X.shape
        (1797, 8, 8)
    """
    raw = load_digits()
    return Bunch(X=np.rint(raw.images * (255 / 16)).astype(np.uint8), y=raw.target)


def mnist(folder: str | Path) -> Bunch:
    r"""MNIST's 60,000 and 10,000 handwritten digits, from the four IDX files in a folder.

    Arguments:
        folder: The folder of `train-images-idx3-ubyte` and the other three files, gzipped or not.

    Returns:
        `X` and `X_test`, uint8 with shapes `(60000, 28, 28)` and `(10000, 28, 28)`, and the
        labels `y` and `y_test`.

    Raises:
        FileNotFoundError: If a file is missing.

    References:
        | Gradient-based learning applied to document recognition (LeCun et al., 1998)
        | https://doi.org/10.1109/5.726791

    See Also:
        :func:`~autoencode.datasets.digits`, :func:`~autoencode.datasets.fashion_mnist`

    Example:
        >>> mnist("nowhere")
        Traceback (most recent call last):
        ...
        FileNotFoundError: there is no 'train-images-idx3-ubyte' or ...
    """
    names = {
        "X": "train-images-idx3-ubyte",
        "y": "train-labels-idx1-ubyte",
        "X_test": "t10k-images-idx3-ubyte",
        "y_test": "t10k-labels-idx1-ubyte",
    }

    return Bunch(**{key: idx(_existing(Path(folder), name)) for key, name in names.items()})


def fashion_mnist(folder: str | Path = "/usr/share/datasets/fashion-mnist") -> Bunch:
    r"""Fashion-MNIST's 60,000 and 10,000 gray images of clothing.

    Arguments:
        folder: The folder of the four IDX files; by default that of the package
            `dataset-fashion-mnist` of Debian and Ubuntu.

    Returns:
        The same arrays as :func:`mnist`.

    References:
        | Fashion-MNIST (Xiao et al., 2017)
        | https://arxiv.org/abs/1708.07747

    See Also:
        :func:`~autoencode.datasets.mnist`

    Example:
        >>> fashion_mnist("nowhere")
        Traceback (most recent call last):
        ...
        FileNotFoundError: there is no 'train-images-idx3-ubyte' or ...
    """
    return mnist(folder)


def idx(path: str | Path) -> NDArray:
    r"""An array from one file in the IDX format, gzipped or not.

    Arguments:
        path: The file.

    Raises:
        ValueError: If the file is damaged, or not an IDX file.

    See Also:
        :func:`~autoencode.datasets.mnist`

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "labels-idx1-ubyte"
        ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([7, 2, 1]))
        ...     idx(path)
        array([7, 2, 1], dtype=uint8)
    """
    return read_array(path).X


def _existing(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path

    raise FileNotFoundError(
        f"there is no '{name}' or '{name}.gz' in '{folder}'. `benchmarks/data.py` gets it."
    )
