"""What the hard tests of the flow stand on: a world whose connectors live by its clock, and what is true at the PSA.

`make.world` wires ports as production does, by the real clock. Here circuits, budgets and readings follow the world's own,
so that minutes and days can pass within a test.
"""

from __future__ import annotations

import copy
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2

from purser.access import vault
from purser.config import wiring
from purser.connectors import autotask, connectwise, marketplace
from purser.connectors.shared import addresses
from purser.connectors.shared.budget import Budget
from purser.connectors.shared.circuit import Circuit
from purser.connectors.shared.http import Http, Timeouts
from purser.flows.marketplace_to_contracts.run import Ports
from purser.links.models import Alarm, Connection, Drift, Link, Receipt, Run, StoredPlan
from purser.postgres import tenancy
from tests import make
from tests.make import World

SERVICES = {"autotask": "9/service:12", "connectwise": "9/product:210"}
SECOND = {"autotask": "10/service:13", "connectwise": "10/product:211"}
PSAS = ("autotask", "connectwise")
NOBODY_LISTENS = "127.0.0.2"


class Hands(make.Hands):
    """The same hands, over one client: a new one for each call costs more than the call."""

    _client = httpx2.Client(timeout=10, trust_env=False)

    def __call__(self, verb: str, **data: Any) -> Any:
        answer = self._client.post(f"{self.url}/_sandbox/{verb}", json=data)
        answer.raise_for_status()
        return answer.json()


@dataclass
class Dialling:
    """Names looked up for one side: `faults` are taken by the connections to come, None for one that goes well."""

    faults: list[str | None] = field(default_factory=list)
    made: int = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.made += 1
        match self.faults.pop(0) if self.faults else None:
            case "refused":
                return (NOBODY_LISTENS,)
            case "unknown_host":
                raise socket.gaierror(-2, "Name or service not known")
            case _:
                return addresses.system(host, port)


def ports_by(clock: Callable[[], datetime], *, dialling: Dialling | None = None) -> Ports:
    """The same connectors as config.wiring makes, once for each connection, by this clock."""
    made: dict[Any, Any] = {}
    resolver = dialling or Dialling()

    def http(connection: Connection) -> Http:
        return Http(
            hosts=wiring.hosts(connection.kind),
            budget=Budget(3, None, now=lambda: clock().timestamp()),
            circuit=Circuit(clock=clock),
            clock=clock,
            resolver=resolver,
            timeouts=Timeouts(connect=2.0, read=5.0, total=10.0),
        )

    def secret(connection: Connection, name: str) -> str:
        tenant: UUID = connection.tenant_id  # type: ignore[assignment]
        if tenancy.seat() is not None:
            return vault.reveal(wiring.OF_TABLE, connection.pk, name)
        with tenancy.acting_in(tenant):
            return vault.reveal(wiring.OF_TABLE, connection.pk, name)

    def shop(connection: Connection) -> Any:
        s = connection.settings
        return marketplace.MarketplaceConnector(
            http=http(connection),
            settings=marketplace.MarketplaceSettings(gateway_url=s["gateway_url"]),
            secrets=marketplace.MarketplaceSecrets(
                user=s["gateway_user"],
                password=secret(connection, "gateway_password"),
                subscription_key=secret(connection, "gateway_secret"),
            ),
            clock=clock,
        )

    def psa(connection: Connection) -> Any:
        s = connection.settings
        if connection.kind == "autotask":
            return autotask.AutotaskConnector(
                http=http(connection),
                settings=autotask.AutotaskSettings(s["zone_lookup_url"], s["company_id"]),
                secrets=autotask.AutotaskSecrets(
                    user=s["user"],
                    secret=secret(connection, "password"),
                    integration_code=secret(connection, "integration_code"),
                ),
                clock=clock,
            )
        return connectwise.ConnectWiseConnector(
            http=http(connection),
            settings=connectwise.ConnectWiseSettings(
                s["site"], s["company_id"], s["client_id"], dated=s.get("dated") == "yes"
            ),
            secrets=connectwise.ConnectWiseSecrets(s["integrator_user"], secret(connection, "integrator_password")),
            clock=clock,
        )

    def once(make_one: Callable[[Connection], Any]) -> Callable[[Connection], Any]:
        def port(connection: Connection) -> Any:
            if connection.pk not in made:
                made[connection.pk] = make_one(connection)
            return made[connection.pk]

        return port

    return Ports(marketplace=once(shop), psa=once(psa))


