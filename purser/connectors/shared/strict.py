"""JSON as strict as our database and our arithmetic need it, both ways.

Python's own reader takes NaN, duplicate keys (the last wins), numbers of any size and half characters; each
of them breaks something far from here. Source: P12.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

DIGITS = 40  # of a number as written; longer than any id or amount
_UNSTORABLE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")  # a surrogate (perhaps half of a valid pair) or NUL


def loads(content: bytes) -> Any:
    """Parse UTF-8 JSON; numbers with a point or an exponent become Decimal, exactly as written.

    Raises ValueError, with the reason but none of the content, for: anything but UTF-8 JSON, NaN and
    Infinity, a key twice in one object, numbers of more than 40 digits or beyond 10^40, nesting beyond some
    hundreds of levels, lone surrogates and NUL characters.
    """
    try:
        value = json.loads(
            content.decode("utf-8-sig"),
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_decimal,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as e:
        raise ValueError(f"it is not JSON (at character {e.pos} of {len(e.doc)})") from None
    except UnicodeDecodeError as e:
        raise ValueError(f"it is not UTF-8 (at byte {e.start})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _UNSTORABLE.search(content):
        _check_text(value)
    return value


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON; a Decimal becomes the number it is.

    Raises ValueError for a Decimal that JSON readers would round, and for NaN and infinities.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_number).encode("utf-8")


def _constant(text: str) -> Any:
    raise ValueError(f"it holds {text}, which is not a number")


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > DIGITS:
        raise ValueError(f"it holds a number of {len(text)} digits")
    number = Decimal(text)
    if abs(number.adjusted()) > DIGITS:
        raise ValueError("it holds a number beyond all amounts")
    return number


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it holds an object with the same key twice")
    return found


def _check_text(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, default=str)
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueError("it holds a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("it holds half a character (a lone surrogate)") from None


def _number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        raise ValueError("a number has more digits than JSON readers keep")
    return number
