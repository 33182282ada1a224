r"""Formats of tables in text: what is the user's to say, or is found in a file."""

__all__ = ["TABLES", "TEXTS", "TableFormat", "table_suffix"]

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...common.configurable import Configurable
from ...common.type_checks import check_arguments

TEXTS = (".csv", ".tsv", ".tab")
TABLES = (*TEXTS, ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow")

_SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "pipe": "|",
    "space": " ",
    "spaces": " ",
}
_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


class TableFormat(Configurable):
    r"""Text format of a table. Settings left out are found in the file, and logged.

    Where two readings are plausible, the file is refused with the setting that decides. What was
    found is kept with the model, and new files are read in the same way.

    Arguments:
        header: How many lines hold names: `0` or `"no"`, `1` or `"yes"`, or `2` for names with
            units below, which are joined.
        separator: What stands between cells: `","`, `";"`, `"tab"`, `"|"` or another character;
            `"spaces"` for runs of spaces and tabs.
        decimal: The decimal sign of numbers, `"."` or `","`.
        thousands: What groups the digits of numbers, such as `","`, `"."`, `" "` or `"'"`.
        missing: The words that stand for missing cells, with empty cells the only ones; by
            default the usual ones, such as NA, NaN and null, and beside numbers also marks
            such as `?` and `-`.
        index: The column that names the rows and is no part of the data: its name, or `"yes"`
            for the first; `"no"` if there is none.
        dates: The order of day, month and year in dates, `"dmy"`, `"mdy"` or `"ymd"`.
        text: Columns that are text whatever their cells look like, such as postal codes.
        encoding: The encoding of the file, such as `"latin-1"`.

    Example:
        >>> TableFormat(separator="semicolon", decimal=",").checked().separator
        ';'
    """

    def __init__(
        self,
        header: int | str | None = None,
        separator: str | None = None,
        decimal: str | None = None,
        thousands: str | None = None,
        missing: Sequence[str] | None = None,
        index: str | None = None,
        dates: str | None = None,
        text: Sequence[str] = (),
        encoding: str | None = None,
    ) -> None:
        self.header = header
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.missing = missing
        self.index = index
        self.dates = dates
        self.text = text
        self.encoding = encoding
        self.units: dict[str, str] = {}  # what stands around the numbers of columns
        self.names: list[str] = []  # the first line of the file of the fit

    def checked(self) -> "TableFormat":
        r"""Returns the same format in one spelling.

        Raises:
            ValueError: If a setting is none of those that there are.
        """
        given = self.get_params(deep=False)

        for name in ("header", "index"):  # truth values are words for yes and no
            if isinstance(given[name], bool):
                given[name] = "yes" if given[name] else "no"

        check_arguments(TableFormat, given)
        given["header"] = _header(given["header"])

        if self.separator is not None:
            given["separator"] = _SEPARATORS.get(self.separator.lower(), self.separator)

            if len(given["separator"]) != 1 or given["separator"] in "\"\n\r'":
                raise ValueError(
                    "expected separator as one character, 'tab' or 'spaces' (command line:"
                    f" --separator), got {self.separator!r}."
                )

        if isinstance(given["index"], str):
            given["index"] = _YES_NO.get(given["index"].lower(), given["index"])

        if self.decimal not in (None, ".", ","):
            raise ValueError(
                f"expected decimal as '.' or ',' (command line: --decimal), got {self.decimal!r}."
            )

        if self.thousands is not None and (
            len(self.thousands) != 1 or self.thousands.isalnum() or self.thousands == self.decimal
        ):
            raise ValueError(
                "expected thousands as one character that is no decimal sign (command line:"
                f" --thousands), got {self.thousands!r}."
            )

        if self.decimal is None and self.thousands in (".", ","):
            given["decimal"] = {".": ",", ",": "."}[self.thousands]

        if self.dates not in (None, "dmy", "mdy", "ymd"):
            raise ValueError(
                "expected dates as 'dmy', 'mdy' or 'ymd' (command line: --dates), got"
                f" {self.dates!r}."
            )

        if isinstance(self.text, str) or isinstance(self.missing, str):
            given["text"] = [self.text] if isinstance(self.text, str) else self.text
            given["missing"] = [self.missing] if isinstance(self.missing, str) else self.missing

        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise ValueError(f"unknown encoding {self.encoding!r}.") from None

        checked = TableFormat(**given)
        checked.units, checked.names = dict(self.units), [*self.names]

        return checked

    def document(self) -> dict[str, Any]:
        r"""Returns what was set and found, ready for JSON.

        Example:
            >>> TableFormat(decimal=",").document()["decimal"]
            ','
        """
        given = self.get_params(deep=False) | {"units": self.units, "names": self.names}
        return {k: [*v] if isinstance(v, (list, tuple)) else v for k, v in given.items()}

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> "TableFormat":
        r"""Returns the format of a document, as `document` makes them.

        Raises:
            ValueError: If it is none.
        """
        given = dict(document or {})
        units, names = given.pop("units", {}), given.pop("names", [])
        known = isinstance(units, Mapping) and isinstance(names, (list, tuple))

        if given.keys() - cls().get_params() or not known:
            raise ValueError(f"the format of the files of this model is none: {[*given]}.")

        found = cls(**given).checked()
        found.units = {str(name): str(unit) for name, unit in units.items()}
        found.names = [*map(str, names)]

        return found


def _header(header: int | str | None) -> int | None:
    if isinstance(header, str):
        words = {"yes": 1, "no": 0}
        header = (
            int(header) if header.isdecimal() else words.get(_YES_NO.get(header.lower(), ""), -1)
        )

    if header is not None and not 0 <= header <= 9:
        raise ValueError(
            "expected header as 'yes', 'no' or the number of lines that hold names (command"
            f" line: --header), got {header!r}."
        )

    return None if header is None else int(header)


def table_suffix(path: Path) -> str | None:
    r"""The suffix of a file that holds a table, without that of gzip; `None` of others.

    Example:
        >>> table_suffix(Path("a.CSV.gz")), table_suffix(Path("a.npy"))
        ('.csv', None)
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in TABLES else None
