"""A house of Autotask for tests of its connector: the sandbox over HTTP, and the connector at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from purser.connectors.autotask import HOSTS, AutotaskConnector, AutotaskSecrets, AutotaskSettings
from purser.connectors.ports.psa import Adjustment
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from sandboxes.autotask import AutotaskApp
from sandboxes.kit import Server

NOW = datetime(2026, 7, 11, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
SECRETS = AutotaskSecrets(user="api@msp.example", secret="psa-password-1", integration_code="TRACK-1234")
QUICK = Timeouts(connect=2, read=0.3, total=0.8)


def seed(**more: Any) -> dict[str, Any]:
    return {
        "users": {SECRETS.user: SECRETS.secret},
        "integration_codes": [SECRETS.integration_code],
        "Companies": [
            {"id": 1, "companyName": "Acme Inc."},
            {"id": 2, "companyName": "Bolt", "isActive": False},
        ],
        "Services": [{"id": 3, "name": "Office E1", "unitPrice": 4.0, "unitCost": 3.1, "periodType": 2}],
        "ServiceBundles": [{"id": 2, "name": "Desks", "unitPrice": 20.0, "unitCost": 15.5, "periodType": 5}],
        "Contracts": [
            {"id": 9, "companyID": 1, "contractName": "Cloud", "contractNumber": "C-9", "contractType": 7,
             "startDate": "2026-01-01", "endDate": "2026-12-31"},
            {"id": 10, "companyID": 2, "contractName": "Hours", "contractType": 1, "contractPeriodType": None,
             "status": 0, "startDate": "2025-01-01", "endDate": "2025-12-31"},
        ],
        "ContractServices": [{"id": 12, "contractID": 9, "serviceID": 3, "units": 1}],
        "ContractServiceBundles": [{"id": 7, "contractID": 9, "serviceBundleID": 2, "units": 5}],
        **more,
    }  # fmt: skip


@dataclass
class House:
    app: AutotaskApp
    url: str
    psa: AutotaskConnector
    http: Http

    def control(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def units(self, service: str = "service:12", on: date = TODAY) -> Decimal:
        found = self.psa.service("9", service, since=TODAY)
        assert found is not None
        return found.units_on(on)

    def paths(self) -> list[str]:
        return [r["path"].split("/", 3)[-1] for r in self.app.requests]


@contextmanager
def opened(
    seeded: dict[str, Any] | None = None, *, timeouts: Timeouts = QUICK, secrets: AutotaskSecrets = SECRETS
) -> Iterator[House]:
    app = AutotaskApp()
    app.load_seed(seeded or seed())
    app.clock.set(NOW, frozen=True)
    with Server(app) as server:
        rule = HostRule(patterns=HOSTS, sandbox=frozenset({f"127.0.0.1:{server.port}"}))
        http = Http(hosts=rule, timeouts=timeouts)
        settings = AutotaskSettings(zone_lookup_url=f"{server.url}/atservicesrest")
        psa = AutotaskConnector(http=http, settings=settings, secrets=secrets, clock=app.clock.now)
        yield House(app, server.url, psa, http)
        http.close()


@pytest.fixture
def house() -> Iterator[House]:
    with opened() as found:
        yield found


def change(before: int, after: int, on: date = TODAY, service: str = "service:12", **more: Any) -> Adjustment:
    return Adjustment("9", service, on, Decimal(before), Decimal(after), **more)
