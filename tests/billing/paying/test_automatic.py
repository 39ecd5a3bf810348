"""Automatic purchase: strictly below 0, once, by the card on file, within the cap, and never a loop.

Source: acceptance CS-57, CS-64 to CS-66; decisions F-2, F-3, F-7; reliability P7.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from purser.billing.models import Attempt, Programme, Purchase
from purser.billing.paying import automatic, cards
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from tests.access import kit as people
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.billing.paying.test_purchase import jobs_due
from tests.notices.kit import posted


@pytest.fixture
def shop() -> Iterator[Shop]:
    with kit.shop() as made:
        yield made


def consider(shop: Shop) -> Purchase | None:
    id = automatic.consider(shop.tenant, now=shop.at)
    return shop.every(Purchase, pk=id)[0] if id else None


def ready(shop: Shop, number: str = kit.VISA, cap: str = "1000") -> None:
    shop.card(number)
    shop.automatic(cap=cap)


@pytest.mark.parametrize(
    ("used", "bought"), [(0, 0), (1, 1000), (1000, 1000), (1001, 2000), (7300, 8000)]
)  # fmt: skip
def test_it_buys_the_fewest_packages_that_bring_the_balance_back(shop: Shop, used: int, bought: int) -> None:
    """F-2: at 0 nothing is bought. F-3: several packages are one payment."""
    ready(shop)
    if used:
        shop.used(used)
    row = consider(shop)
    assert (row is not None) == bool(bought)
    if row is not None:
        assert shop.pay(row) == "paid"
        assert (row.cause, row.units, row.made_by_name) == ("auto", bought, "Automatic purchase")
    assert shop.balance == bought - used
    assert len(shop.done()) == bool(bought)
    assert shop.problems() == []


@pytest.mark.parametrize("lacks", ["switch", "card", "programme", "suspended"])
def test_it_buys_nothing_without_the_switch_or_a_card(shop: Shop, lacks: str) -> None:
    ready(shop)
    shop.used(10)
    with tenancy.acting_in(shop.tenant):
        if lacks == "switch":
            automatic.switch(shop.actor, on=False, cap=None, version=2, now=shop.at)
        elif lacks == "card":
            cards.remove(shop.actor, now=shop.at)
        elif lacks == "programme":
            Programme.objects.all().delete()
        else:
            type(shop.partner).objects.update(suspended_at=shop.at)
    assert consider(shop) is None
    assert (shop.balance, shop.done()) == (-10, [])


def test_fifty_debits_at_once_that_cross_zero_make_one_purchase(shop: Shop) -> None:
    ready(shop)
    shop.card(kit.OTHER_VISA)
    shop.used(-30)

    def debit() -> None:
        shop.used(1)
        automatic.consider(shop.tenant, now=shop.at)

    found = people.at_once(*[debit] * 50)
    assert not [one for one in found if isinstance(one, Exception)], found
    (row,) = shop.every(Purchase)
    assert [one for one in people.at_once(*[lambda: shop.pay(row)] * 4) if one == "paid"]
    people.at_once(*[lambda: automatic.consider(shop.tenant, now=shop.at)] * 10)
    assert (shop.balance, len(shop.done()), len(shop.every(Purchase))) == (980, 1, 1)


def test_it_finds_a_purchase_that_is_not_held(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted breach: the balance is read and not held, and no key is of the day."""
    from purser.billing.paying import purchases

    ready(shop)
    shop.used(10)
    monkeypatch.setattr(purchases, "hold", purchases.balance)
    monkeypatch.setattr(automatic, "uuid5", lambda *_: kit.ids.new())
    monkeypatch.setattr(purchases, "open_one", lambda **_: None)
    made = [automatic.consider(shop.tenant, now=shop.at)]
    with pytest.raises(Exception, match="purchase_one_open"):
        made.append(automatic.consider(shop.tenant, now=shop.at))


def test_once_a_day_and_the_rest_the_next_day(shop: Shop) -> None:
    """CS-64. A count that is corrected on the same day is bought for the next."""
    ready(shop)
    shop.used(10)
    row = consider(shop)
    assert row is not None
    shop.pay(row)
    shop.used(2000)
    assert consider(shop) is None
    shop.go(days=1)
    second = consider(shop)
    assert second is not None
    assert shop.pay(second) == "paid"
    assert (shop.balance, len(shop.done())) == (990, 2)


