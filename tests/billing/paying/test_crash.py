"""A process killed at any instant of a purchase, an automatic one, a refund or a webhook's intake: made good by the next ones.

A trial ends at its n-th instant; three more rounds follow, each as new processes: the form is sent again, the webhook is told
again, workers take up what waits. Then the sandbox has charged once, and the books agree. Source: reliability P1, section 3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from purser.billing.models import Attempt, Event, Purchase
from purser.billing.paying import attempts, automatic, events, refunds
from purser.kernel.errors import Busy
from purser.postgres import ids, queue, tenancy
from sandboxes.stripe.events import signature
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.flows import crashing

ROUNDS = 3


@dataclass
class Trial:
    """`act` is what is killed and what is done again in each round; `wrong` says what is violated in the end."""

    act: Callable[[], object]
    wrong: Callable[[], list[str]]


Begin = Callable[[Shop], Trial]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with kit.shop() as made:
        made.card()
        made.work()
        yield made


def enumerate_crashes(shop: Shop, begin: Begin, *, since: str = "") -> tuple[dict[str, str], int]:
    """Kill at one instant after the other, from the one called `since` on; what was violated at which, and how many were
    tried.
    """
    names: list[str] = []
    whole = begin(shop)
    with crashing.watched(names.append):
        settled(whole.act)
    rounds(shop, whole)
    first = names.index(since) if since else 0
    tried = [n for n in instants(names) if n > first]
    for done, n in enumerate(tried, start=1):
        trial = begin(shop)
        at = crashing.run_until(n, lambda trial=trial: settled(trial.act))
        rounds(shop, trial)
        found = trial.wrong() + shop.problems()
        if found:
            return {f"{n} {at.ended}": "; ".join(found)}, done
    return {}, len(tried)


def rounds(shop: Shop, trial: Trial) -> None:
    for _ in range(ROUNDS):
        shop.go(minutes=3)
        settled(trial.act)
    shop.work(only="purser.payment_event")
    shop.work(only="purser.pay")


def instants(names: list[str]) -> list[int]:
    """Each commit from both sides, each call and each step; and the last statement before each of them, as all that a
    transaction did leaves the same while it is not committed. Counted from 1.
    """
    edges = [place for place, name in enumerate(names) if not name.startswith("statement:")]
    return sorted({place + 1 for edge in edges for place in (edge - 1, edge) if place >= 0})


def settled(act: Callable[[], object]) -> None:
    """A dead process's lock may take a moment to fall."""
    for _ in range(50):
        try:
            act()
        except Busy:
            kit.real_sleep(0.1)
        else:
            return
    raise AssertionError("it stays locked")


def by_hand(shop: Shop) -> Trial:
    quote, key, balance, charges = shop.quote(), ids.new(), shop.balance, len(shop.done())

    def act() -> None:
        row = shop.place(quote, key)
        shop.pay(row)

    def wrong() -> list[str]:
        rows = shop.every(Purchase, key=key)
        told = [(row.state, row.tries) for row in rows], shop.balance - balance, len(shop.done()) - charges
        return [] if told == ([("paid", 1)], 1000, 1) else [f"{told}"]

    return Trial(act, wrong)


def by_itself(shop: Shop) -> Trial:
    shop.go(days=1)
    shop.used(shop.balance + 10)
    charges = len(shop.done())

    def act() -> None:
        automatic.consider(shop.tenant, now=shop.at)
        for row in shop.every(Purchase, cause="auto", state__in=[s.value for s in attempts.states.OPEN]):
            shop.pay(row)

    def wrong() -> list[str]:
        told = shop.balance, len(shop.done()) - charges
        return [] if told == (990, 1) else [f"{told}"]

    return Trial(act, wrong)


def given_back(shop: Shop) -> Trial:
    (row, *_), key = shop.every(Purchase) or [shop.bought({"CPP-DSU-100": 1})], ids.new()
    balance, before = shop.balance, len(shop.app.state["refunds"])

    def act() -> None:
        shop.carry_refund(shop.refund(row, 300, key))

    def wrong() -> list[str]:
        made = shop.every(refunds.Refund, key=key)
        given = len(shop.app.state["refunds"]) - before
        told = [(one.state, str(one.money)) for one in made], balance - shop.balance, given
        return [] if told == ([("done", "10.80")], 300, 1) else [f"{told}"]

    return Trial(act, wrong)


