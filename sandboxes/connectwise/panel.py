"""The PSA's own screen, as far as a demonstration needs it: agreements with their additions."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sandboxes.connectwise import rows
from sandboxes.kit import Response

if TYPE_CHECKING:
    from sandboxes.connectwise.app import ConnectWise

_HEAD = (
    "Sequence", "Effective", "Cancelled", "Product ID", "Description", "Price", "Prorate price", "Quantity",
    "Ext price",
)  # fmt: skip
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem;color:#1f2933}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem;min-width:60rem}"
    "th,td{border-bottom:1px solid #d9dee4;padding:.4rem .7rem;text-align:left}"
    "td.number{text-align:right;font-variant-numeric:tabular-nums}tr.ended{color:#8a94a0}"
)


def render(app: ConnectWise) -> Response:
    """All agreements by company and name, each with its additions in sequence."""
    today = app.clock.today()
    parts = []
    for agreement in sorted(app.state["agreements"], key=lambda a: (a["company"]["name"], a["name"], a["id"])):
        first, last = agreement["startDate"][:10], (agreement["endDate"] or "no end")[:10]
        proration = "proration on" if agreement["prorateFlag"] else "proration off"
        facts = f"{rows.status(agreement, today)} · {first} to {last} · {proration}"
        lines = [_line(rows.shown(row, agreement, today, n)) for n, row in enumerate(app.additions(agreement["id"]), start=1)]
        title = f"{agreement['company']['name']}: {agreement['name']} (#{agreement['id']})"
        head = "".join(f"<th scope=col>{name}</th>" for name in _HEAD)
        parts.append(
            f"<h2>{escape(title)}</h2><p>{escape(facts)}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        )
    page = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>ConnectWise sandbox</title>"
        f"<style>{_STYLE}</style></head><body><h1>Agreements on {today}</h1>{''.join(parts)}</body></html>"
    )
    return Response(200, page.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})


def _line(row: dict[str, Any]) -> str:
    texts = (
        f"{row['sequenceNumber']:g}", row["effectiveDate"][:10], (row["cancelledDate"] or "")[:10],
        row["product"]["identifier"], row["description"] or "",
    )  # fmt: skip
    numbers = (
        f"{row['unitPrice']:.2f}",
        f"{row['proratePrice']:.2f}",
        f"{row['quantity']:g}",
        f"{row['extPrice']:.2f}",
    )
    cells = [f"<td>{escape(t)}</td>" for t in texts] + [f"<td class=number>{n}</td>" for n in numbers]
    return f"<tr{' class=ended' if row['cancelledDate'] else ''}>{''.join(cells)}</tr>"
