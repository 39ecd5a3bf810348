"""The merchant's own screen, as far as a demonstration needs it: payments, stored cards, and what was told to whom."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from sandboxes.kit import Response
from sandboxes.stripe import currencies

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem;color:#1f2933}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem;min-width:50rem}"
    "th,td{border-bottom:1px solid #d9dee4;padding:.4rem .7rem;text-align:left}"
)


def render(app: Stripe) -> Response:
    who = {id: row["name"] or id for id, row in app.state["customers"].items()}
    payments = [
        (row["id"], who.get(row["customer"], ""), currencies.shown(row["amount"], row["currency"]),
         row["status"], currencies.shown(row["_refunded"], row["currency"]) if row["_refunded"] else "")
        for row in app.rows("payment_intents")[::-1]
    ]  # fmt: skip
    cards = [
        (row["id"], who.get(row["customer"] or "", "nobody"), f"{row['card']['brand']} {row['card']['last4']}",
         f"{row['card']['exp_month']:02}/{row['card']['exp_year']}", row["_later"] or "pays")
        for row in app.rows("payment_methods")[::-1]
    ]  # fmt: skip
    told = [
        (d["event"], app.state["events"][d["event"]]["type"], app.state["endpoints"][d["to"]]["url"], d["state"], d["answer"])
        for d in app.state["deliveries"][::-1]
    ]
    page = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>Stripe sandbox</title><style>{_STYLE}</style></head>"
        f"<body><h1>Payments</h1>{_table(('Payment', 'Customer', 'Amount', 'State', 'Refunded'), payments)}"
        f"<h2>Cards</h2>{_table(('Token', 'Customer', 'Card', 'Expiry', 'Its issuer'), cards)}"
        f"<h2>Webhooks</h2>{_table(('Event', 'Type', 'To', 'State', 'Answer'), told)}</body></html>"
    )
    return Response(200, page.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})


def _table(heads: tuple[str, ...], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(h)}</th>" for h in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
