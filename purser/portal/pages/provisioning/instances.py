"""Instances of vendors: the list, one with its health, made, changed, tested, paused. Source: acceptance AC-1, AC-2, F-9."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.connectors.ports.offerings import Kind
from purser.flows import ports
from purser.flows.accounts_to_vendor import testing
from purser.kernel.errors import Failure, Missing, Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import refuse, sent, to
from purser.portal.pages.users.source import SourceForm
from purser.portal.tables.model import Empty, dressed
from purser.provisioning import instances, kinds
from purser.provisioning import lists as plain
from purser.provisioning.instances import Saved, Wanted
from purser.provisioning.models import DriftPolicy, Instance, InstanceState
from purser.tenants import organisations

# What to do about an instance that is paused, by its code.
NEXT = {
    "credentials": "Enter the credentials again and test.",
    "permission": "Give the API client what it lacks at the vendor, then test.",
    "address_forbidden": "Admit this server's address at the vendor, then test.",
    "person": "A test that succeeds lets it go on.",
}
INSTANCES = dressed(
    plain.INSTANCES,
    empty=Empty(
        "No instance yet",
        "An instance is your account at a vendor: with it, resellers and customers get tenants there.",
        step="instance_choose",
        step_words="Add an instance",
    ),
    export="instances_export",
    href={"name": lambda row: reverse("instance", kwargs={"tenant": row.tenant_id, "instance": row.pk})},
)


@page("instances.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, INSTANCES, "provisioning/instances.html", zone=organisations.zone())


export = exports.door(INSTANCES, "instances.read")


@page("instances.read")
def one(request: HttpRequest, actor: Actor, instance: UUID) -> HttpResponse:
    row = instances.find(instance)
    defaults = _defaults(row)
    context = {
        "instance": row,
        "vendor": kinds.label(row.kind),
        "sign": plain.STATES[row.state],
        "policy": DriftPolicy(row.drift_policy).label,
        "settings": instances.settings(row.kind, row),
        "lacking": instances.lacking(row),
        "next": NEXT.get(row.paused_code, "Test it again."),
        "roles": [
            (words, instances.lines(row.roles, kind) or defaults.get(kind, []), bool(row.roles.get(kind)))
            for kind, words in instances.KINDS_OF_TENANT.items()
        ],
        "acts": [*acts.of_object("instance", row.pk), *acts.of_object("instance_test", row.pk, most=10)],
        "zone": organisations.zone(),
        "crumbs": [("Instances of vendors", to("instances", actor)), (row.name, "")],
    }
    return TemplateResponse(request, "provisioning/instance.html", context)


def _defaults(row: Instance) -> dict[str, list[str]]:
    """What the connector itself gives a new tenant's user, by kind of tenant; nothing where there is no connector yet."""
    try:
        roles = ports.accounts(row).traits.roles
    except Failure:
        return {}
    wanted: tuple[Kind, ...] = ("partner", "customer")
    return {kind: [" ".join(filter(None, (r.id, r.namespace))) for r in roles.get(kind, ())] for kind in wanted}


class InstanceForm(SourceForm):
    """What an instance is configured with. Secrets are never shown; left empty, they stay as they are."""

    def __init__(self, kind: str, row: Instance | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(instances.settings(kind, row), row.version if row else 0, *args, **kwargs)
        self.fields["name"] = forms.CharField(
            label="Name",
            max_length=instances.LONGEST_NAME,
            initial=row.name if row else kinds.label(kind),
            help_text="Several instances of one vendor are told apart by it.",
        )
        self.order_fields(["version", "name"])
        for of_tenant, words in instances.KINDS_OF_TENANT.items():
            self.fields[f"roles_{of_tenant}"] = forms.CharField(
                label=f"Roles of {words}",
                required=False,
                max_length=5_000,
                initial="\n".join(instances.lines(row.roles, of_tenant)) if row else "",
                help_text="One a line, as the vendor names it, then its namespace if it has one. Empty: the usual ones.",
                widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            )
        self.fields["drift_policy"] = forms.ChoiceField(
            label="When somebody changes a tenant in the vendor's own portal",
            choices=DriftPolicy.choices,
            initial=row.drift_policy if row else DriftPolicy.ASK,
            help_text="Ask: a person decides, under Changed at the vendor. Purser wins: it is put right by itself.",
        )

    def wanted(self) -> Wanted:
        values = dict(self.cleaned_data)
        own = {name: values.pop(name) for name in ("name", "drift_policy")}
        values.pop("version")
        roles = {kind: values.pop(f"roles_{kind}").splitlines() for kind in instances.KINDS_OF_TENANT}
        return Wanted(values=values, roles=roles, **own)


@page("instances.write")
def choose(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Which vendor it is at."""
    context = {"kinds": kinds.names().items(), "crumbs": [("Instances of vendors", to("instances", actor)), ("Add", "")]}
    return TemplateResponse(request, "provisioning/choose.html", context)


@page("instances.write")
def make(request: HttpRequest, actor: Actor, vendor_kind: str) -> HttpResponse:
    if vendor_kind not in kinds.names():
        raise Missing("There is no such vendor.")
    form = InstanceForm(vendor_kind, None, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = instances.make(actor, vendor_kind, form.wanted(), now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            return _saved(request, actor, saved)
    return _form(request, actor, form, f"Add an instance of {kinds.label(vendor_kind)}", to("instances", actor))


@page("instances.write")
def change(request: HttpRequest, actor: Actor, instance: UUID) -> HttpResponse:
    row = instances.find(instance)
    form = InstanceForm(row.kind, row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = form.cleaned_data["version"]
            saved = instances.change(actor, row.pk, form.wanted(), version=version, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            return _saved(request, actor, saved)
    return _form(request, actor, form, f"Change {row.name}", to("instance", actor, instance=row.pk))


def _form(request: HttpRequest, actor: Actor, form: InstanceForm, title: str, back: str) -> HttpResponse:
    context = {
        "title": title,
        "form": form,
        "errors_shown": bool(form.errors),
        "back": back,
        "crumbs": [("Instances of vendors", to("instances", actor)), (title, "")],
    }
    return TemplateResponse(request, "provisioning/instance_edit.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, actor: Actor, saved: Saved) -> HttpResponse:
    if saved.instance.state == InstanceState.NEW:
        messages.success(request, "Kept. Test it next: until a test succeeds nobody can be synced with it.")
    else:
        messages.success(request, "Kept.")
    if saved.wiped:
        messages.warning(request, f"The address changed, so this was forgotten: {', '.join(saved.wiped)}. Type it again.")
    elif saved.lacking:
        messages.warning(request, f"Still missing: {', '.join(saved.lacking)}.")
    return HttpResponseRedirect(to("instance", actor, instance=saved.instance.pk))


@require_POST
@page("instances.test", seat=False)
def test(request: HttpRequest, actor: Actor, instance: UUID) -> HttpResponse:
    """Calls the vendor, and shows its own words. Ten an hour."""
    result = testing.test(actor, instance, port_of=ports.accounts, now=timezone.now())
    if result.ok:
        messages.success(request, f"It works. {result.text}")
    else:
        messages.error(request, f"The test failed. {result.text}")
    return HttpResponseRedirect(to("instance", actor, instance=instance))


@require_POST
@page("instances.write")
def pause(request: HttpRequest, actor: Actor, instance: UUID) -> HttpResponse:
    row = instances.pause(actor, instance, why=sent(request, "why"), now=timezone.now())
    messages.success(request, f"{row.name} is paused: nothing is called by it until a test succeeds.")
    return HttpResponseRedirect(to("instance", actor, instance=instance))
