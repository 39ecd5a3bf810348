"""Orders: they are complete at once, and a completed order has changed the subscription.

The quantity of a change order is the new total of the product, not the difference.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandboxes.marketplace import stock
from sandboxes.marketplace.shapes import money

Row = dict[str, Any]

TYPES = ("sales", "change", "renewal", "cancellation")


class Invalid(Exception):
    """The order cannot be placed; the text is what the reseller reads."""


def place(state: Row, body: Row, *, now: datetime) -> Row:
    """Carry an order out and keep it; nothing changes when any part of it is invalid."""
    items = _checked(state, body)
    match body.get("type", "sales"):
        case "sales":
            _sell(state, body["customerId"], items, now=now)
        case "change":
            _change(state, items, now=now)
        case "renewal":
            for held in _subscriptions(state, items):
                stock.touch(state, held, now=now)
                renews = date.fromisoformat(held["renewalDate"]) + timedelta(days=365)
                held["renewalDate"] = renews.isoformat()
        case "cancellation":
            for held in _subscriptions(state, items):
                stock.touch(state, held, now=now)
                held["status"] = "terminated"
    row = {
        "type": body.get("type", "sales"),
        "customerId": body["customerId"],
        "poNumber": body.get("poNumber"),
        "creationDate": now.isoformat(timespec="seconds"),
        "status": "completed",
        "products": [_answered(state, i) for i in items],
    }
    kept = stock.add(state, "orders", row, now=now)
    if state["version"] == "21":
        kept["orderNumber"] = f"SO{kept['id']}"
    return kept


def estimate(state: Row, body: Row) -> Row:
    items = _checked(state, body)
    parts = []
    for item in items:
        sold = stock.find_product(state, item["mpn"]) if item["mpn"] else None
        price = Decimal(stock.recurring(sold)) if sold else Decimal(0)
        parts.append((item, price * Decimal(str(item["quantity"] or 0))))
    currency = state["currency"]
    return {
        "total": money(sum((amount for _, amount in parts), Decimal(0)), currency),
        "products": [
            {"mpn": item["mpn"], "quantity": item["quantity"], "extendedPrice": money(amount, currency)}
            for item, amount in parts
        ],
    }


def checked_parameters(state: Row, items: list[Any]) -> list[Row]:
    """One result for each parameter: a domain must look like one, any other value must not be empty."""
    results = []
    for item in items:
        for given in item.get("parameters", []) if isinstance(item, dict) else []:
            name, value = given.get("name", ""), given.get("value")
            good = bool(value) and (name != "domain" or "." in str(value))
            message = "The value can be used." if good else f"{name} {value!r} cannot be used."
            results.append({"name": name, "result": "success" if good else "error", "message": message})
    return results


def _checked(state: Row, body: Row) -> list[Row]:
    kind = body.get("type", "sales")
    if kind not in TYPES:
        raise Invalid(f"Order type {kind} is not supported.")
    if body.get("customerId") not in state["customers"]:
        raise Invalid(f"No entity has been found for ID {body.get('customerId')}.")
    products = body.get("products")
    if not isinstance(products, list) or not products or not all(isinstance(p, dict) for p in products):
        raise Invalid("products must not be empty.")
    return [_checked_item(state, kind, body["customerId"], p) for p in products]


def _checked_item(state: Row, kind: str, customer_id: str, given: Row) -> Row:
    item = {"mpn": given.get("mpn", ""), "quantity": given.get("quantity"), "subscriptionId": "",
            "parameters": given.get("parameters")}  # fmt: skip
    if kind != "sales":
        held = state["subscriptions"].get(given.get("subscriptionId"))
        if held is None or held["customerId"] != customer_id:
            raise Invalid(f"No entity has been found for ID {given.get('subscriptionId')}.")
        if held["status"] in ("terminated", "removed"):
            raise Invalid(f"Subscription {held['id']} is {held['status']}.")
        item["subscriptionId"] = held["id"]
    if kind in ("sales", "change"):
        _check_quantity(state, item)
    return item


def _check_quantity(state: Row, item: Row) -> None:
    product = stock.find_product(state, item["mpn"])
    if product is None:
        raise Invalid(f"Product not found: {item['mpn']}.")
    count = item["quantity"]
    if isinstance(count, bool) or not isinstance(count, int):
        raise Invalid(f"Quantity of {item['mpn']} must be an integer.")
    low, high = int(product["minimumQuantity"]), int(product["maximumQuantity"])
    if not low <= count <= high:
        raise Invalid(f"Quantity of {item['mpn']} must be from {low} to {high}.")


def _sell(state: Row, customer_id: str, items: list[Row], *, now: datetime) -> None:
    """One subscription for each service; products that others depend on come along."""
    services: dict[str, Row] = {}
    wanted = {i["mpn"] for i in items}
    for item in items:  # grows as products are added that others depend on
        product = stock.find_product(state, item["mpn"]) or {}
        for needed in product.get("dependsOn", []):
            if needed["mpn"] not in wanted:
                wanted.add(needed["mpn"])
                items.append({**item, "mpn": needed["mpn"], "parameters": None})
        service = product.get("serviceName", "")
        if service not in services:
            blank: Row = {"customerId": customer_id, "name": product.get("name", item["mpn"])}
            services[service] = stock.add(state, "subscriptions", blank, now=now)
        held = services[service]
        item["subscriptionId"] = held["id"]
        stock.add_line(state, held, {"mpn": item["mpn"], "quantity": item["quantity"]})


def _change(state: Row, items: list[Row], *, now: datetime) -> None:
    for held in _subscriptions(state, items):
        stock.touch(state, held, now=now)
        for item in (i for i in items if i["subscriptionId"] == held["id"]):
            line = next((p for p in held["products"] if p["mpn"] == item["mpn"]), None)
            if line is None:
                stock.add_line(state, held, {"mpn": item["mpn"], "quantity": item["quantity"]})
            else:
                line["quantity"] = item["quantity"]


def _subscriptions(state: Row, items: list[Row]) -> list[Row]:
    return [state["subscriptions"][i] for i in dict.fromkeys(i["subscriptionId"] for i in items)]


def _answered(state: Row, item: Row) -> Row:
    product = stock.find_product(state, item["mpn"])
    shape = {"mpn": item["mpn"], "name": product["name"] if product else "", "quantity": item["quantity"],
             "subscriptionId": item["subscriptionId"], "parameters": item["parameters"]}  # fmt: skip
    return {k: v for k, v in shape.items() if v is not None}
