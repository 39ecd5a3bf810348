"""The commitment calendar, and the address from which a calendar program reads it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
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
