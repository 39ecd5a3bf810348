"""`purser verify` over the books finds nothing in sound ones, and each planted corruption. Source: reliability P42."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connections, transaction

from purser.ledger import assertions, checks, entries
from purser.ledger.chart import DSU
from purser.postgres import ids, tenancy
from tests import make
from tests.ledger.books import ON, charge, package, post

NOW = make.NOON.replace(year=2026, month=7, day=12)
LATE = timedelta(days=60)

CHARGE = "(SELECT id FROM ledger_entry WHERE tenant_id = %(t)s AND source = 'charge')"
MIRROR = "(SELECT id FROM ledger_entry WHERE tenant_id = %(t)s AND kind = 'reversal')"
SAME_ACCOUNT = "tenant_id = %(t)s AND name = "

# What is done behind every wall (as the owner, triggers and keys off), and what must be found.
CORRUPTIONS = {
    "an amount": (
        f"UPDATE ledger_posting SET amount = amount + 1 WHERE entry_id = {CHARGE} AND amount > 0",
        {"unbalanced", "seal"},
    ),
    "both amounts": (f"UPDATE ledger_posting SET amount = amount * 2 WHERE entry_id = {CHARGE}", {"seal", "assertion"}),
    "half a unit": (f"UPDATE ledger_posting SET amount = amount / 2 WHERE entry_id = {CHARGE}", {"too_fine"}),
    "all postings gone": (f"DELETE FROM ledger_posting WHERE entry_id = {CHARGE}", {"empty_entry"}),
    "an entry gone whole": (
        f"WITH gone AS (DELETE FROM ledger_posting WHERE entry_id = {CHARGE}) DELETE FROM ledger_entry WHERE id = {CHARGE}",
        {"assertion"},
    ),
    "an entry gone, its postings left": (f"DELETE FROM ledger_entry WHERE id = {CHARGE}", {"no_entry"}),
    "a pair added": (
        'INSERT INTO ledger_posting (id, tenant_id, entry_id, account_id, "on", unit, amount) '
        'SELECT gen_random_uuid(), tenant_id, entry_id, account_id, "on", unit, sign * amount FROM ledger_posting, '
        f"(VALUES (1), (-1)) v (sign) WHERE entry_id = {CHARGE} AND amount > 0",
        {"lines", "seal"},
    ),
    "a posting on another account": (
        f"UPDATE ledger_posting SET account_id = (SELECT id FROM ledger_account WHERE {SAME_ACCOUNT} 'sold') "
        f"WHERE entry_id = {CHARGE} AND amount > 0",
        {"seal"},
    ),
    "a posting on an account of another unit": (
        f"UPDATE ledger_posting SET account_id = (SELECT id FROM ledger_account WHERE {SAME_ACCOUNT} 'card') "
        f"WHERE entry_id = {CHARGE} AND amount > 0",
        {"unit"},
    ),
    "an account renamed": (f"UPDATE ledger_account SET name = 'profit' WHERE {SAME_ACCOUNT} 'used'", {"account", "seal"}),
    "an account in another unit": (f"UPDATE ledger_account SET unit = 'USD' WHERE {SAME_ACCOUNT} 'used'", {"account", "unit"}),
    "a posting dated anew": (
        f'UPDATE ledger_posting SET "on" = "on" + 1 WHERE entry_id = {CHARGE}',
        {"posting_date", "assertion"},
    ),
    "an entry dated anew": (
        'WITH entry AS (UPDATE ledger_entry SET "on" = "on" - 1 WHERE tenant_id = %(t)s) '
        'UPDATE ledger_posting SET "on" = "on" - 1 WHERE tenant_id = %(t)s',
        {"seal"},
    ),
    "an entry's words": (f"UPDATE ledger_entry SET text = 'nothing to see' WHERE id = {MIRROR}", {"seal"}),
    "an entry's source": (f"UPDATE ledger_entry SET source = 'charge:other' WHERE id = {CHARGE}", {"seal"}),
    "a digest": (f"UPDATE ledger_entry SET digest = '' WHERE id = {CHARGE}", {"seal"}),
    "a reversal of something else": (
        f"UPDATE ledger_entry SET reverses_id = {CHARGE} WHERE id = {MIRROR}",
        {"reversal", "seal"},
    ),
    "a reversal of a reversal": (
        f"UPDATE ledger_entry SET reverses_id = {MIRROR}, kind = 'reversal', text = 'x' WHERE id = {CHARGE}",
        {"reversal", "seal"},
    ),
    "a reversal of nothing": (
        f"UPDATE ledger_entry SET reverses_id = gen_random_uuid() WHERE id = {MIRROR}",
        {"reversal"},
    ),
    "an assertion": ("UPDATE ledger_assertion SET amount = amount + 1 WHERE tenant_id = %(t)s", {"assertion"}),
}


@pytest.fixture
def tenant() -> UUID:
    """A package, a charge, another that was reversed, a card's payment under way, and an assertion about it all."""
    tenant: UUID = make.reseller().pk
    with tenancy.acting_in(tenant):
        package(100)
        charge(7)
        wrong = charge(9, source="wrong")
        entries.reverse(entry_id=wrong.pk, reason="counted twice", now=NOW, on=ON)
        post("bought", ("card", "USD", "43"), ("revenue", "USD", "-43"), of=ids.new())
        assertions.state(account="balance", of=None, unit=DSU, on=ON, amount=Decimal(93), now=NOW)
    return tenant


def found(tenant: UUID) -> set[str]:
    with tenancy.acting_in(tenant):
        return {problem.code for problem in checks.check(now=NOW)}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_it_finds(tenant: UUID, name: str) -> None:
    statement, expected = CORRUPTIONS[name]
    assert found(tenant) == set()
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, {"t": tenant})
        assert cursor.rowcount > 0
    told = found(tenant)
    assert expected <= told, f"{name}: found {told or 'nothing'}"


def test_it_finds_what_has_lain_too_long_on_a_clearing_account(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        assert [p.text for p in checks.check(now=NOW + LATE)] == ["It has not come to 0: 43 USD since 2026-07-11."]
