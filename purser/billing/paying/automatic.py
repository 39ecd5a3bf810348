"""Automatic purchase: below 0, the fewest default packages that bring the balance back to 0 or more, as one payment.

One a partner and day at most, and never above the daily cap. Source: acceptance CS-57, CS-64, CS-66; decisions F-2, F-3, F-7;
reliability P7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Sum

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.buying import defaults, profile, quotes
from purser.billing.models import Package, Programme, Purchase, PurchaseState
from purser.billing.paying import purchases, settling, states, told
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import MINOR, Money
from purser.notices.models import Notice
from purser.postgres import queue, tenancy
from purser.rating import packages as rating
from purser.tenants import organisations

NAME = "Automatic purchase"
LARGEST = Decimal("999999999.99")
SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class Standing:
    """How automatic purchase stands: `spent` of the cap today, `next` what a balance below 0 would buy."""

    on: bool
    cap: Decimal | None
    currency: str
    spent: Decimal
    balance: int
    package: Package | None
    open: Purchase | None
    version: int


def standing(now: datetime) -> Standing:
    """In the partner's seat. Raises Missing outside the programme."""
    row = programme()
    return Standing(
        row.auto_on, row.cap, row.currency, spent(now), purchases.balance(), _package(now), purchases.open_one(),
        row.version,
    )  # fmt: skip


def programme() -> Programme:
    """Raises Missing for a partner that is not in the programme of daily units."""
    row: Programme | None = Programme.objects.first()
    if row is None:
        raise Missing("This partner is not in the programme of daily units.")
    return row


def switch(actor: Actor, *, on: bool, cap: Decimal | None, version: int, now: datetime) -> Programme:
    """Switch it on or off, and set the most that it may charge on one day. On needs a card on file, a cap, and whom to bill.

    Raises Refused: "card", "cap", "profile", "version".
    """
    row: Programme | None = Programme.objects.select_for_update().first()
    if row is None:
        raise Missing("This partner is not in the programme of daily units.")
    if row.version != version:
        raise Refused("Somebody changed automatic purchase meanwhile.", code="version", hint="Reload the page.")
    if cap is not None:
        _check_cap(cap, row.currency)
    if on and cap is None:
        raise Refused("Automatic purchase needs a daily cap.", code="cap", hint="Say how much may be charged on one day.")
    if on and purchases.card_on_file() is None:
        raise Refused("Automatic purchase needs a card on file.", code="card", hint="Store a card first.")
    if on:
        profile.needed()  # its papers could not be made out to anybody
    words = f"Automatic purchase {'on' if on else 'off'}" + (f", up to {cap:f} {row.currency} a day" if cap else "")
    acts.record(
        actor, "billing.automate", summary=words, of=("programme", row.pk),
        before={"on": row.auto_on, "cap": row.cap}, after={"on": on, "cap": cap}, now=now,
    )  # fmt: skip
    row.auto_on, row.cap, row.version = on, cap, row.version + 1
    row.save(update_fields=["auto_on", "cap", "version"])
    ask(tenancy.tenant())
    return row


def switch_off(*, now: datetime) -> bool:
    """In the act of whoever removes the card: without one nothing can be bought. Whether it was on."""
    # locked whether it is on or not: one that is being switched on at this moment is waited for
    rows = [row for row in Programme.objects.select_for_update() if row.auto_on]
    for row in rows:
        row.auto_on, row.version = False, row.version + 1
        row.save(update_fields=["auto_on", "version"])
    return bool(rows)


def _check_cap(cap: Decimal, currency: str) -> None:
    if not cap.is_finite() or not 0 < cap <= LARGEST or cap != Money(cap, currency).rounded().amount:
        places = MINOR.get(currency, 2)
        raise Refused(
            f"A daily cap is above 0, at most {LARGEST:,f}, with {places} decimals at most.", code="cap", hint="Like 500.00."
        )


def ask(tenant: UUID) -> None:
    queue.defer("purser.buy", lock=f"buy:{tenant}", merge=True, tenant=str(tenant))


def consider(tenant: UUID, *, now: datetime) -> UUID | None:
    """Buy where the rules say so; the purchase that was begun, or None. Takes the partner's seat; one transaction, in which
    the balance is held: of fifty at once, one buys.
    """
    with tenancy.acting_in(tenant):
        balance = purchases.hold()
        row, card = Programme.objects.select_for_update().first(), purchases.card_on_file()
        if row is None or not row.auto_on or row.cap is None:
            return None
        own = organisations.own()
        on = organisations.today(organisation=own, now=now)
        if balance >= 0 or card is None or own.suspended_at is not None or purchases.open_one() is not None:
            return None
        key = uuid5(tenant, f"automatic:{on}")
        if Purchase.objects.filter(key=key).exists():
            _ask_tomorrow(on, own.zone)  # today's was made; what is still missing is tomorrow's
            return None
        package = _package(now)
        if package is None:
            unsold(balance, on, now=now)
            _ask_tomorrow(on, own.zone)
            return None
        count = _count(balance, package)
        total = package.price * count
        if count > quotes.MOST or spent(now) + total > row.cap:
            capped(total, row, balance, on, now=now)
            _ask_tomorrow(on, own.zone)
            return None
        quote = quotes.issue({package.code: count}, cause="auto", made_by_name=NAME, now=now)
        made = purchases.new(quote, card=card, key=key, cause="auto", made_by_name=NAME, now=now)
        after = {"balance": balance, "package": package.code, "count": count, "total": quote.total, "currency": quote.currency}
        summary = f"Automatic purchase {made.number}: the balance was {balance}"
        acts.record(settling.worker(), "packages.buy", summary=summary, of=("purchase", made.pk), after=after, now=now)
        purchases.begin(made)
        return made.pk


