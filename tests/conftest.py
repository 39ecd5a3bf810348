"""The database of the tests: PostgreSQL, migrated by the owner, used as the application's role.

Nothing is cleaned between tests: each makes organisations of its own, and the walls keep them apart; a test that needs an
empty table is a test that leaks. With DATABASE_URL a given server is used, else the embedded one.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".purser" / "test"
TEMPLATE = "purser_template"
KEEP_TEMPLATES = 4


def _server() -> str:
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    from purser.postgres import server

    return server.start(HOME / "pg", durable=False)


def _owner_connect(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True)


def pytest_configure(config: pytest.Config) -> None:
    """Before Django loads: where the data is, and an own database for this process, made from the template."""
    from purser.postgres.server import with_database

    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    os.environ["PURSER_HOME"] = str(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    # the launcher process of a parallel run owns the server and the template; workers only copy it
    owner = os.environ.get("PURSER_TEST_OWNER_URL") or _server()
    os.environ["PURSER_TEST_OWNER_URL"] = owner
    os.environ["DJANGO_SETTINGS_MODULE"] = "purser.config.settings"
    os.environ.setdefault("PURSER_LOG_LEVEL", "ERROR")
    # the tests of the second factor switch it on; the others sign in without one
    os.environ.setdefault("PURSER_REQUIRE_SECOND_FACTOR", "false")
    name = f"purser_test_{worker or 'main'}_{os.getpid() if not worker else os.getppid()}"
    with _owner_connect(owner) as c:
        # one at a time: several runs may share the server, and a template that is being copied cannot be made
        c.execute("SELECT pg_advisory_lock(hashtext('purser tests'))")
        template = _template(c, owner)
        if config.getoption("numprocesses", None) and not worker:
            return
        c.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        c.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    os.environ["DATABASE_URL"] = with_database(owner, name)
    config.stash[_NAME] = name
    import django
    from django.conf import settings
    from django.test.utils import setup_test_environment

    django.setup()
    settings.PASSWORD_HASHERS = ["tests.access.hashing.Quick"]
    setup_test_environment()  # mail goes to django.core.mail.outbox


def pytest_collection_finish() -> None:
    """What is loaded by now stays: to look through it for garbage again and again is work for nothing."""
    gc.collect()
    gc.freeze()


_NAME = pytest.StashKey[str]()


def pytest_unconfigure(config: pytest.Config) -> None:
    name = config.stash.get(_NAME, None)
    if name is None:
        return
    from django.db import connections

    connections.close_all()
    with _owner_connect(os.environ["PURSER_TEST_OWNER_URL"]) as c:
        c.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _template(c: Any, owner: str) -> str:
    """The name of an empty, migrated database for exactly this code; made when it is not there yet."""
    import hashlib
    import subprocess
    import sys

    from purser.postgres.server import with_database

    digest = hashlib.sha256()
    for pattern in ("purser/*/migrations/*.py", "purser/postgres/*.py", "purser/*/models.py", "purser/*/models/*.py"):
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    name = f"{TEMPLATE}_{digest.hexdigest()[:16]}"
    rows = c.execute("SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY oid", [f"{TEMPLATE}%"]).fetchall()
    there = [row[0] for row in rows]
    if name in there:
        return name
    for old in there[:-KEEP_TEMPLATES]:
        c.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
    making = f"making_{os.getpid()}"
    c.execute(f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)')
    c.execute(f'CREATE DATABASE "{making}"')
    environment = {**os.environ, "DATABASE_URL": with_database(owner, making)}
    command = [sys.executable, "-m", "purser.cli.main", "migrate"]
    subprocess.run(command, check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    c.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return name
