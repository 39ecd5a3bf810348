"""What an order lifts without saying so. A vendor knows one tenant, on or off: it is off while all that a customer has there
is suspended, and whatever is added or lifted turns it on for the rest as well. Source: acceptance AC-34.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import bounds
from purser.subscriptions.buyers import Buyer
from purser.subscriptions.models import LIVE, LineKind, Subscription, SubscriptionState
from purser.subscriptions.wanted import NEW, Checked

NAMED = 5
CODE = "enables"


def look(buyer: Buyer, lines: Sequence[Checked]) -> list[Checked]:
    """The lines, each with what it would turn on beside itself (`enables`), in one query for all. Takes the buyer's seat.

    What a partner suspended a customer lifts neither directly nor so: its new subscription waits for the partner (`guarded`),
    and lifting another is refused.
    """
    if not any(one.asked.kind in (*NEW, LineKind.RESUME) and one.wrong is None for one in lines):
        return list(lines)
    lifted = {one.subscription.pk for one in lines if one.asked.kind == LineKind.RESUME and one.subscription}
    with tenancy.acting_in(buyer.id):
        live = list(Subscription.objects.filter(state__in=LIVE, account__isnull=False).order_by("ordered_at", "id"))
        off = {one.instance for one in live} - {one.instance for one in live if one.state != SubscriptionState.SUSPENDED}
        left = [one for one in live if one.instance in off and not {one.pk, one.base_id} & lifted]
        guarded = bounds.suspended_by_seller([one.pk for one in left]) if buyer.own and left else {}
    return [_line(buyer, one, left, guarded) for one in lines]


def _line(buyer: Buyer, line: Checked, left: Sequence[Subscription], guarded: Collection[object]) -> Checked:
    kind, at = line.asked.kind, line.subscription.instance if line.subscription else line.instance
    others = [one for one in left if one.instance == at]
    if line.wrong is not None or kind not in (*NEW, LineKind.RESUME) or not others:
        return line
    names = ", ".join(f"{one.offer_name} ({one.number})" for one in others[:NAMED])
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    theirs = any(one.pk in guarded for one in others)
    if theirs and kind == LineKind.RESUME:
        text = f"{line.name} shares its tenant with what {buyer.seller_name} suspended: {names}{more}."
        return replace(line, wrong=Refused(text, code="suspended_by", hint="Ask them to lift it."))
    text = f"All that {buyer.name} has at this vendor is suspended. This enables its tenant again, also for {names}{more}."
    told = Refused(text, code=CODE, hint="Confirm it, or cancel first what shall not come back.")
    return replace(line, enables=told, guarded=theirs)
