r"""Labels and numbers of conditional models as an input of exported models."""

__all__ = ["Context", "as_condition", "describe_condition", "draw_condition", "load_condition"]

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..modalities import ContinuousContext, Labels

Context = Labels | ContinuousContext | None
r"""The kind of labels or numbers of a conditional model."""


def draw_condition(context: Context, n: int) -> Any:
    r"""Random labels or numbers, in the user's form.

    Arguments:
        context: The kind of labels or numbers.
        n: Their number.

    Example:
        >>> draw_condition(Labels().fit(["a"]), 2).tolist()
        ['a', 'a']
    """
    if context is None:
        return None

    if isinstance(context, Labels):
        return context.classes_[torch.randint(context.size_, (n,)).numpy()]

    return context.loc_ + context.scale_ * torch.randn(n, context.size_).numpy()


def as_condition(context: Context, y: Any) -> Tensor | None:
    r"""Labels or numbers as the input of an exported model.

    Labels that are whole numbers or truth values are themselves. Other labels are their places in
    the sorted list of all.

    Arguments:
        context: The kind of labels or numbers.
        y: The labels or numbers.

    Example:
        >>> as_condition(Labels().fit(["b", "a"]), np.array(["b"]))
        tensor([1])
    """
    if context is None:
        return None

    if isinstance(context, Labels):
        y = y if _are_whole(context) else np.searchsorted(context.classes_, y)
        return torch.from_numpy(np.asarray(y).astype(np.int64))

    return torch.from_numpy(np.asarray(y, dtype=float))


def load_condition(context: Context, condition: Tensor | None) -> Tensor | None:
    r"""The context that the networks see, by operations on tensors alone.

    The frequencies of all labels stand for a label that the fit did not see.

    Arguments:
        context: The kind of labels or numbers.
        condition: The input of the exported model, as of :func:`as_condition`.

    Example:
        >>> load_condition(Labels().fit([3, 5, 5, 5]), torch.tensor([5, 4]))
        tensor([[0.0000, 1.0000],
                [0.2500, 0.7500]])
    """
    if context is None or condition is None:
        return None

    if isinstance(context, Labels):
        known = context.classes_ if _are_whole(context) else np.arange(context.size_)
        same = condition[:, None] == torch.from_numpy(known.astype(np.int64))
        shares = np.full(context.size_, 1 / context.size_)
        shares = shares if context.shares_ is None else context.shares_
        return torch.where(same.any(dim=1, keepdim=True), same, torch.from_numpy(shares)).float()

    loc, scale = torch.from_numpy(context.loc_), torch.from_numpy(context.scale_)
    return ((condition - loc) / scale).float()


def describe_condition(context: Context) -> dict[str, Any]:
    r"""Words for readers of an exported model, ready for JSON.

    Arguments:
        context: The kind of labels or numbers.

    Example:
        >>> describe_condition(Labels().fit(["b", "a"]))
        {'condition': 'place in labels', 'labels': ['a', 'b']}
    """
    if context is None:
        return {}

    if isinstance(context, Labels):
        what = "label" if _are_whole(context) else "place in labels"
        return {"condition": what, "labels": context.classes_.tolist()}

    return {"condition": f"{context.size_} numbers in the units of the fit"}


def _are_whole(labels: Labels) -> bool:
    return labels.classes_.dtype.kind in "bi" or (
        labels.classes_.dtype.kind == "u" and labels.classes_.dtype.itemsize < 8
    )
