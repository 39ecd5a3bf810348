"""Files of rows: what a CSV or XLSX file holds, cell by cell, and nothing that would be computed.

Source: reliability section 4 (imports in), P12.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from purser.kernel.errors import Refused

MOST_ROWS = 100_000  # below the header
MOST_COLUMNS = 200
MOST_CHARACTERS = 32_000  # of a cell

CellKind = Literal["text", "number", "formula", "date", "error"]

FORMULA = tuple("=+-@\t\0\r＝＋－＠")
_NUMBER = re.compile(r"[+-]?[0-9 ()./-]*(?:(?:x|ext\.?) ?[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class Cell:
    """`text` is what it shows, "" for an empty one. A number's text is its digits: zeros before them are lost."""

    text: str = ""
    kind: CellKind = "text"

    def __repr__(self) -> str:
        return f"Cell({self.kind})"


@dataclass(frozen=True)
class Row:
    """`number` is the row's in the file, where the header is row 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """`rows` leave out the empty ones. `unread` names further sheets of a workbook that hold something, `delimiter` parts the
    cells of a text.
    """

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()
    delimiter: str = ""


def refused(text: str, hint: str = "") -> Refused:
    return Refused(text, code="table", hint=hint)


def collected(rows: Iterator[Row], unread: Sequence[str] = (), *, pad: bool = False) -> Sheet:
    """The sheet of these rows, the first of which is the header. `pad` gives short rows the empty cells that a workbook
    leaves out; in a CSV file a short row is a broken one. Raises Refused for too many rows or columns."""
    header = next((row for row in rows if any(c.text for c in row.cells)), None)
    if header is None:
        raise refused("The file is empty.", "The first row names the columns.")
    last = max(n for n, c in enumerate(header.cells) if c.text) + 1
    if last > MOST_COLUMNS:
        raise refused(f"The file has {last} columns; at most {MOST_COLUMNS} are read.")
    heads = tuple(c.text for c in header.cells[:last])
    bad = [str(n) for n, c in enumerate(header.cells[:last], start=1) if c.kind != "text" or not c.text]
    if bad:
        raise refused(f"Row {header.number} names the columns, and column {', '.join(bad)} has no name there.")
    kept: list[Row] = []
    for row in rows:
        if any(c.text or c.kind != "text" for c in row.cells):
            kept.append(replace(row, cells=(*row.cells, *[Cell()] * (last - len(row.cells)))) if pad else row)
        if len(kept) > MOST_ROWS:
            raise refused(f"The file has more than {MOST_ROWS:,} rows.", "Import it in parts.")
    return Sheet(heads, tuple(kept), tuple(unread))


def csv_sheet(content: bytes) -> Sheet:
    """RFC 4180 text in UTF-8 (or UTF-16 with its mark), parted by comma, semicolon or tab.

    A cell that a spreadsheet would compute is a formula; the apostrophe that our own exports put before such a text is
    taken off again. Raises Refused with code "table".
    """
    text, delimiter, skipped = _parted(_decoded(content))
    return replace(collected(_csv_rows(text, delimiter, skipped)), delimiter=delimiter)


def _decoded(content: bytes) -> str:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as e:
        row = content[: e.start].count(b"\n") + 1
        hint = 'Save it as "CSV UTF-8".'
        raise refused(f"The file is not in UTF-8: row {row} has a character that is none (byte {e.start}).", hint) from None
    if "\0" in text:
        raise refused(f"Line {text[: text.index(chr(0))].count(chr(10)) + 1} holds a NUL character.")
    return text


def _parted(text: str) -> tuple[str, str, int]:
    """The text below a line that names the delimiter, the delimiter, and how many lines that were."""
    first, _, rest = text.partition("\n")
    if first.strip().lower() in ("sep=,", "sep=;", "sep=\t", "sep="):  # Excel's own way to say it
        return rest, first.strip("\r")[4:5] or "\t", 1
    return text, max(",;\t", key=lambda d: (_width(text, d), d == ",")), 0


def _csv_rows(text: str, delimiter: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = skipped
    try:
        for number, values in enumerate(reader, start=1 + skipped):
            yield Row(number, tuple(_csv_cell(value) for value in values))
    except csv.Error as e:
        raise refused(f"Row {number + 1} cannot be read: {e}.", "Check the quotes in that row.") from None


def _width(text: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
    except csv.Error:
        return 0


def _csv_cell(value: str) -> Cell:
    if value.startswith("'") and value.lstrip("'").startswith(FORMULA):
        return Cell(value[1:].strip())
    text = value.strip()
    # phone numbers and lone dashes are none
    if text.startswith(FORMULA) and not all(_NUMBER.fullmatch(part.strip()) for part in text.split(";")):
        return Cell(text, "formula")
    return Cell(text)
