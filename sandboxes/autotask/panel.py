"""Autotask's own side for a person to look at: contracts, services with their units, the prorated changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from sandboxes.autotask import contracts
from sandboxes.autotask.entities import KINDS, Kind, Row

_THING = "Service or Bundle Name"
_LINE_NAMES = ("Id", _THING, "Units today", "Units at the end", "Unit price", "Unit cost", "Posted through")
_CHANGE_NAMES = (
    "Contract",
    _THING,
    "Unit Change",
    "Effective Date",
    "Days",
    "Prorated Cost",
    "Amount",
    "By",
)
_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;color:#1b2733}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem}"
    "td,th{border:1px solid #c5ced6;padding:.3rem .7rem;text-align:left}th{background:#eef2f5}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}h1 small{font-weight:normal;color:#5a6b7a}"
)


def page(state: dict[str, Any], now: datetime) -> bytes:
    by_contract: dict[Any, list[list[str]]] = {}
    for kind in KINDS:
        seen = {rows[0][kind.line_id]: rows for rows in contracts.seen(state, kind, now) if rows}
        for line in state["rows"][kind.lines].values():
            cells = _line(state, kind, line, seen.get(line["id"], []), now)
            by_contract.setdefault(line["contractID"], []).append(cells)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Autotask sandbox</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>Autotask sandbox <small>{now:%Y-%m-%d %H:%M} UTC</small></h1><h2>Contracts</h2>",
    ]
    for contract in state["rows"]["Contracts"].values():
        company = contracts.find(state, "Companies", contract["companyID"]) or {}
        heading = f"{company.get('companyName', '')}: {contract['contractName']} (contract {contract['id']})"
        dates = f"{contract['startDate'][:10]} to {contract['endDate'][:10]}"
        status = state["picklists"]["status"].get(str(contract.get("status")), "")
        parts.append(f"<h3>{escape(heading)}</h3><p>{dates}, {escape(status)}</p>")
        parts.append(_table(_LINE_NAMES, by_contract.get(contract["id"], [])))
    parts.append("<h2>Prorated changes</h2>")
    changes = [
        [
            str(t["contractID"]),
            t["serviceOrBundleName"],
            f"{t['unitChange']:+d}",
            t["effectiveDate"][:10],
            f"{t['days']} of {t['periodDays']}",
            f"{t['proratedCost']:.2f}",
            f"{t['amount']:.2f}",
            t["by"],
        ]
        for t in reversed(state["transactions"])
    ]
    parts.append(_table(_CHANGE_NAMES, changes))
    return "".join(parts).encode("utf-8")


def _line(state: dict[str, Any], kind: Kind, line: Row, rows: list[Row], now: datetime) -> list[str]:
    thing = contracts.find(state, kind.things, line[kind.thing_id]) or {}
    today = contracts.stamp(now.date())
    units = next((r["units"] for r in rows if r["startDate"] <= today <= r["endDate"]), 0)
    posted = max((r["endDate"][:10] for r in rows if r["approveAndPostDate"]), default="")
    cost = line.get("unitCost")
    return [
        str(line["id"]),
        str(thing.get("name", "")),
        str(units),
        str(rows[-1]["units"] if rows else 0),
        f"{contracts.price_of(line):.2f}",
        "" if cost is None else f"{cost:.2f}",
        posted,
    ]


def _table(names: Iterable[str], rows: Iterable[list[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(n)}</th>" for n in names)
    body = "".join(
        "<tr>" + "".join(f"<td{' class=n' if _numeric(c) else ''}>{escape(c)}</td>" for c in cells) + "</tr>" for cells in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _numeric(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdecimal()
