"""What a record looks like: defaults, billing periods, and the fields the product computes."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
Types = dict[str, type | tuple[type, ...]]

NUMBER = (int, float)
MONTHS = {"Monthly": 1, "Quarterly": 3, "Semi-Annually": 6, "Annually": 12}
CYCLE_IDS = {"Monthly": 2, "Quarterly": 3, "Semi-Annually": 4, "Annually": 5}

ADDITION: Types = {
    "product": dict, "quantity": NUMBER, "lessIncluded": NUMBER, "unitPrice": NUMBER, "unitCost": NUMBER,
    "billCustomer": str, "effectiveDate": str, "cancelledDate": str, "taxableFlag": bool, "serialNumber": str,
    "invoiceDescription": str, "purchaseItemFlag": bool, "specialOrderFlag": bool, "description": str,
    "opportunity": dict, "prorateCurrentPeriodFlag": bool, "invoiceGrouping": dict, "customFields": list,
}  # fmt: skip
ADDITION_COMPUTED = (
    "id", "agreementId", "billedQuantity", "uom", "extPrice", "extCost", "sequenceNumber", "margin",
    "prorateCost", "proratePrice", "extendedProrateCost", "extendedProratePrice", "agreementStatus", "_info",
)  # fmt: skip
AGREEMENT: Types = {
    "name": str, "type": dict, "company": dict, "contact": dict, "site": dict, "startDate": str,
    "endDate": str, "noEndingDateFlag": bool, "cancelledFlag": bool, "dateCancelled": str,
    "billingCycle": dict, "billStartDate": str, "billAmount": NUMBER, "oneTimeFlag": bool, "nextInvoiceDate": str,
    "prorateFlag": bool, "prorateFirstBill": NUMBER, "periodType": str, "applicationUnits": str,
    "applicationCycle": str, "billTime": str, "billExpenses": str, "billProducts": str, "invoiceDescription": str,
    "parentAgreement": dict, "customerPO": str, "currency": dict, "customFields": list,
}  # fmt: skip


def stamp(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def day(text: str) -> date:
    """The date in `2025-06-01`, `2025-06-01T00:00:00Z`; ValueError when there is none."""
    return datetime.fromisoformat(text).date()


def company(row: Row) -> Row:
    name = row.get("name") or f"Company {row['id']}"
    return {
        "identifier": "".join(c for c in name if c.isalnum())[:30],
        "name": name,
        "status": {"id": 1, "name": "Active"},
        "types": [{"id": 1, "name": "Customer"}],
        "defaultContact": None,
        "currency": {"id": 7, "symbol": "$", "currencyCode": "USD", "name": "US Dollars"},
        "deletedFlag": False,
        **row,
    }


def agreement(row: Row, companies: list[Row]) -> Row:
    """Fills what a seed leaves out; `company` needs only its id, and `billingCycle` only its name."""
    owner = next(c for c in companies if c["id"] == row["company"]["id"])
    cycle = (row.get("billingCycle") or {}).get("name", "Monthly")
    start = row.get("startDate") or "2025-01-01T00:00:00Z"
    return {
        "name": f"Agreement {row['id']}",
        "type": {"id": 1, "name": "Managed Services"},
        "startDate": start,
        "endDate": None,
        "noEndingDateFlag": row.get("endDate") is None,
        "cancelledFlag": False,
        "dateCancelled": None,
        "billStartDate": start,
        "nextInvoiceDate": None,
        "prorateFlag": True,
        "periodType": "Current",
        "oneTimeFlag": False,
        "parentAgreement": None,
        "customerPO": "",
        "currency": owner["currency"],
        "customFields": [],
        **row,
        "billingCycle": {"id": CYCLE_IDS.get(cycle, 1), "name": cycle},
        "company": {k: owner[k] for k in ("id", "identifier", "name")},
    }


def catalog_item(row: Row) -> Row:
    identifier = row.get("identifier") or f"SKU-{row['id']}"
    description = row.get("description") or identifier
    return {
        "identifier": identifier,
        "description": description[:60],
        "customerDescription": description,
        "category": {"id": 1, "name": "Cloud"},
        "subcategory": {"id": 1, "name": "Subscriptions"},
        "type": {"id": 1, "name": "Agreement"},
        "productClass": "Agreement",
        "price": 0.0,
        "cost": 0.0,
        "recurringFlag": True,
        "recurringBillCycle": {"id": 2, "name": "Monthly"},
        "unitOfMeasure": {"id": 1, "name": "Each"},
        "inactiveFlag": False,
        "taxableFlag": True,
        **row,
    }


def addition(row: Row, agreement: Row, item: Row) -> Row:
    return {
        "quantity": 1.0,
        "lessIncluded": 0.0,
        "unitPrice": item["price"],
        "unitCost": item["cost"],
        "billCustomer": "Billable",
        "effectiveDate": agreement["startDate"],
        "cancelledDate": None,
        "taxableFlag": item["taxableFlag"],
        "serialNumber": None,
        "invoiceDescription": item["customerDescription"],
        "purchaseItemFlag": False,
        "specialOrderFlag": False,
        "description": item["description"],
        **row,
        "product": {"id": item["id"], "identifier": item["identifier"]},
        "agreementId": agreement["id"],
        "uom": item["unitOfMeasure"]["name"],
    }


def status(agreement: Row, today: date) -> str:
    if agreement["cancelledFlag"]:
        return "Cancelled"
    if agreement["endDate"] and day(agreement["endDate"]) < today:
        return "Expired"
    return "Inactive" if day(agreement["startDate"]) > today else "Active"


def later(start: date, months: int) -> date:
    """`start` moved by whole months; the 31st becomes the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def period(agreement: Row, on: date) -> tuple[date, date]:
    """First day, and first day after, of the billing period in which `on` lies."""
    anchor = day(agreement["billStartDate"] or agreement["startDate"])
    step = MONTHS.get(agreement["billingCycle"]["name"], 1)
    index = ((on.year - anchor.year) * 12 + on.month - anchor.month) // step
    while later(anchor, index * step) > on:
        index -= 1
    while later(anchor, (index + 1) * step) <= on:
        index += 1
    return later(anchor, index * step), later(anchor, (index + 1) * step)


