"""Changes of the tree: a customer moves to another partner, an organisation is suspended. Each happens at once or not at
all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from purser.kernel.errors import Missing, Refused
from purser.tenants import grants, numbers, search
from purser.tenants.models import PARTNERS, Grant, Kind, Organisation, Selling
from purser.tenants.organisations import UNDER, distributor_over

# What goes along with a customer that moves: called in its seat with it as it is now, its new partner, by whom, when.
Along = Callable[[Organisation, Organisation, str, datetime], None]
_along: dict[str, Along] = {}


def takes_along(name: str, call: Along) -> None:
    """Have a higher room hand over what is the customer's and names its partner, in the transaction of the move."""
    _along[name] = call


def move(to: Organisation, *, by: str, now: datetime) -> Organisation:
    """Put the customer acted in under another partner, in the caller's transaction; every grant and request of the
    former one ends with it. Returns the row as it was. Raises Refused for no customer or the same partner.

    `to` was read in its own seat before. Source: reliability P19.
    """
    row = _locked()
    if row.kind != Kind.CUSTOMER or to.kind not in UNDER[Kind.CUSTOMER]:
        raise Refused(f"A {row.kind} cannot move under a {to.kind}.", code="tree")
    if row.parent_id == to.pk:
        raise Refused(f"{row.name} is a customer of {to.name} already.", code="same")
    grants.close(
        Grant.objects.filter(partner_id=row.parent_id), as_="moved", by=by, why=f"{row.name} moved to {to.name}", now=now
    )
    before = Organisation(parent_id=row.parent_id, distributor_id=row.distributor_id)
    row.parent_id, row.distributor_id = to.pk, distributor_over(to)
    row.save(update_fields=["parent_id", "distributor_id"])
    _hand_over(to, now)
    for call in _along.values():
        call(row, to, by, now)
    search.index(row)
    return before


def _hand_over(to: Organisation, now: datetime) -> None:
    """The one who sold does so up to now, another from now on; where this machine's clock is behind, from then on."""
    held = Selling.objects.get(until=None)
    held.until = max(now, held.since)
    held.save(update_fields=["until"])
    Selling.objects.create(partner_id=to.pk, since=held.until)


def suspend(*, now: datetime) -> None:
    """Nobody signs in to the organisation acted in, and nobody acts from it. Raises Refused where it is so already."""
    row = _locked()
    if row.suspended_at is not None:
        raise Refused(f"{row.name} is suspended since {row.suspended_at:%Y-%m-%d}.", code="suspended")
    row.suspended_at = now
    row.save(update_fields=["suspended_at"])


def resume() -> None:
    """The opposite. Raises Refused where it is not suspended."""
    row = _locked()
    if row.suspended_at is None:
        raise Refused(f"{row.name} is not suspended.", code="not_suspended")
    row.suspended_at = None
    row.save(update_fields=["suspended_at"])


def enable_administration() -> None:
    """Fill the Partner Admin ID of the partner acted in, which links it to all its customers, present and future.

    Raises Refused for an organisation that sells to nobody. Source: acceptance UC-5.
    """
    row = _locked()
    if row.kind not in PARTNERS:
        raise Refused(f"{row.name} is no partner.", code="kind")
    row.partner_number = row.partner_number or numbers.partner()
    row.partner_admin_id = row.partner_number
    row.save(update_fields=["partner_number", "partner_admin_id"])


def _locked() -> Organisation:
    row = Organisation.objects.select_for_update().first()
    if row is None:
        raise Missing("There is no such organisation.")
    return row
