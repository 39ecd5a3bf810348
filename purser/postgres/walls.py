"""Lay the database's wall after each migration: rights, policies, composite keys, append-only and history triggers.

Everything follows from what the models say (`Walls`), so a new table without a tenant cannot slip in: a model must be a
TenantModel, name its own tenant column, or be listed in GLOBAL_TABLES with the reason. Idempotent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connections, models

from purser.postgres.models import TenantModel, Walls
from purser.postgres.roles import APP, SEATS, SHARED
from purser.postgres.tenancy import SETTING

# Tables that belong to no tenant, by prefix or name, and why.
GLOBAL_TABLES = {
    "access_person": "a person signs in once and may belong to several organisations",
    "account_": "a person's addresses (sign-in library)",
    "mfa_": "a person's second factors (sign-in library)",
    "socialaccount_": "a person's outside identities (sign-in library)",
    "usersessions_": "a person's sessions (sign-in library)",
    "django_": "the framework's own: sessions, content types, migrations, sites",
    "auth_": "the framework's own: groups and permissions, unused by us",
    "procrastinate_": "jobs; they carry ids only",
    "purser_cache": "counters of rate limits; no tenant data",
}

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION purser_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: rows are reversed or superseded, never changed', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$
"""

KEEP_HISTORY = """
CREATE OR REPLACE FUNCTION purser_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unkept text[] := TG_ARGV[0]::text[];
  act uuid := NULLIF(current_setting('purser.act', true), '')::uuid;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO access_history (id, tenant_id, at, of_table, row_id, operation, before, after, act_id)
      SELECT gen_random_uuid(), n.tenant_id, clock_timestamp(), TG_TABLE_NAME, n.id, 'insert',
             NULL, to_jsonb(n) - unkept, act FROM new_rows n;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO access_history (id, tenant_id, at, of_table, row_id, operation, before, after, act_id)
      SELECT gen_random_uuid(), n.tenant_id, clock_timestamp(), TG_TABLE_NAME, n.id, 'update',
             to_jsonb(o) - unkept, to_jsonb(n) - unkept, act
        FROM new_rows n JOIN old_rows o USING (id)
       WHERE to_jsonb(o) - unkept IS DISTINCT FROM to_jsonb(n) - unkept;
  ELSE
    INSERT INTO access_history (id, tenant_id, at, of_table, row_id, operation, before, after, act_id)
      SELECT gen_random_uuid(), o.tenant_id, clock_timestamp(), TG_TABLE_NAME, o.id, 'delete',
             to_jsonb(o) - unkept, NULL, act FROM old_rows o;
  END IF;
  RETURN NULL;
END $$
"""


def guarded() -> Iterator[tuple[type[models.Model], Walls]]:
    """Every model that has walls, with them."""
    for model in apps.get_models(include_auto_created=True):
        walls = getattr(model, "walls", None)
        if isinstance(walls, Walls) and model._meta.managed and not model._meta.proxy:
            yield model, walls


def is_global(table: str) -> bool:
    return any(table == name or (name.endswith("_") and table.startswith(name)) for name in GLOBAL_TABLES)


def _compare(column: str, seat: str) -> str:
    setting = SETTING[seat]  # type: ignore[index]
    if seat in ("operator", "meter"):
        return f"current_setting('{setting}', true) = 'on'"
    return f"{column} = NULLIF(current_setting('{setting}', true), '')::uuid"


