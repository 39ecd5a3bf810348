"""Source: P12. JSON that would break something far from here is refused at the door."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.connectors.shared import strict
from purser.connectors.shared.answer import Answer
from purser.kernel.errors import Busy, Unsure


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 1e-400}',
        b'{"a": 1, "b": 2, "a": 3}',
        b'[{"x": {"a": 1, "a": 1}}]',
        b"9" * 41,
        b"9" * 5000,
        b"0." + b"1" * 50,
        b"[" * 2000 + b"]" * 2000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        rb'"\ud800"',
        rb'["ok", {"\udfff": 1}]',
        rb'"\u0000"',
        b'"\x00"',
        b'"\xff"',
        b'{"a": 1',
        b'{"a": 1} {"b": 2}',
        b"{'a': 1}",
        b"[1,]",
        b"",
        b"null null",
    ],
    ids=lambda c: repr(c[:24]),
)
def test_it_refuses_what_would_break_later(content: bytes) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    for effect, kind in ((False, Busy), (True, Unsure)):
        with pytest.raises(kind) as failure:
            Answer("GET", "https://v.example/x", 200, headers, content, effect=effect).json()
        assert failure.value.code == "malformed"
        assert len(str(failure.value)) < 200


def test_it_takes_everything_else_as_written() -> None:
    content = b'\xef\xbb\xbf{"price": 12.10, "n": 12345678901234567890, "e": 1E+2, "t": "\\ud83d\\ude00 \\\\u0000"}'
    found = strict.loads(content)
    assert found == {
        "price": Decimal("12.10"),
        "n": 12345678901234567890,
        "e": Decimal(100),
        "t": "\U0001f600 \\u0000",
    }
    assert str(found["price"]) == "12.10"


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("application/json", True),
        ("Application/JSON;charset=UTF-8", True),
        ("application/vnd.connectwise.com+json; version=2022.1", True),
        ("text/html", False),
        ("text/json-ish", False),
        ("application/jsonp", False),
        ("", False),
    ],
)
def test_it_reads_json_only_under_the_name_of_json(kind: str, taken: bool) -> None:
    answer = Answer("GET", "https://v.example/x", 200, {"content-type": kind}, b"[1]")
    if taken:
        assert answer.json() == [1]
    else:
        with pytest.raises(Busy, match="not JSON"):
            answer.json()


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_it_reads_back_what_it_writes(value: Any) -> None:
    content = strict.dumps(value)
    if b"\\u0000" in content:
        return  # storable nowhere, so refused on reading
    assert strict.loads(content) == value


@given(st.decimals(-(10**9), 10**9, places=4))
def test_it_writes_money_exactly(amount: Decimal) -> None:
    assert strict.loads(strict.dumps([amount])) == [amount]


@pytest.mark.parametrize("value", [Decimal("0.12345678901234567890"), float("nan"), Decimal("NaN"), Decimal("Infinity")])
def test_it_writes_no_number_that_would_arrive_as_another(value: Any) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        strict.dumps({"amount": value})
