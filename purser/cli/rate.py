"""What a month costs, from counts in a file: `purser rate dsu`. Needs no database: whoever doubts a bill can rate it."""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from purser.rating import ratchet
from purser.rating.policy import DSU

app = typer.Typer(no_args_is_help=True, help=__doc__)

HEAD = ["day", "users"]
MOST = 65_536  # characters; a month of the largest counts has a hundredth of it


class Wrong(Exception):
    """Input that cannot be rated, in one line."""


@app.callback()
def family() -> None:
    pass  # with one command alone, its name would not be part of what is typed


@app.command()
def dsu(
    counts: Annotated[str, typer.Option(help="CSV `day,users`: a row for each day of the month, users at its close.")] = "",
    month: Annotated[str, typer.Option(help="YYYY-MM")] = "",
    opening_peak: Annotated[str, typer.Option(help="The peak at the close before the first day; 0 for a new partner.")] = "",
    from_day: Annotated[str, typer.Option(help="The first day, of a partner that joined in mid-month.")] = "1",
) -> None:
    """Rate a month of daily units: prints `date,users,peak,units`. Ends with 2, and one line that says why, when it cannot."""
    try:
        first = _first(month, from_day)
        opening = _number(opening_peak, "--opening-peak")
        days = ratchet.history(_users(Path(counts), first), first=first, policy=DSU, opening_peak=opening)
    except Wrong as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None
    typer.echo("date,users,peak,units")
    for day in days:
        typer.echo(f"{day.on},{day.users},{day.peak},{day.units}")


def _first(month: str, from_day: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month) or month.startswith("0000"):
        raise Wrong(f"--month is {month!r}; it takes a year and a month, like 2026-02.")
    day = _number(from_day, "--from-day")
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    if not 1 <= day <= last:
        raise Wrong(f"--from-day is {day}; {month} has days 1 to {last}.")
    return date(int(month[:4]), int(month[5:]), day)


def _users(file: Path, first: date) -> list[int]:
    """The counts of the days from `first` to the end of its month, in order; rows may come in any."""
    found: dict[int, tuple[int, int]] = {}
    last = first.day + ratchet.left(first) - 1
    for number, row in _rows(file):
        where = f"{file.name} row {number} ({','.join(row)[:60]!r})"
        if len(row) != len(HEAD):
            raise Wrong(f"{where}: it has {len(row)} fields; day and users are 2.")
        day, users = _number(row[0], f"{where}: day"), _number(row[1], f"{where}: users")
        if not first.day <= day <= last:
            raise Wrong(f"{where}: day {day} is not one of {first.day} to {last}, which are rated.")
        if day in found:
            raise Wrong(f"{where}: day {day} comes twice; row {found[day][0]} has {found[day][1]} users for it.")
        found[day] = number, users
    for day in range(first.day, last + 1):
        if day not in found:
            raise Wrong(f"{file.name}: the row of day {day} is missing; each day from {first.day} to {last} has one.")
    return [found[day][1] for day in range(first.day, last + 1)]


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of every row below the head, which is row 1; empty lines are none."""
    rows = _split(file, io.StringIO(_text(file), newline=""))
    head = next(rows, (1, []))[1]
    if head != HEAD:
        raise Wrong(f"{file.name} row 1 is {','.join(head)[:60]!r}; it takes the head 'day,users'.")
    return rows


def _split(file: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, [field.strip() for field in row]
    except csv.Error as broken:
        raise Wrong(f"{file.name} row {reader.line_num} is no CSV: {broken}.") from None


def _text(file: Path) -> str:
    if not file.name:
        raise Wrong("--counts is missing; it takes a file.")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            text = stream.read(MOST + 1)
    except (OSError, ValueError) as failed:
        reason = "it is no UTF-8 text" if isinstance(failed, UnicodeDecodeError) else getattr(failed, "strerror", failed)
        raise Wrong(f"--counts {str(file)!r} cannot be read: {reason}.") from None
    if len(text) > MOST:
        raise Wrong(f"{file.name} has more than {MOST} characters; a month has at most 32 rows.")
    return text


def _number(text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise Wrong(f"{what} is {text[:60]!r}; it takes a whole number from 0 up, of at most 12 digits.")
    return int(text)