def test_the_day_is_the_partners(shop: Shop) -> None:
    with tenancy.acting_in(shop.tenant):
        type(shop.partner).objects.update(zone="Pacific/Auckland")
    ready(shop)
    shop.used(10)
    row = consider(shop)  # noon in UTC is midnight there: already the 12th
    assert row is not None
    assert row.on.isoformat() == "2026-07-12"


# The cap


def test_above_the_daily_cap_nothing_is_charged_and_owner_and_contact_are_told_once(shop: Shop) -> None:
    ready(shop, cap="80.00")
    shop.used(1500)  # two packages, 86
    mail.outbox.clear()
    assert [consider(shop) for _ in range(3)] == [None] * 3
    assert (shop.done(), shop.balance) == ([], -1500)
    assert [one.kind for one in posted(shop.partner)] == ["auto_capped"]
    shop.work()
    assert [one.to for one in mail.outbox] == [["books@harbour.example"]]
    deliver(shop)
    assert sorted(one.to[0] for one in mail.outbox) == sorted(["books@harbour.example", shop.owner.email])
    shop.go(days=1)
    assert consider(shop) is None
    assert len(posted(shop.partner)) == 2


def deliver(shop: Shop) -> None:
    from purser.notices import outbox

    for one in posted(shop.partner):
        outbox.deliver(shop.tenant, one.pk, now=shop.at)


def test_the_cap_is_what_may_be_charged_on_one_day_in_all(shop: Shop) -> None:
    """A purchase of yesterday that is paid today counts today."""
    ready(shop, kit.LATER_DECLINED, cap="50")
    shop.used(10)
    row = consider(shop)
    assert row is not None
    assert shop.pay(row) == "declined"
    shop.go(days=1)
    shop.card()
    assert shop.pay(row) == "paid"
    shop.used(1000)
    assert consider(shop) is None
    assert [one.kind for one in posted(shop.partner)].count("auto_capped") == 1
    assert sum(one["amount"] for one in shop.done()) == 4300
    shop.go(days=1)
    assert consider(shop) is not None


def test_a_cap_that_was_lowered_counts_before_the_next_attempt(shop: Shop) -> None:
    ready(shop, kit.LATER_DECLINED)
    shop.used(10)
    row = consider(shop)
    assert row is not None
    shop.pay(row)
    shop.automatic(cap="20")
    shop.card()
    assert shop.pay(row) == "declined"
    assert (shop.done(), len(shop.every(Attempt))) == ([], 1)
    shop.automatic(on=False, cap="20")
    shop.go(days=2)
    assert shop.pay(row) == "cancelled"
    assert shop.problems() == []


# Declines


def test_a_soft_decline_backs_off_and_never_charges_twice(shop: Shop) -> None:
    ready(shop, kit.LATER_DECLINED)
    shop.used(10)
    row = consider(shop)
    assert row is not None
    waits = []
    for _ in range(5):
        assert shop.pay(row) == "declined"
        again = shop.again(row)
        waits.append(again.next_at - shop.at)
        shop.go(hours=0.5)
        assert shop.pay(row) == "declined"
        assert len(shop.every(Attempt)) == len(waits), "not before its time"
        assert consider(shop) is None, "nothing else while it is open"
        shop.go(seconds=(again.next_at - shop.at).total_seconds())
    assert [wait.total_seconds() / 3600 for wait in waits] == [1, 6, 24, 24, 24]
    assert (shop.done(), shop.balance) == ([], -10)
    assert [one.kind for one in posted(shop.partner)] == ["purchase_declined"] * 5
    assert "-10 units" in str(posted(shop.partner)[0].lines), "the debt is shown"


def test_after_a_hard_decline_it_waits_for_another_card(shop: Shop) -> None:
    ready(shop)
    card = shop.every(cards.Card)[0]
    shop.tell("issuer", card=card.token, does="stolen_card")
    shop.used(10)
    row = consider(shop)
    assert row is not None
    assert shop.pay(row) == "declined"
    assert shop.again(row).next_at is None
    shop.go(days=9)
    jobs_due()
    shop.work()
    assert len(shop.every(Attempt)) == 1
    shop.card(kit.OTHER_VISA)
    assert "purser.pay" in shop.work()
    assert (shop.again(row).state, shop.balance, len(shop.done())) == ("paid", 990, 1)


