"""Relations as text: one line each, one block a company, ids first and names as comments.

    purser-relations 1 autotask

    company C1 -> 101                    # Alder Dental -> Alder Dental Inc
      subscription S1 -> 9               # Exchange Online -> 2026 Cloud Services
        resource EXO1 -> service:12 decrease=today    # Exchange Online (Plan 1) -> Exchange Online

The order is that of the ids, so that two exports differ only where relations differ. Indentation is for the eye. A name in
quotes may stand for an id; ids and names with spaces or # are quoted as a shell does it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal

from purser.kernel import digest

Level = Literal["company", "subscription", "resource"]
LEVELS: tuple[Level, ...] = ("company", "subscription", "resource")
HEAD, VERSION = "purser-relations", "1"
ARROW = "->"
MOST_LINES = 200_000
_SPACE = re.compile(r"\s+")

# The words of a link's own rules in the text, and what they are called on the link.
_WORDS = {"decrease": "decrease", "edits": "drift_policy", "price": "price_source", "usage": "usage_divisor"}
_DEFAULTS = {"decrease": "", "drift_policy": "", "price_source": "agreement", "custom_price": "", "usage_divisor": ""}


@dataclass(frozen=True)
class Terms:
    """A link's own rules; amounts as text, "" where there is none."""

    decrease: str = ""
    drift_policy: str = ""
    price_source: str = "agreement"
    custom_price: str = ""
    usage_divisor: str = ""

    def words(self) -> list[str]:
        """As they stand in a line: only what differs from a link without own rules."""
        price = f"custom:{self.custom_price}" if self.price_source == "custom" else self.price_source
        given = {"decrease": self.decrease, "edits": self.drift_policy, "price": price, "usage": self.usage_divisor}
        return [f"{word}={value}" for word, value in given.items() if value != _DEFAULTS[_WORDS[word]]]


@dataclass(frozen=True)
class Entry:
    """One relation. `line` is where it stands in the text; `under` are the lines of the levels above it."""

    level: Level
    ours: str
    theirs: str
    terms: Terms = field(default_factory=Terms)
    line: int = 0
    under: tuple[int, ...] = ()
    names: str = ""


@dataclass(frozen=True)
class Fault:
    line: int
    text: str


@dataclass(frozen=True)
class Written:
    """A text that was read: `psa` is the kind it speaks of, "" where the head is missing."""

    psa: str
    entries: tuple[Entry, ...]
    faults: tuple[Fault, ...]


def render(psa: str, entries: Iterable[Entry]) -> str:
    """The text of entries that stand in their order, each below the one it belongs to."""
    lines = [f"{HEAD} {VERSION} {psa}"]
    for entry in entries:
        depth = LEVELS.index(entry.level)
        if depth == 0:
            lines.append("")
        words = [entry.level, _quoted(entry.ours), ARROW, _quoted(entry.theirs), *entry.terms.words()]
        names = _SPACE.sub(" ", entry.names).strip()
        lines.append("  " * depth + " ".join(words) + (f"  # {names}" if names else ""))
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """Line breaks are kept out, as a relation is one line; no id has them."""
    return shlex.quote(_SPACE.sub(" ", word))


def parse(text: str) -> Written:
    """Read a text; everything that is wrong in it is named with its line, and the rest is still read."""
    psa, entries, faults = "", list[Entry](), list[Fault]()
    above: dict[Level, int] = {}
    seen: dict[tuple[Level, tuple[int, ...], str], int] = {}
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > MOST_LINES:
        return Written("", (), (Fault(MOST_LINES, f"The text has {len(lines)} lines; at most {MOST_LINES} are read."),))
    for number, line in enumerate(lines, start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            faults.append(Fault(number, "A quote is opened and not closed."))
            _leave(above, line.split()[0])
            continue
        if not words:
            continue
        if not psa:
            psa, wrong = _head(words)
            if wrong:
                return Written("", (), (Fault(number, wrong),))
            continue
        try:
            entry = _entry(words, number, above)
        except ValueError as wrong_line:
            faults.append(Fault(number, str(wrong_line)))
            _leave(above, words[0])
            continue
        _leave(above, entry.level)
        above[entry.level] = number
        key = (entry.level, entry.under, entry.ours)
        if key in seen:
            faults.append(Fault(number, f"{entry.level} {entry.ours} stands in line {seen[key]} already."))
            continue
        seen[key] = number
        entries.append(entry)
    if not psa:
        faults.append(Fault(1, f"The text is empty; it begins with: {HEAD} {VERSION} autotask (or connectwise)."))
    return Written(psa, tuple(entries), tuple(faults))


def _leave(above: dict[Level, int], word: str) -> None:
    """A line of this level begins, well or badly: what follows does not belong to the block before it."""
    for lower in LEVELS[LEVELS.index(level) :] if (level := _level(word)) else ():
        above.pop(lower, None)


def _level(word: str) -> Level | None:
    return next((level for level in LEVELS if level == word), None)


def _head(words: list[str]) -> tuple[str, str]:
    if len(words) == 3 and words[0] == HEAD:
        if words[1] != VERSION:
            return "", f"This is version {words[1]} of the text; version {VERSION} can be read."
        return words[2], ""
    return "", f"The first line says what this is: {HEAD} {VERSION} autotask (or connectwise)."


def _entry(words: list[str], number: int, above: Mapping[Level, int]) -> Entry:
    level = _level(words[0])
    if level is None:
        raise ValueError(f"A line begins with company, subscription or resource, not {words[0]!r}.")
    if len(words) < 4 or words[2] != ARROW or not words[1] or not words[3]:
        raise ValueError(f"Write: {level} OURS {ARROW} THEIRS.")
    uppers = LEVELS[: LEVELS.index(level)]
    lacking = [upper for upper in uppers if upper not in above]
    if lacking:
        raise ValueError(f"There is no {lacking[-1]} above this {level} (or it could not be read).")
    if words[4:] and level != "resource":
        raise ValueError(f"Only a resource has rules of its own, not a {level}: {' '.join(words[4:])}.")
    return Entry(
        level=level,
        ours=words[1],
        theirs=words[3],
        terms=_terms(words[4:]),
        line=number,
        under=tuple(above[upper] for upper in uppers),
    )


def _terms(words: list[str]) -> Terms:
    given: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or name not in _WORDS:
            raise ValueError(f"{word!r} is no rule; known are {', '.join(f'{w}=' for w in _WORDS)}.")
        if name == "price" and value.startswith("custom:"):
            given["price_source"], given["custom_price"] = "custom", _amount(value.removeprefix("custom:"))
        else:
            given[_WORDS[name]] = _amount(value) if name == "usage" else value
    return Terms(**given)


def _amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount.adjusted()) > 15:
        raise ValueError(f"{text!r} is no amount; write it like 4.25.")
    return digest.units(amount)
