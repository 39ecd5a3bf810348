"""No statement reaches a row of another organisation, on any table, as the application's role. Source: reliability P14."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from purser.postgres import ids, tenancy, walls
from tests.tenancy.planting import Planted, fingerprint, plant

TABLES = sorted((model._meta.db_table, declared) for model, declared in walls.guarded())


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Planted, Planted]]:
    """A, which acts, and B, whose rows must neither be seen nor changed by anything in this module."""
    a, b = plant("MINE-A"), plant("CANARY-B")
    before = fingerprint(b.tenant)
    yield a, b
    assert fingerprint(b.tenant) == before


def refused(sql: str, values: list[Any] | None = None) -> str:
    """The words of the database's refusal; "" where it did what was asked."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
    except DatabaseError as error:
        return str(error)
    return ""


def reached(sql: str, values: list[Any]) -> int:
    """How many rows a statement reached; none where it was refused."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.rowcount)
    except DatabaseError:
        return 0


@pytest.mark.parametrize(("table", "declared"), TABLES, ids=[table for table, _ in TABLES])
def test_a_row_of_another_organisation_cannot_be_reached(
    two: tuple[Planted, Planted], table: str, declared: walls.Walls
) -> None:
    a, b = two
    own, foreign, column = a.one(table), b.one(table), declared.tenant_column
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" t WHERE id = %s', [foreign])
        row = json.loads(cursor.fetchone()[0])
    copy = json.dumps({**row, "id": str(ids.new())})
    insert = f'INSERT INTO "{table}" SELECT * FROM jsonb_populate_record(NULL::"{table}", %s::jsonb)'
    with tenancy.acting_in(a.tenant):
        assert reached(f'SELECT 1 FROM "{table}" WHERE id = %s', [own]) == 1
        assert reached(f'SELECT 1 FROM "{table}" WHERE id = %s', [foreign]) == 0
        assert reached(f'SELECT 1 FROM "{table}" WHERE {column} = %s', [b.tenant]) == 0
        assert reached(f'UPDATE "{table}" SET id = id WHERE id = %s', [foreign]) == 0
        assert reached(f'DELETE FROM "{table}" WHERE id = %s', [foreign]) == 0
        if column != "id":
            assert "row-level security" in refused(insert, [copy])
            assert refused(f'UPDATE "{table}" SET {column} = %s WHERE id = %s', [b.tenant, own])
        over = json.dumps({**row, column: str(a.tenant)} if column != "id" else row)
        assert refused(f"{insert} ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id", [over])
        assert refused(f'TRUNCATE "{table}"')
        assert "row-level security" in _copied(table)


def _copied(table: str) -> str:
    """What the database says to a COPY into the table."""
    held = connection.cursor().cursor  # COPY is not in Django's cursor
    try:
        with transaction.atomic(), held.connection.cursor() as cursor, cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
            copy.write("x\n")
    except (DatabaseError, psycopg.Error) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("table", "declared"), TABLES, ids=[table for table, _ in TABLES])
def test_without_a_seat_or_with_an_empty_one_there_are_no_rows(
    two: tuple[Planted, Planted], table: str, declared: walls.Walls
) -> None:
    select = f'SELECT 1 FROM "{table}"'
    assert "permission denied" in refused(select)
    for empty in ("", None):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE purser_customer")
            if empty is not None:
                cursor.execute("SELECT set_config('purser.tenant', %s, true)", [empty])
            cursor.execute(select)
            assert cursor.fetchall() == []


def test_what_the_operator_lists_is_commercial_and_nothing_else(two: tuple[Planted, Planted]) -> None:
    _, b = two
    listed = {table for table, declared in TABLES if declared.operator_reads}
    with tenancy.listing_all():
        seen = {table for table, _ in TABLES if reached(f'SELECT 1 FROM "{table}" WHERE id = %s', [b.one(table)])}
        changed = {table for table, _ in TABLES if reached(f'UPDATE "{table}" SET id = id WHERE id = %s', [b.one(table)])}
    assert (seen, changed) == (listed, set())
    assert listed == {
        "tenants_organisation",
        "tenants_searchword",
        "access_domain",
        "access_signon",
        "links_connection",
        "links_sync",
        "partners_enablingrequest",
        "directory_autolicensing",
        "billing_card",
        "provisioning_account",
        "provisioning_finding",
        "provisioning_step",
        "subscriptions_cyclecharge",
        "subscriptions_event",
        "subscriptions_meterreading",
        "subscriptions_order",
        "subscriptions_orderline",
        "subscriptions_plannedchange",
        "subscriptions_subscription",
        "subscriptions_subscriptionprice",
        "billing_charge",
        "billing_close",
        "billing_package",
        "billing_pricelist",
        "billing_profile",
        "billing_programme",
        "billing_purchase",
        "billing_quote",
        "billing_quoteline",
        "billing_refund",
        "billing_stint",
        "billing_terms",
    }


def test_the_meter_reads_dates_and_tenants_of_licences_and_no_person(two: tuple[Planted, Planted]) -> None:
    _, b = two
    reads = {table: declared.meter_reads for table, declared in TABLES if declared.meter_reads or declared.meter_writes}
    with tenancy.metering():
        seen = {table for table, _ in TABLES if reached(f'SELECT count(tenant_id) FROM "{table}"', [])}
        whole = {table for table, _ in TABLES if reached(f'SELECT * FROM "{table}" WHERE id = %s', [b.one(table)])}
        changed = {table for table, _ in TABLES if reached(f'UPDATE "{table}" SET id = id WHERE id = %s', [b.one(table)])}
        gone = {table for table, _ in TABLES if reached(f'DELETE FROM "{table}" WHERE id = %s', [b.one(table)])}
    assert seen == set(reads)
    assert whole == {"billing_close", "billing_charge"}
    assert (changed, gone) == (set(), set())
    assert reads["directory_licence"] == ("tenant_id", "since", "until")


def test_what_a_partner_lists_is_what_names_it_and_nothing_else(two: tuple[Planted, Planted]) -> None:
    """The planted rows name their own organisation as the partner; the organisation and its words name its parent."""
    a, b = two
    of_parent = {"tenants_organisation", "tenants_searchword"}
    tables = {table for table, declared in TABLES if declared.partner_column and table not in of_parent}
    with tenancy.listing_customers_of(b.tenant):
        for one, wanted in ((b, tables), (a, set())):
            assert {t for t, _ in TABLES if reached(f'SELECT 1 FROM "{t}" WHERE id = %s', [one.one(t)])} == wanted
        assert not {t for t, _ in TABLES if reached(f'UPDATE "{t}" SET id = id WHERE id = %s', [b.one(t)])}
