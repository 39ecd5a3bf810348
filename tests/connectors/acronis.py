"""An MSP at the Acronis sandbox: its partner tenant, an API client, and a door for the connector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from purser.connectors.acronis import HOSTS, AcronisConnector, AcronisSecrets, AcronisSettings
from purser.connectors.ports.accounts import Contact, Kind, NewTenant, NewUser, Role, Tenant, User
from purser.connectors.ports.offerings import Mode, Offering, lacking, offered, offering_key
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from sandboxes.acronis import Acronis
from sandboxes.kit import Fault, Server

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
CLIENT, SECRET = "4557d5f5-7881-44f4-83a5-212f19d355c1", "secret-that-nobody-may-see"
MSP, RESELLER, CUSTOMER, STRANGER = (f"0a305354-6efc-4b81-858d-{n:012d}" for n in range(4))
PROTECTION, SYNC_SHARE = "6e6d758d-8e74-3ae3-ac84-50eb0dff12eb", "dfd85a5f-a464-32ab-81fd-99bcc66a070f"
READ_ONLY, OWNER = AcronisConnector.traits.roles["partner"], AcronisConnector.traits.roles["customer"]


def seed() -> dict[str, Any]:
    return {
        "clients": {CLIENT: {"secret": SECRET, "tenant": MSP}},
        "tenants": [
            {"id": MSP, "name": "Harbour IT", "kind": "partner"},
            {"id": RESELLER, "name": "Cedar Systems", "kind": "partner", "parent_id": MSP, "internal_tag": "account-2",
             "pricing_mode": "production", "items": ["pg_base_servers", "pg_base_workstations"]},
            {"id": CUSTOMER, "name": "Alder Dental", "kind": "customer", "parent_id": RESELLER, "internal_tag": "account-3",
             "items": ["pg_base_servers"]},
            {"id": STRANGER, "name": "Somebody else's", "kind": "partner"},
        ],
        "users": [
            {"id": "00000000-0000-4000-8000-00000000000a", "tenant_id": CUSTOMER, "login": "ada",
             "contact": {"email": "ada@alder.example"}, "roles": ["company_admin"]},
        ],
        "logins": ["taken"],
    }  # fmt: skip


@dataclass
class World:
    app: Acronis
    url: str
    at: list[datetime] = field(default_factory=lambda: [NOW])
    doors: list[Http] = field(default_factory=list)

    def connector(
        self, *, secret: str = SECRET, client: str = CLIENT, page_size: int = 1000, patience: float = 10.0
    ) -> AcronisConnector:
        """`patience`: seconds for a call in all."""
        http = Http(
            hosts=HostRule(patterns=HOSTS, sandbox=frozenset({self.url.removeprefix("http://")})),
            timeouts=Timeouts(connect=5.0, read=5.0, total=patience),
            clock=lambda: self.at[0],
        )
        self.doors.append(http)
        return AcronisConnector(
            http=http,
            settings=AcronisSettings(client, self.url, page_size),
            secrets=AcronisSecrets(secret),
            clock=lambda: self.at[0],
        )

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def done(self, what: str) -> list[dict[str, Any]]:
        return [e for e in self.app.effects if e["what"] == what]

    def asked(self) -> list[str]:
        """The calls since `app.requests` was cleared, without the token's."""
        return [f"{r['method']} {r['path'].removeprefix('/api/2')}" for r in self.app.requests if "token" not in r["path"]]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Acronis, str]]:
    """One server for the tests of a file."""
    app = Acronis()
    with Server(app) as server:
        yield app, server.url


@pytest.fixture
def world(served: tuple[Acronis, str]) -> Iterator[World]:
    """The state is new for each test."""
    app, url = served
    app.clock.set(NOW, frozen=True)
    app.faults.clear()
    app.load_seed(seed())
    app.requests.clear()
    world = World(app, url)
    yield world
    for door in world.doors:
        door.close()


def new(name: str = "Birch Legal", *, parent: str = MSP, kind: Kind = "customer", reference: str = "account-9") -> NewTenant:
    return NewTenant(parent, kind, name, reference, Contact("it@birch.example", "Bea", "Birch"), "C-1009", "en")


def person(tenant: str, login: str = "bea.birch") -> NewUser:
    return NewUser(tenant, login, "bea@birch.example", "Bea", "Birch", "en")


def everything(acronis: AcronisConnector, parent: str, kind: Kind, *modes: Mode) -> tuple[Offering, ...]:
    return offered(
        acronis.available(parent, kind).items.values(),
        modes=modes,
        one_mode=kind in acronis.traits.one_mode,
        one_place=kind in acronis.traits.one_place,
    )


def provision(
    acronis: AcronisConnector, wanted: NewTenant, who: NewUser, roles: tuple[Role, ...], *modes: Mode
) -> tuple[Tenant, User]:
    """The order of the vendor's tutorial, without what an earlier try may have left."""
    tenant = acronis.create(wanted)
    acronis.open(tenant)
    acronis.switch(tenant.id, everything(acronis, wanted.parent, wanted.kind, *modes))
    assert acronis.login_free(who.login)
    user = acronis.create_user(NewUser(tenant.id, who.login, who.email, who.given_name, who.surname, who.language))
    acronis.assign(user, roles)
    acronis.mail_activation(user.id)
    return acronis.tenant(tenant.id), acronis.user(user.id)


def item(acronis: AcronisConnector, tenant: str, name: str, service: str = PROTECTION) -> Offering:
    return acronis.offerings(tenant).items[offering_key(service, name)]


def give(acronis: AcronisConnector, tenant: str, kind: Kind) -> tuple[Offering, ...]:
    """All that the MSP may give, as far as the tenant below it does not have it."""
    return lacking(everything(acronis, MSP, kind), acronis.offerings(tenant).items)