def _ask_tomorrow(on: date, zone: str) -> None:
    """Nothing may be posted for a week, so nobody else would ask. A lock of its own: merged with a job of today it would make
    that one wait until tomorrow.
    """
    tenant = tenancy.tenant()
    at = datetime.combine(on + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)) + SOON
    queue.defer("purser.buy", lock=f"buy-later:{tenant}", merge=True, at=at, tenant=str(tenant))


def _package(now: datetime) -> Package | None:
    """The default package of the list in force; None where it is not sold."""
    try:
        return defaults.package(now)
    except Refused:
        return None


def _count(balance: int, package: Package) -> int:
    return rating.needed(
        balance=balance,
        package=rating.Package(package.code, package.units, Money(package.unit_price, ""), Money(package.price, "")),
    )


def spent(now: datetime) -> Decimal:
    """What was charged automatically on the partner's date of today. A purchase counts on the day that it was paid."""
    own = organisations.own()
    zone, today = ZoneInfo(own.zone), organisations.today(organisation=own, now=now)
    begins = datetime.combine(today, datetime.min.time(), zone)
    paid = Purchase.objects.filter(cause="auto", state=PurchaseState.PAID, paid_at__gte=begins)
    return paid.aggregate(total=Sum("total"))["total"] or Decimal("0.00")


def forbids(row: Purchase, *, now: datetime) -> Refused | None:
    """Why an automatic purchase must not be charged now: switch, cap and balance are asked before every attempt, while the
    balance is held.
    """
    held = Programme.objects.first()
    if held is None or not held.auto_on or held.cap is None:
        return Refused("Automatic purchase was switched off.", code="off")
    if (balance := purchases.balance()) >= 0:
        return Refused(f"The balance is {balance:,} again, and nothing has to be bought.", code="balance")
    if spent(now) + row.total > held.cap:
        return Refused(f"{row.total:f} {row.currency} would go above the daily cap of {held.cap:f}.", code="cap")
    return None


def hold_back(row: Purchase, why: Refused, *, now: datetime) -> None:
    """Not charged: cancelled where it is off; the cap's day has to pass. On a locked row that is begun, or was declined."""
    own = organisations.own()
    today = organisations.today(organisation=own, now=now)
    if why.code != "cap" or row.state == PurchaseState.BEGUN:
        acts.record(settling.worker(), "packages.buy", summary=f"{row.number}: {why.text}", of=("purchase", row.pk), now=now)
        states.step(row, PurchaseState.CANCELLED, next_at=None, code=why.code, text=why.text)
    else:
        tomorrow = datetime.combine(today + timedelta(days=1), datetime.min.time(), ZoneInfo(own.zone))
        states.keep(row, next_at=tomorrow + SOON, text=why.text)
    if why.code == "cap":
        capped(row.total, programme(), purchases.balance(), today, now=now)


def unsold(balance: int, on: date, *, now: datetime) -> None:
    """Tell it once a day: what automatic purchase is to buy is not in the price list."""
    if _told_today("auto_capped", on):
        return
    told.of_account(
        "auto_capped", subject=f"Not bought: the price list has no {defaults.code()}",
        lines=[f"The balance is {balance:,} units. Nothing was charged, and no customer loses its service by this.",
               "Choose another default package, or buy packages by hand."], now=now,
    )  # fmt: skip


def _told_today(kind: str, on: date) -> bool:
    begins = datetime.combine(on, datetime.min.time(), ZoneInfo(organisations.zone()))
    return Notice.objects.filter(kind=kind, at__gte=begins).exists()


def capped(total: Decimal, row: Programme, balance: int, on: date, *, now: datetime) -> None:
    """Tell it once a day. Nothing is charged, and the service goes on. Source: acceptance CS-65, CS-66; P7."""
    if _told_today("auto_capped", on):
        return
    told.of_account(
        "auto_capped", subject=f"Not bought: {total:f} {row.currency} is above the daily cap",
        lines=[f"The balance is {balance:,} units, and {total:f} {row.currency} would bring it back to 0.",
               f"The daily cap is {row.cap:f} {row.currency}, so nothing was charged. Buy packages by hand, or raise the cap.",
               "No customer loses its service by this."], now=now,
    )  # fmt: skip
