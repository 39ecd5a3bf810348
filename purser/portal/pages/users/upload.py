"""Users from a file: brought, looked at with what it would change, loaded or forgotten. Source: reliability 4, Imports."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.connectors.ports.rows import check_size
from purser.flows import ports
from purser.flows.vendor_to_mirror import upload
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import refuse, to


class FileForm(forms.Form):
    file = forms.FileField(
        label="File (CSV or XLSX)",
        help_text="The first row names the columns, as exports of Entra, Microsoft 365 and Exchange do: User principal name "
        "or Mail, Display name, Department, Account enabled, Groups ... At most 10 MB and 100,000 rows.",
    )


@page("users.refresh", seat=False)
def bring(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The form, and below it the file that waits."""
    form = FileForm(request.POST or None, request.FILES or None)
    there = to("users_file", actor)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            check_size(sent.size)
            upload.bring(actor, name=sent.name or "", content=sent.read(), read=ports.table, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal, "file")
        else:
            return HttpResponseRedirect(there)
    shown = upload.waiting(actor, read=ports.table)
    context = {
        "form": form,
        "errors_shown": form.errors,
        "shown": shown,
        "lists": _lists(shown) if shown else [],
        "faults": shown.faults[: upload.SHOWN] if shown else [],
        "back": to("users_source", actor),
        "crumbs": [("Users", to("users", actor)), ("Source", to("users_source", actor)), ("Load a file", "")],
    }
    return TemplateResponse(request, "users/file.html", context, status=422 if form.errors else 200)


def _lists(shown: upload.Preview) -> list[tuple[str, int, list[str]]]:
    """Who is new, changed and gone: words, how many, and the first names."""
    users = shown.users
    return [
        ("New", len(users.new), [row.display_name for row in users.new[: upload.SHOWN]]),
        ("Changed", len(users.changed), [row.display_name for row in users.changed[: upload.SHOWN]]),
        ("Has left", len(users.gone), list(users.gone_names[: upload.SHOWN])),
    ]


@require_POST
@page("users.refresh", seat=False)
def apply(request: HttpRequest, actor: Actor) -> HttpResponse:
    done = upload.apply(actor, digest=request.POST.get("digest", ""), read=ports.table, now=timezone.now())
    users = done.users
    messages.success(request, f"Loaded: {len(users.new)} new, {len(users.changed)} changed, {len(users.gone)} have left.")
    return HttpResponseRedirect(to("users", actor))


@require_POST
@page("users.refresh")
def drop(request: HttpRequest, actor: Actor) -> HttpResponse:
    upload.drop(actor, now=timezone.now())
    messages.success(request, "The file is forgotten; nothing was changed.")
    return HttpResponseRedirect(to("users_source", actor))
