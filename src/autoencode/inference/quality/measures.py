r"""All measures of a trained model on held-out examples."""

__all__ = ["measure_quality"]

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...common.arrays import evenly_spaced
from ...common.estimates import Estimate
from ...modalities.capabilities import Tokenized
from .codes import measure_codes, measure_metadata
from .density import measure_density
from .evaluation import Evaluation
from .imputed import measure_imputation
from .new_examples import draw_new_examples, measure_new_examples
from .new_rows import measure_new_rows
from .reconstructions import measure_reconstructions
from .task import Section, Task

MAX_EXAMPLES = 2000
_MIN_TO_COMPARE = 20


def measure_quality(task: Task, terms: Mapping[str, Estimate | float]) -> Evaluation:
    r"""Measure a model on at most two thousand examples, evenly spaced.

    Arguments:
        task: The model and its data.
        terms: The terms of the loss on all examples.

    Returns:
        The terms, and the other measures of :class:`Evaluation`.
    """
    sections = [Section("Bound", dict(terms))]

    if task.model.decoder is not None:
        task = task._replace(
            metadata=_spread_metadata(task),
            test=task.test.spread(MAX_EXAMPLES)[:],
            train=task.train and task.train.spread(MAX_EXAMPLES)[:],
        )
        sections += _sections(task)

    values = {name: value for section in sections for name, value in section.values.items()}
    estimates = {k: v for k, v in values.items() if isinstance(v, Estimate)}

    return Evaluation(
        {k: float(v.value if isinstance(v, Estimate) else v) for k, v in values.items()},
        {k: float(v.standard_error) for k, v in estimates.items()},
        {k: v for section in sections for k, v in section.details.items()},
        {section.topic: section.charts for section in sections},
    )


def _sections(task: Task) -> list[Section]:
    sections = [measure_codes(task), *measure_reconstructions(task)]

    if task.metadata is not None:
        sections.insert(1, measure_metadata(task))

    if task.model.posterior.has_density:
        sections = [*measure_density(task), *sections]

    if not isinstance(task.modality, Tokenized) and len(task.test.target) >= _MIN_TO_COMPARE:
        new = draw_new_examples(task)
        sections += [*measure_new_examples(task, new), measure_new_rows(task, new)]

        if task.model.posterior.has_density:
            sections.append(measure_imputation(task))

    return sections


def _spread_metadata(task: Task) -> dict[str, NDArray] | None:
    r"""Returns the metadata of the examples that are measured."""
    if task.metadata is None:
        return None

    N, found = len(task.test), {}

    for name in task.metadata:
        column = np.asarray(task.metadata[name])

        if column.shape != (N,):
            raise ValueError(
                f"expected one value for each of the {N:,} examples in the metadata {name!r},"
                f" in their order, got the shape {column.shape}."
            )

        found[str(name)] = column[evenly_spaced(N, MAX_EXAMPLES).numpy()]

    return found
