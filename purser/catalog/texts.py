"""What a text of the catalog may be. Pure."""

from __future__ import annotations

from purser.kernel.errors import Refused


def line(text: str, what: str, *, most: int, where: str = "", empty: bool = False) -> str:
    """One line of text, with the spaces put right. Raises Refused for one that is empty or too long."""
    plain = " ".join(text.split())
    if "\0" in plain or len(plain) > most:
        raise Refused(f"{where}{what} has {len(plain)} characters; at most {most} are kept.", code="text")
    if not plain and not empty:
        raise Refused(f"{where}{what} is missing.", code="text")
    return plain


def lines(text: str, what: str, *, most: int) -> str:
    """Text of several lines, trimmed. Raises Refused for one that is too long."""
    plain = text.strip()
    if "\0" in plain or len(plain) > most:
        raise Refused(f"{what} has {len(plain)} characters; at most {most} are kept.", code="text")
    return plain


def currency(text: str) -> str:
    """Three letters. Raises Refused."""
    plain = text.strip().upper()
    if len(plain) != 3 or not (plain.isascii() and plain.isalpha()):
        raise Refused(f"“{text[:40]}” is no currency.", code="currency", hint="Three letters, like EUR.")
    return plain
