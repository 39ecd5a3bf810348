"""A new installation, as docs/howto/run-on-a-server.md puts it up: an empty database, `purser migrate`, `purser operator`,
and the first owner joins by the printed link. Each step is a process of its own, as on a server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from purser.access.models import Act
from purser.cli.main import app
from purser.postgres import tenancy
from purser.postgres.server import with_database
from tests.access import kit
from tests.access.kit import site as site

SERVER = "https://purser.example"
NAME = f"purser_fresh_{os.getpid()}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a server whose database is empty."""
    owner = os.environ["PURSER_TEST_OWNER_URL"]
    with psycopg.connect(owner, autocommit=True) as c:
        c.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
        c.execute(f'CREATE DATABASE "{NAME}"')
        yield {
            **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
            "DATABASE_URL": with_database(owner, NAME),
            "PURSER_HOME": str(tmp_path_factory.mktemp("server")),
            "PURSER_SECRET_KEY": "of the test server alone",
            "PURSER_URL": SERVER,
        }
        c.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


def process(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-W", "ignore", "-m", "purser.cli.main", *words]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)


def acts(environment: dict[str, str]) -> list[tuple[str, str]]:
    with psycopg.connect(environment["DATABASE_URL"]) as c:
        return c.execute("SELECT actor, summary FROM access_act ORDER BY at, id").fetchall()


def test_it_stands_up_on_an_empty_database_as_the_manual_says(server: dict[str, str]) -> None:
    assert process(server, "migrate").returncode == 0
    nameless = process(server, "operator", "ada@northern.example")
    assert (nameless.returncode, nameless.stdout) == (2, "")
    assert "--name" in nameless.stderr

    first = process(server, "operator", "Ada@Northern.example", "--name", "Northern Cloud", "--zone", "Europe/Berlin")
    assert (first.returncode, first.stderr) == (0, "")
    links = re.findall(rf"{SERVER}/join/[0-9a-f-]+/[\w-]+/", first.stdout)
    assert len(links) == 1
    mails = list((Path(server["PURSER_HOME"]) / "mail").iterdir())
    assert len(mails) == 1
    assert links[0] in mails[0].read_text("utf-8")

    again = process(server, "operator", "bo@northern.example", "--name", "Another Name")
    assert "bo@northern.example is invited to Northern Cloud as owner" in again.stdout, "there is one operator"
    assert acts(server) == [
        ("command line", "Founded the operator Northern Cloud"),
        ("command line", "Invited ada@northern.example as owner"),
        ("command line", "Invited bo@northern.example as owner"),
    ]
    sound = process(server, "verify")
    assert (sound.returncode, sound.stdout) == (0, "Nothing found: all invariants hold.\n")


def test_the_application_signs_in_with_only_the_address_of_the_database(server: dict[str, str]) -> None:
    script = "import json, purser.config.settings as s; print(json.dumps([s.APP_URL, s.APP_PASSWORD]))"
    given = {**server, "DATABASE_URL": "", "PURSER_APP_DATABASE_URL": "postgresql://db.internal:6432/purser?sslmode=require"}
    told = subprocess.run(
        [sys.executable, "-c", script], env=given, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    url, password = json.loads(told)
    assert len(password) == 64
    assert url == f"postgresql://purser_app:{password}@db.internal:6432/purser?sslmode=require"


def invite(*words: str) -> Result:
    return CliRunner().invoke(app, ["operator", *words], catch_exceptions=False)


@pytest.mark.parametrize("email", ["", "ada", "ada@"])
def test_it_invites_nobody_without_an_address(email: str) -> None:
    kit.operator()
    answer = invite(email)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "is no e-mail address" in answer.stderr


@pytest.mark.usefixtures("site")
def test_the_invited_joins_by_the_printed_link_and_owns_the_operator() -> None:
    kit.operator()
    email = kit.address()
    answer = invite(email)
    assert answer.exit_code == 0
    path = re.search(r"/join/([0-9a-f-]+)/[\w-]+/", answer.stdout)
    assert path is not None
    joined = kit.browser().post(path[0], {"name": "Ada", "password": kit.PASSWORD})
    assert joined.status_code == 302, kit.text(joined)
    with tenancy.acting_in(path[1]):
        assert [act.summary for act in Act.objects.filter(verb="people.join", after__email=email)] == ["Ada joined as owner"]
    twice = invite(email)
    assert twice.exit_code == 2
    assert "belongs here already" in twice.stderr
