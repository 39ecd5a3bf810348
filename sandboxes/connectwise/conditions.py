"""The query language of lists: `name like "Acme*" and company/id in (3,4) and lastUpdated > [2025-01-01]`.

Text is compared without regard to case, as SQL Server does under ConnectWise. `and` binds tighter than `or`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') |
        (?P<date>\[[^\]]*\]) |
        (?P<number>-?\d+(?:\.\d+)?(?![\w/])) |
        (?P<sign><=|>=|!=|=|<|>|\(|\)|,) |
        (?P<word>[A-Za-z_][\w/.]*)
    )""",
    re.VERBOSE,
)
_OPERATORS = {"=", "!=", "<", "<=", ">", ">=", "like", "contains", "in", "not"}


def parse(source: str) -> Test:
    """The test that `source` describes; ValueError names what is wrong. An empty source passes everything."""
    if not source.strip():
        return lambda row: True
    parser = _Parser(_tokens(source))
    test = parser.either()
    if parser.tokens:
        raise ValueError(f"unexpected {parser.tokens[0][1]!r}")
    return test


def reach(row: Row, path: str) -> Any:
    """The value at `company/id` or `company.id`; None where a part is absent."""
    value: Any = row
    for part in re.split(r"[/.]", path):
        if not isinstance(value, dict):
            return None
        value = next((v for k, v in value.items() if k.lower() == part.lower()), None)
    return value


def _tokens(source: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    source = source.rstrip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"cannot read {source[at : at + 20]!r}")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens

    def either(self) -> Test:
        tests = [self.both()]
        while self.accept("or"):
            tests.append(self.both())
        return lambda row: any(t(row) for t in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.accept("and"):
            tests.append(self.one())
        return lambda row: all(t(row) for t in tests)

    def one(self) -> Test:
        if self.accept("("):
            inner = self.either()
            self.expect(")")
            return inner
        kind, field = self.take()
        if kind != "word":
            raise ValueError(f"expected a field name, found {field!r}")
        _, sign = self.take()
        sign = sign.lower()
        if sign not in _OPERATORS:
            raise ValueError(f"unknown operator {sign!r}")
        if sign == "not":
            negated = self.comparison(field, self.take()[1].lower())
            return lambda row: not negated(row)
        return self.comparison(field, sign)

    def comparison(self, field: str, sign: str) -> Test:
        if sign == "in":
            self.expect("(")
            wanted = [self.value()]
            while self.accept(","):
                wanted.append(self.value())
            self.expect(")")
            return lambda row: any(_compare(reach(row, field), "=", w) for w in wanted)
        value = self.value()
        return lambda row: _compare(reach(row, field), sign, value)

    def value(self) -> Any:
        kind, raw = self.take()
        match kind:
            case "text":
                return raw[1:-1]
            case "number":
                return float(raw)
            case "date":
                return _moment(raw[1:-1])
            case "word" if raw.lower() in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[raw.lower()]
        raise ValueError(f"expected a value, found {raw!r}")

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise ValueError("it ends too early")
        return self.tokens.pop(0)

    def accept(self, word: str) -> bool:
        if self.tokens and self.tokens[0][0] in ("word", "sign") and self.tokens[0][1].lower() == word:
            self.tokens.pop(0)
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise ValueError(f"expected {word!r}")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _pattern(wanted: str) -> re.Pattern[str]:
    """`*` and `%` stand for anything; `[[]` is a literal bracket."""
    pieces = re.split(r"[*%]", wanted.replace("[[]", "["))
    return re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)


def _compare(held: Any, sign: str, wanted: Any) -> bool:
    if wanted is None or held is None:
        return (held is wanted) == (sign == "=") if sign in ("=", "!=") else False
    if isinstance(wanted, datetime):
        held = _moment(str(held))
    elif isinstance(wanted, str):
        held, wanted = str(held).lower(), wanted.lower()
    match sign:
        case "=":
            return bool(held == wanted)
        case "!=":
            return bool(held != wanted)
        case "like":
            return _pattern(str(wanted)).fullmatch(str(held)) is not None
        case "contains":
            return str(wanted) in str(held)
    try:
        return bool({"<": held < wanted, "<=": held <= wanted, ">": held > wanted, ">=": held >= wanted}[sign])
    except TypeError:
        return False
