"""Makers for the tests of identity: an organisation with a proven domain, and a directory that writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client

from purser.access import domains, verbs
from purser.access.directory import keys
from purser.access.identity import DirectoryToken
from purser.access.models import Person
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def prove(organisation: Organisation, domain: str = "") -> str:
    """A proven domain of the organisation: its name."""
    domain = domain or f"d{ids.new().hex[-12:]}.example"
    with tenancy.acting_in(organisation.pk):
        asked = domains.ask(kit.actor(organisation), domain, now=kit.now())
        who = domains.postmaster(asked.domain, request_id="", address="192.0.2.9")
        domains.prove(asked.token, actor=who, now=kit.now())
    return domain


def token(organisation: Organisation, *, days: int = 30) -> tuple[DirectoryToken, str]:
    with tenancy.acting_in(organisation.pk):
        made = keys.make(kit.actor(organisation), name="Entra", expires_at=kit.now() + timedelta(days=days), now=kit.now())
    return made.row, made.value


@dataclass
class Directory:
    """A directory that keeps the people of a customer, and its administrator, who is not of the directory."""

    organisation: Organisation
    domain: str
    admin: Person
    bearer: str
    client: Client = field(default_factory=kit.browser)

    def __call__(self, method: str, path: str, body: Any = None, *, bearer: str = "", **headers: str) -> Any:
        headers["Authorization"] = f"Bearer {bearer or self.bearer}"
        where = f"/scim/v2/{self.organisation.pk}{path}"
        data = "" if body is None else json.dumps(body)
        return self.client.generic(method, where, data, content_type="application/scim+json", headers=headers)

    def email(self, name: str) -> str:
        return f"{name}@{self.domain}"

    def add(self, name: str, **more: Any) -> dict[str, Any]:
        """A user with an address in the proven domain, as the directory gets it back."""
        body = {"schemas": [USER], "userName": self.email(name), "active": True, **more}
        return said(self("POST", "/Users", body), 201)

    def group(self, name: str, *members: str) -> dict[str, Any]:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": one} for one in members]}
        return said(self("POST", "/Groups", body), 201)

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        return self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def change(self, path: str, *operations: dict[str, Any]) -> Any:
        """A change that is taken: what it left."""
        said(self.patch(path, *operations), 204)
        return said(self("GET", path))

    def person(self, name: str) -> Person:
        return Person.objects.get(email=self.email(name))


def directory(organisation: Organisation | None = None) -> Directory:
    organisation = organisation or kit.customer()
    head = verbs.HEAD[organisation.kind]
    return Directory(organisation, prove(organisation), kit.member(organisation, head), token(organisation)[1])


def said(answer: Any, status: int = 200) -> Any:
    """The JSON of an answer that has this status."""
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:1500])
    return json.loads(answer.content) if answer.content else None


def sign_in_as(person: Person) -> Client:
    """Signed in with a password that the person gets for it; their factor, if any, is asked for."""
    from django.contrib.auth.hashers import make_password

    Person.objects.filter(pk=person.pk).update(password=make_password(kit.PASSWORD))
    return kit.sign_in(person)
