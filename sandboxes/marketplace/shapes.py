"""What rows look like on the wire, in the 1.1 and the 21.x version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandboxes.marketplace.stock import find_product

Row = dict[str, Any]


def money(amount: Any, currency: str) -> Row:
    return {"amount": str(amount), "currency": currency}


def _number(quantity: Any) -> int | float:
    exact = Decimal(str(quantity))
    return int(exact) if exact == int(exact) else float(exact)


def customer(row: Row, *, new: bool, detail: bool = False) -> Row:
    if new:
        return _customer_21(row)
    shape = {k: row[k] for k in ("id", "externalId", "name", "status", "address", "contactPersons", "language")}
    return {**shape, "taxRegId": row.get("taxRegId", "")} if detail else shape


def _customer_21(row: Row) -> Row:
    person = row["contactPersons"][0] if row["contactPersons"] else {}
    address = row["address"]
    return {
        "id": row["id"],
        "externalId": row["externalId"],
        "name": row["name"],
        "status": row["status"],
        "type": "company",
        "contact": {
            "email": person.get("email", ""),
            "firstName": person.get("firstName", ""),
            "lastName": person.get("lastName", ""),
            "phone": person.get("phoneNumber", ""),
        },
        "address": {
            "address1": address.get("streetAddress", ""),
            "city": address.get("city", ""),
            "state": address.get("state", ""),
            "postalCode": address.get("postalCode", ""),
            "country": address.get("countryCode", ""),
        },
        "taxId": row.get("taxRegId", ""),
    }


def customer_given(body: Row) -> Row:
    """What a request says of a customer, in the words we keep (those of 1.1); None for what it leaves out."""
    contact, address = body.get("contact"), body.get("address") or {}
    people = body.get("contactPersons")
    if isinstance(contact, dict):
        people = [
            {
                "type": "admin",
                "firstName": contact.get("firstName", ""),
                "lastName": contact.get("lastName", ""),
                "email": contact.get("email", ""),
                "phoneNumber": contact.get("phone", ""),
            }
        ]
        address = {
            "streetAddress": address.get("address1", ""),
            "city": address.get("city", ""),
            "state": address.get("state", ""),
            "postalCode": address.get("postalCode", ""),
            "countryCode": address.get("country", ""),
        }
    return {
        "name": body.get("name"),
        "externalId": body.get("externalId"),
        "address": address,
        "contactPersons": people,
        "language": body.get("language"),
        "taxRegId": body.get("taxRegId") or body.get("taxId"),
    }


def product(row: Row, currency: str) -> Row:
    return {
        "mpn": row["mpn"],
        "serviceName": row["serviceName"],
        "name": row["name"],
        "minimumQuantity": str(row["minimumQuantity"]),
        "maximumQuantity": str(row["maximumQuantity"]),
        "prices": [{**money(p["amount"], currency), "type": p["type"]} for p in row["prices"]],
        "billingPeriod": row.get("billingPeriod", {"type": "month", "duration": 1}),
        "dependsOn": row["dependsOn"],
    }


def order(row: Row) -> Row:
    return {k: v for k, v in row.items() if v is not None}


def subscription(row: Row, state: Row) -> Row:
    """A row of the list: no products in either version."""
    modified = row["lastModifiedDate"][:10] if state["modified"] == "day" else row["lastModifiedDate"]
    names = ("id", "customerId", "status", "renewalStatus", "creationDate", "renewalDate")
    shape: Row = {**{k: row[k] for k in names}, "lastModifiedDate": modified}
    if state["version"] == "21":
        shape |= {
            "name": row["name"],
            "attributes": row.get("attributes", {}),
            "expirationDate": row.get("expirationDate", row["renewalDate"]),
            "billingModel": row.get("billingModel", "chargeBeforeBillingPeriod"),
            "billingPeriod": row["billingPeriod"],
            "subscriptionPeriod": row.get("subscriptionPeriod", {"type": "year", "duration": 1}),
            "planId": row.get("planId", 1),
        }
    return shape


def subscription_detail(row: Row, state: Row) -> Row:
    new = state["version"] == "21"
    shape = subscription(row, state)
    lines = [line_21(p, state) if new else line(p, state["currency"]) for p in row["products"]]
    total = sum((extended(p) for p in row["products"]), Decimal(0))
    shape |= {"totalPrice": money(total, state["currency"]), "products": lines}
    if new:
        costs = (Decimal(str(p["quantity"])) * Decimal(p["unitCost"] or 0) for p in row["products"])
        cost = sum(costs, Decimal(0))
        shape |= {
            "totalSubscriptionPrice": money(total, state["currency"]),
            "totalSubscriptionCost": money(cost, state["currency"]),
            "orderParameters": row.get("orderParameters", []),
            "fulfillmentParameters": row.get("fulfillmentParameters", []),
        }
    return shape


def extended(line: Row) -> Decimal:
    return Decimal(str(line["quantity"])) * Decimal(line["unitPrice"])


def line(row: Row, currency: str) -> Row:
    return {
        "mpn": row["mpn"],
        "quantity": _number(row["quantity"]),
        "unitPrice": money(row["unitPrice"], currency),
        "extendedPrice": money(extended(row), currency),
    }


def line_21(row: Row, state: Row) -> Row:
    sold = find_product(state, row["mpn"]) or {}
    shape = {
        "id": row["id"],
        "name": sold.get("name", row["mpn"]),
        "vendor": sold.get("vendor", ""),
        "vendorSubscriptionId": row.get("vendorSubscriptionId", f"V-{row['id']}"),
        **line(row, state["currency"]),
    }
    if row["unitCost"] is not None:
        shape["unitCost"] = money(row["unitCost"], state["currency"])
    return shape
