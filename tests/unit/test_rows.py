"""Rows of a vendor's list. Source: architecture, law 2; reliability P12."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from purser.connectors.shared import rows as listed


@dataclass(frozen=True)
class Thing:
    id: str
    size: int

    @property
    def place(self) -> str:
        return f"at {self.id}"


def parse(row: dict[str, Any]) -> Thing:
    if not isinstance(row.get("id"), str) or not row["id"]:
        raise listed.Malformed("has no usable id")
    if not isinstance(row.get("size"), int):
        raise listed.Malformed("has a size that is no number")
    return Thing(row["id"], row["size"])


A, B, BROKEN = {"id": "a", "size": 1}, {"id": "b", "size": 2}, {"id": "a", "size": "?"}


@pytest.mark.parametrize(
    ("rows", "faults"),
    [([A, BROKEN, B], 1), ([BROKEN, A, B], 2), ([A, BROKEN, A, B], 2), ([A, {**A, "size": 3}, A, B], 2)],
)
def test_it_leaves_out_whatever_bears_the_id_of_a_row_it_cannot_believe(rows: list[Any], faults: int) -> None:
    found = listed.read(rows, parse, "thing")
    assert dict(found.items) == {"b": Thing("b", 2)}
    assert len(found.faults) == faults
    assert all(fault.startswith("thing a ") for fault in found.faults)


def test_it_takes_the_same_row_twice_for_one() -> None:
    found = listed.read([A, dict(A)], parse, "thing")
    assert (dict(found.items), found.faults) == ({"a": Thing("a", 1)}, ())


def test_it_keeps_things_by_another_key_than_their_id() -> None:
    found = listed.read([A, B, {**A, "size": 9}], parse, "thing", key=lambda thing: thing.place)
    assert dict(found.items) == {"at b": Thing("b", 2)}
    assert found.faults == ("thing a came twice with different content",)


@pytest.mark.parametrize(
    ("row", "name"),
    [(7, "without id"), ({"name": "x"}, "x"), ({"id": "", "name": "x"}, "without id"), ({"id": "\x07"}, "without id"),
     ({"id": "z" * 90}, "z" * 40)],
)  # fmt: skip
def test_it_names_what_it_could_not_read(row: Any, name: str) -> None:
    (fault,) = listed.read([row], parse, "thing").faults
    assert fault.startswith(f"thing {name} ")


def test_it_says_in_a_line_why_a_reading_is_not_whole() -> None:
    assert listed.reasons("", ()) == ""
    assert listed.reasons("page 3 never came", ("a", "b")) == "page 3 never came; a; b"
    assert listed.reasons("", tuple("abcdefg")) == "a; b; c; d; e; and 2 more"
