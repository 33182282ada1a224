r"""Formats of tables in text files."""

__all__ = ["TABLES", "TEXTS", "TableFormat", "table_suffix"]

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...common.checks.types import check_arguments
from ...common.configurable import Configurable

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
    r"""Text format of a table. Settings that are left out are found in the file, and logged.

    If two readings are plausible, the file is refused, and the message names the setting that
    decides. The format is kept with the model, and later files are read in the same way.

    Arguments:
        header: The number of lines that hold names: 0 or `"no"`, 1 or `"yes"`, or 2 for names with
            units below, which are joined.
        separator: The separator of cells: `","`, `";"`, `"tab"`, `"|"` or another character, or
            `"spaces"` for runs of spaces and tabs.
        decimal: The decimal sign of numbers, `"."` or `","`.
        thousands: The sign that groups the digits of numbers: `","`, `"."`, `" "` or `"'"`.
        missing_values: The words for missing cells, in addition to empty cells. By default the
            usual words, such as NA, NaN and null, and in columns of numbers also marks such as `?`
            and `-`.
        index_column: The name of the column that names the rows, and is not part of the data;
            `"yes"` for the first column; `"no"` if there is none.
        date_order: The order of day, month and year in dates, `"dmy"`, `"mdy"` or `"ymd"`.
        text_columns: Columns that are text whatever their cells look like, such as postal codes.
        encoding: The encoding of the file, such as `"latin-1"`.

    See Also:
        :func:`~autoencode.data.read_table`

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
        missing_values: Sequence[str] | None = None,
        index_column: str | None = None,
        date_order: str | None = None,
        text_columns: Sequence[str] = (),
        encoding: str | None = None,
    ) -> None:
        self.header = header
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.missing_values = missing_values
        self.index_column = index_column
        self.date_order = date_order
        self.text_columns = text_columns
        self.encoding = encoding
        self.units: dict[str, str] = {}  # text around the numbers of a column, such as a currency
        self.names: list[str] = []  # the header of the file of the fit

    def checked(self) -> "TableFormat":
        r"""Returns the same format in one spelling.

        Raises:
            ValueError: If a setting is invalid.
        """
        given = self.get_params(deep=False)

        for name in ("header", "index_column"):  # booleans are words for yes and no
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

        if isinstance(given["index_column"], str):
            given["index_column"] = _YES_NO.get(
                given["index_column"].lower(), given["index_column"]
            )

        if self.decimal not in (None, ".", ","):
            raise ValueError(
                f"expected decimal as '.' or ',' (command line: --decimal), got {self.decimal!r}."
            )

        if self.thousands is not None and (
            len(self.thousands) != 1 or self.thousands.isalnum() or self.thousands == self.decimal
        ):
            raise ValueError(
                "expected thousands as one character, not the decimal sign (command line:"
                f" --thousands), got {self.thousands!r}."
            )

        if self.decimal is None and self.thousands in (".", ","):
            given["decimal"] = {".": ",", ",": "."}[self.thousands]

        if self.date_order not in (None, "dmy", "mdy", "ymd"):
            raise ValueError(
                "expected date_order as 'dmy', 'mdy' or 'ymd' (command line: --date-order),"
                f" got {self.date_order!r}."
            )

        for name in ("text_columns", "missing_values"):
            if isinstance(given[name], str):
                given[name] = [given[name]]

        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise ValueError(f"unknown encoding {self.encoding!r}.") from None

        checked = TableFormat(**given)
        checked.units, checked.names = dict(self.units), [*self.names]

        return checked

    def document(self) -> dict[str, Any]:
        r"""Returns the settings that were given or found, ready for JSON.

        Example:
            >>> TableFormat(decimal=",").document()["decimal"]
            ','
        """
        given = self.get_params(deep=False) | {"units": self.units, "names": self.names}
        return {k: [*v] if isinstance(v, (list, tuple)) else v for k, v in given.items()}

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> "TableFormat":
        r"""Returns the format of a document that `document` returned.

        Raises:
            ValueError: If it is not a format.
        """
        given = dict(document or {})
        units, names = given.pop("units", {}), given.pop("names", [])
        known = isinstance(units, Mapping) and isinstance(names, (list, tuple))

        if given.keys() - cls().get_params() or not known:
            raise ValueError(f"the model has an invalid format of its files: {[*given]}.")

        format = cls(**given).checked()
        format.units = {str(name): str(unit) for name, unit in units.items()}
        format.names = [*map(str, names)]

        return format


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
    r"""The suffix of a file that holds a table, without `.gz`; `None` for other files.

    Example:
        >>> table_suffix(Path("a.CSV.gz")), table_suffix(Path("a.npy"))
        ('.csv', None)
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in TABLES else None
