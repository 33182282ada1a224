r"""JSON schemas of requests and answers, and values compared with them.

Schemas are plain documents of JSON Schema, restricted to the keywords that :func:`check` knows.
"""

__all__ = [
    "BOOLEAN",
    "INTEGER",
    "NOTHING",
    "NUMBER",
    "NUMBERS",
    "TEXT",
    "Schema",
    "check",
    "choice",
    "either",
    "from_query",
    "mapping",
    "maybe",
    "record",
    "several",
]

import json
import math
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
NOTHING: Schema = {"type": "null"}

_TYPES: dict[str, tuple[Any, str]] = {
    "number": ((int, float), "a number"),
    "integer": (int, "an integer"),
    "string": (str, "a text"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "null"),
    "array": (list, "a list"),
    "object": (dict, "an object"),
}
_SHOWN_LETTERS = 60  # of a wrong value


def choice(*values: Any) -> Schema:
    r"""Schema of one of several values."""
    return {"enum": [*values]}


def either(*schemas: Schema) -> Schema:
    r"""Schema of a value that fits one of several schemas."""
    return {"anyOf": [*schemas]}


def maybe(schema: Schema) -> Schema:
    r"""Schema of a value or null."""
    return either(schema, NOTHING)


def several(schema: Schema, least: int = 0, most: int | None = None) -> Schema:
    r"""Schema of a list.

    Arguments:
        schema: The schema of its items.
        least: The minimum number of items.
        most: The maximum number of items.
    """
    return {"type": "array", "items": schema, "minItems": least} | (
        {} if most is None else {"maxItems": most}
    )


def record(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    r"""Schema of an object with known names.

    Arguments:
        optional: The schemas of values that may be left out, by name.
        required: The schemas of all others.
    """
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": [*required],
        "additionalProperties": False,
    }


def mapping(schema: Schema) -> Schema:
    r"""Schema of an object with any names, whose values have one schema."""
    return {"type": "object", "additionalProperties": schema}


NUMBERS = several(NUMBER)


def check(value: Any, schema: Schema, name: str = "the request") -> None:
    r"""Compare a value with a schema.

    Arguments:
        value: The value, as read from JSON.
        schema: The schema.
        name: The name of the value, for messages.

    Raises:
        ValueError: If it does not fit. The message is one sentence.

    Example:
        >>> check({"x": 3}, record(x=INTEGER))
        >>> check({"x": "a"}, record(x=INTEGER))
        Traceback (most recent call last):
        ...
        ValueError: expected x as an integer, got "a".
    """
    if "anyOf" in schema:
        _check_any(value, schema["anyOf"], name)
        return

    if "enum" in schema:
        if value not in schema["enum"]:
            known = ", ".join(json.dumps(v) for v in schema["enum"])
            raise ValueError(f"expected {name} as one of {known}, got {_shown(value)}.")
        return

    if "type" not in schema:
        return

    kind, words = _TYPES[schema["type"]]
    boolean = isinstance(value, bool) and kind is not bool

    if not isinstance(value, kind) or boolean:
        raise ValueError(f"expected {name} as {words}, got {_shown(value)}.")

    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected {name} as a finite number, got {value}.")

    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)

    if schema["type"] in {"number", "integer"} and not low <= value <= high:
        raise ValueError(f"expected {name} from {low:g} to {high:g}, got {_shown(value)}.")

    if len(value) > schema.get("maxLength", math.inf) if isinstance(value, str) else False:
        raise ValueError(f"expected {name} with at most {schema['maxLength']:,} characters.")

    if isinstance(value, list):
        _check_list(value, schema, name)
    elif isinstance(value, dict):
        _check_object(value, schema, name)


def _check_any(value: Any, schemas: list[Schema], name: str) -> None:
    failures = []

    for schema in schemas:
        try:
            return check(value, schema, name)
        except ValueError as error:
            failures.append((_fits(value, schema), str(error)))

    raise ValueError(max(failures)[1])  # of a schema with the right type, if there is one


def _fits(value: Any, schema: Schema) -> tuple[bool, int]:
    r"""Tells whether the type is right, and counts the names that an object shares."""
    kind = _TYPES.get(schema.get("type", ""), (object, ""))[0]
    shared = {*value} & {*schema.get("properties", ())} if isinstance(value, dict) else ()

    return isinstance(value, kind), len(shared)


def _check_list(value: list[Any], schema: Schema, name: str) -> None:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)

    if not least <= len(value) <= most:
        range_ = f"at least {least:,}" if most == math.inf else f"{least:,} to {most:,}"
        raise ValueError(f"expected {name} with {range_} items, got {len(value):,}.")

    for item in value:
        check(item, schema.get("items", {}), f"each item of {name}")


def _check_object(value: dict[str, Any], schema: Schema, name: str) -> None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})

    if missing := [key for key in schema.get("required", ()) if key not in value]:
        raise ValueError(f"expected {missing[0]} in {name}, which is missing.")

    for key, item in value.items():
        if key not in known and others is False:
            names = ", ".join(known) or "nothing"
            raise ValueError(f"expected {name} with {names} only, got {_shown(key)}.")

        check(item, known.get(key, others), key)


def _shown(value: Any) -> str:
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= _SHOWN_LETTERS else f"{shown[:_SHOWN_LETTERS]}..."


def from_query(words: Mapping[str, str], schema: Schema) -> dict[str, Any]:
    r"""The values of a query, with the types that a schema states.

    Items of lists are separated by commas.

    Arguments:
        words: The words of the query, by name.
        schema: The schema of the request.

    Raises:
        ValueError: If a word is not of its type.

    Example:
        >>> from_query({"x": "3", "view": "0,1"}, record(x=INTEGER, view=NUMBERS))
        {'x': 3, 'view': [0.0, 1.0]}
    """
    known = schema.get("properties", {})
    return {name: _typed(word, known.get(name, TEXT), name) for name, word in words.items()}


def _typed(word: str, schema: Schema, name: str) -> Any:
    if "anyOf" in schema:  # a value or null
        return None if word == "" else _typed(word, schema["anyOf"][0], name)

    kind = schema.get("type")

    if kind == "array":
        return [_typed(part, schema["items"], name) for part in word.split(",") if part != ""]

    if kind == "boolean" and word in {"true", "false"}:
        return word == "true"

    try:
        return {"integer": int, "number": float}.get(str(kind), str)(word)
    except ValueError:
        raise ValueError(
            f"expected {name} as {_TYPES[str(kind)][1]}, got {_shown(word)}."
        ) from None
