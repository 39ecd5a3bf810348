"""The marketplace's side of the book: who is a customer, what they subscribe to, and how many of each."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Literal

from sandboxes.msp import customers, microsoft, products
from sandboxes.msp.customers import Company
from sandboxes.msp.products import FAMILIES, Product

Context = Literal["autotask", "connectwise", ""]
CREDENTIALS = {
    "user": "gateway@harbour.example",
    "password": "gateway-password-demo",
    "subscription_key": "subscription-key-demo",
}
LAUNCH_SECRET = "launch-secret-demo"

CATALOG: dict[str, Product] = {p.mpn: p for p in (*microsoft.PRODUCTS, *products.OTHERS)}
ENTERPRISE_FROM = 100  # seats


@dataclass(frozen=True)
class Customer:
    id: str
    company: Company
    context: Context


@dataclass(frozen=True)
class Resource:
    """A line of a subscription; `key` is what Purser calls it."""

    subscription: str
    product: Product
    quantity: int

    @property
    def key(self) -> str:
        return f"{self.subscription}/{self.product.mpn}"


@dataclass(frozen=True)
class Subscription:
    id: str
    customer: Customer
    family: str
    status: str
    created: date
    modified: date
    lines: tuple[Resource, ...]


@dataclass(frozen=True)
class Book:
    customers: tuple[Customer, ...]
    subscriptions: tuple[Subscription, ...]

    @property
    def by_customer(self) -> dict[str, list[Subscription]]:
        found: dict[str, list[Subscription]] = defaultdict(list)
        for subscription in self.subscriptions:
            found[subscription.customer.id].append(subscription)
        return found


def draw(rng: Random, *, start: date) -> Book:
    """A book as it stands on the morning of `start`."""
    known: list[Customer] = []
    sides: tuple[tuple[Context, tuple[Company, ...]], ...] = (
        ("autotask", customers.AUTOTASK),
        ("connectwise", customers.CONNECTWISE),
        ("", customers.MARKETPLACE_ONLY),
    )
    for context, companies in sides:
        for company in companies:
            known.append(Customer(str(200_101 + 7 * len(known)), company, context))
    subscriptions: list[Subscription] = []
    for customer in known:
        for family in _families(rng, customer.company.seats):
            id = str(300_205 + 13 * len(subscriptions))
            subscriptions.append(_subscription(rng, id, customer, family, start))
    return Book(tuple(known), tuple(subscriptions))


def _families(rng: Random, seats: int) -> list[str]:
    found = []
    for family, (_, small, middle, large) in FAMILIES.items():
        chance = small if seats < 30 else middle if seats < ENTERPRISE_FROM else large
        if rng.random() < chance:
            found.append(family)
    return found


def _subscription(rng: Random, id: str, customer: Customer, family: str, start: date) -> Subscription:
    fresh = customer.company.role == "new"
    created = start - timedelta(days=rng.randint(4, 16) if fresh else rng.randint(40, 900))
    modified = min(start - timedelta(days=2), created + timedelta(days=rng.randint(0, 60)))
    status = "active" if fresh else rng.choices(("active", "hold", "pending", "terminated"), (90, 3, 2, 5))[0]
    offered = [p for p in CATALOG.values() if p.family == family]
    count = min(len(offered), rng.choices((1, 2, 3, 4, 5), (24, 36, 26, 10, 4))[0])
    chosen = sorted(rng.sample(range(len(offered)), count))
    lines = tuple(Resource(id, offered[n], _quantity(rng, offered[n], customer.company.seats)) for n in chosen)
    return Subscription(id, customer, family, status, created, modified, lines)


def _quantity(rng: Random, product: Product, seats: int) -> int:
    return max(1, round(seats * rng.randint(product.least, product.most) / 100))


def domain(name: str) -> str:
    """A name nobody has: .example is kept free for such. Source: RFC 2606."""
    plain = unicodedata.normalize("NFKD", name.lower())
    letters = "".join(c for c in plain if c.isascii() and (c.isalnum() or c == " "))
    return "-".join(letters.split()[:3]) + ".example"


def seed(book: Book) -> dict[str, Any]:
    """The marketplace sandbox's seed. All amounts are in US dollars: that marketplace has one currency."""
    return {
        "version": "1.1",
        "modified": "second",
        "currency": "USD",
        "credentials": CREDENTIALS,
        "launch_secret": LAUNCH_SECRET,
        "licence": {"customer": "Harbour IT Services", "number": "HIT-0001-DEMO"},
        "reseller": {"account": "1000019", "email": "cloud@harbour.example"},
        "customers": [_customer(c) for c in book.customers],
        "products": [_product(p) for p in CATALOG.values()],
        "subscriptions": [_row(s) for s in book.subscriptions],
    }


def _customer(customer: Customer) -> dict[str, Any]:
    """Roles instead of people; every ninth customer has no contact at all."""
    company = customer.company
    at = domain(company.name)
    people = [
        {"type": "admin", "firstName": "Accounts", "lastName": "Payable", "email": f"billing@{at}"},
        {"type": "technical", "firstName": "Service", "lastName": "Desk", "email": f"it@{at}"},
    ]
    return {
        "id": customer.id,
        "name": company.name,
        "externalId": f"H{customer.id}",
        "address": {"city": company.city, "countryCode": company.country},
        "contactPersons": [] if int(customer.id) % 9 == 0 else people,
    }


def _product(product: Product) -> dict[str, Any]:
    kind = "overuse" if product.metered else "recurring"
    return {
        "mpn": product.mpn,
        "name": product.name,
        "serviceName": FAMILIES[product.family][0],
        "prices": [{"type": kind, "amount": product.price}],
    }


def _row(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "customerId": subscription.customer.id,
        "status": subscription.status,
        "name": FAMILIES[subscription.family][0],
        **dates(subscription.created, subscription.modified),
        "products": [line(r) for r in subscription.lines],
    }


def dates(created: date, modified: date) -> dict[str, Any]:
    """Subscriptions renew each year; one made before the last year is in a later one."""
    renewal = created + timedelta(days=365)
    while renewal <= modified:
        renewal += timedelta(days=365)
    return {
        "creationDate": created.isoformat(),
        "renewalDate": renewal.isoformat(),
        "lastModifiedDate": f"{modified.isoformat()}T08:30:00.000+00:00",
    }


def line(resource: Resource) -> dict[str, Any]:
    """The price is said on each line: of what is sold by use the sandbox would make nothing."""
    return {"mpn": resource.product.mpn, "quantity": resource.quantity, "unitPrice": resource.product.price}
