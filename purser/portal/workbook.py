"""A spreadsheet file (XLSX, ECMA-376) written row by row: text as inline strings, never a formula; numbers and dates
typed.

Our own writer, because the common one keeps shared strings in memory and cannot promise inline ones.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from purser.kernel.errors import Refused

MOST_ROWS = 1_048_575  # a sheet's limit, less the head
LONGEST = 32_767  # characters of a cell
DAY_0 = date(1899, 12, 30)
EXACT_DIGITS = 15  # a spreadsheet's numbers are floating; longer ones go in as text, exact
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_x[0-9A-Fa-f]{4}_")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FONT = '<sz val="11"/><name val="Calibri"/>'
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_DOCUMENT}/styles" Target="styles.xml"/></Relationships>'
    ),
    # Cell formats: 0 plain, 1 bold head, 2 date, 3 date and time.
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        f'<fonts count="2"><font>{_FONT}</font><font><b/>{_FONT}</font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
    ),
}
_SHEET = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write(file: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str, zone: ZoneInfo) -> int:
    """Write one sheet; returns the number of rows. Raises Refused beyond the sheet's limit, naming it."""
    count = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as pack:
        for name, text in _PARTS.items():
            pack.writestr(name, _XML + text)
        pack.writestr("xl/workbook.xml", _XML + _workbook(title))
        with pack.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write((_XML + _SHEET).encode())
            sheet.write(f"<row>{''.join(_text(head, style=1) for head in heads)}</row>".encode())
            for row in rows:
                if count == MOST_ROWS:
                    raise Refused(
                        f"The list has more than {MOST_ROWS:,} rows, the most one sheet holds.",
                        code="too_long",
                        hint="Export to CSV, or set a filter first.",
                    )
                sheet.write(f"<row>{''.join(_cell(value, zone) for value in row)}</row>".encode())
                count += 1
            sheet.write(b"</sheetData></worksheet>")
    return count


def _workbook(title: str) -> str:
    name = escape(re.sub(r"[\[\]:*?/\\']", " ", title)[:31], {'"': "&quot;"}) or "Data"
    sheet = f'<sheet name="{name}" sheetId="1" r:id="rId1"/>'
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>{sheet}</sheets></workbook>'


def _cell(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return _text("yes" if value else "no")
    if isinstance(value, int | Decimal):
        plain = f"{value:f}" if isinstance(value, Decimal) else str(value)
        exact = len(plain.replace("-", "").replace(".", "").strip("0")) <= EXACT_DIGITS
        return f"<c><v>{plain}</v></c>" if exact else _text(plain)
    if isinstance(value, datetime):
        return f'<c s="3"><v>{_serial(value.astimezone(zone).replace(tzinfo=None))!r}</v></c>'
    if isinstance(value, date):
        return f'<c s="2"><v>{(value - DAY_0).days}</v></c>'
    return _text(str(value))


def _serial(moment: datetime) -> float:
    """Days since 1899-12-30, as spreadsheets count."""
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return round((moment.date() - DAY_0).days + seconds / 86_400, 9)


def _text(text: str, *, style: int = 0) -> str:
    """An inline string. Signs that XML cannot hold are written as _xHHHH_, as the format has it, and so read back."""
    text = _ESCAPE.sub(lambda found: f"_x005F{found[0]}", text[:LONGEST])
    text = _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    look = f' s="{style}"' if style else ""
    return f'<c t="inlineStr"{look}><is><t xml:space="preserve">{escape(text, {chr(13): "&#13;"})}</t></is></c>'
