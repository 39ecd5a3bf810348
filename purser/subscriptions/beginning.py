"""How a subscription begins: ordered, with its first event and price. What becomes of it is lifecycle.py."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from purser.provisioning.models import Account
from purser.subscriptions import keeping
from purser.subscriptions.bounds import check_base, check_quantity
from purser.subscriptions.keeping import By
from purser.subscriptions.models import OrderLine, Subscription
from purser.tenants import organisations

if TYPE_CHECKING:
    from purser.catalog.selling import Sellable

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another


def begin(
    *, id: UUID, line: OrderLine, offer: Sellable, account: Account | None, instance: UUID, by: By, now: datetime
) -> Subscription:
    """A subscription out of an approved line, in the customer's seat; at the price of `offer`, which is what was confirmed. An
    add-on stands on `line.base`, and at its account.

    Raises Refused for a quantity out of bounds, and for an add-on whose base is missing, over, or of another product.
    """
    check_quantity(offer.name, line.after, offer.minimum, offer.maximum, metered=offer.metered)
    base = keeping.locked(line.base_id) if line.base_id else None
    check_base(offer, base)
    customer = organisations.own()
    row = Subscription(
        id=id, partner_id=customer.parent_id, distributor_id=customer.distributor_id, customer_name=customer.name,
        number="S-" + "".join(secrets.choice(_LETTERS) for _ in range(8)),
        account_id=account.pk if account else base.account_id if base else None, base=base,
        provider=offer.provider, instance=instance, offer=offer.offer, offer_code=offer.code, offer_name=offer.name,
        product=offer.product, product_name=offer.product_name, vendor_name=offer.vendor_name,
        cycle=offer.cycle, term_months=offer.term_months, cancel_days=offer.cancel_days, unit=offer.unit,
        minimum=offer.minimum, maximum=offer.maximum, trial=offer.trial, metered=offer.metered, meter=offer.meter,
        provides=dict(offer.provides), quantity=line.after, price=offer.price, currency=offer.currency, ordered_at=now,
    )  # fmt: skip
    row.save(force_insert=True)
    on = keeping.today(now)
    keeping.tell(row, "state", "", row.state, on=on, by=by, now=now)
    keeping.tell(row, "quantity", "", row.quantity, on=on, by=by, now=now)
    keeping.price(row, offer.price, on, offer.listed, by, now)
    return row
