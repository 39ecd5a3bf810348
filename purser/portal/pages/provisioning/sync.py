"""Provisioning Sync Status and Sync Options of an organisation, and the lists of whom one syncs.

Source: acceptance AC-1 to AC-7, AC-16 to AC-18, AC-24 to AC-27, AC-32.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.flows import ports
from purser.flows.accounts_to_vendor import sync_options
from purser.flows.accounts_to_vendor.sync_options import Asked, Line, Saved, Wrong
from purser.kernel.errors import Busy, Refused, Unsure
from purser.portal import exports, lists, requests
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to
from purser.portal.tables.model import Empty, Table, dressed
from purser.provisioning import kinds
from purser.provisioning import lists as plain
from purser.provisioning.accounts import NotSynced
from purser.provisioning.places import Place
from purser.tenants import organisations

ACCOUNTS_EMPTY = Empty(
    "Nobody is synced yet",
    "Open the Provisioning Sync Status of a reseller or customer, and choose an instance's Sync Options.",
    step="to_sync",
    step_words="Whom to sync",
)


def _tables(actor: Actor) -> tuple[Table, Table]:
    """The two lists, with links into the actor's own tenant: their rows are other organisations'."""

    def status(row: Any) -> str:
        return to("sync_status", actor, organisation=row.pk)

    def account(row: Any) -> str:
        return to("vendor_account", actor, organisation=row.tenant_id, instance=row.instance)

    return (
        dressed(
            plain.TO_SYNC,
            empty=TO_SYNC.empty,
            export=TO_SYNC.export,
            href={"name": status, "accounts": status},
            actions="provisioning/sync_row.html",
        ),
        dressed(plain.ACCOUNTS, empty=ACCOUNTS.empty, export=ACCOUNTS.export, href={"name": account, "state": account}),
    )


TO_SYNC = dressed(
    plain.TO_SYNC,
    empty=Empty("Nobody is below you yet", "Resellers and customers appear here as soon as they are founded."),
    export="to_sync_export",
)
ACCOUNTS = dressed(plain.ACCOUNTS, empty=ACCOUNTS_EMPTY, export="vendor_accounts_export")


@page("accounts.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    zone = organisations.zone_of(actor.tenant)
    return lists.show(request, actor, _tables(actor)[1], "provisioning/accounts.html", zone=zone)


@page("accounts.read", seat=False)
def to_sync(request: HttpRequest, actor: Actor) -> HttpResponse:
    zone = organisations.zone_of(actor.tenant)
    return lists.show(request, actor, _tables(actor)[0], "provisioning/to_sync.html", zone=zone)


export = exports.door(ACCOUNTS, "accounts.read")
to_sync_export = exports.door(TO_SYNC, "accounts.read")


@page("accounts.read", seat=False)
def status(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    """All instances that the organisation can be synced with; a dialog's content where htmx asks for it."""
    place, found = sync_options.lines(actor, organisation)
    context = {
        "place": place,
        "lines": [(line, kinds.label(line.instance.kind)) for line in found],
        "may_change": place.acting is not None,
        "crumbs": [("Provisioning Sync Status", to("to_sync", actor)), (place.organisation.name, "")],
    }
    part = requests.is_partial(request, "sync-status-body")
    return TemplateResponse(request, "provisioning/status_part.html" if part else "provisioning/status.html", context)


class OptionsForm(forms.Form):
    """Parent Account and Role follow from the tree, and are sent along to be checked. Source: acceptance AC-3."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    parent = forms.CharField(label="Parent Account", required=False, max_length=300)
    role = forms.CharField(label="Role", required=False, max_length=40)
    username = forms.CharField(
        label="Username",
        max_length=sync_options.LONGEST,
        help_text="What the person types to sign in. It is unique over the whole vendor, and should differ from the e-mail.",
    )
    email = forms.CharField(
        label="Email",
        max_length=sync_options.LONGEST,
        help_text="Unique as well. The vendor mails the activation to it, and whatever else gets the person in again.",
        widget=forms.EmailInput,
    )

    def __init__(self, place: Place, line: Line, posted: QueryDict | None) -> None:
        row = line.account
        parent = (row.bill_to_name if row and "bill_to" in line.fixed else line.parent.name if line.parent else "") or ""
        initial = {
            "version": row.version if row else 0,
            "parent": parent,
            "role": line.role.label,
            "username": row.username if row else "",
            "email": row.email if row else place.organisation.contact_email,
        }
        super().__init__(posted, initial=initial)
        above = f"{place.organisation.name} stands directly under {line.at.provider.name}."
        self.fields["parent"].help_text = "Who is billed; filled in by itself." if parent else f"Stays empty: {above}"
        self.fields["role"].help_text = f"Follows from what {place.organisation.name} is: a {place.organisation.kind}."
        for name in {"parent", "role"} | line.fixed & {"username", "email"}:
            self.fields[name].widget.attrs["readonly"] = True
        for name in ("parent", "role", "username"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}


@page("accounts.sync", seat=False)
def options(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """Save & Synchronize. What is wrong is said at its field, and nothing is kept."""
    place, line = sync_options.line(actor, organisation, instance)
    form = OptionsForm(place, line, request.POST or None)
    link: tuple[str, str] | None = None
    state = 200
    if request.method == "POST" and form.is_valid():
        asked = Asked(**form.cleaned_data)
        try:
            saved = sync_options.save(actor, organisation, instance, asked, port_of=ports.accounts, now=timezone.now())
        except (Refused, Busy, Unsure) as failure:
            field = failure.field if isinstance(failure, Wrong) else None
            form.add_error(field, " ".join(filter(None, (failure.text, failure.hint))))
            state = 503 if isinstance(failure, Busy | Unsure) else 422
            if isinstance(failure, NotSynced):
                there = to("sync_options", actor, organisation=failure.organisation, instance=failure.instance)
                if failure.organisation == actor.tenant:  # one cannot sync oneself: the page says who does
                    there = to("sync_status", actor, organisation=failure.organisation)
                link = (there, f"Sync Options of {line.parent.name if line.parent else ''}")
        else:
            return _synced(request, actor, saved)
    context = {
        "place": place,
        "line": line,
        "form": form,
        "follows": [form["parent"], form["role"]],
        "typed": [form["username"], form["email"]],
        "errors_shown": bool(form.errors),
        "link": link,
        "checks": _checks(line),
        "may_change": place.acting is not None,
        "back": to("sync_status", actor, organisation=organisation),
        "crumbs": [
            ("Provisioning Sync Status", to("to_sync", actor)),
            (place.organisation.name, to("sync_status", actor, organisation=organisation)),
            (line.instance.name, ""),
        ],
    }
    return TemplateResponse(request, "provisioning/options.html", context, status=state if form.errors else 200)


def _checks(line: Line) -> bool:
    """Whether the vendor can say beforehand that a username is free."""
    try:
        return "login_check" in ports.accounts(line.instance).traits.can
    except Refused:
        return True  # it says so itself when it is asked


def _synced(request: HttpRequest, actor: Actor, saved: Saved) -> HttpResponse:
    account = saved.account
    if saved.provisions:
        messages.success(request, f"{account.name} is synced; its partner tenant is created now.")
    else:
        messages.success(request, f"{account.name} is synced with {account.instance_name}.")
    for warning in saved.warnings:
        messages.warning(request, warning)
    there = {"tenant": actor.tenant, "organisation": account.tenant_id, "instance": account.instance}
    return HttpResponseRedirect(reverse("vendor_account", kwargs=there))
