"""Who is in a dynamic group of ours: a small language over the attributes of users, read to a frozen tree. Pure.

    department = "Sales" and not (city in ("Bonn", "Bremen") or guest = true)

Words and comparisons know no capitals. Each attribute is text, but `enabled` and `guest`, which are true or false. A text
stands in double quotes; inside, \\" and \\\\ stand for a quote and a backslash. `and` binds closer than `or`, `not` closest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from purser.kernel.errors import Refused

LONGEST = 2_000  # characters
DEEPEST = 20  # parentheses and nots within each other

FLAGS = ("enabled", "guest")
TEXTS = (
    "department", "job_title", "company", "office", "country", "city", "state", "mail", "principal_name", "display_name",
    "mailbox", "employee_type", *(f"extensionAttribute{n}" for n in range(1, 16)),
)  # fmt: skip
ATTRIBUTES = (*TEXTS, *FLAGS)
_BY_WORD = {name.casefold(): name for name in ATTRIBUTES}

Operator = Literal["=", "!=", "in", "not in", "starts with", "ends with", "contains", "is empty"]
OPERATORS: tuple[Operator, ...] = ("=", "!=", "in", "not in", "starts with", "ends with", "contains", "is empty")
_SECOND = {"not": "in", "starts": "with", "ends": "with", "is": "empty"}

Values: TypeAlias = Mapping[str, str | bool]
"""What a user's attributes hold; one that is not named is empty, a flag that is not named is false."""


@dataclass(frozen=True)
class Compare:
    """`values` are one text, more for `in` and `not in`, none for `is empty`; of a flag "true" or "false"."""

    attribute: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Not:
    of: Expression


@dataclass(frozen=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Expression, ...]


Expression: TypeAlias = Compare | Not | And | Or


def matches(expression: Expression, values: Values) -> bool:
    """Whether a user with these values is in. Total: it answers for any tree that `parse` gives and any values."""
    match expression:
        case Compare():
            return _compared(expression, values)
        case Not(of):
            return not matches(of, values)
        case And(parts):
            return all(matches(part, values) for part in parts)
        case Or(parts):
            return any(matches(part, values) for part in parts)


def _compared(one: Compare, values: Values) -> bool:
    if one.attribute in FLAGS:
        has = "true" if values.get(one.attribute, False) else "false"
    else:
        has = str(values.get(one.attribute, "")).strip().casefold()
    asked = [value.strip().casefold() for value in one.values]
    match one.operator:
        case "=" | "in":
            return has in asked
        case "!=" | "not in":
            return has not in asked
        case "starts with":
            return has.startswith(asked[0])
        case "ends with":
            return has.endswith(asked[0])
        case "contains":
            return asked[0] in has
        case "is empty":
            return not has


def written(expression: Expression) -> str:
    """The expression in one fixed way; `parse` gives the same tree again."""
    match expression:
        case Compare(attribute, operator, values):
            shown = [value if attribute in FLAGS else _quoted(value) for value in values]
            if operator in ("in", "not in"):
                return f"{attribute} {operator} ({', '.join(shown)})"
            return " ".join((attribute, operator, *shown))
        case Not(of):
            return f"not {_inner(of, And | Or)}"
        case And(parts):
            return " and ".join(_inner(part, And | Or) for part in parts)
        case Or(parts):
            return " or ".join(_inner(part, Or) for part in parts)


def _inner(part: Expression, bracketed: object) -> str:
    return f"({written(part)})" if isinstance(part, bracketed) else written(part)  # type: ignore[arg-type]  # a union


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Reading


@dataclass(frozen=True)
class _Token:
    """`kind` is word, text, sign or end; `column` from 1. `text` is a word in small letters, or what the quotes hold."""

    kind: str
    text: str
    column: int


_TOKEN = re.compile(r'(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<text>"(?:[^"\\]|\\["\\])*")|(?P<sign>!=|[=(),])')


