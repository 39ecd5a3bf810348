"""Recurring service contracts: billing periods, the unit rows in them, adjustments and what these cost.

Everything works on the sandbox's plain state. Dates are texts like `2026-07-11T00:00:00`, last days included.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandboxes.autotask.entities import KINDS, MONTHS, SERVICE, Kind, Row, invalid

DAY = timedelta(days=1)
State = dict[str, Any]


def day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def stamp(on: date) -> str:
    return f"{on.isoformat()}T00:00:00"


def new_id(state: State) -> int:
    state["next_id"] += 1
    return int(state["next_id"])


def find(state: State, entity: str, id: Any) -> Row | None:
    found: Row | None = state["rows"][entity].get(str(id))
    return found


def add(state: State, entity: str, row: Row) -> Row:
    row.setdefault("id", new_id(state))
    state["rows"][entity][str(row["id"])] = row
    return row


def recurring(state: State, contract: Row) -> bool:
    label = state["picklists"]["contractType"].get(str(contract.get("contractType")))
    return bool(label == "Recurring Service")


def months(state: State, contract: Row) -> int:
    label = state["picklists"]["contractPeriodType"].get(str(contract.get("contractPeriodType")), "Monthly")
    return MONTHS.get(label, 1)


def later(start: date, count: int) -> date:
    """`start` moved by whole months; the 31st becomes the last day of a shorter month."""
    year, month = divmod(start.month - 1 + count, 12)
    first_of_next = date(start.year + year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(first_of_next - DAY, date(start.year + year, month + 1, 1) + (start.day - 1) * DAY)


def periods(state: State, contract: Row, until: date) -> Iterator[tuple[date, date]]:
    """First and last day of each billing period that begins by `until`, not cut at the contract's end."""
    start, step = day(contract["startDate"]), months(state, contract)
    number = 0
    while (first := later(start, number)) <= until:
        number += step
        yield first, later(start, number) - DAY


def period_of(state: State, contract: Row, on: date) -> tuple[date, date]:
    *_, last = periods(state, contract, on)
    return last


def prorated(units: int, unit_price: float, days: int, of: int) -> float:
    """Units at a price for some days of a period, half a cent rounded up. Source: acceptance ID-26."""
    amount = Decimal(units) * Decimal(str(unit_price)) * days / of
    return float(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))


def price_of(line: Row) -> float:
    price = line.get("adjustedPrice")
    return float(price if price is not None else line.get("unitPrice") or 0)


def lay(state: State, kind: Kind, line: Row, units: int, first: date, last: date) -> None:
    """Put unit rows of `units` from `first` to `last`, one for each billing period."""
    contract = find(state, "Contracts", line["contractID"])
    if contract is None:
        raise ValueError(f"contract {line['contractID']} of line {line['id']} is not there")
    rows = state["units"][kind.units].setdefault(str(line["id"]), [])
    for start, end in periods(state, contract, last):
        if end < first:
            continue
        row = {
            "id": new_id(state),
            "contractID": line["contractID"],
            kind.line_id: line["id"],
            kind.thing_id: line[kind.thing_id],
            "units": units,
            "startDate": stamp(max(start, first)),
            "endDate": stamp(min(end, last)),
            "approveAndPostDate": None,
            "organizationalLevelAssociationID": contract.get("organizationalLevelAssociationID"),
            "_unitPrice": price_of(line),
            "_unitCost": float(line.get("unitCost") or 0),
        }
        if kind is SERVICE:
            row["vendorCompanyID"] = None
        rows.append(_priced(state, contract, row))


def _priced(state: State, contract: Row, row: Row) -> Row:
    first, last = period_of(state, contract, day(row["startDate"]))
    days, of = (day(row["endDate"]) - day(row["startDate"])).days + 1, (last - first).days + 1
    row["price"] = row["internalCurrencyPrice"] = prorated(row["units"], row["_unitPrice"], days, of)
    row["cost"] = prorated(row["units"], row["_unitCost"], days, of)
    return row


