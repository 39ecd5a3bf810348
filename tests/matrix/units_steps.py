"""The steps of steps.py for the operator's side of daily units: the programme, corrections, terms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from purser.billing.usage import programme
from purser.kernel.period import month_of
from tests.access import kit
from tests.billing.usage import kit as units
from tests.matrix.walk import Find, Ground, Said, Step, sent

WEEK = timedelta(days=7)
TERMS: dict[str, Any] = {"billable_days": 25, "ratchet": True, "true_up": True, "carry_over": True, "scope": "partner"}


def partner(body: Callable[[], dict[str, Any]], *, admitted: bool = True) -> Find:
    """A partner under the operator, a week old; in the programme since, or not."""

    def find(g: Ground, who: str) -> Said:
        begun = kit.now() - WEEK
        made = units.House(g.made.operator).partner(since=begun)
        if admitted:
            programme.admit(g.actor(who), made.pk, on=begun.date(), now=begun)
        return sent(body(), organisation=made.pk)

    return find


def closed(body: Callable[[str], dict[str, Any]]) -> Find:
    """A partner whose first day is closed, with a customer of nobody; `body` takes the customer."""

    def find(g: Ground, who: str) -> Said:
        begun = kit.now() - WEEK
        made = units.House(g.made.operator).partner(since=begun)
        programme.admit(g.actor(who), made.pk, on=begun.date(), now=begun)
        customer = units.customer(made, since=begun)
        units.plant(made, begun.date(), [{}])
        return sent(body(str(customer.pk)), organisation=made.pk, on=begun.date())

    return find


def day(days: int) -> str:
    return (kit.now() + timedelta(days=days)).date().isoformat()


def month(count: int) -> str:
    """The first of a month to come, so many on."""
    on = kit.now().date()
    for _ in range(count + 1):
        on = month_of(on).end
    return on.isoformat()


STEPS: list[Step] = [
    ("desk", "organisations/<organisation>/units/admit/", partner(lambda: {"on": day(0)}, admitted=False)),
    ("desk", "POST organisations/<organisation>/units/admit", partner(lambda: {"on": day(0)}, admitted=False)),
    ("desk", "organisations/<organisation>/units/end/", partner(lambda: {"on": day(9)})),
    ("desk", "POST organisations/<organisation>/units/end", partner(lambda: {"on": day(9)})),
    ("desk", "organisations/<organisation>/units/zone/", partner(lambda: {"zone": "America/New_York"})),
    ("desk", "POST organisations/<organisation>/units/zone", partner(lambda: {"zone": "America/New_York"})),
    (
        "desk",
        "organisations/<organisation>/units/days/<on>/correct/",
        closed(lambda customer: {customer: "3", "reason": "Told late"}),
    ),
    (
        "desk",
        "POST organisations/<organisation>/units/days/<on>/correct",
        closed(lambda customer: {"counts": [{"organisation": customer, "users": 3}], "reason": "Told late"}),
    ),
    ("desk", "terms/publish/", lambda g, who: sent({**TERMS, "from_on": month(1)})),
    ("desk", "PUT terms", lambda g, who: sent({**TERMS, "from_on": month(2)})),
]
