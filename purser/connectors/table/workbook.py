"""XLSX workbooks: the first sheet's cells as they were typed. What a formula came to is not believed.

The file is a zip of XML from anybody: its size unpacked is counted, not believed, before a parser sees it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]

from purser.connectors.table.sheet import Cell, Row, Sheet, collected, refused
from purser.kernel.errors import Refused

MOST_ENTRIES = 1_000
WIDEST = 1_000
MOST_CELLS = 5_000_000  # empty ones between and before others counted
DEEPEST = 1_048_576  # the last row that a sheet can have
MOST_UNPACKED = 150 * 1024 * 1024
MOST_RATIO = 100  # of an entry's size to its packed size, above the first megabyte
_CHUNK = 1024 * 1024
_DOCTYPES = tuple(word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be"))


def xlsx_sheet(content: bytes) -> Sheet:
    """The first sheet of a workbook. Raises Refused with code "table"."""
    _check(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheets = book.worksheets
        if not sheets:
            raise refused("The workbook has no sheet.")
        unread = [f"sheet {s.title}" for s in sheets[1:] if next(_rows(s), None) is not None]
        return collected(_rows(sheets[0]), unread, pad=True)
    except Refused:
        raise
    except Exception as e:  # the parser's own faults are of every kind; each is a broken file
        text = f"The file is no workbook that can be read ({type(e).__name__})."
        raise refused(text, "Save it again as XLSX, or as CSV.") from None


def _rows(sheet: Any) -> Iterator[Row]:
    """Rows that hold something, with their numbers. The size that a sheet claims is not believed."""
    sheet.reset_dimensions()
    counted = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        counted += len(cells)
        if len(cells) > WIDEST:
            text = f"Row {number:,} goes on to column {len(cells):,}; at most {WIDEST:,} are looked at."
            raise refused(text, "Delete the columns to the right of the last one needed.")
        if counted > MOST_CELLS:
            raise refused(f"The sheet has more than {MOST_CELLS:,} cells by row {number:,}.", "Keep only the columns needed.")
        if number > DEEPEST:
            return
        if any(c.value is not None for c in cells):
            yield Row(number, tuple(_cell(c) for c in cells))


def _cell(cell: Any) -> Cell:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if kind == "f":
        return Cell("", "formula")
    if kind == "e":
        return Cell("", "error")
    if value is None:
        return Cell()
    if isinstance(value, bool):
        return Cell("true" if value else "false")
    if isinstance(value, int | float):
        return Cell(str(int(value)) if value == int(value) else f"{Decimal(repr(value)):f}", "number")
    if isinstance(value, date | datetime | time | timedelta):
        return Cell("", "date")
    return Cell(str(value).strip())


def _check(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise refused(f"The workbook holds {len(entries)} files; at most {MOST_ENTRIES} are read.")
            unpacked = 0
            for entry in entries:
                if entry.flag_bits & 1:
                    raise refused("The workbook is protected by a password.", "Save it without one.")
                unpacked += _counted(archive, entry, left=MOST_UNPACKED - unpacked)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, ValueError):
        raise refused("The file is no workbook that can be read.", "Save it again as XLSX, or as CSV.") from None


def _counted(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, left: int) -> int:
    """The bytes the entry really unpacks to. Raises Refused above the bounds, and for a document type definition."""
    size, tail = 0, b""
    most = max(_CHUNK, entry.compress_size * MOST_RATIO)
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > left or size > most:
                raise refused("The workbook unpacks to far more than it is.", "Save it again, with the rows only.")
            window = tail + chunk
            if entry.filename.lower().endswith((".xml", ".rels")) and any(word in window for word in _DOCTYPES):
                raise refused("The workbook holds a document type definition, which no spreadsheet writes.")
            tail = window[-32:]
    return size
