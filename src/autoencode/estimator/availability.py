r"""Methods that exist only if the kind of data and the model can perform them."""

__all__ = [
    "Abilities",
    "UnavailableError",
    "available_unless",
    "has_no_cells",
    "has_no_decoder",
    "has_no_density",
    "has_no_future",
    "has_no_pixels",
    "has_no_ranking",
    "has_no_samples",
    "has_no_steps",
]

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from sklearn.utils.metaestimators import available_if

from ..blueprint import Blueprint, choices
from ..distributions import Family
from ..modalities import CANDIDATES, Modality
from ..modalities.capabilities import Forecastable, Rankable, Tiled
from ..objectives import Objective
from ..priors import Prior

_ENCODER_ONLY = (
    "this model was loaded or saved with encoder_only=True and cannot decode. Load all of it."
)
_NO_DENSITY = (
    "'{}' needs a density p(x). This autoencoder has none: its encoder returns a point, not a"
    " distribution of codes. Use ae.vae(...) for densities and new examples, or {}."
)
_NO_CELLS = (
    "'{}' needs a model of a table with columns of several types or missing cells, or of a table"
    " of numbers with modality=ae.modalities.MixedTables() (command line: --modality MixedTables),"
    " got one of {}."
)


class Abilities(NamedTuple):
    r"""Abilities of the kind of data and the model that methods may need.

    Example:
        >>> Abilities.before_fit(None, None, None, None, conditional=False).has_density
        False
    """

    kinds: tuple[Modality, ...]
    r"""The kind of data of the fit, or all kinds that are possible before it."""

    has_density: bool
    r"""True if codes have a density."""

    generates: bool
    r"""True if new examples can be drawn."""

    decodes: bool = True
    r"""True if there is a decoder."""

    in_steps: bool = True
    r"""True if the training is one by minibatches."""

    @classmethod
    def of_fit(cls, blueprint: Blueprint, decodes: bool) -> "Abilities":
        r"""Returns the abilities of a fitted model.

        Arguments:
            blueprint: All resolved choices.
            decodes: Whether the model has a decoder.
        """
        return cls((blueprint.modality,), blueprint.has_density, blueprint.generates, decodes)

    @classmethod
    def before_fit(
        cls,
        modality: Modality | Sequence[Modality] | None,
        posterior: Family | None,
        prior: Prior | str | None,
        objective: Objective | None,
        conditional: bool,
    ) -> "Abilities":
        r"""Returns the abilities that follow from the arguments of an estimator."""
        kinds = CANDIDATES if modality is None else modality
        density = choices.resolve_posterior(posterior, objective).has_density
        matches = choices.resolve_objective(objective).matches_prior
        chosen = choices.resolve_prior(prior, objective, conditional, posterior)
        generates = density or matches or chosen.fits

        return cls(
            (kinds,) if isinstance(kinds, Modality) else tuple(kinds), density, bool(generates)
        )


# Returns the reason why a method is missing, with a remedy, or `None` if the method exists
Reason = Callable[[Abilities], str | None]


class _Able(Protocol):
    @property
    def _abilities(self) -> Abilities: ...


class UnavailableError(AttributeError, ValueError):
    r"""Error of a method that the kind of data or the model cannot perform.

    `hasattr` is false, as scikit-learn expects, and the message names the remedy.

    Example:
        >>> issubclass(UnavailableError, AttributeError)
        True
    """


def available_unless(*reasons: Reason) -> Callable[[Callable], Any]:
    r"""Method of an estimator that does not exist while there is a reason against it.

    It works like scikit-learn's `available_if`, with a sentence in place of "has no attribute".

    Arguments:
        reasons: Functions of the estimator's :class:`Abilities` that return a sentence, or `None`.

    Example:
        >>> class Box:
        ...     _abilities = Abilities((), has_density=False, generates=False)
        ...     @available_unless(lambda abilities: "'open' needs a key. Look under the mat.")
        ...     def open(self): ...
        >>> hasattr(Box(), "open")
        False
    """
    return lambda method: _Available(method, reasons)


class _Available:
    def __init__(self, method: Callable, reasons: Iterable[Reason]) -> None:
        self.reasons = [*reasons]
        self.method = available_if(lambda able: self._why(able) is None)(method)
        self.__doc__ = method.__doc__

    def __get__(self, able: _Able | None, owner: type | None = None) -> Any:
        if able is not None and (why := self._why(able)) is not None:
            raise UnavailableError(why)

        return self.method.__get__(able, owner)

    def _why(self, able: _Able) -> str | None:
        abilities = able._abilities
        return next(filter(None, (reason(abilities) for reason in self.reasons)), None)


