r"""Methods that exist only where the kind of data and the model can perform them."""

__all__ = [
    "UnavailableError",
    "available_unless",
    "has_no_cells",
    "has_no_decoder",
    "has_no_density",
    "has_no_samples",
]

from collections.abc import Callable, Iterable
from typing import Any

from sklearn.utils.metaestimators import available_if

from .blueprint import choices
from .modalities import CANDIDATES, Modality

# Returns why an estimator lacks a method and what to do, or `None` if it has it
Reason = Callable[[Any], str | None]

_ENCODER_ONLY = (
    "this model was loaded or saved with encoder_only=True and cannot decode. Load the whole one."
)
_NO_DENSITY = (
    "'{}' needs a density p(x). This autoencoder has none, as its encoder returns a point, not a"
    " distribution of codes. Use ae.vae(...) for densities and new examples, or {}."
)
_NO_CELLS = (
    "'{}' expected a table with columns of several types or missing cells when fitting, or one of"
    " numbers with modality=ae.modalities.MixedTables() (command line: --modality MixedTables),"
    " got {}."
)


class UnavailableError(AttributeError, ValueError):
    r"""A method that the kind of data or the model cannot perform.

    `hasattr` is false, as scikit-learn expects, and the message says what to do.

    Example:
        >>> issubclass(UnavailableError, AttributeError)
        True
    """


def available_unless(*reasons: Reason) -> Callable[[Callable], Any]:
    r"""Method of an estimator that does not exist while there is a reason against it.

    It is scikit-learn's `available_if`, with a sentence in place of "has no attribute".

    Arguments:
        reasons: Functions of the estimator that return a sentence, or `None`.

    Example:
        >>> class Box:
        ...     @available_unless(lambda box: "'open' needs a key. Look under the mat.")
        ...     def open(self): ...
        >>> hasattr(Box(), "open")
        False
    """
    return lambda method: _Available(method, reasons)


class _Available:
    def __init__(self, method: Callable, reasons: Iterable[Reason]) -> None:
        self.reasons = [*reasons]
        self.method = available_if(lambda estimator: self._why(estimator) is None)(method)
        self.__doc__ = method.__doc__

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is not None and (why := self._why(estimator)) is not None:
            raise UnavailableError(why)

        return self.method.__get__(estimator, owner)

    def _why(self, estimator: Any) -> str | None:
        return next(filter(None, (reason(estimator) for reason in self.reasons)), None)


def has_no_decoder(estimator: Any) -> str | None:
    r"""Reason against methods that decode: the fitted model is an encoder alone.

    Example:
        >>> from autoencode import Autoencoder
        >>> has_no_decoder(Autoencoder()) is None
        True
    """
    model = getattr(estimator, "model_", None)
    return _ENCODER_ONLY if model is not None and model.decoder is None else None


def has_no_density(estimator: Any) -> str | None:
    r"""Reason against densities: the encoder returns points.

    Example:
        >>> from autoencode import Autoencoder
        >>> has_no_density(Autoencoder())[:35]
        "'score_samples' needs a density p(x"
    """
    otherwise = "reconstruction_error(X) to judge examples"
    return None if _has_density(estimator) else _NO_DENSITY.format("score_samples", otherwise)


def has_no_samples(estimator: Any) -> str | None:
    r"""Reason against new examples: there is neither a density nor a prior fitted to the codes.

    Example:
        >>> from autoencode import Autoencoder
        >>> from autoencode.priors import Mixture
        >>> has_no_samples(Autoencoder(prior=Mixture())) is None
        True
    """
    if _generates(estimator):
        return None

    return _NO_DENSITY.format("sample", "prior=Mixture() for new examples alone")


def has_no_cells(method: str, capability: type) -> Reason:
    r"""Reason against methods of cells: the kind of data lacks a capability.

    Before `fit`, any kind counts that the data may turn out to be.

    Arguments:
        method: The name of the method.
        capability: The capability, such as :class:`~autoencode.modalities.capabilities.Imputable`.

    Example:
        >>> from autoencode import Autoencoder
        >>> from autoencode.modalities import Images
        >>> from autoencode.modalities.capabilities import Imputable
        >>> reason = has_no_cells("impute", Imputable)
        >>> reason(Autoencoder()) is None, reason(Autoencoder(modality=Images())) is None
        (True, False)
    """

    def reason(estimator: Any) -> str | None:
        kinds = _kinds_of(estimator)

        if any(isinstance(kind, capability) for kind in kinds):
            return None

        return _NO_CELLS.format(method, " or ".join(type(kind).__name__ for kind in kinds))

    return reason


def _kinds_of(estimator: Any) -> list[Any]:
    r"""Returns the kind of data of the fit, or all kinds that they may be before it."""
    fitted = getattr(estimator, "blueprint_", None)
    kinds = estimator.modality if fitted is None else fitted.modality

    if isinstance(kinds, Modality):
        return [kinds]

    return [*(CANDIDATES if kinds is None else kinds)]


def _has_density(estimator: Any) -> bool:
    if (fitted := getattr(estimator, "blueprint_", None)) is not None:
        return fitted.has_density

    return choices.resolve_posterior(estimator.posterior, estimator.objective).has_density


def _generates(estimator: Any) -> bool:
    if (fitted := getattr(estimator, "blueprint_", None)) is not None:
        return fitted.generates

    given = estimator.prior, estimator.objective, estimator.conditional
    matches = choices.resolve_objective(estimator.objective).matches_prior
    return _has_density(estimator) or matches or choices.resolve_prior(*given).fits
