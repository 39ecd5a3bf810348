"""The vendor's own portal, as far as a demonstration needs it: the tree of accounts, members, buckets, invitations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Response

if TYPE_CHECKING:
    from sandboxes.bucketry.app import Bucketry

Row = dict[str, Any]

_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem;color:#1f2933}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem;min-width:50rem}"
    "th,td{border-bottom:1px solid #d9dee4;padding:.4rem .7rem;text-align:left}"
)


def render(app: Bucketry) -> Response:
    app.advance()
    held = app.state["accounts"]
    tree = [line for top in held.values() if str(top["parent"]) not in held for line in _lines(app, top, 0)]
    members = [
        (m["login"], held[str(m["account"])]["name"], ", ".join(m["roles"]), m["status"])
        for m in app.state["members"].values()
    ]  # fmt: skip
    buckets = [
        (held[id]["name"], row["bucket"], row["product"], row["region"], f"{row['bytes']:,}")
        for id, rows in app.state["usage"].items() for row in rows
    ]  # fmt: skip
    mails = [(m["at"], m["to"]) for m in app.state["mails"][::-1]]
    page = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>Bucketry sandbox</title><style>{_STYLE}</style></head>"
        f"<body><h1>Accounts</h1>{_table(('Account', 'Type', 'Status', 'Storage', 'Reference'), tree)}"
        f"<h2>Members</h2>{_table(('Login', 'Account', 'Roles', 'Status'), members)}"
        f"<h2>Buckets</h2>{_table(('Account', 'Bucket', 'Product', 'Region', 'Bytes'), buckets)}"
        f"<h2>Invitations</h2>{_table(('At', 'To'), mails)}</body></html>"
    )
    return Response(200, page.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})


def _lines(app: Bucketry, row: Row, depth: int) -> Iterator[tuple[str, ...]]:
    held = ", ".join(app.state["allocations"].get(str(row["id"]), {}))
    yield ("\u2003" * depth + f"{row['name']} ({row['id']})", row["type"], row["status"], held, row["reference"])
    for child in app.state["accounts"].values():
        if child["parent"] == row["id"]:
            yield from _lines(app, child, depth + 1)


def _table(heads: tuple[str, ...], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(h)}</th>" for h in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