def has_no_decoder(abilities: Abilities) -> str | None:
    r"""Reason against methods that decode: the fitted model is an encoder alone.

    Example:
        >>> has_no_decoder(Abilities((), has_density=True, generates=True, decodes=False))[:36]
        'this model was loaded or saved with '
    """
    return None if abilities.decodes else _ENCODER_ONLY


def has_no_density(abilities: Abilities) -> str | None:
    r"""Reason against densities: the encoder returns points.

    Example:
        >>> has_no_density(Abilities((), has_density=False, generates=False))[:35]
        "'score_samples' needs a density p(x"
    """
    otherwise = "reconstruction_error(X) to judge examples"
    return None if abilities.has_density else _NO_DENSITY.format("score_samples", otherwise)


def has_no_samples(abilities: Abilities) -> str | None:
    r"""Reason against new examples: there is neither a density nor a prior fitted to the codes.

    Example:
        >>> has_no_samples(Abilities((), has_density=False, generates=True)) is None
        True
    """
    if abilities.generates:
        return None

    return _NO_DENSITY.format("sample", "prior=Mixture() for new examples alone")


def has_no_steps(abilities: Abilities) -> str | None:
    r"""Reason against training on parts of the examples: the training is not by minibatches.

    Example:
        >>> has_no_steps(Abilities((), True, True, in_steps=False))[:35]
        "'partial_fit' needs a training by m"
    """
    if abilities.in_steps:
        return None

    return (
        "'partial_fit' needs a training by minibatches: set training=ae.Training(), or use another"
        " recipe than ae.linear, which solves for the weights of all examples together."
    )


def has_no_future(abilities: Abilities) -> str | None:
    r"""Reason against forecasts: the data are not series.

    Example:
        >>> from autoencode.modalities import Images, Series
        >>> has_no_future(Abilities((Series(),), True, True)) is None
        True
        >>> has_no_future(Abilities((Images(),), True, True))[:26]
        "'forecast' expected series"
    """
    if any(isinstance(kind, Forecastable) for kind in abilities.kinds):
        return None

    names = " or ".join(type(kind).__name__ for kind in abilities.kinds)
    return (
        "'forecast' expected series, with modality=ae.modalities.Series(gaps=True) (command line:"
        f" --modality Series --modality.gaps), got {names}."
    )


def has_no_ranking(abilities: Abilities) -> str | None:
    r"""Reason against recommendations: the data are not counts or ratings.

    Example:
        >>> from autoencode.modalities import Counts, Images
        >>> has_no_ranking(Abilities((Counts(),), True, True)) is None
        True
        >>> has_no_ranking(Abilities((Images(),), True, True))[:29]
        "'recommend' expected counts o"
    """
    if any(isinstance(kind, Rankable) for kind in abilities.kinds):
        return None

    names = " or ".join(type(kind).__name__ for kind in abilities.kinds)
    return (
        "'recommend' expected counts or ratings, with modality=ae.modalities.Counts() (command"
        f" line: --modality Counts), got {names}."
    )


def has_no_cells(method: str, capability: type) -> Reason:
    r"""Reason against methods of cells: the kind of data lacks a capability.

    Before `fit`, one possible kind of data that has the capability is enough.

    Arguments:
        method: The name of the method.
        capability: The capability, such as :class:`~autoencode.modalities.capabilities.Imputable`.

    Example:
        >>> from autoencode.modalities import Images, MixedTables
        >>> from autoencode.modalities.capabilities import Imputable
        >>> reason = has_no_cells("impute", Imputable)
        >>> [reason(Abilities((kind,), True, True)) is None for kind in (MixedTables(), Images())]
        [True, False]
    """

    def reason(abilities: Abilities) -> str | None:
        if any(isinstance(kind, capability) for kind in abilities.kinds):
            return None

        names = " or ".join(type(kind).__name__ for kind in abilities.kinds)
        return _NO_CELLS.format(method, names)

    return reason


def has_no_pixels(method: str) -> Reason:
    r"""Reason against methods of pixels: the examples are not images.

    Arguments:
        method: The name of the method.

    Example:
        >>> from autoencode.modalities import Tables
        >>> has_no_pixels("error_map")(Abilities((Tables(),), has_density=True, generates=True))
        "'error_map' needs a model of images, got one of Tables."
    """

    def reason(abilities: Abilities) -> str | None:
        if any(isinstance(kind, Tiled) for kind in abilities.kinds):
            return None

        names = " or ".join(type(kind).__name__ for kind in abilities.kinds)
        return f"'{method}' needs a model of images, got one of {names}."

    return reason
