"""The commitment calendar, and the address from which a calendar program reads it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.access import verbs
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import calendar, feeds, ical, lifecycle, planned
from purser.subscriptions.calendar import Entry
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions.held import START, US, Shop, at, days


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.offer("YEAR", prices=("6", "8", "10"), term_months=12, cancel_days=7)
    made.offer("MONTH", prices=("6", "8", "10"), term_months=1)
    return made


def seen(organisation: Organisation, first: date, last: date, *, role: str = verbs.OWNER, today: date = START) -> list[Entry]:
    return calendar.entries(kit.actor(organisation, role=role), first=first, last=last, today=today)


def said(found: list[Entry]) -> list[tuple[date, str, str]]:
    return [(one.on, one.kind, str(one.amount)) for one in found]


def test_it_has_renewals_and_the_last_day_to_cancel_with_the_term_at_stake(shop: Shop) -> None:
    shop.active("YEAR", 3)
    assert said(seen(shop.chain.reseller, START, date(2027, 12, 31))) == [
        (START + days(6), "window", "360.00 EUR"),
        (date(2027, 1, 31), "renewal", "360.00 EUR"),
    ]
    assert said(seen(shop.chain.customer, START, date(2027, 1, 31)))[1] == (date(2027, 1, 31), "renewal", "360.00 EUR")
    # who sells through the reseller reads its own money: 3 x 8 x 12
    assert said(seen(shop.chain.distributor, START + days(30), date(2027, 1, 31))) == [
        (date(2027, 1, 31), "renewal", "288.00 EUR")
    ]
    assert seen(kit.reseller("Stranger IT"), START, date(2027, 12, 31)) == []


def test_a_monthly_term_renews_on_each_of_its_days(shop: Shop) -> None:
    shop.active("MONTH", 1)
    found = seen(shop.chain.reseller, date(2026, 3, 1), date(2026, 5, 31))
    assert [one.on for one in found] == [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_it_has_ends_plans_and_prices_to_come(shop: Shop) -> None:
    stays, ends = shop.active("MONTH", 5), shop.active("YEAR", 2)
    with tenancy.acting_in(shop.customer):
        lifecycle.set_renews(stays.pk, False, by=US, now=at(START))
        lifecycle.cancel(ends.pk, on=None, by=US, now=at(START + days(20)))
        planned.plan(stays.pk, what="quantity", value="8", on=date(2026, 2, 10), by=US, now=at(START))
        lifecycle.set_price(stays.pk, price=Decimal(9), from_on=date(2026, 2, 12), listed="By hand", by=US, now=at(START))
    found = said(seen(shop.chain.customer, START + days(1), date(2027, 12, 31), role=verbs.READER))
    assert found == [
        (date(2026, 2, 10), "planned", "30.00 EUR"),
        (date(2026, 2, 12), "price", "-5.00 EUR"),
        (date(2026, 2, 28), "end", "50.00 EUR"),
        (date(2027, 1, 31), "end", "20.00 EUR"),
    ]


def test_a_published_list_to_come_shows_what_it_changes(shop: Shop) -> None:
    shop.active("MONTH", 5)
    shop.publish(shop.chain.reseller.pk, "MONTH", "12.5", on=date(2026, 2, 20))
    shop.publish(shop.provider, "MONTH", "9", on=date(2026, 2, 21))
    lists = [one for one in seen(shop.chain.reseller, START, date(2026, 2, 27)) if one.kind == "price_list"]
    assert said(lists) == [(date(2026, 2, 20), "price_list", "12.50 EUR")]
    above = [one for one in seen(shop.chain.distributor, START, date(2026, 2, 27)) if one.kind == "price_list"]
    assert said(above) == [(date(2026, 2, 21), "price_list", "5.00 EUR")]
    # the customer reads its own renewal at the new price, and nothing of lists
    own = seen(shop.chain.customer, START, date(2026, 3, 1), role=verbs.ADMINISTRATOR)
    assert [(one.on, one.kind, str(one.amount)) for one in own] == [
        (date(2026, 2, 28), "price", "12.50 EUR"),
        (date(2026, 2, 28), "renewal", "50.00 EUR"),
    ]


# The money at stake.


def lists(found: list[Entry]) -> list[tuple[date, str, str]]:
    return [(one.on, str(one.amount), re.sub(r"\D", "", one.words)) for one in found if one.kind == "price_list"]


def test_a_list_to_come_counts_those_that_will_follow_it(shop: Shop) -> None:
    """Not one priced by hand, one that ends before, nor one that a later version of the list finds first."""
    follows, by_hand, ends = (shop.active("MONTH", 5) for _ in range(3))
    later = shop.active("YEAR", 3)
    with tenancy.acting_in(shop.customer):
        lifecycle.set_price(by_hand.pk, price=Decimal(9), from_on=START, by=US, now=at(START))
        lifecycle.set_renews(ends.pk, False, by=US, now=at(START))
    seller = shop.chain.reseller
    for code, price, on in (("MONTH", "12", date(2026, 2, 20)), ("YEAR", "20", date(2026, 2, 20))):
        shop.publish(seller.pk, code, price, on=on)
    shop.publish(seller.pk, "MONTH", "13", on=date(2026, 3, 5))
    shop.publish(shop.provider, "MONTH", "9", on=date(2026, 2, 21))
    found = lists(seen(seller, START, date(2026, 3, 31)))
    assert found == [
        (date(2026, 2, 20), "0.00 EUR", "0"),  # the version of the same day that came after it holds instead
        (date(2026, 2, 20), "10.00 EUR", "1"),  # 5 x (12 - 10); the year is found by version 4
        (date(2026, 3, 5), "35.00 EUR", "2"),  # 5 x (13 - 12) of the month, 3 x (20 - 10) of the year
    ]
    # what the distributor asks of the reseller is its own affair: hand prices below do not touch it
    assert lists(seen(shop.chain.distributor, START, date(2026, 2, 28))) == [(date(2026, 2, 21), "10.00 EUR", "2")]
    assert lists(seen(seller, date(2026, 3, 1), date(2026, 3, 31))) == found[2:]
    assert shop.read(follows).price == shop.read(later).price == 10


def test_of_what_is_billed_by_usage_nobody_says_an_amount(shop: Shop) -> None:
    shop.offer("GB", prices=("6", "8", "10"), metered=True, meter="storage", term_months=1)
    row = shop.active("GB", 1)
    shop.publish(shop.chain.reseller.pk, "GB", "12", on=date(2026, 2, 20))
    found = seen(shop.chain.reseller, START, date(2026, 2, 28))
    assert said(found) == [(date(2026, 2, 20), "price_list", "0.00 EUR"), (date(2026, 2, 28), "renewal", "None")]
    own = seen(shop.chain.customer, START, date(2026, 2, 28), role=verbs.ADMINISTRATOR)
    assert [(one.kind, one.amount, one.subscription) for one in own] == [("price", None, row.pk), ("renewal", None, row.pk)]


def test_each_price_to_come_is_told_against_the_one_before_it_and_once_a_day(shop: Shop) -> None:
    row = shop.active("MONTH", 5)
    with tenancy.acting_in(shop.customer):
        for price, on in ((9, 10), (7, 10), (8, 20)):
            lifecycle.set_price(
                row.pk, price=Decimal(price), from_on=date(2026, 2, on), by=US, now=at(START, 9 + on % 10 + price % 2)
            )
    told = [(one.on, str(one.amount)) for one in seen(shop.chain.reseller, START, date(2026, 2, 27)) if one.kind == "price"]
    assert told == [(date(2026, 2, 10), "-15.00 EUR"), (date(2026, 2, 20), "5.00 EUR")]
    late = [str(one.amount) for one in seen(shop.chain.reseller, date(2026, 2, 15), date(2026, 2, 27)) if one.kind == "price"]
    assert late == ["5.00 EUR"]


def test_a_customer_hears_of_a_new_price_on_whichever_day_it_comes(shop: Shop) -> None:
    """Also of more than a dozen that renew on as many days, and in a month that is not this one."""
    shop.offer("PLAIN", prices=("6", "8", "10"))
    for number in range(15):
        shop.active("PLAIN", 1, on=START + days(number))
    shop.publish(shop.chain.reseller.pk, "PLAIN", "12", on=date(2026, 4, 5))
    shop.publish(shop.chain.reseller.pk, "PLAIN", "15", on=date(2026, 6, 1))

    def told(first: date, last: date) -> list[tuple[date, str]]:
        found = seen(shop.chain.customer, first, last, role=verbs.ADMINISTRATOR, today=START + days(20))
        return [(one.on, str(one.amount)) for one in found if one.kind == "price"]

    assert told(date(2026, 3, 1), date(2026, 3, 31)) == []
    april = told(date(2026, 4, 1), date(2026, 4, 30))
    assert april == [(date(2026, 4, day), "2.00 EUR") for day in range(5, 15)] + [(date(2026, 4, 30), "2.00 EUR")]
    assert told(date(2026, 5, 1), date(2026, 5, 31)) == [(date(2026, 5, day), "2.00 EUR") for day in range(1, 5)]
    assert [amount for _, amount in told(date(2026, 6, 1), date(2026, 6, 30))] == ["3.00 EUR"] * 15


def test_it_costs_as_many_queries_for_many_subscriptions_as_for_one(shop: Shop) -> None:
    shop.publish(shop.chain.reseller.pk, "MONTH", "12", on=date(2026, 2, 20))

    def asked(organisation: Organisation, role: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert seen(organisation, START, date(2026, 12, 31), role=role)
        return len(queries)

    def all_asked() -> list[int]:
        chain = shop.chain
        return [
            asked(chain.customer, verbs.ADMINISTRATOR),
            asked(chain.reseller, verbs.OWNER),
            asked(chain.distributor, verbs.OWNER),
        ]

    for code in ("MONTH", "YEAR"):
        shop.active(code, 2)
    few = all_asked()
    for number in range(6):
        shop.active("MONTH", 2, on=START + days(number))
    assert all_asked() == few


# The address.


def owner(shop: Shop) -> Actor:
    return kit.actor(shop.chain.reseller, kit.member(shop.chain.reseller))


def make(actor: Actor) -> feeds.Made:
    with tenancy.acting_in(actor.tenant):
        return feeds.make(actor, now=kit.now())


def test_an_address_reads_without_a_sign_in_until_it_is_revoked(shop: Shop) -> None:
    row = shop.active("YEAR", 3)
    actor = owner(shop)
    made = make(actor)
    first, again = (Client().get(f"/calendar/{made.key}/commitments.ics") for _ in range(2))
    assert (first.status_code, first["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert first["Cache-Control"] == "private, no-store"
    text = first.content.decode()
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    uids = re.findall(r"UID:(.*)\r\n", text.replace("\r\n ", ""))
    assert any(one.startswith(f"renewal-{row.pk}-") for one in uids)
    assert uids == re.findall(r"UID:(.*)\r\n", again.content.decode().replace("\r\n ", ""))
    with tenancy.acting_in(actor.tenant):
        feeds.revoke(actor, made.row.pk, now=kit.now())
    assert Client().get(f"/calendar/{made.key}/commitments.ics").status_code == 404


def test_an_address_dies_with_the_membership_of_its_person(shop: Shop) -> None:
    person = kit.member(shop.chain.reseller)
    made = make(kit.actor(shop.chain.reseller, person))
    assert feeds.opened(made.key, now=kit.now()).person == person.pk
    with tenancy.acting_in(shop.chain.reseller.pk):
        kit.Membership.objects.filter(person=person).update(suspended_at=kit.now())
    with pytest.raises(Missing):
        feeds.opened(made.key, now=kit.now())


def test_a_guessed_or_foreign_address_reads_nothing(shop: Shop) -> None:
    made = make(owner(shop))
    other = kit.reseller("Stranger IT")
    for key in ("", "0" * 32 + "-" + "0" * 43, made.key[:-1], f"{other.pk.hex}-{made.key[33:]}", made.key + "x"):
        with pytest.raises(Missing):
            feeds.opened(key, now=kit.now())


def test_the_secret_is_kept_as_a_hash_and_told_once(shop: Shop) -> None:
    made = make(owner(shop))
    secret = made.key[33:]
    assert secret not in repr(made)
    assert secret not in str(vars(made.row))


def test_a_person_has_a_few_addresses_and_revokes_only_its_own(shop: Shop) -> None:
    actor = owner(shop)
    rows = [make(actor).row for _ in range(feeds.MOST)]
    with pytest.raises(Refused, match="addresses"):
        make(actor)
    with tenancy.acting_in(actor.tenant), pytest.raises(Missing):
        feeds.revoke(owner_of(shop), rows[0].pk, now=kit.now())


def owner_of(shop: Shop) -> Actor:
    return kit.actor(shop.chain.reseller, shop.chain.owner)


# The format alone. Source: RFC 5545.


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_any_name_comes_through_in_lines_of_75_octets(name: str) -> None:
    text = ical.write("x", [ical.Event("u@purser", START, name, name)], now=at(START))
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    lines = unfolded(text)
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    summary = next(line for line in lines if line.startswith("SUMMARY:")).removeprefix("SUMMARY:")
    plain = name.replace("\r\n", "\n").replace("\r", "\n")
    assert unescaped(summary) == "".join(one if one == "\n" or one.isprintable() else " " for one in plain)


def test_a_day_is_a_whole_day_and_the_file_is_as_the_format_says() -> None:
    event = ical.Event("u@purser", date(2026, 2, 28), "Renews: A, B; C\\D", category="Renews")
    assert unfolded(ical.write("Of Alder", [event], now=at(START))) == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Purser//Commitments//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        "X-WR-CALNAME:Of Alder", "BEGIN:VEVENT", "UID:u@purser", "DTSTAMP:20260131T090000Z", "DTSTART;VALUE=DATE:20260228",
        "DTEND;VALUE=DATE:20260301", "SUMMARY:Renews: A\\, B\\; C\\\\D", "TRANSP:TRANSPARENT", "CATEGORIES:Renews",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
