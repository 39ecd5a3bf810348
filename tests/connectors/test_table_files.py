"""Files that are refused as a whole: too large, broken, or made to do harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from purser.connectors.ports.rows import MOST_BYTES
from purser.connectors.table import sheet, workbook
from purser.kernel.errors import Refused
from tests.connectors.test_table import ADA, BEN, HEADS, as_xlsx, read, rows


def zipped(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name.replace("__", "/") + ".xml", body)
    return file.getvalue()


WHOLE: list[tuple[bytes, str]] = [
    (b"", "is empty"),
    (b"\n\n", "is empty"),
    (b"x" * (MOST_BYTES + 1), "10,485,761 bytes"),
    (b"\xd0\xcf\x11\xe0rest", "old or a protected workbook"),
    (b"PK\x03\x04broken", "no workbook"),
    (zipped(hello=b"x"), "no workbook"),
    ("Mail,Name\na@b.example,Ren\xe9\n".encode("latin-1"), "row 2 has a character that is none"),
    (b"Mail,Name\na@b.example,A\x00da\n", "Line 2 holds a NUL"),
    (b'Mail,Name\na@b.example,"Ada\n', "Row 2 cannot be read"),
    (b'Mail,Name\na@b.example,"A"da\n', "Row 2 cannot be read"),
    (b"Mail,E-mail address,Name\n", "mean the same"),
    (b"Mail,Name,Enabled,Blocked\n", "say the same"),
    (b"Name,City\n", "who a row is"),
    (b"Mail,City\n", "Display name is needed"),
    (b"Mail,,Name\n", "column 2 has no name"),
    (b"Mail,Name," + b",".join(b"c%d" % n for n in range(199)) + b"\n", "201 columns"),
    (b"Mail,Name\n" + b"a,b\n" * (sheet.MOST_ROWS + 1), "more than 100,000 rows"),
    (b"\xff\xfeM\x00a", "header|who a row is|UTF-8"),
]


@pytest.mark.parametrize(("content", "text"), WHOLE, ids=[t for _, t in WHOLE])
def test_a_file_that_cannot_be_read_as_a_whole_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(Refused, match=text) as e:
        read(content)
    assert e.value.code == "table"


def rebuilt(book: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
    return file.getvalue()


def test_a_workbook_that_unpacks_to_far_more_is_refused_before_it_is_parsed() -> None:
    book = rebuilt(as_xlsx(rows(ADA)), lambda name, body: body + b" " * 20_000_000 if "sheet1" in name else body)
    assert len(book) < 100_000
    with pytest.raises(Refused, match="unpacks to far more"):
        read(book)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_workbook_with_entities_is_refused(encoding: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'.encode(encoding)
    with pytest.raises(Refused, match="document type"):
        read(rebuilt(as_xlsx(rows(ADA)), lambda name, body: bomb + body if "sheet1" in name else body))


def test_a_workbook_of_too_many_files_is_refused() -> None:
    many = {f"x{n}": b"" for n in range(workbook.MOST_ENTRIES + 1)}
    with pytest.raises(Refused, match="1001 files"):
        read(zipped(**many))


@pytest.mark.parametrize("n", range(6))
def test_a_workbook_cut_short_is_refused(n: int) -> None:
    book = as_xlsx(rows(ADA))
    with pytest.raises(Refused):
        read(book[: len(book) * n // 6])


def test_a_cell_far_to_the_right_of_the_header_is_not_overlooked() -> None:
    far = [*ADA, *[None] * 300, "x"]
    found = read(as_xlsx([HEADS, far, BEN]))
    assert [str(f) for f in found.faults] == ["row 2: has 304 cells, the header 3"]
    assert len(found.users().items) == 1


def test_a_sheet_of_endless_empty_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def widened(name: str, body: bytes) -> bytes:
        return body.replace(b"</row>", b'<c r="XFD1"><v></v></c></row>') if "sheet1" in name else body

    with pytest.raises(Refused, match="Row 1 goes on to column 16,384"):
        read(rebuilt(as_xlsx(rows(ADA)), widened))
    monkeypatch.setattr(workbook, "MOST_CELLS", 8)
    assert len(read(as_xlsx(rows(("x", "X")))).users().items) == 1
    with pytest.raises(Refused, match="more than 8 cells by row 3"):
        read(as_xlsx(rows(ADA, BEN)))


def test_a_row_number_beyond_all_sheets_is_no_loop() -> None:
    def sunk(name: str, body: bytes) -> bytes:
        return body.replace(b'<row r="2"', b'<row r="99999999999"') if "sheet1" in name else body

    assert read(rebuilt(as_xlsx(rows(ADA)), sunk)).people == {}
