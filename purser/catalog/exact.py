"""Amounts as people and programs write them: exact decimals, or Refused with the row and the numbers. Pure.

Source: acceptance, conventions; CM-13.
"""

from __future__ import annotations

import re
from decimal import Decimal

from purser.kernel.digest import units
from purser.kernel.errors import Refused

PLACES = 6
LARGEST = Decimal("9999999999.999999")
_WRITTEN = re.compile(r"[0-9]{1,20}(?:[.,][0-9]{1,20})?")
_EITHER = {  # thousands to some, decimals to others, by the mark that is known to be of decimals
    "": re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+"),
    ",": re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+"),
}


def amount(value: Decimal, where: str) -> Decimal:
    """A price that can be kept as it is: 0 to 9,999,999,999.999999 with at most six decimals. Raises Refused that begins
    with `where` and names the numbers: nothing is rounded on the way in.
    """
    if not value.is_finite() or not 0 <= value <= LARGEST:
        raise Refused(f"{where}: {_shown(value)} is no price; it can be 0 to {LARGEST:f}.", code="price")
    if -int(value.normalize().as_tuple().exponent) > PLACES:
        raise Refused(
            f"{where}: {_shown(value)} has more than {PLACES} decimals, and prices are kept exactly.",
            code="price",
            hint=f"The nearest that fits is {units(round(value, PLACES))}.",
        )
    return value


def read(text: str, where: str, *, decimal: str = "") -> Decimal:
    """The amount of a text, "1234.5" or "1234,5"; thousands are parted by spaces or not at all. `decimal` "," where the
    file's own dialect marks decimals so: then "1,125" is read, which else could be one thousand and more.

    Raises Refused that begins with `where`.
    """
    plain = re.sub(r"[\s\u00a0\u202f]", "", text)
    if _EITHER[decimal].fullmatch(plain):
        mark = decimal or "."
        other = "." if mark == "," else ","
        words = f"{where}: “{text[:40]}” can be read in two ways."
        raise Refused(words, code="price", hint=f"Write {plain.replace(other, '')} or {_first(plain, other, mark)}.")
    if not _WRITTEN.fullmatch(plain):
        like = f"12{decimal or '.'}50"
        raise Refused(f"{where}: “{text[:40]}” is no price.", code="price", hint=f"Write digits and one mark, like {like}.")
    return amount(Decimal(plain.replace(",", ".")), where)


def _first(plain: str, other: str, mark: str) -> str:
    """The text with its first mark as that of decimals, and no further one."""
    whole, _, rest = plain.partition(other)
    return f"{whole}{mark}{rest.replace(other, '')}"


def _shown(value: Decimal) -> str:
    return f"{value:f}"[:60] if value.is_finite() else str(value)
