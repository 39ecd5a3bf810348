"""Source: P9. How a vendor's status and its wish to be left alone are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from purser.connectors.shared.answer import Answer, retry_after
from purser.kernel.errors import Busy, Failure, Refused, Unsure

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        (format_datetime(NOON + timedelta(minutes=2), usegmt=True), timedelta(minutes=2)),
        (format_datetime(NOON - timedelta(days=2), usegmt=True), timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=1)),
        ("999999999999999999999999", timedelta(hours=1)),
        ("86400", timedelta(hours=1)),
        ("-5", None),
        ("soon", None),
        ("１２", None),
        ("", None),
    ],
)
def test_it_reads_retry_after_and_believes_nothing_absurd(value: str, expected: timedelta | None) -> None:
    assert retry_after(value, now=NOON) == expected


@pytest.mark.parametrize(
    ("status", "effect", "kind", "code"),
    [
        (400, True, Refused, "validation"),
        (401, False, Refused, "credentials"),
        (404, True, Refused, "missing"),
        (408, True, Unsure, "server"),
        (500, True, Unsure, "server"),
        (500, False, Busy, "server"),
        (302, True, Unsure, "server"),
        (302, False, Refused, "address"),
        (204, True, Unsure, "server"),
    ],
)
def test_it_classes_a_status_nobody_foresaw(status: int, effect: bool, kind: type[Failure], code: str) -> None:
    answer = Answer("POST", "https://v.example/x?token=1", status, {}, b"", effect=effect)
    error = answer.unexpected("Bad day")
    assert type(error) is kind
    assert error.code == code
    assert str(error) == f"POST https://v.example/x answered {status}: Bad day"
