"""Quotes: a numbered price for packages, without payment, which holds for thirty days or until the prices change.

Run in the partner's seat. Source: acceptance CS-59; reliability P8.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.buying import numbers, packages, profile
from purser.billing.models import Programme, Quote, QuoteLine
from purser.kernel.errors import Missing, Refused

HOLDS = timedelta(days=30)
AGAIN = timedelta(minutes=10)
MOST = 10_000  # packages of one kind
LARGEST = Decimal("999999999999.99")


def counted(counts: Mapping[str, object]) -> dict[str, int]:
    """The counts above 0, by code. Raises Refused(code="count") for one that is no whole number from 0 to 10,000."""
    found: dict[str, int] = {}
    for code, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST:
            raise Refused(f"{count!r} of {code[:40]}: a count is a whole number from 0 to {MOST}.", code="count")
        if count:
            found[code] = count
    return found


def issue(counts: Mapping[str, int], *, cause: Literal["hand", "auto"] = "hand", made_by_name: str, now: datetime) -> Quote:
    """Price so many packages by code from the list in force. Raises Refused: code "empty" for none, "count", "package" for
    a code that is not in the list, "prices" without a list, "currency" where the list's is not the account's.
    """
    wanted = counted(counts)
    if not wanted:
        raise Refused("No selected packages.", code="empty", hint="Put at least one package into the basket.")
    held = packages.in_force(now)
    _check_currency(held.currency)
    rows = [row for row in packages.rows_of(held) if row.code in wanted]
    unknown = sorted(wanted.keys() - {row.code for row in rows})
    if unknown:
        told = ", ".join(code[:40] for code in unknown[:5])
        raise Refused(f"Price list {held.number} has no package {told}.", code="package", hint="Reload the page.")
    total = sum((row.price * wanted[row.code] for row in rows), Decimal(0))
    if total > LARGEST:
        raise Refused(f"{total:f} {held.currency} is more than a quote can hold, {LARGEST:f}.", code="total")
    quote: Quote = Quote.objects.create(
        number=numbers.next("Q", now),
        cause=cause,
        price_list=held.number,
        currency=held.currency,
        total=total,
        units=sum(row.units * wanted[row.code] for row in rows),
        billed_to=profile.snapshot(),
        made_at=now,
        made_by_name=made_by_name,
        expires_at=now + HOLDS,
    )
    QuoteLine.objects.bulk_create(
        QuoteLine(
            quote=quote,
            place=place,
            code=row.code,
            count=wanted[row.code],
            units=row.units,
            unit_price=row.unit_price,
            price=row.price,
        )
        for place, row in enumerate(rows, start=1)
    )
    return quote


def ask(actor: Actor, counts: Mapping[str, int], *, now: datetime) -> Quote:
    """A person asks for a quote: GET QUOTE, NEXT and the call of the API. Asked twice for the same, it is the same one."""
    same = _same(actor, counted(counts), now)
    if same is not None:
        return same
    quote = issue(counts, made_by_name=actor.name, now=now)
    summary = f"Quote {quote.number}: {quote.total:f} {quote.currency} for {quote.units} units"
    after = {"number": quote.number, "total": quote.total, "currency": quote.currency, "counts": counts_of(quote)}
    acts.record(actor, "packages.quote", summary=summary, of=("quote", quote.pk), after=after, now=now)
    return quote


def _same(actor: Actor, counts: Mapping[str, int], now: datetime) -> Quote | None:
    """A quote of a moment ago for the same packages, list and bill: a button was pressed twice, or BACK and NEXT."""
    mine = Quote.objects.filter(cause="hand", made_by_name=actor.name, made_at__gt=now - AGAIN, purchases=None)
    last = mine.order_by("-made_at", "-id").first()
    fits = last is not None and still_good(last, now) is None and last.billed_to == profile.snapshot()
    return last if last is not None and fits and counts_of(last) == counts else None


def of(id: UUID) -> Quote:
    """Raises Missing."""
    found: Quote | None = Quote.objects.filter(pk=id).first()
    if found is None:
        raise Missing("There is no such quote.")
    return found


def lines_of(quote: Quote) -> list[QuoteLine]:
    """As offered; `units` and `price` are one package's, of which there are `count`."""
    return list(QuoteLine.objects.filter(quote=quote).order_by("place"))


def counts_of(quote: Quote) -> dict[str, int]:
    """What it is of, to ask for the same again at today's prices."""
    return {line.code: line.count for line in lines_of(quote)}


def still_good(quote: Quote, now: datetime) -> Refused | None:
    """Why it cannot be bought any more: code "expired", "price_list" or "currency"; None while it can.

    Whoever gets a refusal issues a new one from `counts_of`. Source: reliability P8.
    """
    if now >= quote.expires_at:
        return Refused(
            f"Quote {quote.number} expired on {quote.expires_at:%Y-%m-%d %H:%M} UTC.", code="expired", hint="Get a new one."
        )
    held = packages.current(now)
    if held is None or held.number != quote.price_list:
        told = f"list {held.number} holds now" if held else "there is no list now"
        return Refused(
            f"Quote {quote.number} is of price list {quote.price_list}; {told}.", code="price_list", hint="Get a new one."
        )
    try:
        _check_currency(quote.currency)
    except Refused as refusal:
        return refusal
    return None


def _check_currency(currency: str) -> None:
    programme = Programme.objects.first()
    if programme is not None and programme.currency != currency:
        raise Refused(
            f"The prices are in {currency}, this account is in {programme.currency}.",
            code="currency",
            hint="Ask the operator for a price list in the account's currency.",
        )