def parse(text: str) -> Expression:
    """Raises Refused(code="expression") that names the column (from 1) and what was expected there."""
    if len(text) > LONGEST:
        raise Refused(f"The expression has {len(text):,} characters; at most {LONGEST:,} are read.", code="expression")
    if not text.strip():
        raise Refused("The expression is empty.", code="expression", hint='For example: department = "Sales"')
    return _Reader(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        read = _TOKEN.match(text, at)
        if read is None:
            if text[at] == '"':
                _wrong(at + 1, "this text in quotes does not end, or holds a backslash before neither quote nor backslash")
            _wrong(at + 1, f"{text[at]!r} means nothing here")
        kind, raw = str(read.lastgroup), read.group()
        if kind == "text":
            raw = re.sub(r"\\(.)", r"\1", raw[1:-1])
            if not raw.isprintable():
                _wrong(at + 1, "this text holds a character that cannot be seen")
        found.append(_Token(kind, raw.casefold() if kind == "word" else raw, at + 1))
        at = read.end()
    return [*found, _Token("end", "", len(text) + 1)]


def _wrong(column: int, words: str) -> NoReturn:
    raise Refused(f"Column {column}: {words}.", code="expression")


class _Reader:
    """Recursive descent, one method a rule: or, and, not, comparison."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._or()
        if self._next.kind != "end":
            self._expected("“and”, “or” or the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _is(self, kind: str, text: str) -> bool:
        return (self._next.kind, self._next.text) == (kind, text)

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _expected(self, what: str) -> NoReturn:
        shown = "the expression ends" if self._next.kind == "end" else f"there is “{self._next.text[:40]}”"
        _wrong(self._next.column, f"expected {what}, but {shown}")

    def _or(self) -> Expression:
        parts = [self._and()]
        while self._is("word", "or"):
            self._take()
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._is("word", "and"):
            self._take()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Expression:
        opening = self._next
        if not (self._is("word", "not") or self._is("sign", "(")):
            return self._comparison()
        self._depth += 1
        if self._depth > DEEPEST:
            _wrong(opening.column, f"parentheses and “not” stand more than {DEEPEST} deep")
        self._take()
        if opening.text == "not":
            found: Expression = Not(self._not())
        else:
            found = self._or()
            self._sign(")")
        self._depth -= 1
        return found

    def _sign(self, sign: str) -> None:
        if not self._is("sign", sign):
            self._expected(f"“{sign}”")
        self._take()

    def _comparison(self) -> Expression:
        attribute = _BY_WORD.get(self._next.text) if self._next.kind == "word" else None
        if attribute is None:
            self._expected("an attribute (department, city, mail, enabled ...), “not” or “(”")
        self._take()
        operator = self._operator(flag=attribute in FLAGS)
        if operator == "is empty":
            return Compare(attribute, operator)
        if operator not in ("in", "not in"):
            return Compare(attribute, operator, (self._value(attribute),))
        self._sign("(")
        values = [self._value(attribute)]
        while self._is("sign", ","):
            self._take()
            values.append(self._value(attribute))
        self._sign(")")
        return Compare(attribute, operator, tuple(values))

    def _operator(self, *, flag: bool) -> Operator:
        token = self._next
        text = token.text
        second = _SECOND.get(text) if token.kind == "word" else None
        if second is not None:
            self._at += 1
            if not self._is("word", second):
                self._expected(f"“{second}” after “{text}”")
            text = f"{text} {second}"
        known = ("=", "!=") if flag else OPERATORS
        found = next((operator for operator in known if operator == text and token.kind in ("word", "sign")), None)
        if found is None:
            if second is not None:
                self._at -= 1
            self._expected(f"one of {', '.join(known)}")
        self._take()
        return found

    def _value(self, attribute: str) -> str:
        if attribute in FLAGS:
            if self._next.kind != "word" or self._next.text not in ("true", "false"):
                self._expected("true or false")
        elif self._next.kind != "text":
            self._expected("a text in double quotes")
        return self._take().text
