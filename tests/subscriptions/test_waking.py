"""What an order brings back at the vendor beside what it is for, said before it is placed. Source: acceptance AC-34."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from purser.access import verbs
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import asking, buyers, deciding
from purser.subscriptions.models import LineKind, Order, Subscription
from purser.subscriptions.wanted import Asked, Checked
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop


@pytest.fixture
def made() -> Shop:
    return shops.shop()


def change(made: Shop, kind: LineKind, *rows: Subscription, by: Actor | None = None, **more: object) -> Order:
    return made.place(by or made.owner(), *(Asked(kind, subscription=row.pk) for row in rows), **more)


def look(made: Shop, actor: Actor, *lines: Asked) -> list[Checked]:
    return asking.check(actor, buyers.one(actor, made.customer.pk, kit.now()), lines)


def states(made: Shop) -> list[str]:
    return [one.state for one in made.subscriptions()]


def test_a_new_subscription_beside_suspended_ones_says_what_comes_back_and_wants_it_confirmed(made: Shop) -> None:
    first, second = made.live(), made.live("YEAR", 5)
    change(made, LineKind.SUSPEND, first, second)
    (line,) = look(made, made.owner(), made.new())
    assert line.wrong is None
    assert line.enables is not None
    for words in ("enables its tenant again", first.number, second.number, "Alder Dental"):
        assert words in line.enables.text
    with pytest.raises(Refused) as refused:
        made.place(made.owner(), made.new())
    assert (refused.value.code, len(made.subscriptions())) == ("enables", 2)
    made.place(made.owner(), made.new(), confirmed=["enables"])
    assert states(made) == ["suspended", "suspended", "ordered"]
    made.place(made.owner(), made.new())  # the tenant is on by now, so there is nothing to confirm


def test_beside_one_that_runs_it_says_nothing(made: Shop) -> None:
    first, _ = made.live(), made.live("YEAR", 5)
    change(made, LineKind.SUSPEND, first)
    made.place(made.owner(), made.new())
    change(made, LineKind.RESUME, first)


def test_lifting_one_of_several_says_the_same_and_lifting_all_does_not(made: Shop) -> None:
    first, second = made.live(), made.live("YEAR", 5)
    change(made, LineKind.SUSPEND, first, second)
    with pytest.raises(Refused, match=second.number) as refused:
        change(made, LineKind.RESUME, first)
    assert refused.value.code == "enables"
    change(made, LineKind.RESUME, first, second)
    assert states(made) == ["active", "active"]
    change(made, LineKind.SUSPEND, first, second)
    change(made, LineKind.RESUME, first, confirmed=["enables"])
    assert states(made) == ["active", "suspended"]


def test_what_its_partner_suspended_a_customer_brings_back_by_no_order(made: Shop) -> None:
    """Its new subscription waits for the partner whatever the rules say, and lifting its own is refused."""
    own, theirs = made.live(), made.live("YEAR", 5)
    change(made, LineKind.SUSPEND, own, by=made.admin())
    change(made, LineKind.SUSPEND, theirs)
    with pytest.raises(Refused, match="shares its tenant with what Acme IT suspended") as refused:
        change(made, LineKind.RESUME, own, by=made.admin(), confirmed=["enables"])
    assert refused.value.code == "suspended_by"
    order = made.place(made.admin(), made.new(), confirmed=["enables"])
    assert (order.state, order.triggers, states(made)) == ("new", ["create_paid"], ["suspended", "suspended"])
    boss = kit.actor(made.reseller, kit.member(made.reseller, verbs.OWNER, factor=False))
    with pytest.raises(Refused) as refused:
        deciding.approve(boss, order.pk, now=kit.now())
    assert refused.value.code == "enables"
    done, kept = deciding.approve_many(boss, [order.pk], now=kit.now())
    assert (done, [failure.code for _, failure in kept]) == ([], ["enables"])
    assert deciding.approve(boss, order.pk, confirmed=["enables"], now=kit.now()).state == "approved"
    assert states(made) == ["suspended", "suspended", "ordered"]


def test_what_a_customer_suspended_itself_it_brings_back_when_it_confirms(made: Shop) -> None:
    row = made.live()
    change(made, LineKind.SUSPEND, row, by=made.admin())
    with pytest.raises(Refused) as refused:
        made.place(made.admin(), made.new())
    assert refused.value.code == "enables"
    assert made.place(made.admin(), made.new(), confirmed=["enables"]).state == "approved"


def test_what_is_cancelled_is_suspended_by_an_order(made: Shop) -> None:
    row = made.live("YEAR", 5)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(state="cancelled", ends_on=kit.now().date() + timedelta(days=9))
    change(made, LineKind.SUSPEND, row)
    assert states(made) == ["suspended"]


def test_looking_costs_as_many_queries_for_many_suspended_as_for_one() -> None:
    def asked(count: int) -> int:
        made = shops.shop()
        change(made, LineKind.SUSPEND, *[made.live() for _ in range(count)])
        with CaptureQueriesContext(connection) as seen:
            (line,) = look(made, made.admin(), made.new())
        assert line.guarded
        return len(seen)

    assert asked(1) == asked(7)