def _policies(table: str, walls: Walls) -> Iterator[str]:
    own = _compare(walls.tenant_column, "customer")
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'
    yield f'REVOKE ALL ON "{table}" FROM PUBLIC, {APP}, {SHARED}, {", ".join(SEATS)}'
    rights = "SELECT, INSERT" if walls.append_only else "SELECT, INSERT, UPDATE, DELETE"
    yield f'GRANT {rights} ON "{table}" TO purser_customer'
    for seat in SETTING:
        yield f'DROP POLICY IF EXISTS {seat} ON "{table}"'
    yield f'CREATE POLICY customer ON "{table}" TO purser_customer USING ({own}) WITH CHECK ({own})'
    if walls.operator_reads:
        yield f'GRANT SELECT ON "{table}" TO purser_operator'
        yield f'CREATE POLICY operator ON "{table}" FOR SELECT TO purser_operator USING ({_compare("", "operator")})'
    if walls.meter_reads or walls.meter_writes:
        mine = _compare("", "meter")
        columns = f"({', '.join(walls.meter_reads)})" if walls.meter_reads else ""
        yield f'GRANT SELECT {columns} ON "{table}" TO purser_meter'
        if walls.meter_writes:
            yield f'GRANT INSERT ON "{table}" TO purser_meter'
            yield f'CREATE POLICY meter ON "{table}" TO purser_meter USING ({mine}) WITH CHECK ({mine})'
        else:
            yield f'CREATE POLICY meter ON "{table}" FOR SELECT TO purser_meter USING ({mine})'
    named = {"partner": walls.partner_column, "distributor": walls.distributor_column, "person": walls.person_column}
    for name, column in named.items():
        if column:
            yield f'GRANT SELECT ON "{table}" TO purser_{name}'
            yield f'CREATE POLICY {name} ON "{table}" FOR SELECT TO purser_{name} USING ({_compare(column, name)})'


def _triggers(table: str, walls: Walls) -> Iterator[str]:
    for name in ("purser_no_change", "purser_no_truncate", "purser_kept_i", "purser_kept_u", "purser_kept_d"):
        yield f'DROP TRIGGER IF EXISTS {name} ON "{table}"'
    if walls.append_only:
        yield (
            f'CREATE TRIGGER purser_no_change BEFORE UPDATE OR DELETE ON "{table}" '
            "FOR EACH ROW EXECUTE FUNCTION purser_append_only()"
        )
        yield (
            f'CREATE TRIGGER purser_no_truncate BEFORE TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION purser_append_only()"
        )
    if walls.history:
        unkept = "{" + ",".join(walls.unkept) + "}"
        for suffix, operation, referencing in (
            ("i", "INSERT", "NEW TABLE AS new_rows"),
            ("u", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("d", "DELETE", "OLD TABLE AS old_rows"),
        ):
            yield (
                f'CREATE TRIGGER purser_kept_{suffix} AFTER {operation} ON "{table}" REFERENCING {referencing} '
                f"FOR EACH STATEMENT EXECUTE FUNCTION purser_history('{unkept}')"
            )


def _composite_keys(model: type[models.Model], there: set[str]) -> Iterator[str]:
    """`(tenant, x)` references `(tenant, id)`, for each key between tenant tables; once each."""
    for field in model._meta.concrete_fields:
        target = getattr(field, "related_model", None)
        if not isinstance(field, models.ForeignKey) or target is None or field.db_constraint:  # type: ignore[attr-defined]
            continue
        name = f"{model._meta.db_table}_{field.column}_tenant_fk"[:63]
        if name in there or not issubclass(target, TenantModel) or not issubclass(model, TenantModel):
            continue
        yield (
            f'ALTER TABLE "{model._meta.db_table}" ADD CONSTRAINT "{name}" '
            f'FOREIGN KEY (tenant_id, "{field.column}") REFERENCES "{target._meta.db_table}" (tenant_id, id) '
            "DEFERRABLE INITIALLY IMMEDIATE"
        )


def lay(using: str) -> None:
    """Lay all walls on the database of this alias, as its owner."""
    connection = connections[using]
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        keys = {row[0] for row in cursor.fetchall()}
        statements = [REFUSE_CHANGE, KEEP_HISTORY, f"GRANT USAGE ON SCHEMA public TO {APP}, {SHARED}"]
        for model, walls in guarded():
            table = model._meta.db_table
            if table in there:
                statements += [
                    *_policies(table, walls),
                    *_triggers(table, walls),
                    *_composite_keys(model, keys),
                ]
        for table in there:
            if is_global(table):
                statements.append(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {APP}, {SHARED}')
        statements.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP}, {SHARED}")
        for statement in statements:
            cursor.execute(statement)


def after_migrate(*, using: str, **_: Any) -> None:
    """Signal: the migrations of this alias are done. Only the owner lays walls."""
    if using == "owner":
        lay(using)
