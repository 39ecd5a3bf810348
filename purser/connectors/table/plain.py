"""Rows for any topic: every cell as the text that was typed, nothing computed."""

from __future__ import annotations

from purser.connectors.ports.rows import Rows, check_size
from purser.connectors.table.sheet import Row, Sheet, csv_sheet, refused
from purser.connectors.table.workbook import xlsx_sheet

_ZIP = b"PK\x03\x04"


def rows(content: bytes) -> Rows:
    """The rows of a CSV file, or of the first sheet of a workbook. Raises Refused(code="table") that names the row."""
    check_size(len(content))
    sheet = xlsx_sheet(content) if content.startswith(_ZIP) else csv_sheet(content)
    decimal = "," if sheet.delimiter == ";" else ""
    return Rows(sheet.heads, tuple((row.number, _texts(row, sheet)) for row in sheet.rows), decimal)


def _texts(row: Row, sheet: Sheet) -> tuple[str, ...]:
    width = len(sheet.heads)
    if len(row.cells) > width and any(cell.text for cell in row.cells[width:]):
        raise refused(f"Row {row.number} has more cells than the {width} columns that the first row names.")
    cells = row.cells[:width]
    for head, cell in zip(sheet.heads, cells, strict=False):
        if cell.kind not in ("text", "number"):
            raise refused(f"Row {row.number}, {head}: the cell holds a {cell.kind}.", "Paste values only, as plain text.")
    return tuple(cell.text for cell in cells) + ("",) * (width - len(cells))
