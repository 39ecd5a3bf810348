"""The administrator's own screen, as far as a demonstration needs it: each tenant's users, groups and contacts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Response

if TYPE_CHECKING:
    from sandboxes.graph.app import Graph

_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem;color:#1f2933}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem;min-width:50rem}"
    "th,td{border-bottom:1px solid #d9dee4;padding:.4rem .7rem;text-align:left}"
)


def render(app: Graph) -> Response:
    parts = []
    for id, tenant in sorted(app.state["tenants"].items()):
        users = [
            (u["displayName"], u["userPrincipalName"], tenant["mailboxes"].get(u["id"], "no mailbox"),
             "enabled" if u["accountEnabled"] else "blocked")
            for u in _by_name(tenant["users"])
        ]  # fmt: skip
        groups = [
            (g["displayName"], ", ".join(g["groupTypes"]) or "Security", str(len(tenant["members"].get(g["id"], ()))))
            for g in _by_name(tenant["groups"])
        ]
        contacts = [(c["displayName"], c["mail"] or "", c["companyName"] or "") for c in _by_name(tenant["contacts"])]
        parts.append(f"<h2>{escape(tenant['name'])}</h2><p>{escape(id)}</p>")
        parts.append(_table(("User", "Sign-in", "Mailbox", "State"), users))
        parts.append(_table(("Group", "Type", "Members"), groups))
        parts.append(_table(("Contact", "Mail", "Company"), contacts))
    page = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>Graph sandbox</title><style>{_STYLE}</style>"
        f"</head><body><h1>Directories</h1>{''.join(parts)}</body></html>"
    )
    return Response(200, page.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})


def _by_name(held: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(held.values(), key=lambda row: (str(row["displayName"]), row["id"]))


def _table(heads: tuple[str, ...], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(h)}</th>" for h in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
