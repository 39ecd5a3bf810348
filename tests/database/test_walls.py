"""Law 5: no row without a tenant, read from the catalogue and not from the code that lays the walls.

One query for each rule of reliability, section 2. Every rule has a planted breach, made in a transaction that is rolled
back, that the same query finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, transaction

from purser.postgres import walls
from purser.postgres.models import Walls
from purser.postgres.roles import APP, SEATS, SHARED

# Unique indexes on tenant rows that do not begin with the tenant, and why nobody learns anything from them.
UNIQUE_ACROSS: dict[str, str] = {
    "tenants_organisation_number_key": "a Tenant ID is drawn at random by us; nobody chooses one and learns that it is taken",
    "organisation_partner_number_once": "a Partner ID is drawn at random by us",
    "account_username_once": "who may sync accounts with an instance learns from its vendor that a username is taken",
    "account_email_once": "likewise, of an e-mail address that signs in there",
}
# Plain keys to a tenant's own row that are not `(tenant, id)`, and why.
PLAIN_KEYS: dict[str, str] = {}


def guarded() -> dict[str, Walls]:
    return {model._meta.db_table: declared for model, declared in walls.guarded()}


def named(declared: Walls) -> dict[str, str]:
    """The seats that see rows which name them, and the column that does."""
    return {"partner": declared.partner_column, "distributor": declared.distributor_column, "person": declared.person_column}


def breaches(cursor: Any) -> set[tuple[str, str]]:
    """(rule, thing) for everything in the database that breaks a rule."""
    tables = guarded()
    return {
        *_tables(cursor, tables),
        *_policies(cursor, tables),
        *_relations(cursor),
        *_keys(cursor, tables),
        *_indexes(cursor, tables),
        *_triggers(cursor, tables),
        *_grants(cursor, tables),
        *_roles(cursor),
    }


def rows(cursor: Any, sql: str, values: list[Any] | None = None) -> list[Any]:
    cursor.execute(sql, values)
    return list(cursor.fetchall())


def _tables(cursor: Any, tables: dict[str, Walls]) -> Iterator[tuple[str, str]]:
    found = rows(
        cursor,
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, pg_get_userbyid(c.relowner),"
        " EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull),"
        " coalesce((SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent"
        "           WHERE i.inhrelid = c.oid), '')"
        " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    for name, forced, owner, has_tenant, parent in found:
        if owner in (APP, SHARED, *SEATS):
            yield "owned by the application", name
        if name in tables or parent in tables:
            if not forced:
                yield "row security", name
            if name in tables and tables[name].tenant_column == "tenant_id" and not has_tenant:
                yield "no tenant", name
        elif has_tenant or not walls.is_global(name):
            yield "neither guarded nor global", name
    for name in tables.keys() - {f[0] for f in found}:
        yield "not migrated", name


def _policies(cursor: Any, tables: dict[str, Walls]) -> Iterator[tuple[str, str]]:
    by_table: dict[str, list[Any]] = {}
    for table, *rest in rows(
        cursor,
        "SELECT tablename, permissive, roles::text[], cmd, coalesce(qual, '') || ' ' || coalesce(with_check, '')"
        " FROM pg_policies WHERE schemaname = 'public'",
    ):
        by_table.setdefault(table, []).append(rest)
    for table, declared in tables.items():
        wanted = ["purser_customer"]
        wanted += ["purser_operator"] * declared.operator_reads
        wanted += [f"purser_{seat}" for seat, column in named(declared).items() if column]
        wanted += ["purser_meter"] * bool(declared.meter_reads or declared.meter_writes)
        given = sorted(role for _, roles, _, _ in by_table.get(table, ()) for role in roles)
        if given != sorted(wanted):
            yield "policies", table
        for permissive, roles, command, text in by_table.get(table, ()):
            writes = [["purser_customer"], *([["purser_meter"]] if declared.meter_writes else [])]
            if permissive != "PERMISSIVE" or (roles not in writes and command != "SELECT"):
                yield "policies", table
            if "SELECT" in text or "ANY" in text or text.count("current_setting") > 2:
                yield "a policy is more than one equality", table


def _relations(cursor: Any) -> Iterator[tuple[str, str]]:
    for name, kind, options in rows(
        cursor,
        "SELECT relname, relkind::text, coalesce(reloptions, '{}') FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('m', 'v')",
    ):
        if kind == "m":
            yield "materialised view", name
        elif "security_invoker=true" not in options:
            yield "view without security_invoker", name
    for (name,) in rows(
        cursor,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND (prosecdef OR proleakproof)",
    ):
        yield "security definer", name


def _keys(cursor: Any, tables: dict[str, Walls]) -> Iterator[tuple[str, str]]:
    columns = (
        "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(%s) WITH ORDINALITY k(num, n)"
        " JOIN pg_attribute a ON a.attrelid = %s AND a.attnum = k.num)"
    )
    for name, table, target, own, theirs, deleting in rows(
        cursor,
        f"SELECT conname, conrelid::regclass::text, confrelid::regclass::text, {columns % ('conkey', 'conrelid')},"
        f" {columns % ('confkey', 'confrelid')}, confdeltype::text FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = 'public'::regnamespace",
    ):
        if table not in tables and target not in tables:
            continue
        if deleting not in ("a", "r"):
            yield "cascade", name
        to_root = target == "tenants_organisation" and (own == ["tenant_id"] or table == target)
        to_global = target not in tables
        composite = own[0] == "tenant_id" and theirs[0] == "tenant_id"
        if not (composite or to_root or to_global or name in PLAIN_KEYS):
            yield "plain key", name
    composites = {
        (t, c)
        for t, c in rows(
            cursor,
            "SELECT conrelid::regclass::text, a.attname::text FROM pg_constraint k JOIN pg_attribute a"
            " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[2] WHERE contype = 'f' AND cardinality(conkey) = 2",
        )
    }
    for model, _ in walls.guarded():
        for field in model._meta.concrete_fields:
            target_model = field.related_model
            if not isinstance(target_model, type) or field.name == "tenant":
                continue
            both = hasattr(model, "tenant") and target_model._meta.db_table in tables and hasattr(target_model, "tenant")
            if both and (model._meta.db_table, field.column) not in composites:
                yield "no key", f"{model._meta.db_table}.{field.column}"


def _indexes(cursor: Any, tables: dict[str, Walls]) -> Iterator[tuple[str, str]]:
    for index, table, primary, first, kind in rows(
        cursor,
        "SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, i.indisprimary, a.attname::text,"
        " format_type(a.atttypid, a.atttypmod) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace",
    ):
        if table not in tables or index in UNIQUE_ACROSS:
            continue
        if first != tables[table].tenant_column and not (primary and kind == "uuid"):
            yield "unique over tenants", index


def _triggers(cursor: Any, tables: dict[str, Walls]) -> Iterator[tuple[str, str]]:
    on = {
        (t, n)
        for t, n in rows(cursor, "SELECT tgrelid::regclass::text, tgname::text FROM pg_trigger WHERE tgenabled IN ('O', 'A')")
    }
    for table, declared in tables.items():
        needed = ["purser_no_change", "purser_no_truncate"] if declared.append_only else []
        needed += ["purser_kept_i", "purser_kept_u", "purser_kept_d"] if declared.history else []
        if any((table, n) not in on for n in needed):
            yield "trigger", table
    for table, name in (("ledger_entry", "balanced"), ("ledger_entry", "whole"), ("ledger_posting", "balanced")):
        if (table, f"purser_{name}") not in on:
            yield "trigger", table


def _grants(cursor: Any, tables: dict[str, Walls]) -> Iterator[tuple[str, str]]:
    given: dict[tuple[str, str], set[str]] = {}
    for table, role, right in rows(
        cursor,
        "SELECT c.relname::text, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee)::text END,"
        " g.privilege_type FROM pg_class c, aclexplode(c.relacl) g"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND g.grantee <> c.relowner",
    ):
        given.setdefault((table, role), set()).add(right)
    for table, declared in tables.items():
        write = set() if declared.append_only else {"UPDATE", "DELETE"}
        wanted = {
            "purser_customer": {"SELECT", "INSERT"} | write,
            "purser_operator": {"SELECT"} if declared.operator_reads else set(),
            **{f"purser_{seat}": {"SELECT"} if column else set() for seat, column in named(declared).items()},
            "purser_meter": {"SELECT", "INSERT"} if declared.meter_writes else set(),
        }
        for role in {*SEATS, APP, SHARED, "PUBLIC"}:
            if given.get((table, role), set()) != wanted.get(role, set()):
                yield "grants", f"{table} {role}"
    for (table, role), rights in given.items():
        if rights & {"TRUNCATE", "REFERENCES", "TRIGGER"}:
            yield "grants", f"{table} {role}"
    columns: dict[str, set[tuple[str, str, str]]] = {}
    for table, *right in rows(
        cursor,
        "SELECT c.relname::text, a.attname::text, x.grantee::regrole::text, x.privilege_type"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) x"
        " WHERE c.relnamespace = 'public'::regnamespace",
    ):
        columns.setdefault(table, set()).add(tuple(right))
    for table in {*columns, *tables}:
        reads = tables[table].meter_reads if table in tables else ()
        if columns.get(table, set()) != {(column, "purser_meter", "SELECT") for column in reads}:
            yield "column grants", table


def _roles(cursor: Any) -> Iterator[tuple[str, str]]:
    # superuser, bypasses policies, creates databases, creates roles, replicates; then: signs in, inherits
    nothing = (False,) * 5
    wanted = {APP: (*nothing, True, False), **dict.fromkeys((SHARED, *SEATS), (*nothing, False, True))}
    found = {
        name: tuple(rest)
        for name, *rest in rows(
            cursor,
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin, rolinherit"
            " FROM pg_roles WHERE rolname = ANY(%s)",
            [list(wanted)],
        )
    }
    for role, attributes in wanted.items():
        if found.get(role) != attributes:
            yield "role", role
    members = {
        (member, of)
        for member, of in rows(
            cursor,
            "SELECT pg_get_userbyid(member)::text, pg_get_userbyid(roleid)::text FROM pg_auth_members"
            " WHERE pg_get_userbyid(member) = ANY(%s)",
            [list(wanted)],
        )
    }
    if members != {(APP, seat) for seat in SEATS} | {(seat, SHARED) for seat in SEATS}:
        yield "role", "members"


def test_every_table_keeps_every_rule() -> None:
    with connections["owner"].cursor() as cursor:
        assert breaches(cursor) == set()


def test_the_application_signs_in_as_the_role_that_is_checked() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT session_user, current_user, current_setting('row_security')")
        assert cursor.fetchone() == (APP, APP, "on")


PLANTED = {
    "row security off": ("ALTER TABLE links_link DISABLE ROW LEVEL SECURITY", "row security"),
    "not forced on the owner": ("ALTER TABLE links_link NO FORCE ROW LEVEL SECURITY", "row security"),
    "a table with a tenant and no walls": (
        "CREATE TABLE stray (id uuid PRIMARY KEY, tenant_id uuid NOT NULL)",
        "neither guarded nor global",
    ),
    "a table that nobody listed": ("CREATE TABLE stray (id int)", "neither guarded nor global"),
    "a tenant that may be left out": (
        "ALTER TABLE links_alarm ALTER COLUMN tenant_id DROP NOT NULL",
        "no tenant",
    ),
    "a table that the application owns": (
        "CREATE TABLE django_stray (id int); ALTER TABLE django_stray OWNER TO purser_app",
        "owned by the application",
    ),
    "a second policy": ("CREATE POLICY too ON links_link TO purser_customer USING (true)", "policies"),
    "a policy for everybody": ("CREATE POLICY too ON links_link USING (false)", "policies"),
    "a policy gone": ("DROP POLICY customer ON links_link", "policies"),
    "a seat that writes over tenants": (
        "DROP POLICY operator ON links_sync; CREATE POLICY operator ON links_sync TO purser_operator"
        " USING (current_setting('purser.operator', true) = 'on')",
        "policies",
    ),
    "a policy that looks elsewhere": (
        "ALTER POLICY customer ON links_link USING (tenant_id IN (SELECT id FROM tenants_organisation))",
        "a policy is more than one equality",
    ),
    "a materialised view": ("CREATE MATERIALIZED VIEW all_links AS SELECT * FROM links_link", "materialised view"),
    "a view with its owner's eyes": (
        "CREATE VIEW all_links AS SELECT * FROM links_link",
        "view without security_invoker",
    ),
    "a function with its owner's rights": (
        "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM links_link'",
        "security definer",
    ),
    "a key without the tenant": (
        "ALTER TABLE links_alarm ADD CONSTRAINT plain FOREIGN KEY (connection_id) REFERENCES links_connection (id)",
        "plain key",
    ),
    "a cascade": (
        "ALTER TABLE links_alarm ADD CONSTRAINT c FOREIGN KEY (tenant_id, connection_id)"
        " REFERENCES links_connection (tenant_id, id) ON DELETE CASCADE",
        "cascade",
    ),
    "a key gone": ("ALTER TABLE links_alarm DROP CONSTRAINT links_alarm_connection_id_tenant_fk", "no key"),
    "a name that is unique over tenants": (
        "CREATE UNIQUE INDEX name_once ON links_connection (name, id)",
        "unique over tenants",
    ),
    "history off": ("ALTER TABLE links_link DISABLE TRIGGER purser_kept_u", "trigger"),
    "the ledger open": ("ALTER TABLE ledger_entry DISABLE TRIGGER purser_no_change", "trigger"),
    "balance off": ("DROP TRIGGER purser_balanced ON ledger_posting", "trigger"),
    "entries without postings": ("ALTER TABLE ledger_entry DISABLE TRIGGER purser_whole", "trigger"),
    "a right too many": ("GRANT UPDATE ON ledger_posting TO purser_customer", "grants"),
    "truncate": ("GRANT TRUNCATE ON links_link TO purser_customer", "grants"),
    "a right of everybody": ("GRANT SELECT ON links_link TO PUBLIC", "grants"),
    "a right without a seat": ("GRANT SELECT ON links_link TO purser_app", "grants"),
    "a right of one column": ("GRANT UPDATE (amount) ON ledger_posting TO purser_customer", "column grants"),
    "a column too many for the meter": ("GRANT SELECT (user_id) ON directory_licence TO purser_meter", "column grants"),
    "a role that bypasses": ("ALTER ROLE purser_app BYPASSRLS", "role"),
    "a role that inherits": ("ALTER ROLE purser_app INHERIT", "role"),
    "a stranger among the roles": ("GRANT pg_read_all_data TO purser_customer", "role"),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_breach_is_found(plant: str) -> None:
    statement, rule = PLANTED[plant]
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '20s'")
        cursor.execute(statement)
        found = {name for name, _ in breaches(cursor)}
        transaction.set_rollback(True, using="owner")
    assert rule in found
