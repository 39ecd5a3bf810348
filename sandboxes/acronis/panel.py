"""The vendor's management portal, as far as a demonstration needs it: the tree of tenants, their users, and mails sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Response

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]

_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem;color:#1f2933}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem;min-width:50rem}"
    "th,td{border-bottom:1px solid #d9dee4;padding:.4rem .7rem;text-align:left}"
)


def render(app: Acronis) -> Response:
    held = app.state["tenants"]
    tops = [row for row in held.values() if row["parent_id"] not in held]
    tree = [line for top in tops for line in _lines(app, top, 0)]
    users = [
        (u["login"], held[u["tenant_id"]]["name"], ", ".join(p["role_id"] for p in u["_policies"]),
         "deleted" if u["deleted_at"] else "active" if u["activated"] else "invited")
        for u in app.state["users"].values()
    ]  # fmt: skip
    mails = [(m["at"], m["to"] or "", app.state["users"][m["user"]]["login"]) for m in app.state["mails"][::-1]]
    page = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>Acronis sandbox</title><style>{_STYLE}</style></head>"
        f"<body><h1>Tenants</h1>{_table(('Tenant', 'Kind', 'State', 'Billing', 'Offering items', 'Internal tag'), tree)}"
        f"<h2>Users</h2>{_table(('Login', 'Tenant', 'Roles', 'State'), users)}"
        f"<h2>Activation mails</h2>{_table(('At', 'To', 'Login'), mails)}</body></html>"
    )
    return Response(200, page.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})


def _lines(app: Acronis, row: Row, depth: int) -> Iterator[tuple[str, ...]]:
    state = "deleted" if row["deleted_at"] else "enabled" if row["enabled"] else "disabled"
    on = sum(item["status"] for item in app.state["items"].get(row["id"], {}).values())
    yield ("\u2003" * depth + row["name"], row["kind"], state, row["pricing_mode"], str(on), row["internal_tag"] or "")
    for child in app.state["tenants"].values():
        if child["parent_id"] == row["id"]:
            yield from _lines(app, child, depth + 1)


def _table(heads: tuple[str, ...], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(h)}</th>" for h in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
