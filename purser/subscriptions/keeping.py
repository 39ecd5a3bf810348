"""How a subscription is read to be changed, and what every change of it leaves. In the customer's seat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from purser.kernel.errors import Missing
from purser.postgres.queue import defer
from purser.subscriptions import dates
from purser.subscriptions.models import Event, Source, Subscription, SubscriptionPrice
from purser.tenants import organisations


@dataclass(frozen=True)
class By:
    """Who changes it, by name, and as whom. Source: acceptance CM-21."""

    name: str
    source: Source


PURSER = By("Purser", Source.SYSTEM)


def today(now: datetime) -> date:
    """The date it is for the customer acted in."""
    return organisations.today(organisation=organisations.own(), now=now)


def day_of(organisation: UUID, now: datetime) -> date:
    """The date it is for an organisation. Takes its seat."""
    return now.astimezone(ZoneInfo(organisations.zone_of(organisation))).date()


def of(id: UUID) -> Subscription:
    """Raises Missing."""
    row: Subscription | None = Subscription.objects.select_related("base", "account").filter(pk=id).first()
    if row is None:
        raise _missing()
    return row


def locked(id: UUID) -> Subscription:
    """The row, held until the transaction ends. Raises Missing."""
    row: Subscription | None = Subscription.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise _missing()
    return row


def _missing() -> Missing:
    return Missing("There is no such subscription.")


def keep(row: Subscription, on: date) -> None:
    """Save a row changed on the day `on`, with the next day on which something becomes of it by itself. A day that has come
    and waits for the daily job is left to it.
    """
    if row.due_on is None or row.due_on > on or row.state == "ended":
        row.due_on = next_change(row, on)
    row.version += 1
    row.save()


def next_change(row: Subscription, on: date) -> date | None:
    if row.started_on is None:
        return None
    to_come = SubscriptionPrice.objects.filter(subscription=row, from_on__gt=on).values_list("from_on", flat=True)
    return dates.next_change(row, on, list(to_come))


def tell(row: Subscription, what: str, old: object, new: object, *, on: date, by: By, now: datetime, why: str = "") -> Event:
    """What changed, for its history."""
    event = Event(
        partner_id=row.partner_id,
        distributor_id=row.distributor_id,
        subscription=row,
        at=now,
        on=on,
        what=what,
        old=str(old)[:300],
        new=str(new)[:300],
        source=by.source,
        by_name=by.name[:254],
        why=why[:500],
    )
    event.save(force_insert=True)
    return event


def price(row: Subscription, amount: Decimal, from_on: date, listed: str, by: By, now: datetime) -> SubscriptionPrice:
    """What it costs from a day on, in its timeline; `row.price` is the caller's."""
    made = SubscriptionPrice(
        partner_id=row.partner_id,
        distributor_id=row.distributor_id,
        subscription=row,
        from_on=from_on,
        price=amount,
        currency=row.currency,
        listed=listed[:200],
        made_at=now,
        by_name=by.name[:254],
    )
    made.save(force_insert=True)
    return made


def follow(row: Subscription) -> None:
    """Have the vendor's side follow, in this transaction; nothing where it has no account."""
    if row.account_id:
        account = str(row.account_id)
        defer("purser.account", lock=f"account:{account}", merge=True, tenant=str(row.tenant_id), account=account)
