"""What the marketplace keeps, as plain data: filling in a seed, lists, changes that leave a trace in time."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]

ENTITIES = ("customers", "products", "subscriptions", "orders", "reports")

STATUSES = ("pending", "active", "hold", "terminated", "removed")


def stocked(seed: Row, *, now: datetime) -> Row:
    """The state for a seed: every key there, rows by id (products by place: an mpn need not be unique)."""
    version = seed.get("version", "1.1")
    if version not in ("1.1", "21"):
        raise ValueError(f"version is {version!r}; known are '1.1' and '21'.")
    state: Row = {
        "version": version,
        "currency": "USD",
        "token_seconds": 1500,
        "modified": "second" if version == "21" else "day",
        "rate": None,
        "max_limit": 500,
        "revoked": False,
        "tokens": {},
        "calls": [],
        "lag_seconds": 0,
        "kept": {},
        "next": 1_000_001,
        "licence": {"customer": "", "number": ""},
        "launch_url": "",
        "launch_secret": "",
        "reseller": {"account": "", "email": ""},
        **seed,
    }
    blank = dict.fromkeys(("user", "password", "subscription_key", "client_id", "client_secret", "realm"), "")
    state["credentials"] = {**blank, **seed.get("credentials", {})}
    for entity in ENTITIES:
        rows = seed.get(entity, [])
        state[entity] = {}
        for row in rows.values() if isinstance(rows, dict) else rows:
            add(state, entity, row, now=now)
    return state


def add(state: Row, entity: str, row: Row, *, now: datetime) -> Row:
    """Put a row in, with what it leaves out filled in, and give it an id where it has none."""
    if entity == "products":
        key = f"{len(state[entity])}"
    else:
        key = row["id"] = str(row["id"]) if "id" in row else _next(state)
    filled: Row = {**_blank(entity, now), **row}
    if entity == "subscriptions":
        filled.setdefault("name", f"Subscription {key}")
        filled["products"] = []
        for line in row.get("products", []):
            add_line(state, filled, line)
    state[entity][key] = filled
    return filled


def add_line(state: Row, subscription: Row, line: Row) -> None:
    product = find_product(state, line["mpn"])
    lines = subscription["products"]
    price = recurring(product) if product else "0"
    cost = product.get("cost") if product else None
    filled = {"id": f"{subscription['id']}-{len(lines) + 1}", "unitPrice": price, "unitCost": cost, **line}
    lines.append(filled)


def _blank(entity: str, now: datetime) -> Row:
    match entity:
        case "customers":
            return {
                "status": "active",
                "externalId": "",
                "contactPersons": [],
                "address": {},
                "language": "en_US",
            }
        case "products":
            return {
                "serviceName": "",
                "minimumQuantity": "1",
                "maximumQuantity": "10000",
                "prices": [],
                "dependsOn": [],
            }
        case "subscriptions":
            return {
                "status": "active",
                "renewalStatus": True,
                "creationDate": now.date().isoformat(),
                "renewalDate": (now + timedelta(days=365)).date().isoformat(),
                "lastModifiedDate": _stamp(now),
                "billingPeriod": {"type": "month", "duration": 1},
                "past": [],
            }
        case _:
            return {}


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")


def _next(state: Row) -> str:
    number = state["next"]
    while any(str(number) in state[e] for e in ENTITIES if e in state):
        number += 1
    state["next"] = number + 1
    return str(number)


def find_product(state: Row, mpn: str) -> Row | None:
    return next((p for p in state["products"].values() if p["mpn"] == mpn), None)


def recurring(product: Row) -> str:
    """What one unit costs each period; usage-based products have no such price."""
    return next((str(p["amount"]) for p in product["prices"] if p.get("type") == "recurring"), "0")


def listed(state: Row, entity: str) -> list[Row]:
    """The rows of a list, newest first; `truncate` shortens it and no total betrays it."""
    rows: list[Row] = list(reversed(state[entity].values()))
    kept = state["kept"].get(entity)
    if kept is None:
        return rows
    return rows[: len(rows) // 2] if kept == "drop_half" else rows[: int(kept)]


def touch(state: Row, subscription: Row, *, now: datetime) -> None:
    """Call before a change: it moves the date and, where details lag, keeps what they go on to show."""
    past = [p for p in subscription["past"] if datetime.fromisoformat(p["until"]) > now]
    if state["lag_seconds"]:
        row = copy.deepcopy({k: v for k, v in subscription.items() if k != "past"})
        until = now + timedelta(seconds=float(state["lag_seconds"]))
        past.append({"until": until.isoformat(), "row": row})
    subscription["past"] = past
    subscription["lastModifiedDate"] = _stamp(now)


def seen(subscription: Row, *, now: datetime) -> Row:
    """The subscription as a detail read shows it now."""
    for earlier in subscription["past"]:
        if datetime.fromisoformat(earlier["until"]) > now:
            row: Row = earlier["row"]
            return row
    return subscription
