"""A caller of the API with a token, or with the portal's session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client

from purser.access import tokens, verbs
from purser.access.models import Person
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests import make
from tests.access import kit
from tests.make import World


def token_of(organisation: Organisation, person: Person, role: str = verbs.OWNER) -> str:
    now = kit.now()
    with tenancy.acting_in(organisation.pk):
        actor = kit.actor(organisation, person, role)
        return tokens.make(actor, name="test", expires_at=now + timedelta(days=7), now=now).value


@dataclass
class Caller:
    """Calls paths below /api/v1/t/<tenant>. `bearer` is the token, "" for a session."""

    tenant: UUID
    person: Person
    client: Client
    bearer: str = ""

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        data = body if isinstance(body, bytes | str) else json.dumps(body) if body is not None else ""
        answer: HttpResponse = self.client.generic(
            method, f"/api/v1/t/{self.tenant}{path}", data, content_type="application/json", headers=headers
        )
        return answer

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self("POST", path, {} if body is None else body, **headers)


def caller(organisation: Organisation, role: str = verbs.OWNER) -> Caller:
    """A member with a token of their own."""
    person = kit.member(organisation, role)
    return Caller(organisation.pk, person, kit.browser(), token_of(organisation, person, role))


def signed_in(organisation: Organisation, role: str = verbs.OWNER) -> Caller:
    """A member with a session of the portal."""
    person = kit.member(organisation, role)
    return Caller(organisation.pk, person, kit.sign_in(person))


def data(answer: HttpResponse, status: int = 200) -> Any:
    """The JSON of an answer that has this status."""
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:2000])
    return json.loads(answer.content)


def code(answer: HttpResponse, status: int) -> str:
    """The code of a failure with this status."""
    return str(data(answer, status)["error"]["code"])


@dataclass(frozen=True)
class Place:
    """A reseller, its owner, and the path of its pair."""

    world: World
    owner: Caller

    @property
    def pair(self) -> str:
        return f"/pairs/{self.world.sync.pk}"

    def only(self, path: str, **wanted: str) -> dict[str, Any]:
        """The one row of a list that has these values."""
        rows = data(self.owner.get(path))["rows"]
        found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
        assert len(found) == 1, rows
        return dict(found[0])

    def ends(self) -> tuple[str, str]:
        """The resource and the service of the first relation."""
        resource = self.only(f"{self.pair}/resources", external_id="S1/EXO1")
        service = self.only(f"{self.pair}/services", external_id="9/service:12")
        return resource["id"], service["id"]

    def linked(self) -> str:
        """Set the first relation and have it reconciled; its id."""
        resource, service = self.ends()
        answer = data(
            self.owner.post(f"{self.pair}/relations/bulk", {"relations": [{"resource": resource, "service": service}]})
        )
        self.world.step(cause="link")
        self.world.clock.go(minutes=5)
        self.world.step()
        return str(answer["rows"][0]["link"])


@pytest.fixture
def place() -> Iterator[Place]:
    with make.world("autotask") as world:
        yield Place(world, caller(world.organisation))
