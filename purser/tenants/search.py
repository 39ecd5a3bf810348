"""Finding an organisation by typing: every word typed begins a word of its name, its domain or its numbers.

Source: ux 1; issue "Partners, customers and consent" (a typed search over 100,000 customers).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from purser.postgres import tenancy
from purser.tenants.models import Organisation, SearchWord

MOST = 20  # found; who wants more types more
ROWS = 4 * MOST  # read: several words of one organisation may fit
TYPED = 6  # words taken of what is typed
_BREAK = re.compile(r"[\W_]+")


def words(text: str) -> list[str]:
    """The words of a text, without case and accents, each once: "Ångström & Co." is angstrom, co."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return list(dict.fromkeys(word[:80] for word in _BREAK.split(plain) if word))


def index(organisation: Organisation) -> None:
    """Write the words of the organisation acted in anew; after it was founded, renamed or moved."""
    SearchWord.objects.all().delete()
    found = words(f"{organisation.name} {organisation.domain}")
    whole = [organisation.number, organisation.partner_number.lower(), organisation.domain[:80]]
    SearchWord.objects.bulk_create(
        SearchWord(
            word=word,
            label=organisation.name,
            parent_id=organisation.parent_id,
            distributor_id=organisation.distributor_id,
        )
        for word in dict.fromkeys([*found, *filter(None, whole)])
    )


def find(text: str, *, most: int = MOST) -> list[UUID]:
    """The organisations that the seat may list and that fit what is typed, by the word that fits and then by name; at most
    `most`, and never more than ROWS. Nothing for nothing typed.
    """
    return list(dict.fromkeys(query(text)))[:most]


def query(text: str) -> Any:
    """The rows behind `find`: ids of organisations, some of them more than once."""
    typed = _typed(text)
    if not typed:
        return SearchWord.across.none()
    # the longest first: it has the fewest beginnings, and the others only look at what it leaves
    first, *others = sorted(typed, key=len, reverse=True)
    rows = _mine(SearchWord.across.all()).filter(_begins(first))
    for other in others:
        rows = rows.filter(Exists(_mine(SearchWord.across.filter(tenant_id=OuterRef("tenant_id"))).filter(_begins(other))))
    return rows.order_by("word", "label", "tenant_id").values_list("tenant_id", flat=True)[:ROWS]


def _typed(text: str) -> list[str]:
    domain = text.strip().lower()
    if "." in domain and not re.search(r"\s", domain):
        return [domain[:80]]
    return words(text)[:TYPED]


def _begins(word: str) -> Q:
    return Q(word__gte=word, word__lt=word[:-1] + chr(ord(word[-1]) + 1))


def _mine(rows: Any) -> QuerySet[SearchWord]:
    """The seat's own equality once more: with it an index is walked in order. Source: reliability R20."""
    seat = tenancy.seat()
    if seat is not None and seat.name == "partner":
        return rows.filter(parent_id=seat.value)  # type: ignore[no-any-return]
    if seat is not None and seat.name == "distributor":
        return rows.filter(distributor_id=seat.value)  # type: ignore[no-any-return]
    return rows  # type: ignore[no-any-return]
