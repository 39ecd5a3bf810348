"""A customer moves to another partner: what is open goes along, what is closed stays with who sold it.

Events and prices are never changed. So that the new partner reads what holds, each subscription says its quantity and its
price once more, as of the day of the move; what its new sellers buy and sell it for begins with a job, in their own seats.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.catalog import selling
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.provisioning.models import OPEN_STEPS, Account, AccountState, Finding, FindingState, Step
from purser.subscriptions import keeping, pricing, tiers
from purser.subscriptions.keeping import By
from purser.subscriptions.models import (
    LIVE,
    Order,
    OrderLine,
    OrderState,
    PlannedChange,
    PlannedState,
    Source,
    Subscription,
)
from purser.tenants.models import Organisation

FORMER = "Former partner"  # whose name the customer's seat cannot read


def hand_over(customer: Organisation, to: Organisation, by: str, now: datetime) -> None:
    """In the customer's seat and the transaction of the move."""
    chain = {"partner_id": customer.parent_id, "distributor_id": customer.distributor_id}
    live = Subscription.objects.filter(state__in=LIVE)
    open_ = (
        live,
        PlannedChange.objects.filter(state=PlannedState.PLANNED),
        OrderLine.objects.filter(order__state=OrderState.NEW),
        Order.objects.filter(state=OrderState.NEW),
        Account.objects.exclude(state=AccountState.REMOVED),
        Step.objects.filter(state__in=OPEN_STEPS),
        Finding.objects.filter(state=FindingState.OPEN),
    )
    for rows in open_:
        rows.update(**chain)
    who, on = By(by, Source.US), keeping.today(now)
    for row in live.order_by("id"):
        keeping.tell(row, "partner", FORMER, to.name, on=on, by=who, now=now)
        keeping.tell(row, "quantity", row.quantity, row.quantity, on=on, by=who, now=now, why="As it moved")
        prices = pricing.timeline(row.pk)
        later = {one.from_on: one for one in prices if one.from_on > on}  # of two for one day the later made
        for price in [pricing.in_force(prices, on), *later.values()]:
            if price is not None:
                keeping.price(row, price.price, max(price.from_on, on), price.listed, who, now)
    if live.exists():
        defer("purser.tiers", lock=f"tiers:{customer.pk}", merge=True, tenant=str(customer.pk))


def begin_tiers(customer: UUID, *, now: datetime) -> None:
    """What each seller above a customer buys and sells its live subscriptions for, from today on. Takes its seats itself.

    Who sells to the customer itself sells at what the customer is asked now, also where its own list says other.
    """
    with tenancy.acting_in(customer):
        rows = list(Subscription.objects.filter(state__in=LIVE).order_by("id"))
        on = keeping.today(now)
    offered = selling.resolve(buyer=customer, offers={row.offer for row in rows}, on=on)
    for row in rows:
        offer = offered.get(row.offer)
        if offer is not None and offer.currency == row.currency:
            tiers.keep(row.pk, customer, tiers.at_price(offer.tiers, row.price), from_on=on, now=now)
