"""Connections, pairs, plans, postings and drift."""

from __future__ import annotations

from typing import Any

from purser.links.models import Connection, Receipt
from purser.postgres import tenancy
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, first, on, sent

RULES = {"every_seconds": 600, "limit_percent": 20, "limit_least": 5, "limit_down": 200}

CONNECTWISE = {
    "site": "https://api-na.myconnectwise.net",
    "company_id": "harbour",
    "integrator_user": "key",
    "integrator_password": "private-key",
    "client_id": "c",
    "version": "0",
}

AUTOTASK = {"user": "api@msp.example", "company_id": "", "password": "secret", "integration_code": "PURSER-SANDBOX"}


def psa(body: dict[str, Any]) -> Find:
    """The planted connection to a PSA, at its version."""

    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.reseller.tenant):
            row = Connection.objects.get(kind="autotask")
        return sent(body | ({"version": row.version} if "price_is" in body else {}), connection=row.pk)

    return find


def receipt(state: str, name: str, body: dict[str, Any] | None = None) -> Find:
    """The planted posting without an answer, in this state."""

    def find(g: Ground, who: str) -> Said:
        id = g.reseller.one("links_receipt")
        with tenancy.acting_in(g.reseller.tenant):
            Receipt.objects.filter(pk=id).update(state=state, looked_at=kit.now())
        return sent(body or {}, **{name: id})

    return find


STEPS: list[Step] = [
    ("owner", "configuration/autotask/change/", AUTOTASK | {"version": "1"}),
    ("owner", "configuration/connectwise/change/", CONNECTWISE),
    ("owner", "PUT connections/<kind>", {"version": 2, "values": AUTOTASK}),
    ("owner", "configuration/connections/<connection>/price/", psa({"price_is": "sales"})),
    ("owner", "PATCH connections/<connection>/price", psa({"price_is": "cost"})),
    ("owner", "configuration/connections/<connection>/secrets/<field>/reveal/", psa({})),
    ("owner", "POST connections/<connection>/reveal", psa({"field": "password"})),
    ("owner", "configuration/pairs/<sync>/read/", {}),
    ("owner", "POST pairs/<pair>/readings", {}),
    ("owner", "configuration/pairs/<sync>/rules/", RULES | {"drift_policy": "ask", "decrease": "today", "version": "1"}),
    ("owner", "PATCH pairs/<pair>", {"version": 2, "every_seconds": 700}),
    ("owner", "passes/now/<sync>/", {}),
    ("owner", "POST pairs/<pair>/runs", {}),
    ("owner", "plans/preview/<sync>/ask/", {}),
    ("owner", "POST pairs/<pair>/previews", {}),
    ("owner", "plans/<plan>/approve/", on("links_storedplan", name="plan", digest="3" * 64)),
    ("owner", "plans/<plan>/reject/", on("links_storedplan", {"reason": "No"}, name="plan", digest="4" * 64)),
    ("owner", "POST plans/<plan>/approve", on("links_storedplan", name="plan", digest="5" * 64)),
    ("owner", "POST plans/<plan>/reject", on("links_storedplan", {"reason": "No"}, name="plan", digest="6" * 64)),
    ("owner", "reports/failures/<receipt>/retry/", receipt("refused", "receipt")),
    ("owner", "reports/failures/retry/", {"all": "1"}),
    ("owner", "POST postings/retry", first("links_receipt", "ids")),
    ("owner", "reports/failures/<receipt>/decide/", receipt("unsure", "receipt", {"applied": "yes"})),
    ("owner", "POST postings/<posting>/decide", receipt("unsure", "posting", {"applied": True})),
    ("owner", "drift/marketplace-wins/", first("links_drift", "row")),
    ("owner", "drift/psa-wins/", first("links_drift", "row")),
    ("owner", "POST hand-edits/decide", first("links_drift", "ids", {"decision": "psa"})),
]
