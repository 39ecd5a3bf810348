"""Factories: an organisation with sandboxes behind it, small enough to reason about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2

from purser.access import vault
from purser.flows.marketplace_to_contracts.run import Ports, Result, run
from purser.links import relations
from purser.links.models import Connection, Link, SourceResource, Sync, TargetService
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation
from sandboxes.kit import Server

NOON = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)


@dataclass
class Hands:
    """Somebody's hands on a sandbox: its control interface."""

    url: str

    def __call__(self, verb: str, **data: Any) -> Any:
        # unverified, as it is no TLS: the authorities of the world are 25 ms to load
        answer = httpx2.post(f"{self.url}/_sandbox/{verb}", json=data, timeout=10, verify=False)
        answer.raise_for_status()
        return answer.json()


@dataclass
class Moving:
    """A clock for us that the sandboxes share."""

    at: datetime = NOON
    hands: list[Hands] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)
        for hand in self.hands:
            hand("clock", now=self.at.isoformat(), frozen=True)


@dataclass
class World:
    """A reseller with a marketplace and a PSA in step, or not yet."""

    organisation: Organisation
    sync: Sync
    marketplace: Hands
    psa: Hands
    clock: Moving
    ports: Ports

    @property
    def tenant(self) -> UUID:
        return self.organisation.pk

    def step(self, **options: Any) -> Result:
        return run(tenant=self.tenant, sync_id=self.sync.pk, ports=self.ports, clock=self.clock, **options)

    def read_everything(self) -> None:
        """The first reading: all of both sides, so that there is something to map."""
        from purser.flows.marketplace_to_contracts import refresh

        refresh.marketplace(self.tenant, self.sync.source, self.ports.marketplace(self.sync.source), clock=self.clock)
        refresh.psa(
            self.tenant, self.sync.target, self.ports.psa(self.sync.target), today=self.clock().date(), clock=self.clock
        )

    def link(self, resource: str, service: str) -> Link:
        """Link by external ids, upper levels included."""
        with tenancy.acting_in(self.tenant):
            sync = Sync.objects.get(pk=self.sync.pk)
            answers = relations.set_many(
                sync=sync,
                wishes=[
                    relations.Wish(
                        SourceResource.objects.get(external_id=resource).pk,
                        TargetService.objects.get(external_id=service, connection=sync.target).pk,
                    )
                ],
                by=None,
                now=self.clock(),
            )
            assert answers[0].ok, answers[0].text
            return Link.objects.get(pk=answers[0].link_id)


def reseller(name: str = "Harbour IT", *, zone: str = "UTC", now: datetime = NOON) -> Organisation:
    operator = organisations.found(kind=Kind.OPERATOR, name="Operator", parent=None, now=now)
    return organisations.found(kind=Kind.RESELLER, name=name, parent=operator, now=now, zone=zone)


def connect(
    tenant: UUID, kind: str, values: dict[str, str], secrets: dict[str, str], *, now: datetime = NOON, **more: Any
) -> Connection:
    with tenancy.acting_in(tenant):
        connection = Connection.objects.create(kind=kind, name=kind.title(), settings=values, created_at=now, **more)
        for name, value in secrets.items():
            vault.keep("links_connection", connection.pk, name, value, now)
    return connection


