"""Why a price is what it is: which list holds, since when, and what would hold without it.

For the seller alone: it sees its own lists and what it pays itself. Source: acceptance CM-2, CM-13.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from purser.catalog import goods, selling, shelves
from purser.catalog.goods import Good
from purser.catalog.selling import Tier
from purser.catalog.shelves import Asked
from purser.kernel.errors import Missing


@dataclass(frozen=True)
class Why:
    """`held` is the list that holds, None where this seller asks nothing; `others`, in their order, are those of its lists
    that would hold without the ones before. `tier` is its own part where the offer is on sale to the buyer.
    """

    good: Good
    buyer: UUID
    buyer_name: str
    held: Asked | None
    others: tuple[Asked, ...]
    tier: Tier | None


def price(*, seller: UUID, kind: str, buyer: UUID, offer: UUID, on: date) -> Why:
    """Takes its seats itself. Raises Missing for an offer that the seller does not have, or a buyer that is not its own."""
    good = goods.of(seller, on).get(offer)
    if good is None:
        raise Missing("There is no such offer.")
    whom = goods.buyer(seller, kind, buyer)
    found = shelves.of(seller, buyer=buyer, on=on, offers=[offer])
    asked = found.ordered(offer, bought_in=set(good.costs))
    sold = selling.resolve(buyer=buyer, offers=[offer], on=on).get(offer)
    tier = next((one for one in sold.tiers if one.seller == seller), None) if sold else None
    return Why(good, buyer, whom.name, asked[0] if asked else None, tuple(asked[1:]), tier)
