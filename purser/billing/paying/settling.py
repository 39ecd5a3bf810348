"""A purchase is paid: its state, the units and the money in the books, the notice and the receipt, in one transaction.

Run in the partner's seat on a locked row. Source: acceptance CS-62; reliability P1.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.billing.models import Purchase, PurchaseState
from purser.billing.paying import states, told
from purser.connectors.ports.payment import Payment
from purser.kernel.money import Money
from purser.ledger import chart, entries
from purser.ledger.entries import Draft, Leg
from purser.postgres import queue, tenancy
from purser.tenants import organisations

PURCHASE = "purchase"


def reference(row: Purchase) -> str:
    """What a purchase is called at the provider, so that its word leads back here."""
    return f"{PURCHASE}:{row.tenant_id}:{row.pk}"


def referred(text: str, *, kind: str = PURCHASE) -> tuple[UUID, UUID] | None:
    """Tenant and thing of a reference of this kind; None for one that is not ours."""
    named, _, rest = text.partition(":")
    tenant, _, id = rest.partition(":")
    try:
        return (UUID(tenant), UUID(id)) if named == kind else None
    except ValueError:
        return None


def worker() -> Actor:
    """Purser itself, in the tenant acted in."""
    return actors.system("worker", tenant=tenancy.tenant(), organisation=organisations.own().name)


def is_of(payment: Payment, row: Purchase) -> bool:
    """Whether the provider's payment is for this purchase, to the cent."""
    return payment.reference == reference(row) and payment.money == Money(row.total, row.currency)


def paid(row: Purchase, payment: str, *, now: datetime) -> None:
    """Once, whoever learns of it first: a purchase that is paid already stays as it is."""
    if row.state == PurchaseState.PAID:
        return
    own = organisations.own()
    acts.record(
        worker(), "packages.buy", summary=f"Paid: {row.number}, {row.total:f} {row.currency} for {row.units} units",
        of=("purchase", row.pk), before={"state": row.state}, after={"state": "paid", "payment": payment}, now=now,
    )  # fmt: skip
    states.step(row, PurchaseState.PAID, payment=payment, paid_at=now, next_at=None, code="", text="")
    on = organisations.today(organisation=own, now=now)
    entries.post_all((Draft(kind, on, source, legs, row.number) for kind, source, legs in drafts(row)), now=now)
    told.of_purchase(
        "purchase_paid", row, subject=f"{row.units:,} units bought for {row.total:f} {row.currency}",
        lines=[f"Purchase {row.number} is paid and credited.", _why(row)], contact=False, now=now,
    )  # fmt: skip
    queue.defer("purser.papers", tenant=str(row.tenant_id), of="purchase", id=str(row.pk))
    if row.cause == "auto":  # should the days have gone on meanwhile
        queue.defer("purser.buy", lock=f"buy:{row.tenant_id}", merge=True, tenant=str(row.tenant_id))


def drafts(row: Purchase) -> Iterator[tuple[str, str, list[Leg]]]:
    """Kind, source and legs of the two entries of a paid purchase: what was sold, and that the provider has the money."""
    units, money = Decimal(row.units), row.total
    yield "purchase", f"purchase:{row.pk}", [
        Leg("balance", None, chart.DSU, units),
        Leg("sold", None, chart.DSU, -units),
        Leg("card", row.pk, row.currency, money),
        Leg("revenue", None, row.currency, -money),
    ]  # fmt: skip
    yield "payment", f"paid:{row.pk}", [
        Leg("paid", None, row.currency, money),
        Leg("card", row.pk, row.currency, -money),
    ]  # fmt: skip


def _why(row: Purchase) -> str:
    if row.cause == "auto":
        return "It was bought automatically, as the balance was below 0."
    return f"Bought by {row.made_by_name}."
