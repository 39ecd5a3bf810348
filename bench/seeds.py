"""Books of any size for the sandboxes: customers with four products each, billed by one agreement a customer.

The book is regular, so that the least number of requests can be reckoned from its sizes alone: resource `n` belongs to
customer `n // 4`, to that customer's subscription `n // 2`, and to line `n` of its agreement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests import make

PRODUCTS = 4  # resources a customer
LINES = 2  # resources a subscription
UNITS = 10

Row = dict[str, Any]


@dataclass(frozen=True)
class Book:
    """So many linked resources in one calendar year; `resources` must be a multiple of 4."""

    resources: int
    year: int = 2026

    @property
    def customers(self) -> int:
        return self.resources // PRODUCTS

    @property
    def subscriptions(self) -> int:
        return self.resources // LINES

    def pairs(self, psa: str) -> Iterator[tuple[str, str]]:
        """External ids of each resource and of the service that bills it, as the mirror keys them."""
        for n in range(self.resources):
            agreement, product = self.agreement(n), n % PRODUCTS
            service = f"service:{self.line(n)}" if psa == "autotask" else f"product:{_product(product)}"
            yield f"{self.subscription(n)}/{_mpn(product)}", f"{agreement}/{service}"

    def changed(self, n: int) -> Row:
        """The marketplace's control call that gives resource `n` one unit more."""
        return {"subscription": self.subscription(n), "mpn": _mpn(n % PRODUCTS), "quantity": UNITS + 1}

    def subscription(self, n: int) -> str:
        return f"S{n // LINES}"

    def agreement(self, n: int) -> int:
        return 1_000 + n // PRODUCTS

    def line(self, n: int) -> int:
        return 20_000 + n

    def marketplace(self) -> Row:
        return {
            **{k: v for k, v in make.MARKETPLACE_SEED.items() if k not in ("customers", "products", "subscriptions")},
            "customers": [{"id": f"C{c}", "name": f"Customer {c}"} for c in range(self.customers)],
            "products": [
                {"mpn": _mpn(p), "name": f"Product {p}", "prices": [{"type": "recurring", "amount": "3.20"}]}
                for p in range(PRODUCTS)
            ],
            "subscriptions": [
                {
                    "id": self.subscription(n),
                    "customerId": f"C{n // PRODUCTS}",
                    "products": [{"mpn": _mpn(m % PRODUCTS), "quantity": UNITS} for m in range(n, n + LINES)],
                }
                for n in range(0, self.resources, LINES)
            ],
        }

    def psa(self, kind: str) -> Row:
        return self.autotask() if kind == "autotask" else self.connectwise()

    def autotask(self) -> Row:
        first, last = f"{self.year}-01-01", f"{self.year}-12-31"
        return {
            "Companies": [{"id": 1_000 + c, "companyName": f"Customer {c}"} for c in range(self.customers)],
            "Services": [
                {"id": _product(p), "name": f"Product {p}", "unitPrice": 4.0, "unitCost": 3.2, "periodType": 2}
                for p in range(PRODUCTS)
            ],
            "Contracts": [
                {
                    "id": 1_000 + c,
                    "companyID": 1_000 + c,
                    "contractName": "Cloud",
                    "startDate": first,
                    "endDate": last,
                    **make.RECURRING,
                }
                for c in range(self.customers)
            ],
            "ContractServices": [
                {
                    "id": self.line(n),
                    "contractID": self.agreement(n),
                    "serviceID": _product(n % PRODUCTS),
                    "adjustedPrice": 4.0,
                    "units": UNITS,
                }
                for n in range(self.resources)
            ],
        }

    def connectwise(self) -> Row:
        first = f"{self.year}-01-01T00:00:00Z"
        return {
            "companies": [{"id": 1_000 + c, "name": f"Customer {c}"} for c in range(self.customers)],
            "catalog": [
                {"id": _product(p), "identifier": _mpn(p), "description": f"Product {p}", "price": 4.0, "cost": 3.2}
                for p in range(PRODUCTS)
            ],
            "agreements": [
                {
                    "id": 1_000 + c,
                    "company": {"id": 1_000 + c},
                    "name": "Cloud",
                    "startDate": first,
                    "prorateFlag": True,
                    "billingCycle": {"name": "Monthly"},
                }
                for c in range(self.customers)
            ],
            "additions": {
                str(1_000 + c): [
                    {
                        "id": self.line(c * PRODUCTS + p),
                        "product": {"id": _product(p)},
                        "quantity": UNITS,
                        "effectiveDate": first,
                        "unitPrice": 4.0,
                    }
                    for p in range(PRODUCTS)
                ]
                for c in range(self.customers)
            },
        }


def _mpn(product: int) -> str:
    return f"P{product}"


def _product(product: int) -> int:
    return 200 + product
