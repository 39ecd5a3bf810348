"""The PSA's side of the larger book: Autotask with companies, contracts, services and bundles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from sandboxes.msp import billed, contracts, customers
from sandboxes.msp.billed import USAGE_DIVISOR, Billed
from sandboxes.msp.book import CATALOG, Book, Subscription
from sandboxes.msp.contracts import Contract
from sandboxes.msp.products import Product

USER = "api@harbour.example"
SECRET = "autotask-secret-demo"
INTEGRATION_CODE = "PURSER-DEMO"
SERVICE_SHARE = 0.89  # of the resources somebody has put on a contract


@dataclass(frozen=True)
class Bundle:
    """A service bundle: its count follows that of the product that leads; `rest` is what else is in it."""

    id: int
    name: str
    leads: str
    rest: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.leads, *self.rest)


BUNDLES = (
    Bundle(61, "Modern Workplace Seat", "M365-BPRE-P1M", ("BKP-MBX-M", "SEC-EPP-M")),
    Bundle(62, "Front Desk Seat", "M365-BBAS-P1M", ("SEC-DNS-M",)),
    Bundle(63, "Protected Server", "HST-VPS-M-M", ("BKP-SRV-M",)),
)
BUNDLE_EVERY = 5  # customers
LEADING = frozenset(b.leads for b in BUNDLES)


@dataclass
class Side:
    """What is put on contracts while the customers are gone through."""

    contracts: list[Contract] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    bundles: list[dict[str, Any]] = field(default_factory=list)
    billed: list[Billed] = field(default_factory=list)
    covered: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Autotask:
    """`covered` are resources, by key, that have no service because a bundle bills them."""

    seed: dict[str, Any]
    contracts: tuple[Contract, ...]
    billed: tuple[Billed, ...]
    covered: frozenset[str]


def draw(rng: Random, book: Book, *, start: date, today: date) -> Autotask:
    mine = [c for c in book.customers if c.context == "autotask"]
    companies = {c.id: 174 + 3 * n for n, c in enumerate(mine)}
    held = book.by_customer
    services = {mpn: _service(rng, 301 + n, p) for n, (mpn, p) in enumerate(CATALOG.items())}
    side = Side()
    for number, customer in enumerate(mine):
        made = contracts.draw(rng, customer.company, companies[customer.id], 5201 + 8 * number, start=start, today=today)
        side.contracts += made
        running = [c for c in made if c.carries]
        bundled = _bundled(held.get(customer.id, ())) if number % BUNDLE_EVERY == 0 else {}
        for place, subscription in enumerate(held.get(customer.id, ())):
            _fill(rng, side, services, subscription, running[place % len(running)], bundled)
        _carry_over(rng, side, made)
    seed = {
        "users": {USER: SECRET},
        "integration_codes": [INTEGRATION_CODE],
        "Companies": _companies(book, companies),
        "Services": list(services.values()),
        "ServiceBundles": [_bundle(b, services) for b in BUNDLES],
        "ServiceBundleServices": [
            {"id": b.id * 10 + n, "serviceBundleID": b.id, "serviceID": services[mpn]["id"]}
            for b in BUNDLES
            for n, mpn in enumerate(b.parts)
        ],
        "Contracts": [c.row() for c in side.contracts],
        "ContractServices": side.services,
        "ContractServiceBundles": side.bundles,
    }
    return Autotask(seed, tuple(side.contracts), tuple(side.billed), frozenset(side.covered))


def _companies(book: Book, ids: Mapping[str, int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"id": 0, "companyName": "Harbour IT Services"}]
    for customer in book.customers:
        if customer.id in ids:
            company = customer.company
            rows.append({"id": ids[customer.id], "companyName": company.psa, "city": company.city})
            if company.role == "old":
                rows.append({"id": 900 + len(rows), "companyName": f"{company.psa} (old)", "isActive": False})
    rows += [{"id": 950 + n, "companyName": name} for n, name in enumerate(customers.PSA_ONLY)]
    return rows


def _service(rng: Random, id: int, product: Product) -> dict[str, Any]:
    """The PSA's own entry for a product; what is sold by use is billed in units of ten."""
    size = USAGE_DIVISOR if product.metered else 1
    name = f"{product.name} (per {USAGE_DIVISOR})" if product.metered else product.name
    cost = product.cost * size
    return {
        "id": id,
        "name": name,
        "sku": product.mpn,
        "unitCost": float(cost),
        "unitPrice": float(billed.catalog_price(rng, cost)),
        "periodType": 2,
    }


def _bundle(bundle: Bundle, services: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A bundle costs what its parts cost, and is sold for three percent less than these."""
    parts = [services[mpn] for mpn in bundle.parts]
    price = sum((Decimal(str(p["unitPrice"])) for p in parts), Decimal(0)) * Decimal("0.97")
    return {
        "id": bundle.id,
        "name": bundle.name,
        "unitPrice": float(price.quantize(Decimal("0.01"))),
        "unitCost": float(sum((Decimal(str(p["unitCost"])) for p in parts), Decimal(0))),
        "periodType": 2,
    }


def _bundled(subscriptions: Iterable[Subscription]) -> dict[str, int]:
    """Which bundle each product of a customer belongs to, by mpn: those whose leading product runs there."""
    has = {r.product.mpn for s in subscriptions for r in s.lines if s.status == "active"}
    return {mpn: b.id for b in BUNDLES if b.leads in has for mpn in b.parts}


def _fill(
    rng: Random,
    side: Side,
    services: Mapping[str, Mapping[str, Any]],
    subscription: Subscription,
    contract: Contract,
    bundled: Mapping[str, int],
) -> None:
    """Put a subscription's resources on a contract: each as a service, or as the bundle that it leads."""
    for resource in subscription.lines:
        mpn = resource.product.mpn
        units = billed.slipped(rng, billed.units_for(resource, resource.quantity))
        reason = billed.why_not(rng, subscription, resource)
        if mpn in LEADING and mpn in bundled:
            id = 8101 + len(side.bundles)
            row = {"id": id, "contractID": contract.id, "serviceBundleID": bundled[mpn], "units": units}
            side.bundles.append(row)
            name = f"bundle:{id}"
        elif mpn in bundled:
            side.covered.add(resource.key)
            continue
        elif rng.random() >= SERVICE_SHARE:
            continue
        else:
            name = f"service:{_line(side, services[mpn], contract, units)}"
        side.billed.append(Billed("autotask", subscription, resource, str(contract.id), name, units, reason))


def _line(side: Side, service: Mapping[str, Any], contract: Contract, units: int) -> int:
    id = 41_003 + len(side.services)
    side.services.append(
        {
            "id": id,
            "contractID": contract.id,
            "serviceID": service["id"],
            "unitPrice": service["unitPrice"],
            "adjustedPrice": service["unitPrice"],
            "unitCost": service["unitCost"],
            "units": units,
        }
    )
    return id


def _carry_over(rng: Random, side: Side, made: Sequence[Contract]) -> None:
    """A contract before or after a running one bills the same services, the earlier one fewer of them."""
    for other in made:
        twin = other.like
        if twin is None:
            continue
        for row in [r for r in side.services if r["contractID"] == twin]:
            less = rng.randint(0, 3) if other.over else 0
            units = max(0, row["units"] - less)
            side.services.append({**row, "id": 41_003 + len(side.services), "contractID": other.id, "units": units})