MARKETPLACE_SEED: dict[str, Any] = {
    "version": "1.1",
    "modified": "second",
    "credentials": {"user": "gateway", "password": "gateway-password", "subscription_key": "key-1"},
    "customers": [{"id": "C1", "name": "Hall Bros. Transportation Co, Inc."}, {"id": "C2", "name": "Alder Dental"}],
    "products": [
        {"mpn": "EXO1", "name": "Exchange Online (Plan 1)", "prices": [{"type": "recurring", "amount": "3.20"}]},
        {"mpn": "E3", "name": "Office 365 E3", "prices": [{"type": "recurring", "amount": "18.40"}]},
    ],
    "subscriptions": [
        {"id": "S1", "customerId": "C1", "products": [{"mpn": "EXO1", "quantity": 8}]},
        {"id": "S2", "customerId": "C2", "products": [{"mpn": "E3", "quantity": 5}]},
    ],
}
RECURRING = {"contractType": 7, "status": 1, "contractPeriodType": 2}
AUTOTASK_SEED: dict[str, Any] = {
    "Companies": [{"id": 101, "companyName": "Hall Brothers Transportation"}, {"id": 102, "companyName": "Alder Dental"}],
    "Services": [
        {"id": 3, "name": "Exchange Online (Plan 1)", "unitPrice": 4.0, "unitCost": 3.2, "periodType": 2},
        {"id": 4, "name": "Office 365 E3", "unitPrice": 23.0, "unitCost": 18.4, "periodType": 2},
    ],
    "Contracts": [
        {
            "id": 9,
            "companyID": 101,
            "contractName": "2026 Cloud Services",
            "startDate": "2026-01-01",
            "endDate": "2026-12-31",
            **RECURRING,
        },
        {
            "id": 10,
            "companyID": 102,
            "contractName": "Alder Cloud",
            "startDate": "2026-01-01",
            "endDate": "2026-12-31",
            **RECURRING,
        },
    ],
    "ContractServices": [
        {"id": 12, "contractID": 9, "serviceID": 3, "adjustedPrice": 4.0, "units": 1},
        {"id": 13, "contractID": 10, "serviceID": 4, "adjustedPrice": 23.0, "units": 5},
    ],
}
CONNECTWISE_SEED: dict[str, Any] = {
    "companies": [{"id": 101, "name": "Hall Brothers Transportation"}, {"id": 102, "name": "Alder Dental"}],
    "catalog": [
        {"id": 210, "identifier": "EXO1", "description": "Exchange Online (Plan 1)", "price": 4.0, "cost": 3.2},
        {"id": 211, "identifier": "E3", "description": "Office 365 E3", "price": 23.0, "cost": 18.4},
    ],
    "agreements": [
        {"id": 9, "company": {"id": 101}, "name": "Cloud", "startDate": "2026-01-01T00:00:00Z", "prorateFlag": True,
         "billingCycle": {"name": "Monthly"}},
        {"id": 10, "company": {"id": 102}, "name": "Alder Cloud", "startDate": "2026-01-01T00:00:00Z", "prorateFlag": True,
         "billingCycle": {"name": "Monthly"}},
    ],
    "additions": {
        "9": [{"id": 77, "product": {"id": 210}, "quantity": 1, "effectiveDate": "2026-01-01T00:00:00Z", "unitPrice": 4.0}],
        "10": [{"id": 78, "product": {"id": 211}, "quantity": 5, "effectiveDate": "2026-01-01T00:00:00Z", "unitPrice": 23.0}],
    },
}  # fmt: skip


@contextmanager
def world(
    psa: str = "autotask",
    *,
    marketplace_seed: dict[str, Any] | None = None,
    psa_seed: dict[str, Any] | None = None,
    wrap: Callable[[Ports], Ports] | None = None,
    at: datetime = NOON,
    read: bool = True,
    **rules: Any,
) -> Iterator[World]:
    """Two sandboxes on loopback, a reseller, two connections and a pair; everything read once."""
    import copy

    from django.test import override_settings

    from purser.config import wiring
    from sandboxes.autotask import AutotaskApp
    from sandboxes.connectwise import ConnectWise
    from sandboxes.marketplace import MarketplaceApp

    theirs = {"autotask": AutotaskApp, "connectwise": ConnectWise}[psa]()
    shop = MarketplaceApp()
    with Server(shop) as shop_at, Server(theirs) as psa_at:
        clock = Moving(at, [Hands(shop_at.url), Hands(psa_at.url)])
        clock.go()
        shop.load_seed(copy.deepcopy(marketplace_seed or MARKETPLACE_SEED))
        theirs.load_seed(copy.deepcopy(psa_seed or (AUTOTASK_SEED if psa == "autotask" else CONNECTWISE_SEED)))
        with override_settings(SANDBOX_HOSTS=frozenset({f"127.0.0.1:{shop_at.port}", f"127.0.0.1:{psa_at.port}"})):
            organisation = reseller(now=at)
            source = connect(
                organisation.pk,
                "marketplace",
                {"gateway_url": f"{shop_at.url}/marketplace/us", "gateway_user": "gateway"},
                {"gateway_password": "gateway-password", "gateway_secret": "key-1"},
                now=at,
            )
            if psa == "autotask":
                values = {"user": "api@msp.example", "company_id": "0", "zone_lookup_url": f"{psa_at.url}/atservicesrest"}
                secrets = {"password": "autotask-secret", "integration_code": "PURSER-SANDBOX"}
            else:
                state = theirs.state
                values = {
                    "site": psa_at.url,
                    "company_id": state["company_id"],
                    "integrator_user": state["public_key"],
                    "client_id": "00000000-0000-4000-8000-000000000001",
                }
                secrets = {"integrator_password": state["private_key"]}
            target = connect(organisation.pk, psa, values, secrets, now=at)
            with tenancy.acting_in(organisation.pk):
                sync = Sync.objects.create(source=source, target=target, created_at=at, **rules)
                sync = Sync.objects.select_related("source", "target").get(pk=sync.pk)
            ports = wrap(wiring.ports) if wrap else wiring.ports
            made = World(organisation, sync, Hands(shop_at.url), Hands(psa_at.url), clock, ports)
            if read:
                made.read_everything()
            yield made
