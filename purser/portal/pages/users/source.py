"""Where users are read from: chosen, filled, tested, read now with its progress; and what stands in its way.

Source: issue "Licences follow the directory", 1; reliability P25, P27.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.access.vendor_settings import Field, Setting
from purser.directory import setting, sources
from purser.directory.models import Source, SourceKind, User
from purser.flows import ports
from purser.flows.vendor_to_mirror import testing
from purser.kernel.errors import Missing, Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import refuse, to
from purser.tenants import organisations

WORDS = {
    SourceKind.GRAPH: "Users, mailboxes and groups by an application that the customer's administrator admits.",
    SourceKind.LDAP: "Users and groups of Active Directory, OpenLDAP or another directory server.",
    SourceKind.FILE: "A list of users as CSV or XLSX, loaded by hand as often as it changes.",
}
# What to do about a source that is paused, by its code.
NEXT = {
    "credentials": "Enter the credentials again and test.",
    "consent": "Let an administrator of the directory admit the application, then test.",
    "permission": "Let an administrator give the application what it lacks, then test.",
    "tenant": "Check which directory, or which base, is read, then test.",
    "address": "Check the address, then test.",
    "certificate": "Check the address and the certificate of the authority, then test.",
    "filter": "Check the filters, then test.",
}


@page("users.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    source = sources.own()
    context = {
        "source": source,
        "choices": [(kind.value, kind.label, WORDS[kind]) for kind in SourceKind],
        "settings": sources.settings(source.kind, source) if source else [],
        "lacking": sources.lacking(source) if source else [],
        "next": NEXT.get(source.paused_code, "Test it again.") if source else "",
        "people": User.objects.filter(gone_at=None).count(),
        "zone": organisations.zone(),
        "crumbs": [("Users", to("users", actor)), ("Source", "")],
        **_progress(actor, source, now),
    }
    return TemplateResponse(request, "users/source.html", context)


def _progress(actor: Actor, source: Source | None, now: datetime) -> dict[str, Any]:
    under_way = source is not None and sources.reading(source, now=now)
    return {
        "under_way": under_way,
        "stage": source.stage if source else "",
        "poll_href": to("users_source_progress", actor) if under_way else "",
    }


@page("users.read")
def progress(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The part that asks for itself every few seconds while a reading is under way."""
    source = sources.find()
    context = {**_progress(actor, source, timezone.now()), "source": source, "zone": organisations.zone()}
    return TemplateResponse(request, "users/progress.html", context)


class SourceForm(forms.Form):
    """The fields of a kind of source. Secrets are never shown; left empty, they stay as they are."""

    def __init__(self, settings: list[Setting], version: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=version)
        typed = any(one.kept for one in settings if one.field.secret)
        for one in settings:
            self.fields[one.field.name] = self._field(one, typed)

    def _field(self, one: Setting, typed: bool) -> forms.Field:
        field, hints = one.field, [one.field.help]
        if field.secret and one.kept:
            hints.append("Leave it empty to keep what is there.")
        if field.address and typed:
            hints.append("Changing it forgets the secret, which belongs to what it was typed for.")
        common: dict[str, Any] = {
            "label": field.label,
            "required": field.required and not field.default and not (field.secret and one.kept),
            "initial": one.value,
            "help_text": " ".join(filter(None, hints)),
        }
        if field.choices:
            return forms.ChoiceField(choices=[(choice, choice) for choice in field.choices], **common)
        return forms.CharField(max_length=_most(field), widget=_widget(field), **common)


def _most(field: Field) -> int:
    return setting.LONGEST_TEXT if field.long else setting.LONGEST


def _widget(field: Field) -> forms.Widget:
    if field.secret:
        return forms.PasswordInput(attrs={"autocomplete": "new-password"})
    if field.long:
        return forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


@page("users.source")
def edit(request: HttpRequest, actor: Actor, source_kind: str) -> HttpResponse:
    if source_kind not in SourceKind.values:
        raise Missing("There is no such kind of source.")
    source, kind = sources.own(), SourceKind(source_kind)
    form = SourceForm(sources.settings(kind, source), source.version if source else 0, request.POST or None)
    there = to("users_source", actor)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("version")
        try:
            saved = setting.save(actor, kind=kind, values=values, version=version, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            _say(request, saved)
            return HttpResponseRedirect(there)
    context = {
        "title": f"Read users from {kind.label}",
        "lead": WORDS[kind],
        "form": form,
        "other": source is not None and source.kind != kind,
        "errors_shown": form.errors,
        "back": there,
        "crumbs": [("Users", to("users", actor)), ("Source", there), (kind.label, "")],
    }
    return TemplateResponse(request, "users/source_edit.html", context, status=422 if form.errors else 200)


def _say(request: HttpRequest, saved: setting.Saved) -> None:
    if saved.source.kind == SourceKind.FILE:
        messages.success(request, "Users come from a file from now on. Load it next.")
        return
    messages.success(request, "Kept. Test it now; when it works, users are read.")
    if saved.wiped:
        messages.warning(request, f"What it reads changed, so this was forgotten: {', '.join(saved.wiped)}. Type it again.")
    elif saved.lacking:
        messages.warning(request, f"Still missing: {', '.join(saved.lacking)}.")


@require_POST
@page("users.refresh", seat=False)
def test(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Calls the directory, and shows its own words. Ten an hour."""
    result = testing.test(actor, port_of=ports.directory, now=timezone.now())
    if result.ok:
        messages.success(request, f"It works. {result.text} Users are read now.")
    else:
        messages.error(request, f"The test failed. {result.text}")
    return HttpResponseRedirect(to("users_source", actor))


@require_POST
@page("users.refresh")
def read_now(request: HttpRequest, actor: Actor) -> HttpResponse:
    if setting.read_now(actor, now=timezone.now()):
        messages.success(request, "Users will be read now; this page shows how far it is.")
    else:
        messages.info(request, "A reading waits already.")
    return HttpResponseRedirect(to("users_source", actor))
