"""The desk of what is half done at vendors, and what somebody changed there: put right, or accepted.

Source: acceptance AC-30; issue of vendors' tenants, section 4.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import sent, to
from purser.portal.tables.model import Empty, dressed
from purser.provisioning import findings
from purser.provisioning import lists as plain
from purser.tenants import organisations

DESK = dressed(
    plain.HALF_DONE,
    empty=Empty("Nothing is half done", "Steps at vendors that were refused, wait or have an unknown outcome stand here."),
    export="vendor_desk_export",
)
FINDINGS = dressed(
    plain.FINDINGS,
    empty=Empty(
        "Nobody changed anything at the vendors",
        "Tenants are compared with what we hold; what somebody changed in a vendor's own portal stands here.",
    ),
    export="vendor_findings_export",
)


@page("accounts.read", seat=False)
def desk(request: HttpRequest, actor: Actor) -> HttpResponse:
    def account(row: Any) -> str:
        return to("vendor_account", actor, organisation=row.tenant_id, instance=row.account.instance)

    table = dressed(plain.HALF_DONE, empty=DESK.empty, export=DESK.export, href={"name": account, "what": account})
    return lists.show(request, actor, table, zone=organisations.zone_of(actor.tenant))


@page("accounts.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    def finding(row: Any) -> str:
        return to("vendor_finding", actor, organisation=row.tenant_id, finding=row.pk)

    table = dressed(plain.FINDINGS, empty=FINDINGS.empty, export=FINDINGS.export, href={"name": finding, "theirs": finding})
    return lists.show(request, actor, table, zone=organisations.zone_of(actor.tenant))


desk_export = exports.door(DESK, "accounts.read")
export = exports.door(FINDINGS, "accounts.read")


@page("accounts.read", seat=False)
def one(request: HttpRequest, actor: Actor, organisation: UUID, finding: UUID) -> HttpResponse:
    case, row = findings.find(actor, organisation, finding)
    there = to("vendor_account", actor, organisation=organisation, instance=case.account.instance)
    context = {
        "finding": row,
        "what": plain.what(row.what),
        "account": case.account,
        "account_href": there,
        "by_hand": findings.BY_HAND.get(row.what, ""),
        "zone": organisations.zone_of(actor.tenant),
        "crumbs": [("Changed at the vendor", to("vendor_findings", actor)), (case.account.name, "")],
    }
    return TemplateResponse(request, "provisioning/finding.html", context)


@require_POST
@page("accounts.decide", seat=False)
def heal(request: HttpRequest, actor: Actor, organisation: UUID, finding: UUID) -> HttpResponse:
    findings.heal(actor, organisation, finding, now=timezone.now())
    messages.success(request, "It is put right at the vendor now; this list shows it once it is.")
    return HttpResponseRedirect(to("vendor_findings", actor))


@require_POST
@page("accounts.decide", seat=False)
def accept(request: HttpRequest, actor: Actor, organisation: UUID, finding: UUID) -> HttpResponse:
    row = findings.accept(actor, organisation, finding, why=sent(request, "why"), now=timezone.now())
    messages.success(request, f"It stays so at the vendor: {row.theirs}")
    return HttpResponseRedirect(to("vendor_findings", actor))
