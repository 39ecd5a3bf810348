"""What a test or a demo does to the marketplace behind its interface.

quantity         {subscription, mpn, quantity}: null takes the product off, one not there is put on
subscription     {id, ...fields}: status, renewalDate, renewalStatus, ...
customer         {id?, name, ...}: changed where the id is known, else added
add_subscription {customerId, products, id?, ...}
credentials      {revoke: true} no token is issued or honoured until {revoke: false}; {expire: true}
                 tokens end now; {change: {...}}
lag              {seconds}: details go on showing the old state that long after a change
truncate         {entity, keep: n} or {entity, drop_half: true}: the list is cut and its total agrees;
                 {entity}: whole again
rate             {requests, seconds}, or {} for no limit
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandboxes.marketplace import stock

Row = dict[str, Any]


def act(state: Row, verb: str, data: Row, *, now: datetime, note: Callable[..., None]) -> Any:
    """Carry out a verb; raises KeyError for an unknown verb or row, ValueError for a wrong value."""
    match verb:
        case "quantity":
            held = state["subscriptions"][data["subscription"]]
            _set_quantity(state, held, data["mpn"], data["quantity"], now=now)
            note("quantity", subscription=held["id"], mpn=data["mpn"], quantity=data["quantity"])
            return held
        case "subscription":
            held = state["subscriptions"][data["id"]]
            if data.get("status", held["status"]) not in (*stock.STATUSES, "unknown"):
                raise ValueError(f"status {data['status']!r} is not one of {', '.join(stock.STATUSES)}.")
            if "products" in data:
                raise ValueError("products are changed with the verb quantity.")
            stock.touch(state, held, now=now)
            held.update(data)
            note("subscription", id=held["id"])
            return held
        case "customer":
            held = state["customers"].get(data.get("id"))
            if held is None:
                if not data.get("name"):
                    raise ValueError("a new customer needs a name.")
                held = stock.add(state, "customers", data, now=now)
            held.update(data)
            return held
        case "add_subscription":
            if data["customerId"] not in state["customers"]:
                raise KeyError(data["customerId"])
            return stock.add(state, "subscriptions", data, now=now)
        case "credentials":
            state["revoked"] = bool(data.get("revoke", state["revoked"]))
            state["credentials"] |= data.get("change", {})
            state["tokens"] = {}
            return {"revoked": state["revoked"]}
        case "lag":
            state["lag_seconds"] = float(data["seconds"])
            return {"seconds": state["lag_seconds"]}
        case "truncate":
            if data["entity"] not in stock.ENTITIES:
                raise KeyError(data["entity"])
            state["kept"][data["entity"]] = "drop_half" if data.get("drop_half") else data.get("keep")
            return state["kept"]
        case "rate":
            state["rate"] = data or None
            state["calls"] = []
            return {"rate": state["rate"]}
    raise KeyError(verb)


def _set_quantity(state: Row, held: Row, mpn: str, quantity: Any, *, now: datetime) -> None:
    if quantity is not None and not _is_count(quantity):
        raise ValueError(f"quantity {quantity!r} is not a count.")
    line = next((p for p in held["products"] if p["mpn"] == mpn), None)
    if line is None and (quantity is None or stock.find_product(state, mpn) is None):
        raise KeyError(mpn)
    stock.touch(state, held, now=now)
    if line is None:
        stock.add_line(state, held, {"mpn": mpn, "quantity": quantity})
    elif quantity is None:
        held["products"].remove(line)
    else:
        line["quantity"] = quantity


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
