"""Agreements and their additions: what may be written, what is refused, what is computed."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sandboxes.connectwise import lists, patch, rows
from sandboxes.kit import Request, Response, error

if TYPE_CHECKING:
    from sandboxes.connectwise.app import ConnectWise

Row = dict[str, Any]
_ADJUSTMENT: rows.Types = {"amount": rows.NUMBER, "description": str, "effectiveDate": str}


def register(app: ConnectWise) -> None:
    """The routes below /finance."""
    one, many = "/finance/agreements/{id}", "/finance/agreements/{parent}/additions"

    def show(row: Row) -> Row:
        return {**row, "agreementStatus": rows.status(row, app.clock.today())}

    def types(request: Request) -> Response:
        found = {a["type"]["id"]: {**a["type"], "prorateFlag": True} for a in app.state["agreements"]}
        return app.listing(list(found.values()), request)

    def agreement_patch(request: Request) -> Response:
        kept = app.one("agreements", request.args["id"])
        changed = patch.apply(kept, body(request), rows.AGREEMENT)
        patch.typed({k: changed[k] for k in rows.AGREEMENT if k in changed}, rows.AGREEMENT, "agreement")
        put_agreement(app, changed)
        app.effect("agreement.patch", id=changed["id"])
        return Response(200, show(changed))

    app.api("GET", "/finance/agreements", lambda r: app.listing(app.state["agreements"], r, show))
    app.api("GET", "/finance/agreements/count", lambda r: lists.count(app.state["agreements"], r))
    app.api("GET", "/finance/agreements/types", types)
    app.api("GET", one, lambda r: Response(200, show(app.one("agreements", r.args["id"]))))
    app.api("PATCH", one, agreement_patch)
    app.api("GET", "/finance/agreements/{parent}/adjustments", lambda r: app.listing(_adjustments(app, r), r))
    app.api("POST", "/finance/agreements/{parent}/adjustments", lambda r: _adjustment_post(app, r))
    app.api("GET", many, lambda r: app.listing(_seen(app, r), r))
    app.api("POST", many, lambda r: _addition_post(app, r))
    app.api("GET", many + "/count", lambda r: lists.count(_seen(app, r), r))
    app.api("GET", many + "/{id}", lambda r: Response(200, _one_of(_seen(app, r), r)))
    app.api("PATCH", many + "/{id}", lambda r: _addition_change(app, r, replace=False))
    app.api("PUT", many + "/{id}", lambda r: _addition_change(app, r, replace=True))
    app.api("DELETE", many + "/{id}", lambda r: _addition_delete(app, r))


def body(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise lists.invalid("The body is not JSON.", code="InvalidJson") from None


def put_agreement(app: ConnectWise, changed: Row) -> None:
    app.state["agreements"] = [changed if a["id"] == changed["id"] else a for a in app.state["agreements"]]


def add(app: ConnectWise, agreement: Row, given: Row) -> Row:
    """A new addition as the product makes it, kept; nothing is checked here."""
    app.remember()
    row = rows.addition({"id": app.new_id(), **given}, agreement, _product(app, given.get("product")))
    app.additions(agreement["id"]).append(row)
    return row


def _seen(app: ConnectWise, request: Request) -> list[Row]:
    agreement = app.one("agreements", request.args["parent"])
    today = app.clock.today()
    found = app.seen_additions(agreement["id"])
    return [rows.shown(row, agreement, today, n) for n, row in enumerate(found, start=1)]


def _one_of(found: list[Row], request: Request) -> Row:
    row = next((r for r in found if str(r["id"]) == request.args["id"]), None)
    if row is None:
        message = f"Addition {request.args['id']} not found"
        raise error(404, {"code": "NotFound", "message": message, "errors": None})
    return row


def _product(app: ConnectWise, named: Any) -> Row:
    named = named if isinstance(named, dict) else {}
    for item in app.state["catalog"]:
        if item["id"] == named.get("id") or ("id" not in named and item["identifier"] == named.get("identifier")):
            return dict(item)
    raise lists.invalid("The product does not exist.", field="product", code="InvalidReference", resource="addition")


def _addition_post(app: ConnectWise, request: Request) -> Response:
    agreement = app.one("agreements", request.args["parent"])
    given = body(request)
    if not isinstance(given, dict):
        raise lists.invalid("The body must be an object.", code="InvalidJson")
    given = {k: v for k, v in given.items() if v is not None and k not in rows.ADDITION_COMPUTED}
    patch.typed(given, rows.ADDITION, "addition")
    given.setdefault("effectiveDate", rows.stamp(app.clock.today()))
    _check(agreement, given)
    _check_proration(agreement, rows.day(given["effectiveDate"]))
    _product(app, given["product"])
    row = add(app, agreement, given)
    app.effect("addition.post", id=row["id"], agreement=agreement["id"], quantity=row["quantity"])
    return Response(201, _one_of(_now(app, agreement), _named(request, row)))


def _addition_change(app: ConnectWise, request: Request, *, replace: bool) -> Response:
    agreement = app.one("agreements", request.args["parent"])
    kept = app.additions(agreement["id"])
    before = _one_of(kept, request)
    if replace:
        given = body(request)
        given = {k: v for k, v in given.items() if k not in rows.ADDITION_COMPUTED}
        changed = rows.addition({"id": before["id"], **given}, agreement, _product(app, given.get("product")))
    else:
        changed = patch.apply(before, body(request), rows.ADDITION)
    patch.typed({k: changed[k] for k in rows.ADDITION if k in changed}, rows.ADDITION, "addition")
    _check(agreement, changed)
    if changed["product"] != before["product"]:
        item = _product(app, changed["product"])
        changed |= {"product": {"id": item["id"], "identifier": item["identifier"]}}
        changed |= {k: item[s] for k, s in (("unitPrice", "price"), ("unitCost", "cost")) if changed[k] == before[k]}
    app.remember()
    kept[kept.index(before)] = changed
    details = {"quantity": changed["quantity"], "cancelled": changed["cancelledDate"]}
    app.effect("addition.put" if replace else "addition.patch", id=changed["id"], **details)
    return Response(200, _one_of(_now(app, agreement), _named(request, changed)))


def _addition_delete(app: ConnectWise, request: Request) -> Response:
    agreement = app.one("agreements", request.args["parent"])
    gone = _one_of(app.additions(agreement["id"]), request)
    app.remember()
    app.additions(agreement["id"]).remove(gone)
    app.effect("addition.delete", id=gone["id"])
    return Response(204)


def _now(app: ConnectWise, agreement: Row) -> list[Row]:
    today = app.clock.today()
    return [rows.shown(r, agreement, today, n) for n, r in enumerate(app.additions(agreement["id"]), start=1)]


def _named(request: Request, row: Row) -> Request:
    request.args = {**request.args, "id": str(row["id"])}
    return request


def _check(agreement: Row, row: Row) -> None:
    """The whole record is looked at on every write, whatever the write was about."""

    def refuse(field: str, message: str) -> Exception:
        return lists.invalid(message, field=field, code="OutOfRange", resource="addition")

    for field in ("product", "billCustomer"):
        if not row.get(field):
            raise refuse(field, f"The {field} field is required.")
    if row["billCustomer"] not in ("Billable", "DoNotBill", "NoCharge"):
        raise refuse("billCustomer", "The field billCustomer must be Billable, DoNotBill or NoCharge.")
    for field, longest in (("serialNumber", 50), ("invoiceDescription", 6000)):
        if len(row.get(field) or "") > longest:
            raise refuse(field, f"The field {field} must have at most {longest} characters.")
    for field in ("quantity", "lessIncluded", "unitPrice", "unitCost"):
        if not math.isfinite(row.get(field) or 0) or abs(row.get(field) or 0) > 1e11:
            raise refuse(field, f"The field {field} is out of range.")
    starts, ends = _date(row, "effectiveDate"), _date(row, "cancelledDate")
    if starts is None:
        raise refuse("effectiveDate", "The effectiveDate field is required.")
    if ends is not None and ends < starts:
        raise refuse("cancelledDate", "The cancelledDate must not be before the effectiveDate.")
    first, last = rows.day(agreement["startDate"]), agreement["endDate"] and rows.day(agreement["endDate"])
    if starts < first or (last and starts > last):
        span = f"{first} and {last or 'no end'}"
        raise refuse("effectiveDate", f"The effectiveDate must be between the agreement's dates, {span}.")


def _check_proration(agreement: Row, starts: date) -> None:
    first, after = rows.period(agreement, starts)
    if not agreement["prorateFlag"] and starts != first:
        until = after - timedelta(days=1)
        message = (
            f"The effectiveDate {starts} lies within the billing period {first} to {until}, "
            "and proration is not enabled for this agreement."
        )
        raise lists.invalid(message, field="effectiveDate", code="InvalidValue", resource="addition")


def _date(row: Row, field: str) -> date | None:
    try:
        return rows.day(row[field]) if row.get(field) else None
    except ValueError:
        raise lists.invalid(f"{field} is not a date.", field=field, code="InvalidType", resource="addition") from None


def _adjustments(app: ConnectWise, request: Request) -> list[Row]:
    agreement = app.one("agreements", request.args["parent"])
    kept: list[Row] = app.state["adjustments"].setdefault(str(agreement["id"]), [])
    return kept


def _adjustment_post(app: ConnectWise, request: Request) -> Response:
    kept = _adjustments(app, request)
    given = body(request)
    patch.typed(given, _ADJUSTMENT, "adjustment")
    if "amount" not in given or len(given.get("description") or "") > 1000:
        raise lists.invalid("amount is required; description has at most 1000 characters.", resource="adjustment")
    row = {"id": app.new_id(), "agreementId": int(request.args["parent"]), **given}
    kept.append(row)
    app.effect("adjustment.post", id=row["id"])
    return Response(201, row)
