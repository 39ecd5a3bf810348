"""A directory in a file: what is read, what is refused as a whole, and what is named row by row."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from purser.connectors import table
from purser.connectors.ports.directory import Address, Directory, Mailbox
from purser.connectors.table import sheet
from purser.kernel.errors import Refused
from purser.lists import files

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
HEADS = ("User principal name", "Display name", "Mail")
Grid = Sequence[Sequence[Any]]


def as_csv(rows: Grid, *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Grid, **formats: str) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(content: bytes) -> table.Table:
    return table.read(content, at=NOW)


def rows(*given: Sequence[Any], heads: Sequence[str] = HEADS) -> list[Sequence[Any]]:
    return [heads, *given]


ADA = ("ada@alder.example", "Ada Stone", "ada@alder.example")
BEN = ("ben@alder.example", "Ben Moss", "")
WRITERS: dict[str, Callable[[Grid], bytes]] = {"csv": as_csv, "xlsx": as_xlsx}


# What is read


@pytest.mark.parametrize("kind", WRITERS)
def test_it_reads_people_with_all_their_fields(kind: str) -> None:
    heads = (
        "Object Id", "UPN", "Display name", "First name", "Last name", "E-mail address", "Proxy addresses", "Title",
        "Department", "Company", "Office", "Street address", "City", "State", "ZIP code", "Country/Region", "Phone number",
        "Mobile phone", "Fax", "Employee ID", "Employee type", "Preferred language", "Usage location", "Account enabled",
        "Show in address list", "Custom Attribute 1",
    )  # fmt: skip
    row = (
        "0f3c-1", "ada", "Ada Stone", "Ada", "Stone", "ada@alder.example",
        "SMTP:ada@alder.example;smtp:a@alder.example;X500:x",
        "Dentist", "Surgery", "Alder", "2.04", "Quay 1", "Bremen", "HB", "02819", "Germany", "+49 421 100; +49 421 101",
        "+49 151 1 ext. 7", "+49 421 109", "007", "Employee", "de-DE", "DE", "no", "yes", "east",
    )  # fmt: skip
    found = read(WRITERS[kind]([heads, row]))
    assert found.faults == ()
    assert found.ignored == ()
    users = found.users()
    assert users.whole
    ada = users.items["0f3c-1"]
    assert (ada.principal_name, ada.mail, ada.aliases) == ("ada", "ada@alder.example", ("a@alder.example",))
    assert ada.address == Address("Quay 1", "Bremen", "HB", "02819", "Germany")
    assert (ada.business_phones, ada.mobile_phone) == (("+49 421 100", "+49 421 101"), "+49 151 1 ext. 7")
    assert (ada.employee_id, ada.enabled, ada.listed) == ("007", False, True)
    assert ada.attributes == (("extensionAttribute1", "east"),)


@pytest.mark.parametrize("kind", WRITERS)
def test_it_is_a_directory(kind: str) -> None:
    heads = (*HEADS, "User type", "Mailbox type", "Groups")
    found = read(
        WRITERS[kind](
            [
                heads,
                (*ADA, "Member", "UserMailbox", "Staff; Surgery"),
                (*BEN, "", "None", "staff"),
                ("desk", "Desk", "desk@alder.example", "Member", "SharedMailbox", ""),
                ("g", "Guest", "g@else.example", "Guest", "", ""),
                ("", "Lab West", "lab@west.example", "Contact", "", "Staff"),
            ]
        )
    )
    directory: Directory = found
    assert directory.test().text == "5 rows can be read."
    users = {u.display_name: u for u in directory.users().items.values()}
    assert sorted(users) == ["Ada Stone", "Ben Moss", "Desk", "Guest"]
    assert users["Guest"].guest
    boxes = directory.mailboxes(users.values())
    assert sorted(boxes.items.values(), key=lambda b: b.address) == [
        Mailbox(users["Ada Stone"].id, "ada@alder.example", "user"),
        Mailbox(users["Desk"].id, "desk@alder.example", "shared"),
    ]
    (contact,) = directory.contacts().items.values()
    groups = {g.name: g for g in directory.groups().items.values()}
    assert sorted(groups) == ["Staff", "Surgery"]
    members = directory.members(groups.values()).items
    assert members[groups["Staff"].id].users == {users["Ada Stone"].id, users["Ben Moss"].id}
    assert members[groups["Staff"].id].contacts == {contact.id}
    assert members[groups["Surgery"].id].users == {users["Ada Stone"].id}


def test_a_person_keeps_his_id_from_file_to_file_and_in_capitals() -> None:
    one = read(as_csv(rows(ADA))).users().items
    two = read(as_xlsx(rows(BEN, ("ADA@alder.example", "Ada Moss", "")))).users().items
    assert one.keys() < two.keys()


def test_an_id_names_no_person_and_a_person_is_not_printed() -> None:
    found = read(as_csv(rows(ADA)))
    shown = f"{found!r} {found.users()!r} {found.people.keys()}"
    for private in ("Ada", "ada", "Stone", "alder"):
        assert private not in shown


@pytest.mark.parametrize(
    "content",
    [
        as_csv(rows(ADA), delimiter=";"),
        as_csv(rows(ADA), delimiter="\t"),
        as_csv(rows(ADA), encoding="utf-8-sig"),
        as_csv(rows(ADA), encoding="utf-16"),
        b"sep=;\r\n" + as_csv(rows(ADA), delimiter=";"),
        as_csv(rows(ADA)).replace(b"\r\n", b"\n"),
        as_csv(rows(ADA)).replace(b"\r\n", b"\r\n\r\n,,\r\n"),
        as_csv([["Name", "Mail", "Birthday"], ["Ada Stone", "ada@alder.example", "secret"]]),
    ],
)
def test_it_reads_what_spreadsheets_write(content: bytes) -> None:
    (ada,) = read(content).users().items.values()
    assert (ada.display_name, ada.principal_name) == ("Ada Stone", "ada@alder.example")


def test_columns_that_mean_nothing_and_further_sheets_are_named() -> None:
    assert read(as_csv(rows((*ADA, "x"), heads=(*HEADS, "Birthday")))).ignored == ("Birthday",)
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows(ADA):
        page.append(list(row))
    book.create_sheet("Empty")
    book.create_sheet("Old").append(["x"])
    file = io.BytesIO()
    book.save(file)
    assert read(file.getvalue()).ignored == ("sheet Old",)


def test_it_reads_our_own_exports_back() -> None:
    """Source: reliability section 4: the guard that an export puts before a text is taken off again."""
    names = ["=1+1", "@home", "+49 rocks", "-", "'quoted", "'=twice", "＝wide", "plain, with; all\tof it"]
    file = io.BytesIO()
    lines = [(f"u{n}", name, "") for n, name in enumerate(names)]
    files.write_csv(file, HEADS, lines, style=files.STYLES["comma"], zone=ZoneInfo("UTC"))
    found = read(file.getvalue())
    assert found.faults == ()
    assert [u.display_name for u in found.users().items.values()] == [*names[:-1], "plain, with; all of it"]


# What is named row by row


BAD: list[tuple[str, str, str]] = [
    ("Mail", "no address", "is no mail address"),
    ("Mail", "a@b@c.example", "is no mail address"),
    ("Display name", "=HYPERLINK(1)", "holds a formula; put in the value that it comes to"),
    ("Display name", "@SUM(1)", "holds a formula; put in the value that it comes to"),
    ("Display name", "+1+cmd|' /C calc'!A0", "holds a formula; put in the value that it comes to"),
    ("Display name", "-2+3", "holds a formula; put in the value that it comes to"),
    ("Display name", "  =1+1", "holds a formula; put in the value that it comes to"),
    ("Mobile phone", "+49-1;=2", "holds a formula; put in the value that it comes to"),
    ("Display name", "＝1+1", "holds a formula; put in the value that it comes to"),
    ("Display name", "", "is empty"),
    ("Display name", "x" * 1001, "has 1001 characters; at most 1000 are kept"),
    ("Display name", "a\x07b", "holds a control character"),
    ("Mobile phone", "call me", "is no phone number"),
    ("Account enabled", "perhaps", "is neither yes nor no"),
    ("Account enabled", "", "is empty; is the account enabled?"),
    ("User type", "alien", "is none of member, guest and contact"),
    ("Mailbox", "huge", "is none of user, shared, room, equipment, linked and none"),
    ("Object Id", "a/b", "is no id"),
    ("Aliases", "smtp:nothing", "is no mail address"),
    ("Birthday", "=NOW()", "holds a formula; put in the value that it comes to"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BAD)
def test_a_bad_row_is_named_with_its_number_and_reason_and_the_others_are_read(column: str, value: str, reason: str) -> None:
    heads = [*HEADS, *([] if column in HEADS else [column])]
    usual = [] if column in HEADS else ["yes" if column == "Account enabled" else ""]
    bad = ["x", "X", "", *usual]
    bad[heads.index(column)] = value
    found = read(as_csv([heads, [*ADA, *usual], bad, ["ben", "Ben", "", *usual]]))
    assert [str(f) for f in found.faults] == [f"row 3, {column}: {reason}"]
    users = found.users()
    assert sorted(u.display_name for u in users.items.values()) == ["Ada Stone", "Ben"]
    assert not users.whole
    assert users.cut == f"row 3, {column}: {reason}"
    assert not found.test().ok
    assert len(value) < 3 or value not in users.cut


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Display name", "=1+1", "holds a formula"),
        ("Mail", '=CONCATENATE("a","@b.example")', "holds a formula"),
        ("Display name", date(2025, 1, 1), "holds a date"),
        ("Mobile phone", 491511234567, "is a number, which keeps no leading zero"),
        ("Postal code", 1067, "is a number, which keeps no leading zero"),
        ("Office", 2.04, "is a number, which keeps no leading zero"),
        ("Display name", "#N/A", "holds an error of the spreadsheet"),
    ],
)
def test_a_cell_of_a_workbook_that_is_no_text_is_not_believed(column: str, value: Any, reason: str) -> None:
    heads = [*HEADS, *([] if column in HEADS else [column])]
    bad = ["x", "X", "", *([] if column in HEADS else [""])]
    bad[heads.index(column)] = value
    found = read(as_xlsx([heads, bad, ["ben", "Ben", ""]]))
    assert [(f.row, f.column) for f in found.faults] == [(2, column)]
    assert reason in found.faults[0].reason
    assert [u.display_name for u in found.users().items.values()] == ["Ben"]


def test_the_value_that_a_formula_was_saved_with_is_not_taken() -> None:
    """A workbook carries the result beside the formula, and anybody may have written any result."""
    book = as_xlsx(rows(("x", "=1+1", ""), ADA))
    cached = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(cached, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            body = old.read(entry)
            new.writestr(entry, body.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>Ada</v>").replace(b"<v />", b"<v>Ada</v>"))
    found = read(cached.getvalue())
    assert [f.row for f in found.faults] == [2]
    assert len(found.users().items) == 1


def test_text_in_a_workbook_that_only_looks_like_a_formula_is_text() -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows(("x", "=1+1", "")):
        page.append(list(row))
    page["B2"].data_type = "s"
    file = io.BytesIO()
    book.save(file)
    assert [u.display_name for u in read(file.getvalue()).users().items.values()] == ["=1+1"]


@pytest.mark.parametrize("kind", WRITERS)
def test_rows_that_contradict_each_other_are_both_left_out(kind: str) -> None:
    other = ("ADA@alder.example", "Ada Moss", "")
    found = read(WRITERS[kind](rows(ADA, BEN, other, BEN)))
    assert [str(f) for f in found.faults] == [
        "row 2: is the same as row 4, with other content",
        "row 4: is the same as row 2, with other content",
    ]
    assert [u.display_name for u in found.users().items.values()] == ["Ben Moss"]


def test_one_sign_in_under_two_ids_is_a_contradiction() -> None:
    found = read(as_csv(rows((*ADA, "a1"), (*ADA, "a2"), heads=(*HEADS, "Id"))))
    assert [f.row for f in found.faults] == [2, 3]


def test_rows_that_are_too_short_or_too_long_are_named() -> None:
    content = "Mail,Name,City\na@b.example,Ada,Bremen\nb@b.example,Ben\nc@b.example,Cid,Bonn,extra\nd@b.example,Dan,Ulm,,\n"
    found = read(content.encode())
    assert [str(f) for f in found.faults] == ["row 3: has 2 cells, the header 3", "row 4: has 4 cells, the header 3"]
    assert len(found.users().items) == 2


def test_row_numbers_are_those_of_the_file() -> None:
    content = "Mail,Name\n\n,\nbad,Ada\n"
    assert [f.row for f in read(content.encode()).faults] == [4]
    book = as_xlsx([HEADS, (), (None, None, None), ("x", "X", "bad")])
    assert [f.row for f in read(book).faults] == [4]


# Nothing is lost


CELLS = st.text(alphabet=st.characters(exclude_characters="\0\r", exclude_categories=("Cs",)), max_size=12)


def plain(text: str) -> str:
    return " ".join(sheet._csv_cell(text).text.split()).casefold()


@given(st.lists(st.tuples(CELLS, CELLS, CELLS | st.just("a@b.example")), max_size=8))
@settings(max_examples=200, deadline=None)
def test_every_row_is_a_person_or_named(given_rows: list[tuple[str, str, str]]) -> None:
    """Or says, cell for cell, what another row said that was read."""
    found = read(as_csv(rows(*given_rows)))
    numbered = dict(enumerate(given_rows, start=2))
    filled = {n for n, row in numbered.items() if any(value.strip() not in ("", "'") for value in row)}
    read_rows = {p.row for p in found.people.values()}
    named = {f.row for f in found.faults}
    assert not read_rows & named
    assert read_rows | named <= set(numbered)
    for n in filled - read_rows - named:
        assert any([plain(c) for c in numbered[n]] == [plain(c) for c in numbered[m]] for m in read_rows)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for prefix in (b"", b"Mail,Name\n", b"PK\x03\x04"):
        try:
            read(prefix + content)
        except Refused as e:
            assert e.code == "table"  # noqa: PT017 - anything else would rise
