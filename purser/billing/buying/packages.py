"""The price lists: the operator's own, numbered, and the copy that each partner in the programme has of them.

A list that was published is never changed; another takes its place from a moment on. Partners read their own copy, so what
a quote was made from stays among their rows. Source: acceptance CS-55, CS-56; decision F-1; reliability P8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.buying import offers
from purser.billing.buying.offers import Offer
from purser.billing.models import Package, PriceList, Programme
from purser.kernel.errors import Missing, Refused
from purser.postgres import queue, tenancy
from purser.tenants import organisations

STANDARD = 1  # its number: an operator's own lists come after it
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)  # since when the standard list holds: before any quote
CURRENCY = "USD"
AHEAD = timedelta(days=366)
NOBODY = "Standard"

standard = offers.standard


@dataclass(frozen=True)
class Priced:
    """A list with its rows, smallest package first, as it is carried from the operator's seat to a partner's."""

    number: int
    currency: str
    from_at: datetime
    made_at: datetime
    made_by_name: str
    rows: tuple[Offer, ...]


def current(now: datetime) -> PriceList | None:
    """The list in force in the tenant acted in, the last that came into force by then; None where there is none."""
    return PriceList.objects.filter(from_at__lte=now).order_by("-from_at", "-number").first()


def in_force(now: datetime) -> PriceList:
    """The same, or Refused(code="prices")."""
    found = current(now)
    if found is None:
        raise Refused("There are no packages to buy yet.", code="prices", hint="They come with the programme of daily units.")
    return found


def rows_of(price_list: PriceList) -> list[Package]:
    """Its packages, smallest first."""
    return list(Package.objects.filter(price_list=price_list).order_by("units", "code"))


def package(code: str, now: datetime) -> Package:
    """A package of the list in force. Raises Refused(code="package") for one that is not on it."""
    found = Package.objects.filter(price_list=in_force(now), code=code).first()
    if found is None:
        raise Refused(f"There is no package {code!r} in the price list.", code="package", hint="Reload the page.")
    return found


def of(id: UUID) -> PriceList:
    """Raises Missing."""
    found: PriceList | None = PriceList.objects.filter(pk=id).first()
    if found is None:
        raise Missing("There is no such price list.")
    return found


def as_offers(rows: Sequence[Package]) -> tuple[Offer, ...]:
    return tuple(Offer(row.code, row.units, row.unit_price, row.price) for row in rows)


def publish(
    actor: Actor, rows: Sequence[Offer], *, currency: str, from_at: datetime, after: int | None = None, now: datetime
) -> PriceList:
    """In the operator's seat: publish the next list, in force from `from_at` on, and have it copied to each partner.

    `after` is the number of the last list the actor saw. Raises Refused: rows as offers.check says, code "from" for a past
    moment or one too far ahead, code "changed" where somebody else published meanwhile.
    """
    checked = offers.check(rows, currency)
    if from_at < now:
        raise Refused(f"A price list holds from now on or later, not from {from_at:%Y-%m-%d %H:%M} UTC.", code="from")
    if from_at > now + AHEAD:
        raise Refused(f"A price list is published at most {AHEAD.days} days ahead.", code="from")
    _begin()
    newest = last()
    if after is not None and max(after, STANDARD) != newest:
        raise Refused(f"Somebody published list {newest} meanwhile.", code="changed", hint="Look at it first.")
    number = newest + 1
    summary = f"Price list {number} with {len(checked)} packages in {currency}, from {from_at:%Y-%m-%d %H:%M} UTC"
    after_ = {one.code: f"{one.units} x {one.unit_price:f} = {one.price:f}" for one in checked}
    acts.record(actor, "operator.prices.publish", summary=summary, of=("price_list", number), after=after_, now=now)
    made = _keep(Priced(number, currency, from_at, now, actor.name, checked))
    if made is None:
        raise Refused(f"Somebody published list {number} in this moment.", code="changed", hint="Look at it first.")
    queue.defer("purser.prices", lock=f"prices:{actor.tenant}", merge=True, operator=str(actor.tenant))
    return made


def _begin() -> None:
    """The operator's first list is the standard one, whether it publishes or its first partner is admitted."""
    if not PriceList.objects.exists():
        _keep(Priced(STANDARD, CURRENCY, ALWAYS, ALWAYS, NOBODY, standard()))


def last() -> int:
    """The number of the newest list of the tenant acted in, in force or not; 0 without any."""
    return PriceList.objects.aggregate(last=Max("number"))["last"] or 0


def _keep(priced: Priced) -> PriceList | None:
    """Write a list; None where somebody else wrote one of this number in the same moment."""
    try:
        with transaction.atomic():
            made: PriceList = PriceList.objects.create(
                number=priced.number,
                currency=priced.currency,
                from_at=priced.from_at,
                made_at=priced.made_at,
                made_by_name=priced.made_by_name,
            )
            Package.objects.bulk_create(
                Package(price_list=made, code=one.code, units=one.units, unit_price=one.unit_price, price=one.price)
                for one in priced.rows
            )
    except IntegrityError:
        return None
    return made


def copy_to(partner_id: UUID, now: datetime) -> int:
    """Bring a partner's copies in step with its operator's lists: the one in force now and all that come after it. Returns
    how many were missing. Outside any seat; may be called again at any time. Raises Missing for a tree without an operator.
    """
    operator = organisations.operator_over(partner_id)
    if operator is None:
        raise Missing("There is no operator above this partner.")
    with tenancy.acting_in(operator):
        _begin()
        wanted = _wanted(now)
    return _copy(partner_id, wanted)


def _wanted(now: datetime) -> list[Priced]:
    held = in_force(now)
    lists = PriceList.objects.filter(Q(number__gte=held.number) | Q(from_at__gt=now))
    return [
        Priced(one.number, one.currency, one.from_at, one.made_at, one.made_by_name, as_offers(rows_of(one)))
        for one in lists.order_by("number")
    ]


def _copy(partner: UUID, wanted: Sequence[Priced]) -> int:
    with tenancy.acting_in(partner):
        there = set(PriceList.objects.values_list("number", flat=True))
        return sum(_keep(one) is not None for one in wanted if one.number not in there)


def copy_to_all(operator: UUID, now: datetime) -> int:
    """Bring the copies of every partner of this operator in the programme in step, partner by partner; how many lists were
    missing. Outside any seat.
    """
    with tenancy.acting_in(operator):
        _begin()
        wanted = _wanted(now)
    return sum(_copy(partner, wanted) for partner in _partners(operator))


def _partners(operator: UUID) -> list[UUID]:
    with tenancy.listing_all():
        below = organisations.of_operator(operator).values("pk")
        return list(Programme.across.filter(tenant_id__in=below).order_by("tenant_id").values_list("tenant_id", flat=True))


def behind() -> list[UUID]:
    """Operators with a partner in the programme that misses their last list: a job of theirs died. Outside any seat."""
    with tenancy.listing_all():
        newest = dict(PriceList.across.values_list("tenant_id").annotate(last=Max("number")))
        rows = Programme.across.values_list("tenant_id", "tenant__parent_id", "tenant__distributor__parent_id")
        partners = [(partner, above or parent) for partner, parent, above in rows]
    missing = {over for partner, over in partners if over and newest.get(partner, 0) < newest.get(over, 0)}
    return sorted(missing)
