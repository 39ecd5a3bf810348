"""`purser verify` finds nothing in a sound database, and each planted corruption. Source: reliability P42."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from purser.cli import verify
from tests import make

# What is done to the database behind every wall (as its owner, triggers off), how it is undone, and what must be found.
TENANT_CORRUPTIONS = {
    "a posting's amount changed": (
        "UPDATE ledger_posting SET amount = amount + 0.5 WHERE tenant_id = %(t)s",
        {"unbalanced", "count"},
    ),
    "an entry's postings deleted": ("DELETE FROM ledger_posting WHERE tenant_id = %(t)s", {"empty_entry", "count"}),
    "our count changed": ("UPDATE links_link SET expected_units = 99 WHERE tenant_id = %(t)s", {"count"}),
    "a receipt's amount changed": (
        "UPDATE links_receipt SET units_after = 50, amount = 49 WHERE tenant_id = %(t)s",
        {"receipt_entry"},
    ),
    "a receipt deleted": ("DELETE FROM links_receipt WHERE tenant_id = %(t)s", {"entry_receipt"}),
    "a confirmation lost": ("UPDATE links_receipt SET confirmed_at = NULL WHERE tenant_id = %(t)s", {"receipt_confirmed"}),
    "an intention left for a day": (
        "UPDATE links_receipt SET state = 'intended', intended_at = now() - interval '1 day' WHERE tenant_id = %(t)s",
        {"receipt_stuck", "entry_receipt"},
    ),
    "the upper relation cleared alone": (
        "UPDATE links_subscriptionlink SET cleared_at = now() WHERE tenant_id = %(t)s",
        {"level"},
    ),
    "a plan's rows edited": (
        "UPDATE links_storedplan SET changes = '[]'::jsonb WHERE tenant_id = %(t)s",
        {"plan"},
    ),
    "a secret moved to another field": (
        "UPDATE access_sealed SET field = 'elsewhere' WHERE tenant_id = %(t)s AND field = 'password'",
        {"secret"},
    ),
    "in step without a reading": (
        "UPDATE links_link SET expected_units = NULL WHERE tenant_id = %(t)s",
        {"in_step"},
    ),
}
WALL_CORRUPTIONS = {
    "row security off": (
        "ALTER TABLE links_link NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE links_link FORCE ROW LEVEL SECURITY",
        "policy",
    ),
    "a second policy": (
        "CREATE POLICY everybody ON links_link TO purser_customer USING (true)",
        "DROP POLICY everybody ON links_link",
        "policy",
    ),
    "a table without a tenant": ("CREATE TABLE stray (id int)", "DROP TABLE stray", "tenancy"),
    "the ledger's guard off": (
        "ALTER TABLE ledger_posting DISABLE TRIGGER purser_no_change",
        "ALTER TABLE ledger_posting ENABLE TRIGGER purser_no_change",
        "append_only",
    ),
}


@contextmanager
def sound() -> Iterator[make.World]:
    """One link, posted once and confirmed."""
    with make.world() as world:
        world.link("S1/EXO1", "9/service:12")
        world.step(cause="link")
        yield world


def _codes(world: make.World) -> set[str]:
    return {p.code for _, p in verify.problems(now=world.clock(), only=world.tenant)}


def test_it_finds_nothing_in_a_sound_database() -> None:
    with sound() as world:
        assert _codes(world) == set()


@pytest.mark.parametrize("name", TENANT_CORRUPTIONS)
def test_it_finds(name: str) -> None:
    statement, expected = TENANT_CORRUPTIONS[name]
    with sound() as world:
        with connections["owner"].cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SET row_security = off")
            cursor.execute(statement, {"t": world.tenant})
            assert cursor.rowcount > 0
            cursor.execute("RESET session_replication_role")
        found = {p.code for _, p in verify.problems(now=make.datetime.now(make.UTC), only=world.tenant)}
        assert expected <= found, f"{name}: found {found or 'nothing'}"


@pytest.mark.parametrize("name", WALL_CORRUPTIONS)
def test_it_finds_a_wall_with(name: str) -> None:
    plant, undo, code = WALL_CORRUPTIONS[name]
    with sound() as world, connections["owner"].cursor() as cursor:
        cursor.execute(plant)
        try:
            assert code in _codes(world)
        finally:
            cursor.execute(undo)
        assert _codes(world) == set()
