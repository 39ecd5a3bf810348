"""The sign-in: client credentials against one tenant, and what is wrong with them in AADSTS numbers."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Request, Response, error

if TYPE_CHECKING:
    from sandboxes.graph.app import Graph


def token(app: Graph, request: Request) -> Response:
    form = request.form()
    if form.get("grant_type") != "client_credentials":
        raise _refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    tenant = app.tenant_id(request.args["tenant"])
    if tenant is None:
        text = f"Tenant '{request.args['tenant']}' not found. Check to make sure you have the correct tenant ID."
        raise _refused(400, "invalid_request", 90002, text)
    client = form.get("client_id", "")
    known = app.state["apps"].get(client)
    grants = app.state["tenants"][tenant]["grants"]
    if known is None or client not in grants:
        text = f"Application with identifier '{client}' was not found in the directory '{tenant}'."
        raise _refused(400, "unauthorized_client", 700016, text)
    if form.get("client_secret") != known["secret"]:
        raise _refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
    if known.get("expired"):
        raise _refused(401, "invalid_client", 7000222, "The provided client secret keys for app are expired.")
    if not form.get("scope", "").endswith("/.default"):
        raise _refused(400, "invalid_scope", 1002012, "The provided value for scope is not valid for client credentials.")
    seconds = app.setting("token_seconds")
    value = secrets.token_urlsafe(24)
    until = app.clock.now() + timedelta(seconds=seconds)
    app.state["tokens"][value] = {"tenant": tenant, "client": client, "until": until.isoformat()}
    return Response(200, {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": value})


def _refused(status: int, word: str, number: int, text: str) -> error:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    body: dict[str, Any] = {
        "error": word,
        "error_description": f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation}",
        "error_codes": [number],
        "timestamp": "2025-01-01 00:00:00Z",
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return error(status, body)
