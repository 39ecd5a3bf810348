"""Groups of the directory, and dynamic ones of ours: made, changed and looked at with who matches before they are saved.

Source: issue "Licences follow the directory", 1; acceptance CS-22, CS-23.
"""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.directory import expressions, groups
from purser.directory import lists as plain
from purser.directory.models import Group
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import refuse, to
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

SHOWN = 250  # members on a group's page
EXAMPLE = 'department = "Sales" and not (city in ("Bonn", "Bremen") or guest = true)'

GROUPS = dressed(
    plain.GROUPS,
    empty=Empty(
        "No groups yet", "They come with the users. Dynamic ones can be made here.", "user_group_new", "Make a dynamic group"
    ),
    export="user_groups_export",
    href={"name": lambda row: reverse("user_group", kwargs={"tenant": row.tenant_id, "user_group": row.pk})},
)


class GroupForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)
    expression = forms.CharField(
        label="Who is in it",
        max_length=expressions.LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        strip=False,
        help_text="An expression over what the directory says of users.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


@page("users.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, GROUPS, "users/groups.html", zone=organisations.zone())


export = exports.door(GROUPS, "users.read")


@page("users.read")
def one(request: HttpRequest, actor: Actor, user_group: UUID) -> HttpResponse:
    row = groups.find(user_group)
    found = groups.members(row)
    context = {
        "group": row,
        "kind": plain.KINDS.get(row.kind, plain.KINDS["security"]),
        "count": found.count(),
        "members": list(found[:SHOWN]),
        "most": SHOWN,
        "zone": organisations.zone(),
        "crumbs": [("Users", to("users", actor)), ("Groups", to("user_groups", actor)), (row.name, "")],
    }
    return TemplateResponse(request, "users/group.html", context)


@page("users.group")
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _edit(request, actor, None)


@page("users.group")
def change(request: HttpRequest, actor: Actor, user_group: UUID) -> HttpResponse:
    return _edit(request, actor, groups.find(user_group))


def _edit(request: HttpRequest, actor: Actor, row: Group | None) -> HttpResponse:
    initial = {"name": row.name, "expression": row.expression, "version": row.version} if row else {}
    form = GroupForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            saved = _saved(actor, row, values["name"], values["expression"], values["version"] or 0)
        except Refused as refusal:
            field = {"name": "name", "taken": "name", "expression": "expression"}.get(refusal.code)
            refuse(form, refusal, field)
        else:
            messages.success(request, f"Saved: {saved.name} holds whoever matches, from now on.")
            return HttpResponseRedirect(to("user_group", actor, user_group=saved.pk))
    title = f"Change {row.name}" if row else "Make a dynamic group"
    back = to("user_group", actor, user_group=row.pk) if row else to("user_groups", actor)
    context = {
        "title": title,
        "form": form,
        "errors_shown": form.errors,
        "example": EXAMPLE,
        "texts": expressions.TEXTS[:12],
        "operators": expressions.OPERATORS,
        "back": back,
        "crumbs": [("Users", to("users", actor)), ("Groups", to("user_groups", actor)), (title, "")],
    }
    return TemplateResponse(request, "users/group_edit.html", context, status=422 if form.errors else 200)


def _saved(actor: Actor, row: Group | None, name: str, expression: str, version: int) -> Group:
    now = timezone.now()
    if row is None:
        return groups.make(actor, name=name, expression=expression, now=now)
    return groups.change(actor, row.pk, name=name, expression=expression, version=version, now=now)


@require_POST
@page("users.read")
def preview(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who an expression matches now, before anything is saved; a part of the form's page."""
    found, wrong = None, ""
    try:
        found = groups.preview(request.POST.get("expression", ""))
    except Refused as refusal:
        wrong = refusal.text
    return TemplateResponse(request, "users/matches.html", {"found": found, "wrong": wrong})


@require_POST
@page("users.group")
def drop(request: HttpRequest, actor: Actor, user_group: UUID) -> HttpResponse:
    groups.drop(actor, user_group, now=timezone.now())
    messages.success(request, "The group is dropped.")
    return HttpResponseRedirect(to("user_groups", actor))