def shown(row: Row, agreement: Row, today: date, sequence: int) -> Row:
    """An addition with the fields the product computes. Ext price is total quantity times unit price."""
    quantity, price, cost = (Decimal(str(row[k] or 0)) for k in ("quantity", "unitPrice", "unitCost"))
    share = _share(row, agreement, today)
    return {
        **row,
        "billedQuantity": max(0.0, float(quantity - Decimal(str(row["lessIncluded"] or 0)))),
        "extPrice": _money(quantity * price),
        "extCost": _money(quantity * cost),
        "margin": _money(quantity * (price - cost)),
        "sequenceNumber": float(sequence),
        "proratePrice": _money(price * share),
        "prorateCost": _money(cost * share),
        "extendedProratePrice": _money(quantity * price * share),
        "extendedProrateCost": _money(quantity * cost * share),
        "agreementStatus": status(agreement, today),
    }


def _share(row: Row, agreement: Row, today: date) -> Decimal:
    """The part of the current (or the addition's first, or its last) billing period that it covers."""
    begins = day(row["effectiveDate"])
    ends = day(row["cancelledDate"]) if row["cancelledDate"] else date.max
    on = max(begins, min(today, ends - timedelta(days=1)))
    first, after = period(agreement, on)
    if not agreement["prorateFlag"]:
        return Decimal(1)
    covered = (min(ends, after) - max(begins, first)).days
    return Decimal(max(0, covered)) / (after - first).days


def _money(amount: Decimal) -> float:
    return float(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))