@contextmanager
def world(psa: str, *, dialling: Dialling | None = None, **options: Any) -> Iterator[World]:
    with make.world(psa, read=False, **options) as made:
        made.marketplace, made.psa = Hands(made.marketplace.url), Hands(made.psa.url)
        made.clock.hands = [made.marketplace, made.psa]
        made.ports = ports_by(made.clock, dialling=dialling)
        made.read_everything()
        yield made


def linked(made: World, psa: str) -> Link:
    """The first resource (8 at the marketplace) on its service (1 at the PSA), reconciled."""
    link = made.link("S1/EXO1", SERVICES[psa])
    assert made.step(cause="link").posted == 1
    return again(made, link)


def set_count(made: World, count: int, *, subscription: str = "S1", mpn: str = "EXO1") -> None:
    made.marketplace("quantity", subscription=subscription, mpn=mpn, quantity=count)


def later(made: World, *, passes: int = 5, minutes: float = 2) -> None:
    """So many passes at the usual rhythm."""
    for _ in range(passes):
        made.clock.go(minutes=minutes)
        made.step()


def edit(world: World, psa: str, count: int) -> None:
    """A person sets what runs today in the PSA."""
    if psa == "autotask":
        held = units(world, SERVICES[psa], world.clock().date())
        change = {"contractServiceID": 12, "unitChange": int(count - held)}
        world.psa("units", effectiveDate=f"{world.clock().date()}T00:00:00", **change)
    else:
        world.psa("quantity", agreement=9, product=210, quantity=count)


# What is true at the PSA, whatever its interface says


def units(made: World, service: str, on: date) -> Decimal:
    """The units of one service (`9/service:12`, `9/product:210`) that the sandbox holds for a day."""
    return units_in(made.psa("state"), service, on)


def units_in(state: dict[str, Any], service: str, on: date) -> Decimal:
    agreement, _, name = service.partition("/")
    kind, _, number = name.partition(":")
    if kind == "service":
        rows = state["units"]["ContractServiceUnits"][number]
        return sum((Decimal(r["units"]) for r in rows if _day(r["startDate"]) <= on <= _day(r["endDate"])), Decimal(0))
    total = Decimal(0)
    for row in state["additions"].get(agreement, []):
        runs = _day(row["effectiveDate"]) <= on and not (row["cancelledDate"] and _day(row["cancelledDate"]) <= on)
        if row["product"]["id"] == int(number) and runs:
            total += Decimal(str(row["quantity"]))
    return total


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def writes(made: World) -> list[dict[str, Any]]:
    """Calls that changed, or tried to change, units at the PSA."""
    return [r for r in made.psa("requests") if is_write(r)]


def is_write(request: dict[str, Any]) -> bool:
    path = request["path"].lower()
    return path.endswith("adjustments") or ("/additions" in path and request["method"] != "GET")


# What we hold


def again(made: World, link: Link) -> Link:
    with tenancy.acting_in(made.tenant):
        return Link.objects.select_related("resource", "service").get(pk=link.pk)


def receipts(made: World, link: Link | None = None) -> list[Receipt]:
    with tenancy.acting_in(made.tenant):
        found = Receipt.objects.order_by("intended_at", "pk")
        return list(found.filter(link=link) if link is not None else found)


