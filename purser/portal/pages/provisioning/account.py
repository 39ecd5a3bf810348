"""One account at a vendor: how it stands, each step with the vendor's words, its history. Source: acceptance AC-18, AC-30."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access import acts
from purser.access.actors import Actor
from purser.flows.accounts_to_vendor import previewing, sync_options
from purser.flows.accounts_to_vendor.sync_options import Line
from purser.kernel.errors import Failure, Missing
from purser.portal import requests
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to
from purser.postgres import tenancy
from purser.provisioning import accounts, kinds, steps
from purser.provisioning import lists as plain
from purser.provisioning.models import OPEN_STEPS, Account, AccountState, Role, Step, StepState
from purser.provisioning.places import Place
from purser.subscriptions import lifecycle
from purser.tenants import organisations

SHOWN = 100  # acts of one account


@page("accounts.read", seat=False)
def one(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    place, line = sync_options.line(actor, organisation, instance)
    if line.account is None:
        return HttpResponseRedirect(to("sync_status", actor, organisation=organisation))
    seen = _shown(actor, place, line, line.account, watch="watch" in request.GET)
    context = {
        **seen,
        **_may(line.account, gone=any(_gone(row) for row, *_ in seen["steps"])),
        "vendor": kinds.label(line.instance.kind),
        "facts": _facts(line, line.account),
        "may_change": place.acting is not None,
        "base": to("vendor_account", actor, organisation=organisation, instance=instance),
        "crumbs": [
            ("Accounts at vendors", to("vendor_accounts", actor)),
            (place.organisation.name, to("sync_status", actor, organisation=organisation)),
            (line.instance.name, ""),
        ],
    }
    return TemplateResponse(request, "provisioning/account.html", context)


@page("accounts.read", seat=False)
def progress(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """The part that asks for itself every few seconds while something is under way."""
    place, line = sync_options.line(actor, organisation, instance)
    if line.account is None:
        return HttpResponse("")
    return TemplateResponse(
        request, "provisioning/account_part.html", _shown(actor, place, line, line.account, watch="watch" in request.GET)
    )


@page("accounts.read", seat=False)
def preview(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """What the next run would do at the vendor: it is read there, and nothing is changed."""
    place, line = sync_options.line(actor, organisation, instance)
    if line.account is None:
        raise Missing("It is not synced with this instance yet.")
    found, failure = None, None
    try:
        found = previewing.of_account(tenant=place.organisation.pk, account=line.account.pk, clock=timezone.now)
    except Failure as met:
        failure = met
    context = {
        "place": place,
        "line": line,
        "calls": found,
        "failure": failure,
        "crumbs": [
            (place.organisation.name, to("sync_status", actor, organisation=organisation)),
            (line.instance.name, to("vendor_account", actor, organisation=organisation, instance=instance)),
            ("Next calls", ""),
        ],
    }
    part = requests.is_partial(request, "next-calls")
    return TemplateResponse(request, "provisioning/preview_part.html" if part else "provisioning/preview.html", context)


def _gone(row: Step) -> bool:
    return row.what == "tenant" and row.code == "gone" and row.state in OPEN_STEPS


def _may(account: Account, *, gone: bool) -> dict[str, bool]:
    """What is worth offering; the verbs decide anew. `gone`: somebody deleted the tenant at the vendor."""
    state, whole = account.state, account.provisioned_at is not None
    half = state in (AccountState.FAILED, AccountState.PROVISIONING)
    return {
        "may_retry": half or state == AccountState.REMOVING,
        "may_push": state == AccountState.PROVISIONED and account.role == Role.RESELLER,
        "may_mail": bool(account.remote_user) and state not in (AccountState.REMOVING, AccountState.REMOVED),
        "may_adopt": (gone or not account.remote) and (half or state == AccountState.PREPARED),
        "may_take_back": half and not whole,
        "may_give_up": state == AccountState.REMOVING,
        "may_remove": state in (AccountState.PREPARED, AccountState.PROVISIONED) or (half and whole),
    }


def _shown(actor: Actor, place: Place, line: Line, account: Account, *, watch: bool) -> dict[str, Any]:
    with tenancy.acting_in(place.organisation.pk):
        rows, found = accounts.steps_of(account.pk), accounts.findings_of(account.pk)
        waiting = lifecycle.waiting_of(account.pk)
        told = acts.of_object("account", account.pk, most=SHOWN)
    there = {"organisation": place.organisation.pk, "instance": line.instance.pk}
    return {
        "place": place,
        "line": line,
        "account": account,
        "waiting": waiting,
        "steps": [(row, steps.STAGES.get(row.what, row.what), plain.STEP_SIGNS[row.state]) for row in rows],
        "acts": told,
        "findings": [(row, plain.what(row.what)) for row in found],
        "asked": [(row, plain.what(row.what)) for row in rows if row.state == StepState.ASKED],
        "zone": organisations.zone_of(actor.tenant),
        "poll_href": _poll(to("vendor_account_progress", actor, **there), watch, _moving(account, rows)),
    }


def _poll(there: str, watch: bool, moving: bool) -> str:
    """Where the part asks for itself; "" where nothing is to be expected. A person who had something done watches on."""
    return f"{there}?watch=1" if watch else there if moving else ""


def _moving(account: Account, rows: list[Step]) -> bool:
    """Whether the page is worth asking for again by itself: a worker is at it, or will be within moments."""
    if account.state in (AccountState.PROVISIONING, AccountState.REMOVING):
        now = timezone.now()
        waits = [row for row in rows if row.retry_at is not None and row.retry_at > now]
        return not waits
    return account.role == Role.RESELLER and account.state == AccountState.PREPARED


def _facts(line: Line, account: Account) -> list[tuple[str, Any]]:
    return [
        ("Role", Role(account.role).label),
        ("Parent Account", account.bill_to_name or f"{line.at.provider.name}, directly"),
        ("Username", account.username),
        ("Email", account.email),
        ("Tenant at the vendor", account.remote),
        ("Our reference there", account.reference),
    ]
