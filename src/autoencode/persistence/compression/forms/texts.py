r"""Lists and arrays of texts."""

__all__ = ["TextForm"]

from typing import Any

import numpy as np

from ....modalities import Modality
from .base import Form, pack_json, unpack_json


class TextForm(Form):
    r"""Texts, which come back as an array of objects, as from other methods."""

    @classmethod
    def read(cls, header: dict[str, Any]) -> "TextForm":
        return cls()

    def header(self) -> dict[str, Any]:
        return {"form": "texts"}

    def prepared(self, X: Any) -> list[str]:
        return [str(x) if isinstance(x, np.str_) else x for x in X]

    def part(self, X: Any, first: int, last: int) -> list[str]:
        return X[first:last]

    def exceptions(self, X: list[str], R: Any) -> bytes:
        differ = [[i, x] for i, (x, r) in enumerate(zip(X, R)) if x != r]
        return pack_json(differ) if differ else b""

    def corrected(self, R: Any, exceptions: bytes) -> list[str]:
        X = [*R]
        changed = unpack_json(exceptions) if exceptions else []

        for entry in changed if isinstance(changed, list) else [None]:
            match entry:
                case [int() as i, str() as x] if 0 <= i < len(X):
                    X[i] = x
                case _:
                    raise ValueError("its exceptions are damaged")

        return X

    def joined(self, parts: list[list[str]], modality: Modality) -> Any:
        texts = [text for part in parts for text in part]
        X = np.empty(len(texts), object)
        X[:] = texts

        return X
