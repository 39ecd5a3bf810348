"""A list as a file: which columns, each cell as a typed value, and CSV in which no text can be taken for a formula.

Only text cells are guarded; numbers are written from typed values and stay numbers.
Source: acceptance ID-47; reliability section 4 (CSV out) and P28; ux 17, 18.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from zoneinfo import ZoneInfo

from purser.lists.asked import Asked
from purser.lists.model import Column, Sign, Table, reach

NAME = "table-data"  # what every file is called
IN_MEMORY = 4_000_000  # bytes, before a file goes to disk
FORMULA = tuple("=+-@\t\0\r＝＋－＠")

Value = str | int | Decimal | date | datetime | bool | None


@dataclass(frozen=True)
class Style:
    delimiter: str
    decimal: str


STYLES = {"comma": Style(",", "."), "semicolon": Style(";", ",")}


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula: with a leading apostrophe where it could be. Undone by `unguarded`.

    A text that begins with an apostrophe gets another one where what follows would be guarded, so that nothing is lost.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """What `guarded` was given; for our own imports."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


def cell(value: Value, style: Style, zone: ZoneInfo) -> str:
    """A value as CSV text: numbers bare with the style's decimal mark, dates ISO, times ISO in `zone`, text guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:f}".replace(".", style.decimal) if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value)


def write_csv(file: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Value]], *, style: Style, zone: ZoneInfo) -> int:
    """Write RFC 4180 text in UTF-8 with a byte order mark; returns the number of rows."""
    file.write(codecs.BOM_UTF8)
    text = codecs.getwriter("utf-8")(file)
    writer = csv.writer(text, delimiter=style.delimiter, lineterminator="\r\n")
    writer.writerow([guarded(head) for head in heads])
    count = 0
    for row in rows:
        writer.writerow([cell(value, style, zone) for value in row])
        count += 1
    return count


def text_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as CSV that goes along in a form or an answer; our own imports take it back."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([guarded(head) for head in heads])
    writer.writerows([guarded(cell) for cell in cells] for cells in rows)
    return out.getvalue()


def columns(table: Table, wanted: Asked, *, every: bool) -> list[Column]:
    """The shown columns in their order; with `every`, all others after them."""
    shown = [table.by_name[name] for name in wanted.columns]
    return shown + [column for column in table.columns if every and column not in shown]


def heads(chosen: Sequence[Column]) -> list[str]:
    """Money takes two columns, the amount (a number) and its currency."""
    return [label for column in chosen for label in _labels(column)]


def _labels(column: Column) -> tuple[str, ...]:
    return (column.label, f"{column.label} currency") if column.kind == "money" else (column.label,)


def values(chosen: Sequence[Column], record: Any) -> list[Value]:
    """A record's cells, as plain values in the order of `heads`."""
    found: list[Value] = []
    for column in chosen:
        value = column.value(record)
        if column.kind == "badge" and value is not None:
            value = column.signs.get(str(value), Sign(str(value))).words
        found.append(value if isinstance(value, Value) else str(value))
        if column.kind == "money":
            found.append(str(reach(record, column.currency) or ""))
    return found
