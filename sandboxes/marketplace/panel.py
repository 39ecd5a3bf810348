"""The page of the marketplace's control panel from which a reseller opens the portal. Source: decision F-15.

The launch token is `payload.signature`: the payload is JSON in base64url without padding, the signature
HMAC-SHA256 of that text with `launch_secret`, in base64url without padding. Claims: iss, jti (new each
time), iat, exp (60 seconds later), account, email. It is posted as the form field `token` to `launch_url`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from sandboxes.kit import Response

LIFETIME = timedelta(seconds=60)
ISSUER = "marketplace-control-panel"


def mint(*, account: str, email: str, secret: str, now: datetime) -> str:
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "jti": str(uuid.uuid4()),
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "account": account,
        "email": email,
    }
    payload = _base64url(json.dumps(claims, separators=(",", ":")).encode())
    signature = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{payload}.{_base64url(signature)}"


def launch_page(state: dict[str, Any], *, gateway: str, query: dict[str, str]) -> Response:
    """The licence block, a button to copy it, and one to launch; `?account=&email=` says who launches."""
    who = {**state["reseller"], **{k: v for k, v in query.items() if k in ("account", "email")}}
    licence = {
        "Customer Name": state["licence"]["customer"],
        "License Number": state["licence"]["number"],
        "Gateway Url": gateway,
        "Gateway Username": state["credentials"]["user"],
        "Gateway Password": state["credentials"]["password"],
    }
    rows = "".join(f"<dt>{_e(k)}</dt><dd>{_e(v)}</dd>" for k, v in licence.items())
    text = "\n".join(f"{k}: {v}" for k, v in licence.items())
    fields = "".join(f'<input type="hidden" name="{_e(k)}" value="{_e(v)}">' for k, v in who.items())
    return _page(
        "Marketplace control panel",
        f'<h1>Marketplace control panel</h1><section aria-label="License"><h2>License</h2><dl>{rows}</dl>'
        f'<textarea id="config" rows="5" cols="70" readonly aria-label="Configuration">{_e(text)}</textarea>'
        '<p><button type="button" id="copy">Copy config</button> <span role="status" id="copied"></span></p>'
        "</section>"
        f'<form method="post" action="/_panel/launch">{fields}<button>Launch</button></form>'
        "<script>const by=i=>document.getElementById(i);by('copy').onclick=async()=>{by('config').select();"
        "try{await navigator.clipboard.writeText(by('config').value)}catch{document.execCommand('copy')}"
        "by('copied').textContent='Copied.'}</script>",
    )


def hand_over(state: dict[str, Any], *, form: dict[str, str], now: datetime) -> Response:
    """A page that posts a fresh token to the portal by itself, or by its button where scripts do not run."""
    who = {k: form.get(k, state["reseller"].get(k, "")) for k in ("account", "email")}
    if not state["launch_url"] or not state["launch_secret"]:
        return _page("Not set up", "<p>The seed names no launch_url and launch_secret.</p>", status=409)
    token = mint(**who, secret=state["launch_secret"], now=now)
    return _page(
        "Opening the portal",
        f'<form method="post" action="{_e(state["launch_url"])}">'
        f'<input type="hidden" name="token" value="{_e(token)}"><button>Open the portal</button></form>'
        "<script>document.forms[0].submit()</script>",
    )


def _page(title: str, body: str, *, status: int = 200) -> Response:
    style = "body{font:16px system-ui;margin:3rem auto;max-width:46rem}dt{font-weight:600}dd{margin:0}"
    head = f'<meta charset="utf-8"><title>{_e(title)}</title><style>{style}</style>'
    page = f'<!doctype html><html lang="en">{head}{body}</html>'
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Response(status, page.encode(), headers)


def _e(text: Any) -> str:
    return html.escape(str(text), quote=True)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