def new_line(state: State, kind: Kind, line: Row, units: int = 0) -> Row:
    """A service or bundle on a contract, with a row of `units` for each billing period."""
    contract = find(state, "Contracts", line["contractID"])
    thing = find(state, kind.things, line[kind.thing_id])
    if contract is None or thing is None:
        raise invalid(f"The contract {line['contractID']} or {kind.thing_id} {line[kind.thing_id]} does not exist.")
    if not recurring(state, contract):
        raise invalid("Services can be added only to contracts of type Recurring Service.")
    line = {
        "unitPrice": thing.get("unitPrice"),
        "adjustedPrice": thing.get("unitPrice"),
        "invoiceDescription": None,
        "internalDescription": None,
        "quoteItemID": None,
        **({"unitCost": thing.get("unitCost")} if kind is SERVICE else {}),
        **line,
    }
    line["internalCurrencyUnitPrice"] = line["unitPrice"]
    line["internalCurrencyAdjustedPrice"] = line["adjustedPrice"]
    add(state, kind.lines, line)
    if str(line["id"]) not in state["units"][kind.units]:
        lay(state, kind, line, units, day(contract["startDate"]), day(contract["endDate"]))
    return line


def remember(state: State, kind: Kind, line_id: Any, now: datetime) -> None:
    """Keep what readers go on seeing for as long as reads lag behind."""
    if state["lag_seconds"]:
        stale = state["stale"][kind.units].setdefault(str(line_id), [])
        until = now + timedelta(seconds=state["lag_seconds"])
        stale.append({"until": until.isoformat(), "rows": copy.deepcopy(state["units"][kind.units][str(line_id)])})


def seen(state: State, kind: Kind, now: datetime) -> Iterator[list[Row]]:
    """The unit rows as a reader sees them now, line by line."""
    stale = state["stale"][kind.units]
    for line_id, rows in state["units"][kind.units].items():
        kept = [s for s in stale.get(line_id, ()) if datetime.fromisoformat(s["until"]) > now]
        if line_id in stale:
            stale[line_id] = kept
        yield kept[0]["rows"] if kept else rows


def adjust(state: State, kind: Kind, line: Row, change: Row, *, now: datetime, by: str) -> Row:
    """Change the units (and, for a service, the prices) of a line from a date on; gives the prorated change.

    An integration is held to one change of a line per date, a person at the screen is not. Raises the 500.
    """
    contract = find(state, "Contracts", line["contractID"])
    if contract is None:
        raise ValueError(f"contract {line['contractID']} of line {line['id']} is not there")
    on = day(change["effectiveDate"])
    delta = int(change.get("unitChange") or 0)
    if not day(contract["startDate"]) <= on <= day(contract["endDate"]):
        raise invalid(
            f"{kind.adjustments.removesuffix('s')} effectiveDate must be between the start date and end date "
            "of the Contract referenced by contractID."
        )
    dates = state["adjusted"][kind.adjustments].setdefault(str(line["id"]), [])
    if by == "api" and stamp(on) in dates:
        raise invalid(
            f"The adjustment was not saved. Attempt to insert duplicate data into contract_service_period "
            f"({kind.line_id} {line['id']}, {on.isoformat()})."
        )
    rows: list[Row] = state["units"][kind.units][str(line["id"])]
    if any(day(r["endDate"]) >= on and r["units"] + delta < 0 for r in rows):
        raise invalid(f"A unitChange of {delta} would leave {kind.line_id} {line['id']} with less than zero units.")

    remember(state, kind, line["id"], now)
    if by == "api":
        dates.append(stamp(on))
    if kind is SERVICE:
        if change.get("adjustedUnitPrice") is not None:
            line["adjustedPrice"] = line["internalCurrencyAdjustedPrice"] = change["adjustedUnitPrice"]
        if change.get("adjustedUnitCost") is not None:
            line["unitCost"] = change["adjustedUnitCost"]
    _split(state, contract, rows, on)
    for row in rows:
        if day(row["startDate"]) >= on:
            row["units"] += delta
            row["_unitPrice"], row["_unitCost"] = price_of(line), float(line.get("unitCost") or 0)
            _priced(state, contract, row)
    return _transaction(state, kind, contract, line, delta, on, now, by)


