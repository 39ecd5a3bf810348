"""A customer whose users are read from Microsoft's sandbox: the tenant, its source, and what its mirror shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import override_settings

from purser.access.actors import Actor
from purser.directory import setting, sources
from purser.directory.models import Group, Member, Source, User
from purser.flows import ports
from purser.flows.vendor_to_mirror import read
from purser.postgres import tenancy
from sandboxes.graph import Graph
from sandboxes.kit import Fault, Server
from tests.access import kit
from tests.connectors.test_graph import CLIENT, SECRET, TENANT, seed
from tests.partners.kit import Chain, chain

NOW = datetime(2026, 7, 11, 9, 0, tzinfo=UTC)


@dataclass
class World:
    made: Chain
    app: Graph
    url: str
    now: datetime = NOW
    values: dict[str, str] = field(default_factory=dict)

    @property
    def tenant(self) -> Any:
        return self.made.customer.pk

    def admin(self) -> Actor:
        return self.made.as_admin()

    def source(self) -> Source:
        with tenancy.acting_in(self.tenant):
            return sources.find()

    def save(self, **more: str) -> setting.Saved:
        self.values |= more
        with tenancy.acting_in(self.tenant):
            own = sources.own()
            version = own.version if own else 0
            return setting.save(self.admin(), kind="graph", values=self.values, version=version, now=self.now)

    def read(self, cause: str = "person") -> read.Read | None:
        return read.run(tenant=self.tenant, port_of=ports.directory, clock=lambda: self.now, cause=cause)

    def tell(self, verb: str, **data: Any) -> None:
        self.app.control(verb, data if verb in ("set", "revoke", "secret", "throttle") else {"tenant": TENANT, **data})

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def users(self) -> dict[str, User]:
        """All rows by the directory's id."""
        with tenancy.acting_in(self.tenant):
            return {row.key: row for row in User.objects.all()}

    def there(self) -> set[str]:
        return {key for key, row in self.users().items() if row.gone_at is None}

    def members(self) -> dict[str, set[str]]:
        with tenancy.acting_in(self.tenant):
            found: dict[str, set[str]] = {row.key: set() for row in Group.objects.filter(gone_at=None).exclude(key="")}
            for group, user in Member.objects.values_list("group__key", "user__key"):
                if group in found:
                    found[group].add(user)
            return found

    def picture(self) -> Any:
        """Everything the mirror says, comparable; without times."""
        with tenancy.acting_in(self.tenant):
            rows = User.objects.order_by("key")
            people = [(r.key, r.display_name, r.mail, r.department, r.enabled, r.mailbox, r.gone_at is None) for r in rows]
            groups = [(r.key, r.name, r.expanded, r.gone_at is None) for r in Group.objects.order_by("key")]
        return people, groups, self.members()


@contextmanager
def world(**settings: Any) -> Iterator[World]:
    app = Graph()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    with Server(app) as server, override_settings(SANDBOX_HOSTS=frozenset({server.url.removeprefix("http://")})):
        made = World(chain(), app, server.url)
        made.values = {
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "login_url": server.url,
            "graph_url": server.url,
        }
        if settings:
            made.tell("set", **settings)
        made.save()
        yield made


__all__ = ["NOW", "World", "kit", "world"]