def test_a_card_that_asks_for_its_holder_is_charged_by_nobody_until_they_come(shop: Shop) -> None:
    ready(shop, kit.HOLDER)
    shop.used(10)
    row = consider(shop)
    assert row is not None
    assert shop.pay(row) == "waits"
    for _ in range(10):
        shop.go(days=1)
        jobs_due()
        shop.work()
        assert consider(shop) is None
    assert (len(shop.every(Attempt)), shop.done()) == (1, [])
    assert [one.kind for one in posted(shop.partner)] == ["purchase_waits"]


def test_while_the_answer_is_lost_nothing_else_is_charged(shop: Shop) -> None:
    ready(shop)
    shop.used(10)
    row = consider(shop)
    assert row is not None
    shop.fail("timeout_after", method="POST", path="/v1/payment_intents", seconds=4.0)
    assert shop.pay(row) == "unsure"
    shop.go(days=1)
    assert consider(shop) is None
    assert shop.pay(row) == "paid"
    assert (len(shop.done()), shop.balance) == (1, 990)


def test_a_debt_that_is_gone_is_not_bought_for(shop: Shop) -> None:
    ready(shop, kit.LATER_DECLINED)
    shop.used(10)
    row = consider(shop)
    assert row is not None
    shop.pay(row)
    shop.used(-50)
    shop.go(hours=2)
    assert shop.pay(row) == "cancelled"
    assert shop.done() == []


# The switch


@pytest.mark.parametrize("cap", ["0", "-1", "0.001", "NaN", "Infinity", "1000000000"])
def test_a_cap_that_is_none_is_refused(shop: Shop, cap: str) -> None:
    shop.card()
    with tenancy.acting_in(shop.tenant), pytest.raises(Refused) as e:
        automatic.switch(shop.actor, on=True, cap=Decimal(cap), version=1, now=shop.at)
    assert e.value.code == "cap"


def test_on_needs_a_card_and_a_cap_and_nobody_else_in_between(shop: Shop) -> None:
    with tenancy.acting_in(shop.tenant):
        for cap, version, code in ((None, 1, "cap"), (Decimal(5), 1, "card"), (Decimal(5), 9, "version")):
            with pytest.raises(Refused) as e:
                automatic.switch(shop.actor, on=True, cap=cap, version=version, now=shop.at)
            assert e.value.code == code
        Programme.objects.all().delete()
        with pytest.raises(Missing):
            automatic.standing(shop.at)


def test_on_needs_whom_to_bill() -> None:
    with kit.shop(profile=False) as shop:
        shop.card()
        with pytest.raises(Refused, match="Whom to bill is not filled in") as e:
            shop.automatic()
        assert (e.value.code, e.value.hint) == ("profile", "Fill it in under Settings, Billing Info.")
        shop.automatic(on=False)


def test_switching_it_on_in_debt_buys_at_once(shop: Shop) -> None:
    shop.used(10)
    ready(shop)
    assert shop.work()[:2] == ["purser.buy", "purser.pay"]
    assert shop.balance == 990


# The card on file


def test_removing_the_card_switches_it_off_and_the_provider_forgets_the_card(shop: Shop) -> None:
    ready(shop)
    with tenancy.acting_in(shop.tenant):
        cards.remove(shop.actor, now=shop.at)
        assert automatic.standing(shop.at).on is False
    assert "purser.forget_card" in shop.work()
    assert len(shop.done("detach")) == 1
    with tenancy.acting_in(shop.tenant), pytest.raises(Missing):
        cards.remove(shop.actor, now=shop.at)


def test_an_expiring_card_is_told_and_one_that_the_issuer_renewed_is_not(shop: Shop) -> None:
    card = shop.card()  # good through 09/2031
    kept = {"brand", "last_four", "expiry_month", "expiry_year", "token", "payer"}
    assert {k: v for k, v in vars(card).items() if k in kept and k not in ("token", "payer")} == {
        "brand": "visa", "last_four": "4242", "expiry_month": 9, "expiry_year": 2031,
    }  # fmt: skip
    shop.tell("renew", card=card.token, exp_month=12, exp_year=2033)
    at = datetime(2031, 9, 1, 9, tzinfo=UTC)
    cards.refresh(shop.tenant, card.pk, shop.port, now=at)
    assert (shop.again(card).expiry_year, posted(shop.partner)) == (2033, [])
    cards.refresh(shop.tenant, card.pk, shop.port, now=datetime(2033, 12, 1, 9, tzinfo=UTC) + timedelta(hours=1))
    assert [one.kind for one in posted(shop.partner)] == ["card_expires"]
    assert "31 December 2033" in posted(shop.partner)[0].subject
