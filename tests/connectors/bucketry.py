"""A reseller at the Bucketry sandbox: its account, an API key, and a door for the connector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from purser.connectors.bucket import HOSTS, BucketryConnector, BucketrySecrets, BucketrySettings
from purser.connectors.ports.accounts import Contact, Kind, NewTenant, NewUser
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from sandboxes.bucketry import Bucketry
from sandboxes.kit import Fault, Server

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
KEY = "bk_secret-that-nobody-may-see"
OWN, RESELLER, CUSTOMER, STRANGER = "100", "101", "102", "200"


def seed() -> dict[str, Any]:
    return {
        "keys": {KEY: 100, "bk_other": 200},
        "accounts": [
            {"id": 100, "type": "reseller", "name": "Harbour IT"},
            {"id": 101, "parent": 100, "type": "reseller", "name": "Cedar Systems", "reference": "account-2",
             "allocations": {"hot/eu-1": None, "hot/eu-2": None}},
            {"id": 102, "parent": 101, "type": "tenant", "name": "Alder Dental", "reference": "account-3",
             "allocations": {"hot/eu-1": None}},
            {"id": 200, "type": "reseller", "name": "Somebody else's"},
        ],
        "members": [{"account": 102, "login": "ada", "email": "ada@alder.example", "roles": ["owner"], "status": "active"}],
        "logins": ["taken"],
    }  # fmt: skip


@dataclass
class World:
    app: Bucketry
    url: str
    at: list[datetime] = field(default_factory=lambda: [NOW])
    doors: list[Http] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def connector(self, *, key: str = KEY, page_size: int = 100) -> BucketryConnector:
        http = Http(
            hosts=HostRule(patterns=HOSTS, sandbox=frozenset({self.url.removeprefix("http://")})),
            timeouts=Timeouts(connect=5.0, read=5.0, total=10.0),
            clock=lambda: self.at[0],
        )
        self.doors.append(http)
        return BucketryConnector(
            http=http,
            settings=BucketrySettings(self.url, page_size),
            secrets=BucketrySecrets(key),
            clock=lambda: self.at[0],
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.go(seconds=seconds)

    def go(self, **by: float) -> None:
        self.at[0] += timedelta(**by)
        self.app.clock.set(self.at[0], frozen=True)

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def done(self, what: str) -> list[dict[str, Any]]:
        self.app.advance()
        return [e for e in self.app.effects if e["what"] == what]

    def asked(self) -> list[str]:
        """The calls since `app.requests` was cleared."""
        return [f"{r['method']} {r['path'].removeprefix('/v1')}" for r in self.app.requests]


@contextmanager
def served() -> Iterator[tuple[Bucketry, str]]:
    app = Bucketry()
    with Server(app) as server:
        yield app, server.url


@contextmanager
def fresh(app: Bucketry, url: str) -> Iterator[World]:
    """The state is new."""
    app.clock.set(NOW, frozen=True)
    app.faults.clear()
    app.load_seed(seed())
    app.requests.clear()
    world = World(app, url)
    yield world
    for door in world.doors:
        door.close()


def new(name: str = "Birch Legal", *, parent: str = OWN, kind: Kind = "customer", reference: str = "account-9") -> NewTenant:
    return NewTenant(parent, kind, name, reference, Contact("it@birch.example", "Bea", "Birch"), "C-1009", "en")


def person(tenant: str, login: str = "bea.birch") -> NewUser:
    return NewUser(tenant, login, "bea@birch.example", "Bea", "Birch", "en")
