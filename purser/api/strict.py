"""Reading what was sent, and refusing what Python would accept and nobody means: NaN, doubled names, NUL, half characters."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.errors import HttpError
from ninja.parser import Parser


def decoded(body: bytes) -> Any:
    """JSON as RFC 8259 has it, in UTF-8. Raises ValueError with words for the caller."""
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise ValueError("The body is not in UTF-8.") from None
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    except json.JSONDecodeError as wrong:
        raise ValueError(f"The body is no JSON: {wrong.msg} at character {wrong.pos}.") from None
    check(found)
    return found


def check(value: Any) -> None:
    """Raises ValueError for text that PostgreSQL cannot keep: NUL, and halves of surrogate pairs."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str) and ("\0" in one or any("\ud800" <= letter <= "\udfff" for letter in one)):
            raise ValueError("A text holds a sign that cannot be kept (NUL, or half of a character).")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"These names stand twice in one object: {', '.join(doubled)[:200]}.")
    return found


class Strict(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return decoded(request.body)
        except ValueError as wrong:  # also: an integer of more than 4,300 digits
            raise HttpError(400, str(wrong)) from None

    def parse_querydict(self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        try:
            check(found)
        except ValueError as wrong:
            raise HttpError(400, str(wrong)) from None
        return found
