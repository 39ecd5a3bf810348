"""Changes: what a write of the API does, and what a person or another integration does (the control verbs).

units        {"contractServiceID" | "contractServiceBundleID", "unitChange", "effectiveDate"}: by a person
contract     {"id", ...fields}: a person edits a contract; a new endDate adds or cuts unit rows
contract_add, company_add, service_add   {...fields}: a new row, gives {"id"}
line_add     {"contractID", "serviceID" | "serviceBundleID", "units"}: put on a contract, gives {"id"}
post_period  {"contractID", "through"}: approve and post the unit rows that end on or before that day
renew        {"contractID"}: a successor contract, gives {"id"}
credentials  {"user", "secret"} sets, {"user", "expire": true} and {"user", "revoke": true} lock out
access       {"entity", "level": 0 none | 1 all | 2 restricted, "hide": [ids]}: what the API user may see
lag          {"seconds"}: how long reads of units lag behind changes
page_loop    {"times"}: so many pages point back to themselves
rate         {"count", "threads"}: requests of the hour, and busy threads, that others seem to use
transactions {}: the prorated changes, as on Autotask's own page
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandboxes.autotask import contracts
from sandboxes.autotask.contracts import day, find
from sandboxes.autotask.entities import (
    DEFAULTS,
    ENTITIES,
    KINDS,
    SERVICE,
    Entity,
    Kind,
    Row,
    checked,
    invalid,
)
from sandboxes.kit import error

if TYPE_CHECKING:
    from sandboxes.autotask.app import AutotaskApp

_ADDS = {"contract_add": "Contracts", "company_add": "Companies", "service_add": "Services"}
_LINE_WRITABLE = {"adjustedPrice", "invoiceDescription"}


def create(app: AutotaskApp, entity: Entity, row: Row) -> int | None:
    """Add a row for the API; gives its id, None for an adjustment (it has none). Raises the 500."""
    for kind in KINDS:
        if entity.name == kind.adjustments:
            _adjust(app, kind, row)
            return None
        if entity.name == kind.lines:
            line = contracts.new_line(app.state, kind, row)
            app.effect("line", entity=entity.name, id=line["id"])
            return int(line["id"])
    if entity.name == "Contracts":
        _check_contract(app, row)
    row = contracts.add(app.state, entity.name, row)
    app.effect("create", entity=entity.name, id=row["id"])
    return int(row["id"])


def _check_contract(app: AutotaskApp, row: Row) -> None:
    if day(row["startDate"]) > day(row["endDate"]):
        raise invalid("Contract endDate must not be before startDate.")
    if find(app.state, "Companies", row["companyID"]) is None:
        raise invalid(f"The company {row['companyID']} referenced by companyID does not exist.")


def update(app: AutotaskApp, entity: Entity, row: Row, changes: Row) -> None:
    """Change a row for the API. Raises the 500."""
    for kind in KINDS:
        if entity.name == kind.lines and (locked := changes.keys() - _LINE_WRITABLE - {"contractID"}):
            raise invalid(f"{entity.singular} {min(locked)} is read-only.")
    _apply(app, entity, row, changes)
    app.effect("update", entity=entity.name, id=row["id"], fields=sorted(changes))


def _apply(app: AutotaskApp, entity: Entity, row: Row, changes: Row) -> None:
    if entity.name == "Contracts":
        _check_contract(app, {**row, **changes})
        if (last := changes.pop("endDate", None)) is not None:
            contracts.end_on(app.state, row, day(last))
    row.update(changes)


def _adjust(app: AutotaskApp, kind: Kind, change: Row) -> None:
    if change.get("unitChange") is None and change.get("adjustedUnitPrice") is None:
        raise invalid(f"{kind.adjustments.removesuffix('s')} unitChange is required.")
    contract_id, thing_id = change.get("contractID"), change.get(kind.thing_id)
    line_id = change.get(kind.line_id)
    lines = app.state["rows"][kind.lines].values()
    if line_id is not None:
        line = find(app.state, kind.lines, line_id)
        if line is None or contract_id not in (None, line["contractID"]):
            raise invalid(f"The {kind.line_id} {line_id} does not exist on contract {contract_id}.")
    elif contract_id is None or thing_id is None:
        raise invalid(f"Either {kind.line_id}, or contractID and {kind.thing_id}, are required.")
    else:
        line = next(
            (x for x in lines if x["contractID"] == contract_id and x[kind.thing_id] == thing_id), None
        ) or contracts.new_line(app.state, kind, {"contractID": contract_id, kind.thing_id: thing_id})
    contracts.adjust(app.state, kind, line, change, now=app.clock.now(), by="api")
    app.effect(
        "adjustment",
        line=line["id"],
        entity=kind.lines,
        unitChange=change.get("unitChange") or 0,
        effectiveDate=change["effectiveDate"],
    )


def run(app: AutotaskApp, verb: str, data: dict[str, Any]) -> Any:
    """One control verb. Raises KeyError for an unknown verb or item, ValueError for what does not fit."""
    try:
        return _run(app, verb, data)
    except error as refused:
        raise ValueError(refused.response.body["errors"][0]) from refused


def _run(app: AutotaskApp, verb: str, data: dict[str, Any]) -> Any:
    state = app.state
    match verb:
        case "units":
            kind = next(k for k in KINDS if (k.line_id in data) or k is KINDS[-1])
            line = state["rows"][kind.lines][str(data[kind.line_id])]
            change = checked(ENTITIES[kind.adjustments], data, state["picklists"], whole=True)
            return contracts.adjust(state, kind, line, change, now=app.clock.now(), by="person")
        case "contract":
            row = state["rows"]["Contracts"][str(data["id"])]
            changes = checked(ENTITIES["Contracts"], data, state["picklists"], whole=False)
            _apply(app, ENTITIES["Contracts"], row, changes)
            return row
        case "contract_add" | "company_add" | "service_add":
            entity = ENTITIES[_ADDS[verb]]
            row = checked(entity, {**DEFAULTS[entity.name], **data}, state["picklists"], whole=True)
            if verb == "contract_add":
                _check_contract(app, row)
            return {"id": contracts.add(state, entity.name, row)["id"]}
        case "line_add":
            kind = SERVICE if SERVICE.thing_id in data else KINDS[1]
            line = {k: v for k, v in data.items() if k != "units"}
            return {"id": contracts.new_line(state, kind, line, int(data.get("units", 0)))["id"]}
        case "post_period":
            through = day(data["through"])
            return {"posted": contracts.post(state, data["contractID"], through, app.clock.now())}
        case "renew":
            return {"id": contracts.renew(state, state["rows"]["Contracts"][str(data["contractID"])])["id"]}
        case "transactions":
            return state["transactions"]
        case _:
            return _adverse(app, verb, data)


def _adverse(app: AutotaskApp, verb: str, data: dict[str, Any]) -> Any:
    """What makes the API slower, poorer or closed."""
    state = app.state
    match verb:
        case "credentials":
            user = data.get("user") or next(iter(state["users"]))
            if data.get("revoke"):
                del state["users"][user]
            elif data.get("expire"):
                state["expired"].append(user)
            else:
                state["users"][user] = data["secret"]
                state["expired"] = [u for u in state["expired"] if u != user]
            return {"users": sorted(state["users"])}
        case "access":
            level, hide = int(data["level"]), list(data.get("hide", []))
            state["access"][data["entity"]] = {"level": level, "hide": hide}
            return state["access"]
        case "lag":
            state["lag_seconds"] = float(data["seconds"])
            return {"seconds": state["lag_seconds"]}
        case "page_loop":
            state["page_loop"] = int(data.get("times", 1))
            return {"times": state["page_loop"]}
        case "rate":
            app.limits.others, app.limits.busy_elsewhere = (
                int(data.get("count", 0)),
                int(data.get("threads", 0)),
            )
            return {"count": app.limits.count}
        case _:
            raise KeyError(verb)
