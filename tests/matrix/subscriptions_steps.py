"""Steps of the doors of subscriptions after they are ordered: see walk.py."""

from __future__ import annotations

from typing import Any

from purser.postgres import ids, tenancy
from purser.subscriptions import feeds
from purser.subscriptions.models import PlannedState
from tests.access import kit
from tests.matrix import walk as w
from tests.subscriptions.held import days
from tests.tenancy.planting import another


def held(body: dict[str, Any], *, planned: bool = False) -> w.Find:
    """A subscription of a customer of the reseller's, active; with a plan, or without."""

    def find(g: w.Ground, who: str) -> w.Said:
        today = kit.now().date()
        chain = {"partner_id": g.reseller.tenant, "distributor_id": None}
        row = another(
            g.customer, "subscriptions_subscription", state="active", started_on=today - days(9), term_ends_on=None,
            ends_on=None, base=None, account=None, term_months=0, maximum=None, quantity=3, consumed=None,
            number=ids.new().hex[-12:], **chain,
        )  # fmt: skip
        another(g.customer, "subscriptions_subscriptionprice", subscription=row, from_on=today - days(9), **chain)
        if not planned:
            return w.sent(body, held=row.pk)
        made = another(
            g.customer, "subscriptions_plannedchange", subscription=row, on=today + days(9), state=PlannedState.PLANNED,
            what="end", value="", **chain,
        )  # fmt: skip
        with tenancy.acting_in(g.customer.tenant):
            return w.sent(body, held=row.pk, planned=made.pk)

    return find


def feed(g: w.Ground, who: str) -> w.Said:
    with tenancy.acting_in(g.reseller.tenant):
        return w.sent({}, feed=feeds.make(g.actor(who), now=kit.now()).row.pk)


def unread(g: w.Ground, who: str) -> w.Said:
    """A metered one with a cycle that is over and was not read."""
    start = kit.now().date() - days(40)
    chain = {"partner_id": g.reseller.tenant, "distributor_id": None}
    row = another(
        g.customer, "subscriptions_subscription", state="active", metered=True, started_on=start, term_ends_on=None,
        ends_on=None, base=None, account=None, quantity=1, number=ids.new().hex[-12:], **chain,
    )  # fmt: skip
    another(g.customer, "subscriptions_subscriptionprice", subscription=row, from_on=start, **chain)
    return w.sent({"from_on": start.isoformat(), "why": "The vendor was down"}, held=row.pk)


def day(count: int) -> str:
    return (kit.now().date() + days(count)).isoformat()


STEPS: list[w.Step] = [
    ("owner", "services/<held>/price/", held({"price": "3", "from_on": day(0)})),
    ("owner", "PUT subscriptions/<held>/price", held({"price": "3", "from_on": day(0)})),
    ("owner", "services/<held>/plans/", held({"change": "end", "on": day(3)})),
    ("owner", "POST subscriptions/<held>/plans", held({"what": "end", "on": day(3)})),
    ("owner", "services/<held>/plans/<planned>/drop/", held({}, planned=True)),
    ("owner", "POST subscriptions/<held>/plans/<planned>/drop", held({}, planned=True)),
    ("owner", "services/<held>/usage/nought/", unread),
    ("owner", "POST subscriptions/<held>/usage/nought", unread),
    ("owner", "services/commitments/address/", {}),
    ("owner", "POST commitments/addresses", {}),
    ("owner", "services/commitments/address/<feed>/revoke/", feed),
    ("owner", "DELETE commitments/addresses/<feed>", feed),
]
QUIET = {"POST subscriptions/<held>/price/preview": "a question"}
