"""Database roles: the application's sign-in role and its seats. Laid before the migrations, by the owner.

`purser_app` signs in, owns nothing, inherits nothing and cannot bypass policies; it must take a seat to see tenant rows.
`purser_shared` carries the rights on tables that belong to no tenant (people, sessions, jobs).
Source: architecture, Tenancy; reliability R2.
"""

from __future__ import annotations

from typing import Any

from purser.postgres.tenancy import SETTING

APP = "purser_app"
SHARED = "purser_shared"
SEATS = tuple(f"purser_{name}" for name in SETTING)


def lay(connection: Any, *, password: str | None) -> None:
    """Create what is missing and correct what differs; safe to run by several processes at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('purser roles'))")
        try:
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'purser%%'")
            there = {row[0] for row in cursor.fetchall()}
            for role in (SHARED, *SEATS):
                if role not in there:
                    cursor.execute(f"CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS INHERIT")
            if APP not in there:
                cursor.execute(f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT")
            for seat in SEATS:
                cursor.execute(f"GRANT {SHARED} TO {seat}")
                cursor.execute(f"GRANT {seat} TO {APP}")
            if password is not None:
                cursor.execute(f"ALTER ROLE {APP} PASSWORD %s", [password])
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('purser roles'))")
