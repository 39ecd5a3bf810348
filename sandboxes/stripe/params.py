"""Parameters as Stripe takes them: `a[b][0]=c`, names it knows, and nothing else."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from sandboxes.kit import Request
from sandboxes.stripe.refusals import refuse

ALWAYS = frozenset({"expand"})


def read(request: Request, known: str) -> dict[str, Any]:
    """The parameters, nested; lists are objects with their numbers for keys. `known` are names with spaces between."""
    flat = request.query if request.method == "GET" else request.form()
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        first, *deeper = re.findall(r"[^\[\]]+", name) or [name]
        if first == "payment_method_types":
            code = "payment_method_types_no_longer_supported"
            raise refuse(400, "The payment_method_types parameter is no longer supported.", code=code, param=first)
        if first not in ALWAYS and first not in known.split():
            raise refuse(400, f"Received unknown parameter: {first}", code="parameter_unknown", param=first)
        place = nested
        path = [first, *deeper]
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise refuse(400, f"Invalid object for {first}", param=first)
        place[path[-1]] = value
    return nested


def needed(params: dict[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise refuse(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value


def amount(params: dict[str, Any], name: str = "amount") -> int:
    text = needed(params, name)
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise refuse(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    if int(text) < 1:
        raise refuse(400, "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=name)
    if int(text) > 99_999_999:
        raise refuse(400, "Amount must be no more than 99999999", code="amount_too_large", param=name)
    return int(text)


def currency(params: dict[str, Any]) -> str:
    text = needed(params, "currency").lower()
    if not re.fullmatch(r"[a-z]{3}", text) or text in ("xxx", "xts"):
        raise refuse(400, f"Invalid currency: {text}", param="currency")
    return text


def metadata(params: dict[str, Any]) -> dict[str, str]:
    held = params.get("metadata", {})
    if not isinstance(held, dict) or len(held) > 50:
        raise refuse(400, "Metadata is an object of at most 50 keys.", param="metadata")
    for key, value in held.items():
        if not isinstance(value, str) or len(key) > 40 or len(value) > 500:
            text = "Metadata has keys of up to 40 characters, and values of up to 500."
            raise refuse(400, text, param=f"metadata[{key[:40]}]")
    return held


def page(request: Request, rows: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    """A list's page, the latest first."""
    text = params.get("limit", "10")
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
        raise refuse(400, f"Invalid limit: {text}", code="parameter_invalid_integer", param="limit")
    kept = rows[::-1]
    after = params.get("starting_after")
    if after:
        place = next((n for n, row in enumerate(kept) if row["id"] == after), None)
        if place is None:
            raise refuse(400, f"No such object: '{after}'", code="resource_missing", param="starting_after")
        kept = kept[place + 1 :]
    return {"object": "list", "url": request.path, "has_more": len(kept) > int(text), "data": shown(kept[: int(text)])}


def shown(value: Any) -> Any:
    """A copy for an answer, without the fields that only this sandbox knows."""
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items() if not k.startswith("_")}
    return [shown(v) for v in value] if isinstance(value, list) else deepcopy(value)
