"""The PSA's side of the smaller book: ConnectWise with companies, agreements and additions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from sandboxes.msp import billed
from sandboxes.msp.billed import DAY, Billed, months_on
from sandboxes.msp.book import CATALOG, Book, Customer
from sandboxes.msp.products import Product

COMPANY_ID = "harbour"
PUBLIC_KEY = "public-key-demo"
PRIVATE_KEY = "private-key-demo"
CLIENT_ID = "00000000-0000-4000-8000-000000000001"
EURO = {"id": 9, "symbol": "€", "currencyCode": "EUR", "name": "Euro"}
ADDITION_SHARE = 0.89
IN_EURO = "The customer is billed in EUR and the marketplace counts in USD."


@dataclass(frozen=True)
class ConnectWise:
    """`unprorated` is the agreement whose proration is off."""

    seed: dict[str, Any]
    billed: tuple[Billed, ...]
    unprorated: str


def draw(rng: Random, book: Book, *, start: date) -> ConnectWise:
    """Every agreement is invoiced up to the end of the month before `start`."""
    mine = [c for c in book.customers if c.context == "connectwise"]
    catalog = {mpn: _item(rng, 501 + n, p) for n, (mpn, p) in enumerate(CATALOG.items())}
    held = book.by_customer
    agreements: list[dict[str, Any]] = []
    additions: dict[str, list[dict[str, Any]]] = {}
    found: list[Billed] = []
    for number, customer in enumerate(mine):
        agreement = _agreement(rng, 71 + 2 * number, 19_301 + 4 * number, customer, start)
        agreements.append(agreement)
        rows = additions[str(agreement["id"])] = []
        for subscription in held.get(customer.id, ()):
            for resource in subscription.lines:
                if rng.random() >= ADDITION_SHARE:
                    continue
                item = catalog[resource.product.mpn]
                units = billed.slipped(rng, billed.units_for(resource, resource.quantity))
                reason = IN_EURO if customer.company.role == "euro" else billed.why_not(rng, subscription, resource)
                rows.append(
                    {
                        "id": 7_001 + sum(map(len, additions.values())),
                        "product": {"id": item["id"]},
                        "quantity": units,
                        "effectiveDate": agreement["startDate"],
                        "unitPrice": item["price"],
                        "unitCost": item["cost"],
                    }
                )
                service = f"product:{item['id']}"
                found.append(Billed("connectwise", subscription, resource, str(agreement["id"]), service, units, reason))
    seed = {
        "company_id": COMPANY_ID,
        "public_key": PUBLIC_KEY,
        "private_key": PRIVATE_KEY,
        "companies": [_company(19_301 + 4 * n, c) for n, c in enumerate(mine)],
        "catalog": list(catalog.values()),
        "agreements": agreements,
        "additions": additions,
    }
    unprorated = next(str(a["id"]) for a in agreements if not a["prorateFlag"])
    return ConnectWise(seed, tuple(found), unprorated)


def _company(id: int, customer: Customer) -> dict[str, Any]:
    row: dict[str, Any] = {"id": id, "name": customer.company.psa}
    return row | ({"currency": EURO} if customer.company.role == "euro" else {})


def _item(rng: Random, id: int, product: Product) -> dict[str, Any]:
    size = billed.USAGE_DIVISOR if product.metered else 1
    name = f"{product.name} (per {size})" if product.metered else product.name
    cost = product.cost * size
    price = billed.catalog_price(rng, cost)
    return {"id": id, "identifier": product.mpn, "description": name, "price": float(price), "cost": float(cost)}


def _agreement(rng: Random, id: int, company: int, customer: Customer, start: date) -> dict[str, Any]:
    """Monthly, from a 1st; two of three have an end."""
    first = start.replace(day=1)
    begins = months_on(first, -rng.randint(2, 9))
    ends = months_on(begins, 12) - DAY if id % 3 else None
    return {
        "id": id,
        "company": {"id": company},
        "name": f"{begins.year} Cloud Agreement",
        "startDate": _stamp(begins),
        "endDate": _stamp(ends) if ends else None,
        "prorateFlag": customer.company.role != "unprorated",
        "billingCycle": {"name": "Monthly"},
        "nextInvoiceDate": _stamp(first),
    }


def _stamp(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