def _split(state: State, contract: Row, rows: list[Row], on: date) -> None:
    for place, row in enumerate(rows):
        if day(row["startDate"]) < on <= day(row["endDate"]):
            rest = {**row, "id": new_id(state), "startDate": stamp(on), "approveAndPostDate": None}
            row["endDate"] = stamp(on - DAY)
            _priced(state, contract, row)
            rows.insert(place + 1, rest)
            return


def _transaction(state: State, kind: Kind, contract: Row, line: Row, delta: int, on: date, now: datetime, by: str) -> Row:
    """A line of Autotask's own list of prorated changes, for the period that the change falls in."""
    first, last = period_of(state, contract, on)
    days, of = (last - on).days + 1, (last - first).days + 1
    thing = find(state, kind.things, line[kind.thing_id]) or {}
    entry = {
        "contractID": contract["id"],
        kind.line_id: line["id"],
        "serviceOrBundleName": thing.get("name", ""),
        "unitChange": delta,
        "effectiveDate": stamp(on),
        "proratedCost": prorated(delta, float(line.get("unitCost") or 0), days, of),
        "amount": prorated(delta, price_of(line), days, of),
        "days": days,
        "periodDays": of,
        "by": by,
        "at": now.isoformat(),
    }
    if delta:
        state["transactions"].append(entry)
    return entry


def lines_of(state: State, contract_id: Any) -> Iterator[tuple[Kind, Row]]:
    for kind in KINDS:
        for line in list(state["rows"][kind.lines].values()):
            if line["contractID"] == contract_id:
                yield kind, line


def end_on(state: State, contract: Row, last: date) -> None:
    """Move the end of a contract: unit rows are added up to it, or cut at it."""
    old = day(contract["endDate"])
    contract["endDate"] = stamp(last)
    for kind, line in lines_of(state, contract["id"]):
        rows: list[Row] = state["units"][kind.units][str(line["id"])]
        if last > old:
            lay(state, kind, line, rows[-1]["units"] if rows else 0, old + DAY, last)
            continue
        rows[:] = [r for r in rows if day(r["startDate"]) <= last]
        for row in rows:
            if day(row["endDate"]) > last:
                row["endDate"] = stamp(last)
                _priced(state, contract, row)


def post(state: State, contract_id: Any, through: date, now: datetime) -> int:
    """Approve and post all unit rows of a contract that end on or before `through`; gives how many."""
    posted = 0
    for kind, line in lines_of(state, contract_id):
        for row in state["units"][kind.units][str(line["id"])]:
            if row["approveAndPostDate"] is None and day(row["endDate"]) <= through:
                row["approveAndPostDate"] = stamp(now.date())
                posted += 1
    return posted


def renew(state: State, contract: Row) -> Row:
    """A successor of the same length that begins the day after, with the same services at the last counts."""
    first = day(contract["endDate"]) + DAY
    last = first + (day(contract["endDate"]) - day(contract["startDate"]))
    new = {k: v for k, v in contract.items() if k not in {"id", "renewedContractID"}}
    new |= {
        "startDate": stamp(first),
        "endDate": stamp(last),
        "contractName": f"{contract['contractName']} (renewed)",
    }
    successor = add(state, "Contracts", new)
    successor["renewedContractID"] = None
    contract["renewedContractID"] = successor["id"]
    for kind, line in lines_of(state, contract["id"]):
        rows = state["units"][kind.units][str(line["id"])]
        copied = {k: v for k, v in line.items() if k != "id"} | {"contractID": successor["id"]}
        new_line(state, kind, copied, rows[-1]["units"] if rows else 0)
    return successor
