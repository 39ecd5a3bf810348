"""A database of our own, made from the tests' template and dropped at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests import conftest


@contextmanager
def database() -> Iterator[None]:
    """Before Django loads: an empty, migrated database, used as the application's role."""
    from purser.postgres.server import with_database

    os.environ["PURSER_HOME"] = str(conftest.HOME)
    os.environ["DJANGO_SETTINGS_MODULE"] = "purser.config.settings"
    os.environ.setdefault("PURSER_LOG_LEVEL", "ERROR")
    conftest.HOME.mkdir(parents=True, exist_ok=True)
    owner = conftest._server()
    name = f"purser_bench_{os.getpid()}"
    with conftest._owner_connect(owner) as c:
        c.execute("SELECT pg_advisory_lock(hashtext('purser tests'))")
        c.execute(f'CREATE DATABASE "{name}" TEMPLATE "{conftest._template(c, owner)}"')
    os.environ["DATABASE_URL"] = with_database(owner, name)
    try:
        import django

        django.setup()
        yield
    finally:
        from django.db import connections

        connections.close_all()
        with conftest._owner_connect(owner) as c:
            c.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
