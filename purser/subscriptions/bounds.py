"""What a subscription is held to: the offer's bounds, its term, its base, and a suspension by who sells it.

Source: acceptance CM-18, CM-19, CM-23, AC-35.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from purser.kernel.errors import Refused
from purser.subscriptions.models import Event, Source, Subscription, SubscriptionState

if TYPE_CHECKING:
    from purser.catalog.selling import Sellable

CLOSED = (SubscriptionState.SUSPENDED, SubscriptionState.CANCELLED, SubscriptionState.ENDED)  # to add-ons


def check_quantity(name: str, wanted: int, minimum: int, maximum: int | None, *, metered: bool) -> None:
    """Raises Refused out of the offer's bounds; of a metered one there is one, and the meter counts."""
    if metered and wanted != 1:
        raise Refused(f"{name} is billed by its meter; its quantity is 1, not {wanted}.", code="quantity")
    if wanted < minimum or (maximum is not None and wanted > maximum):
        bounds = f"{minimum} to {maximum}" if maximum is not None else f"at least {minimum}"
        raise Refused(f"Of {name} there can be {bounds}; not {wanted}.", code="quantity")


def bound(row: Subscription, to: int) -> Refused:
    """That there cannot be fewer before the end of the term."""
    return Refused(
        f"{row.quantity} of {row.offer_name} are bound until {row.term_ends_on}; before that there cannot be {to}.",
        code="term",
        hint=f"Whoever sells it can plan the change for {row.term_ends_on}, when its term ends.",
    )


def check_base(offer: Sellable, base: Subscription | None) -> None:
    """Raises Refused for an add-on without a base, or with one that is over or of another product. Source: CM-18."""
    if offer.addon_of is None and base is None:
        return
    if offer.addon_of is None:
        raise Refused(f"{offer.name} is no add-on.", code="addon")
    if base is None:
        raise Refused(f"{offer.name} is an add-on.", code="addon", hint="Say which subscription it is added to.")
    if base.product != offer.addon_of:
        raise Refused(f"{offer.name} cannot be added to {base.offer_name}.", code="addon")
    if base.state in CLOSED:
        raise Refused(f"{base.offer_name} is {words(base.state)}; nothing can be added to it.", code="addon")


def words(state: str) -> str:
    return str(SubscriptionState(state).label).lower()


def check_own(row: Subscription) -> None:
    """Raises Refused where the last suspension was the partner's."""
    last = suspended_by_seller([row.pk]).get(row.pk)
    if last is not None:
        raise Refused(
            f"{last.by_name}, of your partner, suspended {row.offer_name} on {last.on}.", code="suspended_by",
            hint="Ask them to lift it.",
        )  # fmt: skip


def suspended_by_seller(ids: Collection[UUID]) -> dict[UUID, Event]:
    """Of those whose last suspension was their partner's, that event."""
    found = Event.objects.filter(subscription_id__in=ids, what="state", new=SubscriptionState.SUSPENDED)
    last = found.order_by("subscription_id", "-at", "-id").distinct("subscription_id")
    return {one.subscription_id: one for one in last if one.source == Source.US}
