r"""Parts of a model that a training leaves as they are."""

__all__ = ["Frozen", "check_freeze"]

import difflib
from collections.abc import Sequence
from typing import Any

from torch import nn

_PARTS = ("encoder", "decoder", "prior")


def check_freeze(freeze: Any, has_weights: bool) -> tuple[str, ...]:
    r"""Names of the parts to freeze.

    Arguments:
        freeze: A name, a sequence of names, or `None`.
        has_weights: Whether the training starts from weights that are worth keeping.

    Raises:
        TypeError: If the names are not text.
        ValueError: If the weights are new.

    Example:
        >>> check_freeze("encoder", has_weights=True)
        ('encoder',)
    """
    if freeze is None:
        return ()

    names = (freeze,) if isinstance(freeze, str) else freeze

    if not isinstance(names, (list, tuple, set)) or not all(isinstance(n, str) for n in names):
        raise TypeError(
            "expected freeze as 'encoder', 'decoder' or names of parts of the model, got"
            f" {freeze!r}."
        )

    if names and not has_weights:
        raise ValueError(
            "freeze would keep weights that are not trained: give a trained model as start=..."
            " (command line: --start), or trained modules as network=(encoder, decoder)."
        )

    return (*names,)


class Frozen:
    r"""Parameters and modules of a model that stay as they are while they are frozen.

    Arguments:
        model: The model.
        names: The names of modules or parameters, as in `model.named_parameters()`.

    Raises:
        ValueError: If a name is unknown, or no parameter is left to train.

    Example:
        >>> model = nn.ModuleDict({"encoder": nn.Linear(3, 2), "decoder": nn.Linear(2, 3)})
        >>> frozen = Frozen(model, ["encoder"])
        >>> [name for name, p in model.named_parameters() if p.requires_grad]
        ['decoder.weight', 'decoder.bias']
        >>> frozen.release()
        >>> all(p.requires_grad for p in model.parameters())
        True
    """

    def __init__(self, model: nn.Module, names: Sequence[str]) -> None:
        modules, parameters = dict(model.named_modules()), dict(model.named_parameters())
        modules.pop("", None)

        for name in names:
            if name not in modules and name not in parameters:
                raise ValueError(_unknown(name, [*modules, *parameters]))

        self.modules = [modules[name] for name in names if name in modules]
        starts = tuple(f"{name}." for name in names)
        inside = [n for n in parameters if n in names or n.startswith(starts)]
        self.parameters = [parameters[n] for n in inside if parameters[n].requires_grad]
        free = [p for n, p in parameters.items() if n not in inside and p.requires_grad]

        if names and not free:
            raise ValueError(
                f"freeze={[*names]} leaves no weight to train: freeze fewer parts, or train"
                " nothing with training=Training(epochs=0) (command line: --epochs 0)."
            )

        self.prior = "prior" in names

        for p in self.parameters:
            p.requires_grad_(False)

    def release(self) -> None:
        r"""Makes the parameters trainable again."""
        for p in self.parameters:
            p.requires_grad_(True)


def _unknown(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    known = close or [part for part in _PARTS if part in known]
    return (
        f"freeze: the model has no part {name!r}. Use {' or '.join(map(repr, known))}, or a name"
        " of model_.named_parameters()."
    )
