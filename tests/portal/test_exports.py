"""Exports: complete, inert, of one moment, and readable by what people open them with.

Source: acceptance ID-47; ux 17, 18; reliability P28.
"""

from __future__ import annotations

import csv
import io
import re
import threading
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import QueryDict
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from purser.kernel.errors import Refused
from purser.lists import files
from purser.portal import exports, workbook
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.portal import sample
from tests.portal.sample import Signed

ZURICH = ZoneInfo("Europe/Zurich")
COMMA = files.STYLES["comma"]
STRINGS = 10_000
A_SHEET = 500  # strings of one Hypothesis example


def exported(signed: Signed, query: str = "") -> bytes:
    answer = signed.client.get(signed.url(f"sample/export/?{query}"))
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def table(data: bytes, delimiter: str = ",") -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def sheet(data: bytes) -> list[list[Any]]:
    return [list(row) for row in load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True)]


def test_it_writes_what_is_filtered_with_the_columns_shown(signed: Signed) -> None:
    sample.many(signed.organisation, 120)
    answer = signed.client.get(signed.url("sample/export/?outcome.is=refused&columns=company,price,outcome&sort=count"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="table-data.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = table(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert rows[0] == ["Company", "Price", "Price currency", "State"]
    assert len(rows) - 1 == len([n for n in range(120) if n % 7 == 0]), "all pages, not the one on screen"
    assert rows[1] == ["Hall Bros. Transportation", "-9.60", "USD", "Refused"]
    assert table(exported(signed, "columns=price&all=1&size=25"))[0] == [
        *("Price", "Price currency", "Company", "Units", "Adjusted", "Written", "State", "Id", "Loud"),
    ]


def test_it_writes_numbers_dates_and_times_as_such(signed: Signed) -> None:
    row = {"company": "=1+1", "count": -5, "price": Decimal("1234.50"), "on": date(2026, 3, 31)}
    sample.fill(signed.organisation, [{**row, "at": datetime(2026, 3, 31, 23, 30, 5, tzinfo=UTC)}])
    query = "columns=company,count,price,adjusted_on,at"
    [_, cells] = table(exported(signed, query))
    assert cells == ["'=1+1", "-5", "1234.50", "USD", "2026-03-31", "2026-03-31T23:30:05+00:00"]
    [_, cells] = sheet(exported(signed, query + "&format=xlsx"))
    assert cells == ["=1+1", -5, 1234.5, "USD", datetime(2026, 3, 31), datetime(2026, 3, 31, 23, 30, 5)]


def test_it_writes_times_in_the_organisations_zone_and_cuts_days_there(signed: Signed) -> None:
    sample.fill(signed.organisation, [{"company": "Late Co", "at": datetime(2026, 3, 31, 23, 30, 5, tzinfo=UTC)}])
    with tenancy.acting_in(signed.organisation.pk):
        Organisation.objects.update(zone="Europe/Zurich")
    assert table(exported(signed, "columns=at&at.is=2026-04-01"))[1:] == [["2026-04-01T01:30:05+02:00"]]
    assert table(exported(signed, "columns=at&at.is=2026-03-31"))[1:] == []


def test_it_writes_csv_as_the_person_prefers(signed: Signed) -> None:
    sample.fill(signed.organisation, [{"company": "a;b, c", "price": Decimal("2.50")}])
    signed.client.post(signed.url("csv-format/"), {"style": "semicolon", "next": "/"})
    data = exported(signed, "columns=company,price")
    assert data.decode("utf-8-sig").splitlines()[1] == '"a;b, c";2,50;USD'
    signed.client.post(signed.url("csv-format/"), {"style": "nonsense", "next": "/"})
    assert table(exported(signed, "columns=price"), ";")[1] == ["2,50", "USD"]


@pytest.mark.parametrize("query", ["count.min=x", "nope.is=1", "format=pdf"])
def test_it_writes_no_file_for_what_it_does_not_understand(signed: Signed, query: str) -> None:
    assert signed.client.get(signed.url(f"sample/export/?{query}")).status_code == 422


def test_it_holds_to_one_moment_while_others_write(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.many(signed.organisation, 30)
    before = exports.files.columns

    def meanwhile(*args: Any, **more: Any) -> Any:  # the snapshot stands; somebody else commits more rows
        other = threading.Thread(target=add)
        other.start()
        other.join()
        return before(*args, **more)

    def add() -> None:
        sample.many(signed.organisation, 10)
        connection.close()

    monkeypatch.setattr(exports.files, "columns", meanwhile)
    assert len(table(exported(signed))) - 1 == 30
    monkeypatch.undo()
    assert len(table(exported(signed))) - 1 == 40
    with tenancy.acting_in(signed.organisation.pk), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",), "the connection is given back as it was"


def test_it_exports_nothing_of_another_organisation(signed: Signed) -> None:
    other = kit.reseller("Other")
    sample.fill(other, [{"company": "Foreign Co"}])
    sample.fill(signed.organisation, [{"company": "Own Co"}])
    assert "Foreign" not in exported(signed, "all=1").decode("utf-8-sig")
    assert signed.client.get(f"/t/{other.pk}/sample/export/").status_code == 404


# Over STRINGS texts: what a spreadsheet reads as a formula, unreadable signs, quotes, line ends, all planes.
_nasty = st.text(st.sampled_from("=+-@\t\0\r\n＝＋－＠'\",;_x000D\ufeff\ufffe a1é😀"), max_size=12)
_any = st.text(max_size=30)
_formula = st.builds("{}{}".format, st.sampled_from(files.FORMULA), _any)
_strings = st.lists(st.one_of(_nasty, _any, _formula), min_size=A_SHEET, max_size=A_SHEET)
_once = settings(
    max_examples=STRINGS // A_SHEET,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@_once
@given(_strings)
def test_it_brings_any_text_through_csv_and_back_inert(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    file = io.BytesIO()
    assert files.write_csv(file, ["Text"], ([text, 1] for text in texts), style=COMMA, zone=ZURICH) == len(texts)
    rows = table(file.getvalue())[1:]
    assert [files.unguarded(row[0]) for row in rows] == texts
    assert not [row[0] for row in rows if row[0].startswith(files.FORMULA)]


@_once
@given(_strings)
def test_it_brings_any_text_through_a_workbook_and_back_inert(texts: list[str]) -> None:
    file = io.BytesIO()
    assert workbook.write(file, ["Text"], ([text, 1] for text in texts), title="T", zone=ZURICH) == len(texts)
    raw = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in raw
    assert raw.count('t="inlineStr"') == len(texts) + 1
    back = [row[0] for row in sheet(file.getvalue())[1:]]
    assert [unescaped(text or "") for text in back] == texts


def unescaped(text: str) -> str:
    """_xHHHH_ read back, as spreadsheets do and openpyxl does not."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_it_keeps_every_digit_of_a_number(value: Decimal) -> None:
    assert Decimal(files.cell(value, COMMA, ZURICH)) == value
    file = io.BytesIO()
    workbook.write(file, ["N"], [[value]], title="T", zone=ZURICH)
    [[found]] = sheet(file.getvalue())[1:]
    assert Decimal(str(found)) == value


def test_it_refuses_more_rows_than_a_sheet_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with pytest.raises(Refused, match="more than 3 rows"):
        workbook.write(io.BytesIO(), ["A"], [[1]] * 4, title="T", zone=ZURICH)


def test_it_names_the_sheet_within_the_formats_rules() -> None:
    file = io.BytesIO()
    workbook.write(file, ["A"], [], title='All: [linked] & "open" / closed, and much longer', zone=ZURICH)
    [name] = load_workbook(file).sheetnames
    assert len(name) <= 31
    assert not set(name) & set("[]:*?/\\")


def test_it_reads_the_address_of_the_list(signed: Signed) -> None:
    sample.many(signed.organisation, 10)
    shown = signed.client.get(signed.url("sample/?count.min=2&sort=count&columns=count")).content.decode()
    [state] = re.findall(r"/sample/export/\?(\S*?)&amp;format=csv\"", shown)
    assert QueryDict(state.replace("&amp;", "&"))["count.min"] == "2"
    assert [row[0] for row in table(exported(signed, state.replace("&amp;", "&")))[1:]] == ["2", "3", "4", "5", "6"]
