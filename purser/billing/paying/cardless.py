"""No text of ours holds a card's number: what looks like one is refused before it is kept. Pure.

Source: decision S-1; acceptance CS-60; reliability P26.
"""

from __future__ import annotations

import re

from purser.kernel.errors import Refused

_RUN = re.compile(r"[0-9](?:[ .\-]?[0-9]){12,}")


def plain(text: str, *, most: int, what: str) -> str:
    """The text, trimmed and in one line. Raises Refused(code="text") for none, too long, unseen letters, or a card's number;
    none of the text is repeated.
    """
    kept = " ".join(text.split())
    if not 1 <= len(kept) <= most or not kept.isprintable():
        raise Refused(f"{what}: 1 to {most} letters that can be seen, not {len(kept)}.", code="text")
    refuse(kept, what=what)
    return kept


def refuse(text: str, *, what: str) -> None:
    """Raises Refused(code="card_number") for a text in which a card's number stands."""
    if holds_number(text):
        hint = "Card numbers are typed on the payment provider's page only."
        raise Refused(f"{what}: this looks like the number of a card, and is not kept.", code="card_number", hint=hint)


def holds_number(text: str) -> bool:
    """Whether 13 to 19 digits, single spaces, points or dashes between groups of them aside, have a card's check digit."""
    text = "".join(str(int(c)) if c.isdigit() and c.isdecimal() else c for c in text)  # digits of every script
    for run in _RUN.findall(text):
        groups = re.split("[^0-9]", run)
        spans = ("".join(groups[start:end]) for start in range(len(groups)) for end in range(start + 1, len(groups) + 1))
        if any(13 <= len(digits) <= 19 and _luhn(digits) for digits in spans):
            return True
    return False


def _luhn(digits: str) -> bool:
    doubled = (int(c) * 2 if place % 2 else int(c) for place, c in enumerate(reversed(digits)))
    return digits[0] != "0" and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0
