"""A process may end at any instant of closing and posting: started again it leaves each day counted, charged and posted once.

Source: reliability P1, section 3.

Seen to fail on what is planted below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from purser.billing.usage import charging, checks, closing, correcting, facts, programme
from purser.ledger import checks as ledger_checks
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.billing.usage import kit
from tests.flows import crashing

ZONE = "Pacific/Chatham"  # nobody else's here: a day is closed for a zone
FIRST = date(2026, 7, 1)
Act = Callable[[date, datetime], object]


@dataclass
class Bench:
    house: kit.House
    partner: Organisation
    customer: Organisation

    def close_and_post(self, on: date, now: datetime) -> None:
        closing.close(ZONE, on, now=now)
        charging.post(self.partner.pk, now=now)

    def violations(self, on: date, expected: int) -> Iterator[str]:
        """`expected`: the units that all days so far have cost."""
        # what must be there is looked for long after, so that nothing counts as under way
        now = kit.over(on, ZONE) + timedelta(hours=23)
        with tenancy.acting_in(self.partner.pk):
            for one in (*checks.check(now=now), *ledger_checks.check(now=now)):
                yield f"{one.code}: {one.text}"
        if kit.balance(self.partner) != programme.FREE - expected:
            yield f"the balance is {kit.balance(self.partner)}, not {programme.FREE - expected}"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'purser.post_days' AND args = %s::jsonb",
                [f'{{"zone": "{ZONE}", "on": "{on}"}}'],
            )
            if not cursor.fetchone()[0]:
                yield f"nobody was asked to post {on}"


@pytest.fixture
def bench() -> Bench:
    house = kit.house()
    partner = house.admitted(FIRST, ZONE)
    customer = kit.customer(partner)
    kit.users(customer, 100)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'purser.post_days'")
    return Bench(house, partner, customer)


def enumerated(bench: Bench, act: Act, *, at_least: int) -> list[str]:
    """A day for each instant: ended there, then started again three times. What was wrong after any of it."""
    found: list[str] = []
    n, on = 0, FIRST - timedelta(days=1)
    while True:
        on += timedelta(days=1)
        now = kit.over(on, ZONE)
        if on.day > 25:  # costs nothing, so a lost charge would not show
            bench.close_and_post(on, now)
            continue
        n += 1
        ended = crashing.run_until(n, lambda on=on, now=now: act(on, now)).ended  # type: ignore[misc]
        for _ in range(3):
            act(on, now)
        days = sum(1 for d in range((on - FIRST).days + 1) if (FIRST + timedelta(days=d)).day <= 25)
        found += [f"{n} {ended}: {one}" for one in bench.violations(on, 100 * days)]
        if not ended or (found and n > at_least):
            assert n > at_least, f"only {n} instants"
            return found


def test_a_day_is_closed_and_posted_once_wherever_the_process_ends(bench: Bench) -> None:
    assert enumerated(bench, bench.close_and_post, at_least=25) == []


def test_a_correction_is_whole_wherever_the_process_ends(bench: Bench) -> None:
    """Ended before its commit it never was, and is made again; after, a second one is refused as said already."""
    for day in range(3):
        on = FIRST + timedelta(days=day)
        bench.close_and_post(on, kit.over(on, ZONE))
    now = kit.over(FIRST + timedelta(days=2), ZONE)
    n, users = 0, 100
    while True:
        n += 1
        users += 1

        def correct(users: int = users) -> None:
            counts = {bench.customer.pk: users}
            correcting.amend(bench.house.desk, bench.partner.pk, on=FIRST, counts=counts, reason="Told late", now=now)

        ended = crashing.run_until(n, correct).ended
        with tenancy.acting_in(bench.partner.pk):
            whole = facts.standing()[0].total == users
        if not whole:
            correct()
        assert list(bench.violations(FIRST + timedelta(days=2), 3 * users)) == [], f"{n} {ended}"
        if not ended:
            break
    assert n > 40


def test_it_finds_entries_without_a_source_of_their_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging, "source", lambda on, version: f"day:{on}:{version}:{ids.new()}")
    assert any("balance" in one for one in enumerated(bench, bench.close_and_post, at_least=1))


def test_it_finds_a_close_and_its_charge_in_two_transactions(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "_charge", lambda *_: None)

    def act(on: date, now: datetime) -> None:
        closed = closing.close(ZONE, on, now=now)
        if closed:
            with tenancy.acting_in(bench.partner.pk):
                _charge(bench.partner.pk, on, now)
        charging.post(bench.partner.pk, now=now)

    assert any("not rated" in one for one in enumerated(bench, act, at_least=12))


def _charge(partner: UUID, on: date, now: datetime) -> None:
    from purser.billing import models
    from purser.billing.usage import terms

    day = facts.rate(facts.standing(), terms.own())[-1].day
    models.Charge.objects.bulk_create([facts.charge(day, version=1, close_version=1, now=now, tenant=partner)])


def test_it_finds_a_job_asked_for_after_the_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []
    real = closing.defer
    monkeypatch.setattr(closing, "defer", lambda task, **arguments: asked.append({"task": task, **arguments}))

    def act(on: date, now: datetime) -> None:
        asked.clear()
        closing.close(ZONE, on, now=now)
        for one in asked:
            real(**one)
        charging.post(bench.partner.pk, now=now)

    assert any("nobody was asked" in one for one in enumerated(bench, act, at_least=12))