def drifts(made: World) -> list[Drift]:
    with tenancy.acting_in(made.tenant):
        return list(Drift.objects.order_by("seen_at", "pk"))


def alarms(made: World) -> list[Alarm]:
    with tenancy.acting_in(made.tenant):
        return list(Alarm.objects.order_by("raised_at", "pk"))


def plans(made: World) -> list[StoredPlan]:
    with tenancy.acting_in(made.tenant):
        return list(StoredPlan.objects.order_by("made_at", "pk"))


def runs(made: World) -> list[Run]:
    with tenancy.acting_in(made.tenant):
        return list(Run.objects.order_by("started_at", "pk"))


def connection(made: World, side: str) -> Connection:
    with tenancy.acting_in(made.tenant):
        pk = made.sync.source_id if side == "source" else made.sync.target_id
        return Connection.objects.get(pk=pk)


def problems(made: World) -> list[str]:
    """What the checks of the product find wrong in this tenant: receipts, ledger, counts, levels, plans."""
    from purser.ledger import checks as ledger_checks
    from purser.links import checks

    with tenancy.acting_in(made.tenant):
        return [str(p) for p in (*checks.check(now=made.clock()), *ledger_checks.check())]


def seed(psa: str, **changes: Any) -> dict[str, Any]:
    """The PSA's seed of tests.make with keys replaced."""
    base = make.AUTOTASK_SEED if psa == "autotask" else make.CONNECTWISE_SEED
    return {**copy.deepcopy(base), **changes}


def many(psa: str, n: int, *, count: int = 10, ends: str = "2040-12-31") -> tuple[dict[str, Any], dict[str, Any]]:
    """Seeds of both sides with `n` customers, one subscription and one agreement each, all at `count` on both sides."""
    shop = copy.deepcopy(make.MARKETPLACE_SEED)
    numbers = range(1, n + 1)
    shop["customers"] = [{"id": f"C{i}", "name": f"Customer {i:04}"} for i in numbers]
    shop["subscriptions"] = [
        {"id": f"S{i}", "customerId": f"C{i}", "products": [{"mpn": "EXO1", "quantity": count}]} for i in numbers
    ]
    if psa == "autotask":
        theirs = seed(
            psa,
            Companies=[{"id": 100 + i, "companyName": f"Customer {i:04}"} for i in numbers],
            Contracts=[
                {"id": 1000 + i, "companyID": 100 + i, "contractName": f"Cloud {i}", "startDate": "2026-01-01",
                 "endDate": ends, **make.RECURRING}
                for i in numbers
            ],
            ContractServices=[
                {"id": 5000 + i, "contractID": 1000 + i, "serviceID": 3, "adjustedPrice": 4.0, "units": count}
                for i in numbers
            ],
        )  # fmt: skip
    else:
        theirs = seed(
            psa,
            settings={"rate": 1_000_000},  # the clock of the sandbox stands still during a pass: no minute ever ends
            companies=[{"id": 100 + i, "name": f"Customer {i:04}"} for i in numbers],
            agreements=[
                {"id": 1000 + i, "company": {"id": 100 + i}, "name": f"Cloud {i}", "startDate": "2026-01-01T00:00:00Z",
                 "prorateFlag": True, "billingCycle": {"name": "Monthly"}}
                for i in numbers
            ],
            additions={
                str(1000 + i): [
                    {"id": 5000 + i, "product": {"id": 210}, "quantity": count, "unitPrice": 4.0,
                     "effectiveDate": "2026-01-01T00:00:00Z"}
                ]
                for i in numbers
            },
        )  # fmt: skip
    return shop, theirs


def service_of(psa: str, i: int) -> str:
    return f"{1000 + i}/service:{5000 + i}" if psa == "autotask" else f"{1000 + i}/product:210"


def link_many(made: World, psa: str, n: int) -> list[Link]:
    return [made.link(f"S{i}/EXO1", service_of(psa, i)) for i in range(1, n + 1)]
