"""`purser rate dsu`: counts of a month in, what they cost out, or one line that says what is wrong with which row."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from purser.cli.main import app
from purser.rating import ratchet
from tests.rating import oracle
from tests.rating.test_vectors import month

JANUARY = date(2026, 1, 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counts.csv"


def rate(file: Path, *words: str, opening: str = "100", of: str = "2026-01") -> Result:
    typed = ["rate", "dsu", "--opening-peak", opening, "--month", of, "--counts", str(file), *words]
    return CliRunner().invoke(app, typed, catch_exceptions=False)


def text(users: list[int], *, first: int = 1) -> str:
    return "day,users\n" + "".join(f"{day},{count}\n" for day, count in enumerate(users, first))


@pytest.mark.parametrize(
    ("users", "units", "carry"),
    [
        pytest.param(month((1, 100)), 2_500, 100, id="V1"),
        pytest.param(month((1, 100), (10, 120)), 2_820, 120, id="V2"),
        pytest.param(month((1, 100), (5, 150), (15, 80)), 3_550, 80, id="V3"),
        pytest.param(month((1, 90), (12, 90)), 2_500, 90, id="V4"),
        pytest.param(month((1, 100), (26, 200)), 2_500, 200, id="V5"),
        pytest.param(month((1, 100), (26, 60), (28, 100)), 2_500, 100, id="V6"),
    ],
)
def test_it_prints_the_golden_vectors(file: Path, users: list[int], units: int, carry: int) -> None:
    file.write_text(text(users), "utf-8")
    found = rate(file)
    assert (found.exit_code, found.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert found.stdout.startswith("date,users,peak,units\n2026-01-01,")
    assert [row["date"] for row in rows] == [str(day) for day in oracle.dates(JANUARY, 31)]
    assert sum(int(row["units"]) for row in rows) == units
    assert int(rows[-1]["peak"]) == carry


def test_it_prints_exactly_this(file: Path) -> None:
    file.write_text("day,users\n24,3\n25,2\n26,1\n27,0\n28,4\n", "utf-8")
    found = rate(file, "--from-day", "24", opening="0", of="2026-02")
    assert found.stdout == (
        "date,users,peak,units\n"
        "2026-02-24,3,3,3\n2026-02-25,2,3,3\n2026-02-26,1,1,0\n2026-02-27,0,0,0\n2026-02-28,4,4,0\n"
    )  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.data(), first=st.dates(date(2019, 1, 1), date(2032, 12, 31)), opening=st.integers(0, 10**6))
def test_it_rates_any_month_from_any_day_as_the_rules_say(file: Path, data: st.DataObject, first: date, opening: int) -> None:
    length = ratchet.left(first)
    users = data.draw(st.lists(st.integers(0, 10**6), min_size=length, max_size=length))
    rows = data.draw(st.permutations(list(enumerate(users, first.day))))
    file.write_text("day,users\n" + "".join(f"{day},{count}\n" for day, count in rows), "utf-8")
    found = rate(file, "--from-day", str(first.day), opening=str(opening), of=f"{first:%Y-%m}")
    counts = dict(zip(oracle.dates(first, length), users, strict=True))
    lines = [
        f"{on},{counts[on]},{oracle.peak(counts, on, opening=opening)},{oracle.units(counts, on, opening=opening)}"
        for on in counts
    ]
    assert found.stdout.splitlines() == ["date,users,peak,units", *lines]


def test_it_takes_what_a_spreadsheet_saves(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + text(month((1, 100))).replace("\n", "\r\n").encode() + b"\r\n")
    assert rate(file).stdout.count("\n") == 32


WHOLE = text([100] * 31)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param(WHOLE.replace("4,100\n", "4,-3\n", 1), "row 5 ('4,-3'): users is '-3'", id="negative"),
        pytest.param(WHOLE.replace("4,100\n", "4,1.5\n", 1), "row 5 ('4,1.5'): users is '1.5'", id="a half"),
        pytest.param(WHOLE.replace("4,100\n", "4,\n", 1), "row 5 ('4,'): users is ''", id="empty"),
        pytest.param(WHOLE.replace("4,100\n", "4,1e3\n", 1), "row 5 ('4,1e3')", id="exponent"),
        pytest.param(WHOLE.replace("4,100\n", "4,٣\n", 1), "row 5 ('4,٣')", id="digits of another script"),
        pytest.param(WHOLE.replace("4,100\n", f"4,{'9' * 5000}\n", 1), "at most 12 digits", id="endless"),
        pytest.param(WHOLE.replace("4,100\n", "four,100\n", 1), "row 5 ('four,100'): day is 'four'", id="no day"),
        pytest.param(WHOLE.replace("4,100\n", "4,100,7\n", 1), "row 5 ('4,100,7'): it has 3 fields", id="three fields"),
        pytest.param(WHOLE.replace("4,100\n", "4\n", 1), "row 5 ('4'): it has 1 fields", id="one field"),
        pytest.param(WHOLE.replace("4,100\n", '4,"1\n00"\n', 1), r"('4,1\n00'): users is", id="a line within a field"),
        pytest.param(WHOLE.replace("4,100\n", '4,"100\n', 1), "no CSV", id="an open quote"),
        pytest.param(WHOLE.replace("4,100\n", "4,1\x0000\n", 1), "row 5", id="NUL"),
        pytest.param(WHOLE.replace("4,100\n", "", 1), "the row of day 4 is missing", id="missing"),
        pytest.param(WHOLE.replace("31,100\n", ""), "the row of day 31 is missing", id="the last is missing"),
        pytest.param(WHOLE + "4,90\n", "row 33 ('4,90'): day 4 comes twice; row 5 has 100 users", id="twice"),
        pytest.param(WHOLE + "32,100\n", "row 33 ('32,100'): day 32 is not one of 1 to 31", id="no such day"),
        pytest.param(WHOLE.replace("1,100\n", "0,100\n", 1), "row 2 ('0,100'): day 0 is not one of 1 to 31", id="day 0"),
        pytest.param(WHOLE.replace("day,users", "date,users"), "row 1 is 'date,users'", id="another head"),
        pytest.param(WHOLE.removeprefix("day,users\n"), "row 1 is '1,100'", id="no head"),
        pytest.param("", "row 1 is ''", id="nothing"),
        pytest.param("day,users\n" * 9000, "more than 65536 characters", id="too large"),
        pytest.param(b"day,users\n1,\xff\n", "no UTF-8", id="bytes"),
    ],
)
def test_wrong_rows_are_named_in_one_line_and_nothing_is_printed(file: Path, wrong: str | bytes, told: str) -> None:
    file.write_bytes(wrong if isinstance(wrong, bytes) else wrong.encode())
    found = rate(file)
    assert (found.exit_code, found.stdout, found.stderr.count("\n")) == (2, "", 1)
    assert told in found.stderr
    file.write_text(WHOLE, "utf-8")
    assert rate(file).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--month", "2026-13"], "--month is '2026-13'"),
        (["--month", "2026-1"], "--month is '2026-1'"),
        (["--month", "0000-01"], "--month is '0000-01'"),
        (["--month", "2026-02", "--from-day", "29"], "--from-day is 29; 2026-02 has days 1 to 28"),
        (["--from-day", "0"], "--from-day is 0"),
        (["--from-day", "x"], "--from-day is 'x'"),
        (["--opening-peak", "-1"], "--opening-peak is '-1'"),
        (["--opening-peak", ""], "--opening-peak is ''"),
        (["--from-day", "2"], "row 2 ('1,100'): day 1 is not one of 2 to 31"),
        (["--counts", "nowhere.csv"], "'nowhere.csv' cannot be read: No such file"),
        (["--counts", "."], "--counts is missing"),
        (["--counts", "/"], "--counts"),
    ],
)
def test_wrong_words_are_told_in_one_line(file: Path, words: list[str], told: str) -> None:
    file.write_text(WHOLE, "utf-8")
    found = rate(file, *words)
    assert (found.exit_code, found.stdout, found.stderr.count("\n")) == (2, "", 1)
    assert told in found.stderr


def test_it_runs_as_a_command_where_there_is_no_database(file: Path) -> None:
    file.write_text(text([5] * 28), "utf-8")
    words = [sys.executable, "-m", "purser.cli.main", "rate", "dsu", "--opening-peak", "0", "--month", "2026-02"]
    nowhere = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    found = subprocess.run([*words, "--counts", str(file)], capture_output=True, text=True, env=nowhere, timeout=60)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines()[25:27] == ["2026-02-25,5,5,5", "2026-02-26,5,5,0"]
