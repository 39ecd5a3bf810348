"""`purser verify` finds nothing in a sound partner, and each corruption planted between licences, closes, charges and books.

Source: reliability P42; issue 4 asks for at least 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from purser.billing.usage import charging, correcting
from purser.cli import verify
from purser.tenants.models import Organisation
from tests.billing.usage import kit

JULY = date(2026, 7, 1)
NOW = kit.over(JULY.replace(day=12)) + timedelta(hours=2)


@dataclass
class Sound:
    """A partner of twelve days, one of them corrected, and a customer of it."""

    partner: Organisation
    customer: Organisation

    def codes(self) -> set[str]:
        found = [p for one in (self.partner, self.customer) for _, p in verify.problems(now=NOW, only=one.pk)]
        return {problem.code for problem in found}

    def plant(self, statement: str) -> int:
        return kit.owner(statement, {"p": self.partner.pk, "c": self.customer.pk})


@pytest.fixture
def sound() -> Sound:
    house = kit.house()
    partner = house.admitted(JULY)
    customer, other = kit.customer(partner), kit.customer(partner)
    kit.users(customer, 3)
    kit.users(other, 2, since=kit.at(JULY.replace(day=5)))
    kit.run(partner, JULY.replace(day=12))
    JULY.replace(day=8)
    correcting.amend(
        house.desk,
        partner.pk,
        on=JULY.replace(day=8),
        counts={customer.pk: 6},
        reason="Told late",
        now=NOW - timedelta(hours=2),
    )
    return Sound(partner, customer)


DAY = "\"on\" = DATE '2026-07-03' AND tenant_id = %(p)s"
# What is done behind every wall, and what must be found.
CORRUPTIONS = {
    "a close's total changed": (f"UPDATE billing_close SET users = users + 1 WHERE {DAY}", "close_sum"),
    "a close's count changed": (f"UPDATE billing_close SET counts = ARRAY[9] WHERE {DAY}", "close_sum"),
    "a close of other users, total and count alike": (
        f"UPDATE billing_close SET counts = ARRAY[9], users = 9 WHERE {DAY}", "charge",
    ),
    "a close's tenant twice": (
        f"UPDATE billing_close SET tenants = tenants || tenants, counts = '{{1,2}}' WHERE {DAY}", "close_tenants",
    ),
    "a close deleted": (f"DELETE FROM billing_close WHERE {DAY}", "close_missing"),
    "a close's first version deleted": (
        "DELETE FROM billing_close WHERE \"on\" = DATE '2026-07-08' AND version = 1 AND tenant_id = %(p)s", "close_version",
    ),
    "a close at another instant": (
        f"UPDATE billing_close SET closes_at = closes_at - interval '1h' WHERE {DAY}", "close_instant",
    ),
    "a close of a day that is not of the programme": (
        "UPDATE billing_stint SET from_on = DATE '2026-07-02' WHERE tenant_id = %(p)s", "close_stray",
    ),
    "a charge's units changed": (f"UPDATE billing_charge SET units = units - 1 WHERE {DAY}", "charge"),
    "a charge's peak changed": (f"UPDATE billing_charge SET peak = peak + 1 WHERE {DAY}", "charge"),
    "a charge deleted": (f"DELETE FROM billing_charge WHERE {DAY}", "charge_close"),
    "a charge's version skipped": (f"UPDATE billing_charge SET version = 3 WHERE {DAY}", "charge_version"),
    "the terms changed": ("UPDATE billing_terms SET ratchet = false, billable_days = 2 WHERE tenant_id = %(p)s", "charge"),
    "the terms deleted": ("DELETE FROM billing_terms WHERE tenant_id = %(p)s", "rating"),
    "an entry deleted": (
        "DELETE FROM ledger_entry WHERE source = 'day:2026-07-03:1' AND tenant_id = %(p)s", "charge_posted",
    ),
    "an entry of a day that nobody charged": (
        "UPDATE ledger_entry SET source = 'day:2026-06-03:1' WHERE source = 'day:2026-07-03:1' AND tenant_id = %(p)s",
        "entry_charge",
    ),
    "an entry of another amount, balanced": (
        "UPDATE ledger_posting p SET amount = amount * 2 FROM ledger_entry e WHERE e.id = p.entry_id AND p.tenant_id = %(p)s "
        "AND e.source = 'day:2026-07-03:1'", "charge_entry",
    ),
    "a reversal deleted, so that a day is there twice": (
        "DELETE FROM ledger_entry WHERE kind = 'reversal' AND tenant_id = %(p)s", "charge_twice",
    ),
    "units taken from the balance alone": (
        "UPDATE ledger_posting p SET amount = amount + 1 FROM ledger_account a WHERE a.id = p.account_id "
        "AND a.name = 'balance' AND p.tenant_id = %(p)s", "balance",
    ),
    "units used by no day": (
        "UPDATE ledger_posting p SET amount = amount + 1 FROM ledger_account a, ledger_entry e WHERE a.id = p.account_id "
        "AND a.name = 'used' AND e.id = p.entry_id AND e.kind = 'reversal' AND p.tenant_id = %(p)s", "used",
    ),
    "the free units deleted": ("DELETE FROM ledger_entry WHERE kind = 'free' AND tenant_id = %(p)s", "free"),
    "two stints at once": (
        "INSERT INTO billing_stint (id, tenant_id, from_on, until_on, zone) "
        "SELECT gen_random_uuid(), %(p)s, '2026-07-04', '2026-07-06', 'UTC'",
        "stint",
    ),
    "a user licensed twice": (
        "INSERT INTO directory_licence (id, tenant_id, user_id, since, until, cause, by_name, ended_by_name) SELECT "
        "gen_random_uuid(), tenant_id, user_id, since - interval '1 day', since + interval '1 day', cause, '', '' "
        "FROM directory_licence WHERE tenant_id = %(c)s LIMIT 1", "licence_twice",
    ),
    "two sellers at once": (
        "INSERT INTO tenants_selling (id, tenant_id, partner_id, since, until) VALUES (gen_random_uuid(), %(c)s, %(p)s, "
        "'2020-01-01', '2021-01-01')", "two_sellers",
    ),
    "licensed and nobody sells": ("DELETE FROM tenants_selling WHERE tenant_id = %(c)s", "no_seller"),
}  # fmt: skip


def test_it_finds_nothing_in_a_sound_partner(sound: Sound) -> None:
    assert charging.post(sound.partner.pk, now=NOW).posted == 0
    assert sound.codes() == set()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_it_finds(sound: Sound, name: str) -> None:
    statement, code = CORRUPTIONS[name]
    try:
        assert sound.plant(statement) > 0
        assert code in sound.codes(), f"{name}: found {sound.codes() or 'nothing'}"
    finally:
        sound.plant("UPDATE billing_stint SET until_on = from_on WHERE tenant_id = %(p)s")
