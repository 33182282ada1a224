r"""Random examples for an exported model, and its largest difference from the model."""

__all__ = ["Trial", "draw_trial", "largest_difference"]

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..common.seeding import seeded
from ..inference import codes as inference
from ..modalities import Modality, encode_context
from ..modalities.capabilities.sequences import examples as examples_of
from ..models.latent import LatentModel
from .conditions import Context, as_condition, draw_condition

N_TRIED = 13
_BATCHES = (1, 2, N_TRIED)

Run = Callable[[tuple[Tensor, ...]], tuple[NDArray, ...]]
r"""A function that runs an exported model."""


class Trial(NamedTuple):
    r"""Inputs of an exported model, and the outputs of the model in this library.

    Example:
        >>> Trial((torch.zeros(3, 1),), (np.zeros((3, 1)),), (0.0,)).n
        3
    """

    inputs: tuple[Tensor, ...]
    r"""The inputs, each with shape `(N, *)`."""

    outputs: tuple[NDArray, ...]
    r"""The outputs of the model, each with shape `(N, *)`."""

    grains: tuple[NDArray | float, ...]
    r"""The distance of neighboring values of each output, which rounding may exchange."""

    @property
    def n(self) -> int:
        r"""The number of examples."""
        return len(self.inputs[0])

    def batches(self) -> Iterator[tuple[tuple[Tensor, ...], tuple[NDArray, ...]]]:
        r"""Yields inputs and outputs of batches of several sizes."""
        for size in _BATCHES:
            rows = slice(self.n - size, self.n)
            yield tuple(t[rows] for t in self.inputs), tuple(o[rows] for o in self.outputs)


def draw_trial(
    model: LatentModel, modality: Modality, context: Context, part: str, seed: int
) -> Trial:
    r"""Draw random examples of the model's kind of data, and codes of random examples.

    Arguments:
        model: The trained model.
        modality: The kind of data, which can be exported.
        context: The kind of labels or numbers of a conditional model.
        part: `"encoder"`, `"decoder"` or `"both"`.
        seed: The seed.
    """
    kind: Any = modality  # also has the capability, which no type says

    with seeded(seed):
        X = examples_of(modality, kind.draw_input(N_TRIED), logged=True)
        y = draw_condition(context, N_TRIED)

    x = modality.load(X)
    c = encode_context(context, y, N_TRIED)
    z = inference.encode_means(model, modality, x, c)
    condition = as_condition(context, y)
    with_condition = () if condition is None else (condition,)
    encoded: tuple[NDArray, ...] = (z.numpy(),)
    exact: tuple[float, ...] = (0.0,)

    if model.posterior.finite:  # equal entries of a codebook have several indices
        encoded = (*encoded, inference.codebook_indices(model, modality, x, c).numpy())
        exact = (*exact, np.inf)

    if part == "encoder":
        return Trial((kind.as_input(X), *with_condition), encoded, exact)

    grain = kind.grain().numpy()

    if part == "decoder":
        R = kind.as_input(inference.decode_means(model, modality, z, c))
        return Trial((z, *with_condition), (R.numpy(),), (grain,))

    R = kind.as_input(inference.reconstruct_means(model, modality, x, c))
    return Trial((kind.as_input(X), *with_condition), (*encoded, R.numpy()), (*exact, grain))


def largest_difference(trial: Trial, run: Run) -> float:
    r"""The largest difference of outputs, as a share of the largest number of their column.

    Differences of one step of a grid, on which rounding may go either way, count as zero.

    Arguments:
        trial: Inputs, and the outputs of the model.
        run: A function that runs the exported model.

    Example:
        >>> trial = Trial((torch.ones(13, 1),), (np.ones((13, 1)),), (0.0,))
        >>> largest_difference(trial, lambda inputs: (1.5 * inputs[0].double().numpy(),))
        0.5
    """
    largest = 0.0

    for inputs, outputs in trial.batches():
        found = run(inputs)

        for a, b, every, grain in zip(found, outputs, trial.outputs, trial.grains, strict=True):
            if a.shape != b.shape or a.dtype != b.dtype:
                return np.inf

            largest = max(largest, _difference(a, b, every, grain))

    return largest


def _difference(a: NDArray, b: NDArray, every: NDArray, grain: NDArray | float) -> float:
    a, b, every = (np.asarray(t, dtype=float) for t in (a, b, every))
    size = np.nanmax(np.abs(every), axis=0, initial=np.finfo(np.float32).tiny)
    size = np.maximum(size, 1e-3 * size.max(initial=0)) if every.ndim > 2 else size
    away = np.abs(a - b)
    away = np.where(np.isnan(a) & np.isnan(b), 0.0, away)
    away = np.where(away <= 1.001 * np.asarray(grain), 0.0, away)

    return float(np.nan_to_num(away / size, nan=np.inf, posinf=np.inf).max(initial=0.0))