def told(shop: Shop) -> Trial:
    """A webhook of a payment that was under way: taken, followed, and settled by what it leads to."""
    card = shop.every(kit.Card, removed_at=None)[0]
    shop.tell("issuer", card=card.token, does="processing")
    row, balance = shop.place(), shop.balance
    shop.pay(row)
    shop.tell("issuer", card=card.token, does="")
    shop.work()
    shop.tell("settle", payment=shop.again(row).payment)
    event = [one for one in shop.app.state["events"].values() if one["type"] == "payment_intent.succeeded"][-1]
    body = json.dumps(event).encode()

    def act() -> None:
        signed = signature(body, kit.HOOK, at=int(shop.at.timestamp()))
        events.take(shop.operator.pk, shop.port, body, signed, now=shop.at)
        shop.work(only="purser.payment_event")

    def wrong() -> list[str]:
        with tenancy.acting_in(shop.operator.pk):
            kept = [one.handled_at is not None for one in Event.objects.filter(event=event["id"])]
        told_ = kept, shop.again(row).state, shop.balance - balance
        return [] if told_ == ([True], "paid", 1000) else [f"{told_}"]

    return Trial(act, wrong)


def test_a_purchase_killed_at_any_instant_is_charged_and_credited_once(shop: Shop) -> None:
    wrong, tried = enumerate_crashes(shop, by_hand)
    assert wrong == {}
    assert tried > 20


def test_an_automatic_purchase_killed_at_any_instant_is_made_once(shop: Shop) -> None:
    shop.automatic(cap="100000")
    shop.work()
    wrong, tried = enumerate_crashes(shop, by_itself)
    assert wrong == {}
    assert tried > 20


def test_a_refund_killed_at_any_instant_gives_back_once(shop: Shop) -> None:
    wrong, tried = enumerate_crashes(shop, given_back)
    assert wrong == {}
    assert tried > 15


def test_a_webhook_killed_at_any_instant_is_kept_and_followed_once(shop: Shop) -> None:
    wrong, tried = enumerate_crashes(shop, told)
    assert wrong == {}
    assert tried > 8


# Breaches, planted


def test_it_finds_a_charge_that_is_sent_again_unlooked_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a provider that keeps no keys, so that nothing but looking first keeps it from charging twice."""
    shop.tell("set", key_hours=0)
    turn = attempts._turn
    monkeypatch.setattr(attempts, "_turn", lambda row, attempt, fresh: turn(row, attempt, fresh=True))
    wrong, _ = enumerate_crashes(shop, by_hand, since="pay:intended")
    assert "2" in next(iter(wrong.values()))


def test_the_same_provider_is_no_trouble_where_it_is_asked_first(shop: Shop) -> None:
    shop.tell("set", key_hours=0)
    wrong, tried = enumerate_crashes(shop, by_hand, since="pay:intended")
    assert wrong == {}
    assert tried > 5


def test_it_finds_an_intention_that_is_written_down_afterwards(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refund is sent before its row is there, under whatever key comes to mind."""
    ask = refunds.ask

    def late(actor: object, partner: object, purchase: object, **more: object) -> object:
        with tenancy.acting_in(shop.tenant):
            row = Purchase.objects.get(pk=purchase)
        if not shop.every(refunds.Refund, key=more["key"]):
            shop.port.refund(row.payment, refunds.Money(refunds.Decimal("10.80"), "USD"), once=ids.new().hex)
        return ask(actor, partner, purchase, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(refunds, "ask", late)
    wrong, _ = enumerate_crashes(shop, given_back)
    assert wrong


def test_it_finds_a_job_that_is_not_of_the_events_transaction(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    later: list[dict[str, str]] = []
    take, defer = events.take, queue.defer

    def apart(*given: object, **more: object) -> object:
        with monkeypatch.context() as m:
            m.setattr(events.queue, "defer", lambda name, **of: later.append({"name": name, **of}))
            done = take(*given, **more)  # type: ignore[arg-type]
        crashing.points.reach("between")
        while later:
            one = later.pop()
            defer(one.pop("name"), **one)
        return done

    monkeypatch.setattr(events, "take", apart)
    wrong, _ = enumerate_crashes(shop, told)
    assert wrong


def test_attempts_are_counted_in_the_database_too(shop: Shop) -> None:
    """Two attempts of one number cannot be, whatever two processes believe."""
    row = shop.bought()
    with tenancy.acting_in(shop.tenant), pytest.raises(Exception, match="attempt_number_once"):
        Attempt.objects.create(purchase=row, number=1, once="another", intended_at=shop.at)
