"""Where a signed-in person can go: the organisations they belong to, and the customers of those that sell.

A customer that does not let them in is shown all the same, and why. Source: ux 1 to 4; acceptance UC-14, UC-19.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from purser.access import actors, people, permit
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Missing
from purser.partners import customers, record
from purser.postgres import tenancy
from purser.tenants import search
from purser.tenants.models import PARTNERS, Kind, SearchWord

MOST = search.MOST
SHOWN = ("name", "number", "kind", "suspended_at", "parent")
HOMES = 20  # organisations of one person that are looked at


@dataclass(frozen=True)
class Home:
    """An organisation the person belongs to, with the words by which it is found."""

    actor: Actor
    words: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """An organisation to go to. `home`: the one whose member goes there. `opens` is false where nobody lets them in, and
    `note` then says why. `seller` names the reseller of a customer below a distributor, and nothing else's.
    """

    id: UUID
    name: str
    number: str
    kind: str
    home: UUID
    opens: bool
    note: str = ""
    seller: str = ""


def homes(person: Person, request: HttpRequest, *, only: UUID | None, now: datetime) -> list[Home]:
    """The organisations the person belongs to, or `only` that one. Takes its seats itself."""
    found = []
    for place in [place for place in people.places(person.pk) if only in (None, place.tenant)][:HOMES]:
        try:
            with actors.entering(person, tenant=place.tenant, request=request, now=now, via=place.tenant) as actor:
                found.append(Home(actor, tuple(SearchWord.objects.values_list("word", flat=True))))
        except Missing:  # suspended, the organisation or the person there
            continue
    return found


def found(homes: Iterable[Home], text: str, now: datetime) -> list[Place]:
    """What fits the text, own organisations first, then customers by the word that fits; at most MOST each. With no text,
    the first by name. Takes its seats itself.
    """
    places: list[Place] = []
    for home in homes:
        if _fits(home.words, text):
            places.append(_own(home))
        places += _customers(home, now, text=text)
    return sorted(places, key=lambda place: place.id != place.home)[: 2 * MOST]


def named(homes: Iterable[Home], key: str, now: datetime) -> Place | None:
    """The place with this id or Tenant ID; None where the person has nothing to do with one. Takes its seats itself."""
    for home in homes:
        if key in (str(home.actor.tenant), home.actor.number):
            return _own(home)
        is_number = key.isdecimal() and len(key) == len(home.actor.number)
        rows = _customers(home, now, number=key) if is_number else _customers(home, now, ids=filter(None, [_uuid(key)]))
        if rows:
            return rows[0]
    return None


def these(homes: Iterable[Home], ids: Iterable[UUID], now: datetime) -> list[Place]:
    """The places with these ids, in their order; what is no longer one's own is left out. Takes its seats itself."""
    wanted = list(dict.fromkeys(ids))
    places: dict[UUID, Place] = {}
    for home in homes:
        if home.actor.tenant in wanted:
            places[home.actor.tenant] = _own(home)
        for place in _customers(home, now, ids=wanted):
            places.setdefault(place.id, place)
    return [places[id] for id in wanted if id in places]


def _own(home: Home) -> Place:
    actor = home.actor
    return Place(actor.tenant, actor.organisation, actor.number, actor.kind, actor.tenant, True)


def _fits(words: tuple[str, ...], text: str) -> bool:
    return all(any(word.startswith(typed) for word in words) for typed in search.words(text))


def _customers(
    home: Home, now: datetime, *, text: str = "", number: str = "", ids: Iterable[UUID] | None = None
) -> list[Place]:
    """By number, by id or by what is typed, in that order; the first by name where nothing is. A distributor's are its own
    and, below them, those of its resellers.
    """
    actor = home.actor
    above = actor.kind == Kind.DISTRIBUTOR
    wanted = None if ids is None else list(ids)
    if actor.kind not in PARTNERS or not permit.allows(actor, "tenants.read") or wanted == []:
        return []
    typed = ids is None and not number and bool(search.words(text))
    if typed:
        with tenancy.listing_below(actor.tenant) if above else tenancy.listing_customers_of(actor.tenant):
            wanted = search.find(text, most=4 * MOST)  # resellers are among them, and are no places to go to

    def chosen(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        if number:
            return rows.filter(number=number)
        return rows.order_by("name", "id")[:MOST] if wanted is None else rows.filter(pk__in=wanted)

    with tenancy.listing_customers_of(actor.tenant):
        places = [_customer(row, actor) for row in chosen(customers.listed(actor.tenant, now))]
    if above:
        with tenancy.listing_below(actor.tenant):
            places += [_below(row, actor) for row in chosen(customers.below(actor.tenant)).only(*SHOWN, "parent__name")]
    if typed and wanted is not None:
        order = {id: n for n, id in enumerate(wanted)}
        places.sort(key=lambda place: order[place.id])
    elif above:
        places.sort(key=lambda place: (place.name, place.id))
    return places if ids is not None else places[:MOST]


def _customer(row: Any, actor: Actor) -> Place:
    note = ""
    if not row.open:
        note = f"Consent: {record.STANDINGS[row.consent].words.lower()}"
    elif not actor.partner_administrator:
        note = "You are no partner administrator"
    return Place(row.pk, row.name, row.number, row.kind, actor.tenant, opens=not note, note=note)


def _below(row: Any, actor: Actor) -> Place:
    """A reseller's customer consents to its reseller and to nobody else: a distributor sees it and gets in nowhere.

    Source: acceptance UC-8.
    """
    suspended = "Suspended. " if row.suspended_at else ""
    note = f"{suspended}Customer of {row.parent.name}, which alone can have its consent"
    return Place(row.pk, row.name, row.number, row.kind, actor.tenant, opens=False, note=note, seller=row.parent.name)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
