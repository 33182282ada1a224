r"""Networks from a file that somebody else may have written.

They are built without memory first, and compared with the names and shapes that the file has.
"""

__all__ = ["OBJECTIVE", "rebuild"]

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..blueprint import Blueprint
from ..common.container import Stored
from ..common.seeding import seeded
from ..modalities.capabilities import Conditionable, Tokenized
from ..modalities.capabilities.scales import log_unit, mean, restore_mean, restore_new
from ..modalities.capabilities.sequences import event_shape
from ..modalities.capabilities.tables import as_given
from ..models.latent import LatentModel
from ..objectives import Objective

OBJECTIVE = "objective."
_MAKE = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.tensor}
_MADE = 10  # tensors, at most, for each one of a network, and for what has none
_LARGE = 2**12  # numbers of a tensor that is not worth making twice
_TRIED = 2**18  # numbers of an example, at most, that is passed through
_LARGEST, _LONGEST = 2**28, 2**20  # numbers of an example, and symbols of a text


def rebuild(
    blueprint: Blueprint, stored: Stored, names: list[str], n_examples: int = 1
) -> tuple[LatentModel, Objective | None]:
    r"""Build the model and the objective of a blueprint, with the weights of a file.

    Arguments:
        blueprint: All resolved choices.
        stored: The file.
        names: Its tensors that are weights.
        n_examples: The number of examples that the model was trained on.

    Returns:
        The model, and the objective, which is `None` in a file without a decoder.

    Raises:
        ValueError: If the file has not the weights that such a model has, or some of them are
            not finite.
    """
    _check_shape(blueprint.modality)
    shapes = {name: stored.shape(name) for name in names}

    with seeded(0):
        with _Counting(len(shapes)), torch.device("meta"):
            _compare(_build(blueprint, names, n_examples), shapes)

        with _Sparing():
            model = _build(blueprint, names, n_examples)

        like = model.state_dict()
        tensors = {name: _laid_out(stored.tensor(name), like[name]) for name in names}
        _check_finite(model, tensors)
        model.load_state_dict(tensors, assign=True)

        if any(t.is_meta for t in [*model.parameters(), *model.buffers()]):  # not in the file
            model = _build(blueprint, names, n_examples)
            model.load_state_dict(tensors)

        model.eval()
        objective = model._modules.pop("objective", None)
        _try(blueprint, model)

    return model, cast(Objective | None, objective)


class _Counting(TorchFunctionMode):
    r"""Ends the building of networks that have far more parts than the file has tensors."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.left = _MADE * (n + 8)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        # Of others, some put back what torch is to do, and must not be kept from it
        self.left -= func in _MAKE

        if self.left < 0 and func in _MAKE:
            raise ValueError("it announces more layers than it has weights")

        return func(*args, **(kwargs or {}))


class _Sparing(TorchFunctionMode):
    r"""Leaves out the memory of weights that are about to be replaced."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})

        if func is torch.empty and kwargs.get("device") is None:
            size = args[0] if args and not isinstance(args[0], int) else args

            if math.prod(size) > _LARGE:
                kwargs["device"] = "meta"

        return func(*args, **kwargs)


def _build(blueprint: Blueprint, names: list[str], n_examples: int) -> LatentModel:
    r"""Builds a model whose objective is one of its modules; the encoder alone without others."""
    model = blueprint.build()

    if any(name.startswith("decoder.") for name in names):
        model.objective = blueprint.build_objective(model, n_examples)
    else:
        model.decoder = model.prior = None  # type: ignore[assignment]

    return model


def _compare(model: LatentModel, shapes: dict[str, Tensor]) -> None:
    r"""Raises if a model without memory has other weights."""
    for name, tensor in model.state_dict().items():
        if name in shapes and shapes[name].dtype != tensor.dtype:
            raise ValueError(f"'{name}' is of {shapes[name].dtype}, not {tensor.dtype}")

    try:
        model.load_state_dict(shapes, assign=True)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise ValueError(f"its weights are others: {' '.join(lines)[:300]}") from None


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    r"""Returns a tensor in the order of another in memory, which networks may have chosen."""
    if tensor.shape != like.shape or tensor.stride() == like.stride():
        return tensor

    return torch.empty_strided(like.shape, like.stride(), dtype=tensor.dtype).copy_(tensor)


def _check_finite(model: LatentModel, tensors: dict[str, Tensor]) -> None:
    weights = dict(model.named_parameters())

    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.numel():
            low, high = tensor.aminmax()

            # Buffers may mean infinity, as masks do
            if not (low.isfinite() and high.isfinite()) and (name in weights or low.isnan()):
                raise ValueError(f"the weights '{name}' are not finite")


def _check_shape(modality: Any) -> None:
    r"""Raises if examples are of no shape, or larger than any that there are."""
    shape = modality.shape_
    most = _LONGEST if isinstance(modality, Tokenized) else _LARGEST

    if not shape or not all(type(n) is int and n >= 1 for n in shape) or math.prod(shape) > most:
        raise ValueError(f"its examples have shape {str(shape)[:60]}")


@torch.no_grad()
def _try(blueprint: Blueprint, model: LatentModel) -> None:
    r"""Passes one code of zeros to an example and back, to find out now what does not fit."""
    modality: Any = blueprint.modality
    context = blueprint.context
    c = None if context is None else torch.zeros(1, context.size_)
    bound = model.given(c)

    if math.prod(modality.shape_) > _TRIED:
        return

    bound.encode(torch.zeros(1, *modality.shape_))

    if model.decoder is None or math.prod(event_shape(modality)) > _TRIED:
        return

    prior, D = model.prior(), blueprint.latent_dim
    code = prior.sample()

    if code.shape != (D,):
        raise ValueError(f"its prior draws codes of shape {tuple(code.shape)}, not ({D},)")

    if not prior.log_prob(code).isfinite():  # of weights below zero, and factors without inverse
        raise ValueError("its prior has no finite density")

    p = bound.decode(torch.zeros(1, D))

    if type(modality).__module__.partition(".")[0] != __name__.partition(".")[0]:
        return  # of somebody else's kind of data nothing more is known

    # Outer codes reach the ends of columns, and rare levels
    codes = torch.stack([torch.full((blueprint.latent_dim,), v) for v in (0.0, -3.0, 3.0)])
    bound = model.given(None if c is None else c.expand(len(codes), -1))
    p = bound.decode(codes)
    ways: list[Callable[[], Any]] = [
        lambda: modality.restore(p.mean),
        lambda: bound.encode(modality.normalize(modality.load(modality.restore(p.mean)))),
        lambda: as_given(modality, modality.restore(p.mean)),
        lambda: restore_mean(modality, mean(modality, p)),
        lambda: modality.draw(p),
        lambda: restore_new(modality, modality.draw(p)),
        lambda: as_given(modality, restore_new(modality, modality.draw(p))),
        lambda: modality.error(modality.draw(p), p),
        lambda: log_unit(modality, modality.draw(p)),
    ]

    if isinstance(kind := modality, Conditionable):
        ways.append(lambda: kind.hide(blueprint.modality.draw(p)))

    for way in ways:
        _take(way)


def _take(way: Callable[[], Any]) -> None:
    r"""Takes one way through the data's kind, on its own: one refusal must not hide the next."""
    try:
        way()
    except ValueError:
        pass  # of numbers that no example has, in a fit that went wrong, or of kinds without it
