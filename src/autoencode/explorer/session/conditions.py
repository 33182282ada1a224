r"""Labels and numbers that a conditional model is given."""

__all__ = ["CONDITION", "Conditions"]

from typing import Any

import numpy as np

from ...estimator import Autoencoder
from ...modalities.capabilities import has_covariates
from ...modalities.context import ContinuousContext, Labels
from ..wire.schemas import NUMBER, TEXT, Schema, either, mapping, maybe

CONDITION: Schema = maybe(mapping(either(TEXT, NUMBER)))

_STEPS = 2.0  # standard deviations that a control reaches to each side


class Conditions:
    r"""Controls for what a conditional model is given, and their values as `y`.

    Covariates of series are not controls: decoded series have the mean covariates of the fit.

    Arguments:
        model: The model.

    Example:
        >>> import autoencode as ae
        >>> X, y = np.random.default_rng(0).normal(size=(20, 4)), ["a", "b"] * 10
        >>> training = ae.Training(epochs=1)
        >>> model = ae.vae(2, conditional=True, layers=(), training=training).fit(X, y)
        >>> conditions = Conditions(model)
        >>> conditions.value(None), conditions.value({"label": "b"})
        (array(['a'], dtype='<U1'), array(['b'], dtype='<U1'))
    """

    def __init__(self, model: Autoencoder) -> None:
        self.context = model.context_
        self.shown = not has_covariates(model.modality_)

    def document(self) -> list[dict[str, Any]]:
        r"""Returns the controls for JSON."""
        if isinstance(self.context, Labels):
            levels = [str(level) for level in self.context.classes_]
            first = levels[self._default()]
            return [{"name": "label", "kind": "category", "levels": levels, "default": first}]

        if isinstance(self.context, ContinuousContext) and self.shown:
            rows = zip(self._names(), self.context.loc_.tolist(), self.context.scale_.tolist())
            return [
                {
                    "name": name,
                    "kind": "number",
                    "low": loc - _STEPS * scale,
                    "high": loc + _STEPS * scale,
                    "default": loc,
                }
                for name, loc, scale in rows
            ]

        return []

    def value(self, given: dict[str, Any] | None) -> Any:
        r"""Returns the `y` of one example; what is not given has its default.

        Arguments:
            given: The values by name.

        Raises:
            ValueError: If a name or a label is unknown, or the model is not conditional.
        """
        given = given or {}
        known = {control["name"]: control for control in self.document()}

        if unknown := [name for name in given if name not in known]:
            names = ", ".join(known) or "none, as this model is not conditional"
            raise ValueError(f"expected conditions {names}, got {unknown[0][:60]!r}.")

        if isinstance(self.context, Labels):
            levels = known["label"]["levels"]
            label = str(given.get("label", known["label"]["default"]))

            if label not in levels:
                raise ValueError(f"expected a label of the fit, got {label[:60]!r}.")

            return self.context.classes_[[levels.index(label)]]

        if not isinstance(self.context, ContinuousContext):
            return None

        row = self.context.loc_.copy()

        for j, name in enumerate(known):
            try:
                row[j] = float(given.get(name, row[j]))
            except ValueError:
                raise ValueError(f"expected a number for {name}, got {given[name]!r}.") from None

        return row[None]

    def _default(self) -> int:
        assert isinstance(self.context, Labels)
        shares = self.context.shares_
        return 0 if shares is None else int(np.argmax(shares))

    def _names(self) -> list[str]:
        assert isinstance(self.context, ContinuousContext)
        n = self.context.size_
        return ["number"] if n == 1 else [f"number {j + 1}" for j in range(n)]
