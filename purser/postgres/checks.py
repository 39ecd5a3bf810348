"""What must hold for the walls themselves. Reads the catalogue as the application's role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from purser.kernel.problem import Problem
from purser.postgres import walls
from purser.postgres.roles import APP, SEATS

# What keeps the ledger's entries whole and balanced: its migrations 0004 and 0005.
LEDGER = {("ledger_posting", "purser_balanced"), ("ledger_entry", "purser_balanced"), ("ledger_entry", "purser_whole")}


def check(connection: Any) -> Iterator[Problem]:
    with connection.cursor() as cursor:
        yield from _role(cursor)
        yield from _tables(cursor)


def _role(cursor: Any) -> Iterator[Problem]:
    cursor.execute("SELECT rolsuper, rolbypassrls, rolinherit FROM pg_roles WHERE rolname = %s", [APP])
    row = cursor.fetchone()
    if row is None or any(row):
        yield Problem("role", APP, "The sign-in role must not be superuser, bypass policies, or inherit rights.")
    cursor.execute("SELECT current_user, (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)")
    user, strong = cursor.fetchone()
    if strong:
        yield Problem("role", user, "The application is signed in with a role that no policy holds.")


def _tables(cursor: Any) -> Iterator[Problem]:
    cursor.execute(
        "SELECT c.relname, c.relkind, c.relrowsecurity AND c.relforcerowsecurity, pg_get_userbyid(c.relowner) "
        "FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
    )
    classes = {name: (kind, forced, owner) for name, kind, forced, owner in cursor.fetchall()}
    cursor.execute("SELECT tablename, policyname, roles::text[], permissive FROM pg_policies WHERE schemaname = 'public'")
    policies: dict[str, list[tuple[str, list[str], str]]] = {}
    for table, name, roles, permissive in cursor.fetchall():
        policies.setdefault(table, []).append((name, list(roles), permissive))
    cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled <> 'D' AND NOT tgisinternal")
    triggers = set(cursor.fetchall())
    guarded = {model._meta.db_table: declared for model, declared in walls.guarded()}
    for name, (kind, forced, owner) in sorted(classes.items()):
        if owner in (APP, *SEATS):
            yield Problem("owner", name, f"The table belongs to {owner}; the application must own nothing.")
        if kind == "m":
            yield Problem("matview", name, "A materialised view knows no policies.")
        if name not in guarded:
            if not walls.is_global(name):
                yield Problem("tenancy", name, "The table has no tenant and no stated reason for it.")
            continue
        if not forced:
            yield Problem("policy", name, "Row-level security is not enabled and forced.")
        yield from _policies(name, policies.get(name, []))
        if guarded[name].append_only and (name, "purser_no_change") not in triggers:
            yield Problem("append_only", name, "The trigger that refuses changes is gone or off.")
        if guarded[name].history and (name, "purser_kept_u") not in triggers:
            yield Problem("history", name, "The trigger that keeps history is gone or off.")
    if not triggers >= LEDGER:
        yield Problem("balance", "ledger", "The check that entries balance is gone or off.")


def _policies(table: str, found: list[tuple[str, list[str], str]]) -> Iterator[Problem]:
    for seat in SEATS:
        mine = [p for p in found if seat in p[1]]
        if len(mine) > 1:
            yield Problem("policy", table, f"{len(mine)} policies for {seat}; permissive policies open each other's rows.")
    if not any("purser_customer" in roles for _, roles, _ in found):
        yield Problem("policy", table, "No policy for the seat in a tenant.")
    for name, roles, _ in found:
        if "public" in roles:
            yield Problem("policy", table, f"The policy {name} holds for everybody.")
