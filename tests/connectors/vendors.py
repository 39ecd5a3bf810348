"""Each vendor of accounts as the conformance suite sees it: its connector, and what only its own sandbox can do.

A new vendor is one class more in VENDORS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from purser.connectors.byhand import ByHandConnector
from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.offerings import Offering
from purser.connectors.ports.tasks import Ask, Told
from sandboxes.acronis import Acronis
from sandboxes.kit import Fault, Server
from tests.connectors import acronis, bucketry


class Vendor(Protocol):
    """`http`: it is called, so it has all the faults of a network. `secret` is ours there. `parent` can have customers."""

    http: bool
    secret: str

    @property
    def parent(self) -> str: ...

    def connector(self) -> Accounts:
        """A new one, as another process has it."""
        ...

    def wrong(self) -> Accounts:
        """One whose secret is not good."""
        ...

    def cut(self) -> Accounts:
        """One that cannot read the list of tenants to its end."""
        ...

    def settle(self) -> None:
        """Whatever people have to do at the vendor, they do."""
        ...

    def elapse(self, by: timedelta) -> None: ...

    def slow(self) -> None:
        """From now on the vendor takes as long as its documents allow."""
        ...

    def count(self, what: str) -> int:
        """How many tenants, users or mails ("tenant", "user", "mail") came of our calls."""
        ...

    def lose(self, what: str) -> None:
        """The next tenant or user is made, and the answer lost."""
        ...

    def fail(self, kind: str, **details: Any) -> None: ...

    def twin(self, reference: str) -> None:
        """Somebody made another tenant that bears our reference."""
        ...

    def unavailable(self, offering: Offering) -> Offering:
        """One that the parent cannot give."""
        ...

    def use(self, tenant: str, offering: Offering, amount: int) -> None: ...


@dataclass
class AtAcronis:
    world: acronis.World
    http: bool = True
    secret: str = acronis.SECRET
    parent: str = acronis.MSP

    def connector(self) -> Accounts:
        return self.world.connector()

    def wrong(self) -> Accounts:
        return self.world.connector(secret="another-secret-of-ours")

    def cut(self) -> Accounts:
        self.fail("status", status=500, method="GET", path="/tenants$", skip=1)
        return self.world.connector(page_size=1)

    def settle(self) -> None:
        """Nobody has to do anything."""

    def elapse(self, by: timedelta) -> None:
        self.world.at[0] += by
        self.world.app.clock.set(self.world.at[0], frozen=True)

    def slow(self) -> None:
        self.world.tell("set", list_lag=100)

    def count(self, what: str) -> int:
        return len(self.world.done(what))

    def lose(self, what: str) -> None:
        self.fail("half_closed", method="POST", path=f"/{what}s$")

    def fail(self, kind: str, **details: Any) -> None:
        self.world.app.faults.arm(Fault(kind, **details))

    def twin(self, reference: str) -> None:
        self.world.tell("tenant", name="Twin", parent_id=acronis.MSP, kind="customer", internal_tag=reference)

    def unavailable(self, offering: Offering) -> Offering:
        self.world.tell("item", tenant=acronis.MSP, name=offering.name, status=0)
        return offering

    def use(self, tenant: str, offering: Offering, amount: int) -> None:
        self.world.tell("use", tenant=tenant, name=offering.name, value=amount)


@dataclass
class AtBucketry:
    world: bucketry.World
    http: bool = True
    secret: str = bucketry.KEY
    parent: str = bucketry.OWN

    def connector(self) -> Accounts:
        return self.world.connector()

    def wrong(self) -> Accounts:
        return self.world.connector(key="bk_another-secret-of-ours")

    def cut(self) -> Accounts:
        self.fail("status", status=500, method="GET", path="/accounts$", skip=1)
        return self.world.connector(page_size=1)

    def settle(self) -> None:
        """Nobody has to do anything."""

    def elapse(self, by: timedelta) -> None:
        self.world.go(seconds=by.total_seconds())

    def slow(self) -> None:
        self.world.tell("set", create_seconds=300, list_lag=60)

    def count(self, what: str) -> int:
        return len(self.world.done({"tenant": "account", "user": "member"}.get(what, what)))

    def lose(self, what: str) -> None:
        self.fail("half_closed", method="POST", path={"tenant": "/accounts$", "user": "/members$"}[what])

    def fail(self, kind: str, **details: Any) -> None:
        self.world.fail(kind, **details)

    def twin(self, reference: str) -> None:
        self.world.tell("account", name="Twin", parent=100, type="tenant", reference=reference)

    def unavailable(self, offering: Offering) -> Offering:
        return Offering("hot", "storage", "place", unit="bytes", place="mars-1", enabled=True)

    def use(self, tenant: str, offering: Offering, amount: int) -> None:
        where = {"product": offering.service, "region": offering.place}
        self.world.tell("use", account=int(tenant), bucket="backups", bytes=amount - 2, **where)
        self.world.tell("use", account=int(tenant), bucket="photos", bytes=2, **where)


@dataclass
class Table:
    """Tasks in a list, and a person who does what they say."""

    rows: dict[str, Told] = field(default_factory=dict)
    at: list[Any] = field(default_factory=lambda: [acronis.NOW])
    figure: int = 0

    def ask(self, ask: Ask) -> Told:
        held = self.rows.get(ask.key)
        if held is None or held.state == "open":
            blank = dict.fromkeys(ask.answers, "")
            held = self.rows[ask.key] = Told(ask.key, "open", self.at[0].date(), ask.words, blank)
        return held

    def done(self) -> Sequence[Told]:
        rows = [row for row in self.rows.values() if row.state == "done"]
        return sorted(rows, key=lambda row: row.at or self.at[0])

    def settle(self) -> None:
        for n, (key, row) in enumerate(list(self.rows.items())):
            if row.state == "open":
                answer = {name: f"T-{n}" if name == "id" else str(self.figure) for name in row.answer}
                self.at[0] += timedelta(seconds=1)
                self.rows[key] = Told(key, "done", row.due_on, row.words, answer, "", self.at[0])


@dataclass
class AtNobody:
    """The vendor without an interface."""

    http: bool = False
    secret: str = ""
    parent: str = "own"
    table: Table = field(default_factory=Table)

    def connector(self) -> Accounts:
        products = {"backup": "Backup", "phones": "Phones"}
        return ByHandConnector(tasks=self.table, products=products, clock=lambda: self.table.at[0])

    def wrong(self) -> Accounts:
        return ByHandConnector(tasks=self.table, products={}, clock=lambda: self.table.at[0])

    def cut(self) -> Accounts:
        odd = Told("odd:0", "done", self.table.at[0].date(), {"do": "suspend", "tenant": "nobody's"}, {}, "", self.table.at[0])
        self.table.rows["odd:0"] = odd
        return self.connector()

    def settle(self) -> None:
        self.table.settle()

    def elapse(self, by: timedelta) -> None:
        self.table.at[0] += by

    def slow(self) -> None:
        """A person takes as long as they take; then it stands at once."""

    def count(self, what: str) -> int:
        do = {"tenant": "create"}.get(what, what)
        return sum(row.words["do"] == do for row in self.table.rows.values())

    def lose(self, what: str) -> None:
        """The task is asked for; whoever asked dies."""

    def fail(self, kind: str, **details: Any) -> None:
        raise AssertionError("nothing is called")

    def twin(self, reference: str) -> None:
        words = {"do": "create", "kind": "customer", "name": "Twin", "parent": "own", "reference": reference}
        now = self.table.at[0]
        self.table.rows["twin:0"] = Told("twin:0", "done", now.date(), words, {"id": "T-twin"}, "", now)

    def unavailable(self, offering: Offering) -> Offering:
        return Offering("fax", "fax", "count", enabled=True)

    def use(self, tenant: str, offering: Offering, amount: int) -> None:
        self.table.figure = amount


@contextmanager
def at_acronis() -> Iterator[Vendor]:
    app = Acronis()
    app.clock.set(acronis.NOW, frozen=True)
    app.load_seed(acronis.seed())
    with Server(app) as server:
        world = acronis.World(app, server.url)
        yield AtAcronis(world)
        for door in world.doors:
            door.close()


@contextmanager
def at_bucketry() -> Iterator[Vendor]:
    with bucketry.served() as (app, url), bucketry.fresh(app, url) as world:
        yield AtBucketry(world)


@contextmanager
def at_nobody() -> Iterator[Vendor]:
    yield AtNobody()


VENDORS = {"acronis": at_acronis, "bucketry": at_bucketry, "byhand": at_nobody}
