r"""Codes over time: of whole series and sounds of any length, new ones, and scores of steps."""

__all__ = ["check_over_time", "decode_steps", "encode_steps", "sample_steps", "score_steps"]

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.distributions import Distribution, Independent
from torch.nn.functional import pad

from ...blueprint import Blueprint
from ...common.seeding import seeded
from ...modalities import encode_context
from ...modalities.capabilities import Extendable
from ...modalities.capabilities.scales import mean, restore_mean, restore_new
from ...models.latent import LatentModel, Model
from ...priors import AutoregressivePrior, StandardNormal
from ...priors.base import sample_prior
from ...priors.neural.next_codes import CodesOverTime
from ..batched import map_batches, map_scaled
from ..generation import draw_examples
from ..own_size import at_any_size

_CODES = 16  # for each score
_MAX_CODES = 1024  # at a time; the memory of a network does not depend on the length of an example
_FRAMES = 4  # steps, that far a frame of a spectrum reaches into others


def encode_steps(
    blueprint: Blueprint, model: LatentModel, examples: Sequence[NDArray], c: Tensor | None = None
) -> list[NDArray]:
    r"""Encode whole examples of any length to the means of their codes.

    Long examples are encoded in parts that overlap by the receptive field of the network.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        examples: Series or sounds, each with shape `(T, *)`.
        c: Their contexts, with shape `(N, C)`.

    Returns:
        The codes of each example, with shape `(steps, channels)`.

    Raises:
        ValueError: If the codes of the model are vectors.
    """

    def encode(model: Model, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        return model.encode(x).mean.unflatten(1, _code_shape(blueprint, shape)).mT

    def whole(x: NDArray, one: Tensor | None) -> NDArray:
        return _each_length(blueprint, model, [x], encode, one)[0]

    check_over_time(blueprint)
    per_code, margin = _part_sizes(blueprint)
    long = [] if margin is None else [len(x) > (_MAX_CODES + margin) * per_code for x in examples]

    if margin is None or not any(long):
        return _each_length(blueprint, model, examples, encode, c)

    contexts = [None] * len(examples) if c is None else c.split(1)
    return [
        np.concatenate([*_in_parts(whole, x, one, per_code, margin)]) if is_long else whole(x, one)
        for x, one, is_long in zip(examples, contexts, long)
    ]


def _part_sizes(blueprint: Blueprint) -> tuple[int, int | None]:
    r"""Returns the samples of a code, and the codes by which parts overlap, if they are local."""
    modality, network = check_over_time(blueprint), blueprint.network
    stride = network.stride or 1
    per_step = modality.length_of_steps(4) - modality.length_of_steps(3)

    if network.receptive_radius is None:
        return stride * per_step, None

    return stride * per_step, -(-(network.receptive_radius + _FRAMES) // stride)


def _in_parts(
    encode: Callable[[NDArray, Tensor | None], NDArray],
    x: NDArray,
    c: Tensor | None,
    per_code: int,
    margin: int,
) -> Iterator[NDArray]:
    r"""Yields the codes of the parts of one example."""
    for begin in range(0, len(x), _MAX_CODES):
        first, end = max(0, begin - margin), begin + _MAX_CODES + margin
        z = encode(x[first * per_code : end * per_code], c)[begin - first :]

        if end * per_code >= len(x):
            yield z
            return

        yield z[:_MAX_CODES]


def decode_steps(
    blueprint: Blueprint, model: LatentModel, Z: Sequence[NDArray], c: Tensor | None = None
) -> list[Any]:
    r"""Decode codes over time to whole examples, in the scale and type of those of the fit.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        Z: The codes of each example, with shape `(steps, channels)`.
        c: Their contexts, with shape `(N, C)`.

    Raises:
        ValueError: If the codes of the model are vectors, or have other channels.
    """
    modality, stride = check_over_time(blueprint), blueprint.network.stride or 1
    channels, _ = _code_shape(blueprint, blueprint.modality.shape_)

    def decode(z: NDArray, c: Tensor | None) -> Any:
        if z.ndim != 2 or z.shape[1] != channels or len(z) < 1 or not np.isfinite(z).all():
            raise ValueError(
                f"expected finite codes of {channels} numbers over time, with shape (steps,"
                f" {channels}), got shape {z.shape}."
            )

        kind = modality.of_length(modality.length_of_steps(len(z) * stride))
        fitting = at_any_size(blueprint, model, kind.shape_)
        codes = torch.from_numpy(z.T.copy()).flatten()[None]
        y = map_batches(fitting, lambda m, z: mean(kind, m.decode(z)), codes, c)

        return restore_mean(kind, y)[0]

    contexts = [None] * len(Z) if c is None else c.split(1)
    return [decode(np.asarray(z, np.float32), one) for z, one in zip(Z, contexts)]


def sample_steps(
    blueprint: Blueprint, model: LatentModel, n: int, length: int, y: ArrayLike | None = None
) -> Any:
    r"""Sample new examples of any length with torch's generator.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        n: The number of examples.
        length: Their length, in steps of series or samples of sounds.
        y: Labels or numbers, if the model is conditional.

    Raises:
        ValueError: If the codes of the model are vectors, or the prior knows one length only.
    """
    kind = check_over_time(blueprint).of_length(length)
    channels, steps = _code_shape(blueprint, kind.shape_)
    c = encode_context(blueprint.context, y, n)
    device = next(model.parameters()).device
    p = _prior_of_steps(model.prior, channels, steps, None if c is None else c.to(device))
    fitting = at_any_size(blueprint, model, kind.shape_)
    z = model.posterior.project(sample_prior(p, n).to(device)).cpu()

    return restore_new(kind, draw_examples(fitting, kind, z, c))


def score_steps(
    blueprint: Blueprint,
    model: LatentModel,
    examples: Sequence[NDArray],
    c: Tensor | None = None,
    seed: int = 0,
) -> list[NDArray]:
    r"""Terms of the evidence lower bound of whole examples, for the stretch of each code.

    .. math:: b_t = \mathbb{E}_{q(z \mid x)} \big[ \log p(x_t \mid z) + \log p(z_t \mid z_{<t})
        - \log q(z_t \mid x) \big], \qquad \sum_t b_t \leq \log p(x)

    They are in nats, in the user's units, and are means over sixteen codes.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        examples: Series or sounds, each with shape `(T, *)`.
        c: Their contexts, with shape `(N, C)`.
        seed: The seed of the codes.

    Returns:
        The terms of each example, with shape `(steps,)`.

    Raises:
        ValueError: If the codes of the model are vectors, or its distributions do not factor.
    """
    stride = blueprint.network.stride or 1
    log_unit = blueprint.modality.unit().double().log()

    def score(given: Model, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        channels, steps = _code_shape(blueprint, shape)
        given.likelihood.check_support(x)
        q, total = given.encode(x), x.new_zeros(len(x), steps, dtype=torch.float64)
        p = _prior_of_steps(model.prior, channels, steps, given.context)

        for _ in range(_CODES):
            z = q.rsample()
            of_numbers = _factors(given.decode(z), "likelihood").log_prob(x).double()
            of_numbers = of_numbers - log_unit.to(x.device) * ~x.isnan()
            of_time = of_numbers.movedim(2, 1).flatten(2).sum(dim=2)
            of_time = pad(of_time, (0, -of_time.shape[1] % stride)).unflatten(1, (-1, stride))
            of_codes = _factors(q, "posterior").log_prob(z).unflatten(1, (channels, steps))
            total += of_time.sum(dim=2) + _of_steps(p, z, (channels, steps)) - of_codes.sum(dim=1)

        return total / _CODES

    check_over_time(blueprint)

    with seeded(seed):
        return _each_length(blueprint, model, examples, score, c)


def check_over_time(blueprint: Blueprint) -> Any:
    r"""The kind of data of a model whose codes are over time.

    Arguments:
        blueprint: The resolved choices of the fit.

    Raises:
        ValueError: If its codes are vectors.
    """
    if blueprint.network.over_time and isinstance(blueprint.modality, Extendable):
        return blueprint.modality

    raise ValueError(
        f"codes of {blueprint.network} are vectors, one for each example in the length of the fit."
        " For series and sounds of any length, fit with"
        " network=ae.networks.TemporalConvolutional() (command line: --network"
        " TemporalConvolutional)."
    )


def _each_length(
    blueprint: Blueprint,
    model: LatentModel,
    examples: Sequence[NDArray],
    function: Callable[[Model, Tensor, tuple[int, ...]], Tensor],
    c: Tensor | None,
) -> list[NDArray]:
    r"""Applies a function to all examples, those of one length at a time."""
    modality = check_over_time(blueprint)
    found: dict[int, NDArray] = {}

    def of_one_length(rows: list[int]) -> NDArray:
        kind = modality.of_length(len(examples[rows[0]]))
        x = kind.load(np.stack([examples[i] for i in rows]))
        fitting = at_any_size(blueprint, model, kind.shape_)
        contexts = None if c is None else c[rows]

        return map_scaled(
            fitting, kind, lambda m, x: function(m, x, kind.shape_), x, contexts
        ).numpy()

    for rows in _same_length(examples):
        found |= zip(rows, of_one_length(rows))

    return [found[i] for i in range(len(examples))]


def _same_length(examples: Sequence[NDArray]) -> Iterator[list[int]]:
    lengths = np.array([len(x) for x in examples])
    yield from (np.flatnonzero(lengths == n).tolist() for n in np.unique(lengths))


def _code_shape(blueprint: Blueprint, shape: tuple[int, ...]) -> tuple[int, int]:
    r"""Returns the channels and steps of the code of examples of any length."""
    _, steps = blueprint.network.code_shape(shape)  # type: ignore[misc]
    own = blueprint.network.code_shape(blueprint.modality.shape_)[1]  # type: ignore[index]

    return blueprint.latent_dim // own, steps


def _prior_of_steps(prior: Any, channels: int, steps: int, c: Tensor | None) -> Distribution:
    r"""Returns the prior of another number of codes."""
    if isinstance(prior, AutoregressivePrior):
        return prior.of_steps(steps, c)

    if isinstance(prior, StandardNormal):
        return StandardNormal().build(channels * steps).to(prior.loc.device)()

    raise ValueError(
        f"{prior} knows codes of one length only. Fit with prior=ae.priors.AutoregressivePrior()"
        " (command line: --prior AutoregressivePrior), the default of"
        " ae.vae(network=ae.networks.TemporalConvolutional())."
    )


def _of_steps(p: Distribution, z: Tensor, code: tuple[int, int]) -> Tensor:
    if isinstance(p, CodesOverTime):
        return p.step_log_prob(z)

    return _factors(p, "prior").log_prob(z).unflatten(1, code).sum(dim=1)


def _factors(p: Distribution, name: str) -> Distribution:
    r"""Returns the distributions of single numbers, if a distribution is made of them."""
    if isinstance(p, Independent) and not p.base_dist.event_shape:
        return p.base_dist

    raise ValueError(
        f"scores of steps need a {name} of independent numbers, such as Gaussian() or"
        f" SharedGaussian(), got {type(p).__name__}."
    )
