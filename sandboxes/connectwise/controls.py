"""What people and time do to a PSA, as control verbs: POST /_sandbox/<verb> with a JSON object.

quantity       {agreement, product | addition, quantity}: a person edits what runs today
agreement      {id, <field>: value, ...}: endDate, prorateFlag, cancelledFlag, nextInvoiceDate, ...
agreement_add  an agreement row (id optional)       company_add  a company row (id optional)
addition_add   {agreement, product: {id}, ...}: without the checks of the API
invoice        {agreement, through}: periods up to and with this day are invoiced
renew          {agreement, startDate?, endDate?}: a successor that copies what runs, under parentAgreement
credentials    {public_key?, private_key?, failure_status?}: 401, or 404 as on the cloud
forbid         {path}: a regular expression of paths that the role may not use; empty for none
lag {seconds}, rate {per_minute}, page_loop {on}
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sandboxes.connectwise import agreements, rows

if TYPE_CHECKING:
    from sandboxes.connectwise.app import ConnectWise

Row = dict[str, Any]


def _find(app: ConnectWise, id: Any) -> Row:
    found = next((a for a in app.state["agreements"] if str(a["id"]) == str(id)), None)
    if found is None:
        raise KeyError(f"agreement {id}")
    return dict(found)


def _running(row: Row, on: date) -> bool:
    return rows.day(row["effectiveDate"]) <= on and (not row["cancelledDate"] or rows.day(row["cancelledDate"]) > on)


def quantity(app: ConnectWise, data: Row) -> Row:
    for row in app.additions(_find(app, data["agreement"])["id"]):
        if "addition" in data:
            meant = row["id"] == data["addition"]
        else:
            meant = row["product"]["id"] == data["product"] and _running(row, app.clock.today())
        if meant:
            app.remember()
            row["quantity"] = float(data["quantity"])
            return row
    raise KeyError("addition")


def agreement(app: ConnectWise, data: Row) -> Row:
    changed = _find(app, data["id"]) | data
    if "endDate" in data:
        changed["noEndingDateFlag"] = data["endDate"] is None
    agreements.put_agreement(app, changed)
    return changed


def agreement_add(app: ConnectWise, data: Row) -> Row:
    row = rows.agreement({"id": app.new_id(), **data}, app.state["companies"])
    app.state["agreements"].append(row)
    return row


def company_add(app: ConnectWise, data: Row) -> Row:
    row = rows.company({"id": app.new_id(), **data})
    app.state["companies"].append(row)
    return row


def addition_add(app: ConnectWise, data: Row) -> Row:
    given = {k: v for k, v in data.items() if k != "agreement"}
    return agreements.add(app, _find(app, data["agreement"]), given)


def invoice(app: ConnectWise, data: Row) -> Row:
    after = date.fromisoformat(data["through"]) + timedelta(days=1)
    return agreement(app, {"id": data["agreement"], "nextInvoiceDate": rows.stamp(after)})


def renew(app: ConnectWise, data: Row) -> Row:
    old = _find(app, data["agreement"])
    if old["endDate"] is None:
        raise ValueError(f"Agreement {old['id']} has no end date; nothing to renew.")
    last = rows.day(old["endDate"])
    starts = date.fromisoformat(data["startDate"]) if "startDate" in data else last + timedelta(days=1)
    ends = date.fromisoformat(data["endDate"]) if "endDate" in data else rows.later(starts, 12) - timedelta(days=1)
    kept = {k: old[k] for k in ("name", "type", "company", "billingCycle", "prorateFlag", "currency")}
    dates = {"startDate": rows.stamp(starts), "endDate": rows.stamp(ends)}
    successor = agreement_add(app, kept | dates | {"parentAgreement": {"id": old["id"], "name": old["name"]}})
    copied = (
        "product",
        "quantity",
        "lessIncluded",
        "unitPrice",
        "unitCost",
        "billCustomer",
        "taxableFlag",
        "description",
    )
    for row in app.additions(old["id"]):
        if _running(row, last):
            agreements.add(app, successor, {k: row[k] for k in copied} | {"effectiveDate": rows.stamp(starts)})
    return successor


def credentials(app: ConnectWise, data: Row) -> Row:
    app.state |= {k: str(data[k]) for k in ("public_key", "private_key") if k in data}
    app.state["settings"]["failure_status"] = int(data.get("failure_status", 401))
    return {"ok": True}


def forbid(app: ConnectWise, data: Row) -> Row:
    app.state["settings"]["forbidden"] = str(data["path"])
    return {"ok": True}


def lag(app: ConnectWise, data: Row) -> Row:
    app.state["settings"]["lag"] = float(data["seconds"])
    return {"ok": True}


def rate(app: ConnectWise, data: Row) -> Row:
    app.state["settings"]["rate"] = int(data["per_minute"])
    return {"ok": True}


def page_loop(app: ConnectWise, data: Row) -> Row:
    app.state["settings"]["page_loop"] = bool(data["on"])
    return {"ok": True}


VERBS: dict[str, Callable[[ConnectWise, Row], Row]] = {
    f.__name__: f
    for f in (
        quantity, agreement, agreement_add, company_add, addition_add, invoice, renew,
        credentials, forbid, lag, rate, page_loop,
    )
}  # fmt: skip
