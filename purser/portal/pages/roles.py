"""Roles: those every organisation of the kind has, those it made itself, and the matrix of what each allows.

Source: issue "Partners, customers and consent", 5; ux 35.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import people, permit, roles, verbs
from purser.access.actors import Actor
from purser.access.models import CustomRole
from purser.kernel.errors import Missing, Refused
from purser.portal.doors import page
from purser.postgres import tenancy


class RoleForm(forms.Form):
    name = forms.CharField(label="Name", max_length=60)
    sentence = forms.CharField(label="In a sentence", max_length=200, required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


def _home(actor: Actor) -> str:
    return reverse("roles", kwargs={"tenant": actor.tenant})


@page("roles.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    own = roles.own()
    built_in = verbs.ROLES[actor.kind]
    held: dict[Any, int] = {}
    for member in people.members():
        held[member.own_role_id or member.role] = held.get(member.own_role_id or member.role, 0) + 1
    matrix = [
        (verb, [name in verb.roles(actor.kind) for name in built_in], [verb.name in row.verbs for row in own])
        for verb in verbs.of_kind(actor.kind)
    ]
    context = {
        "built_in": [(name, words, held.get(name, 0)) for name, words in built_in.items()],
        "own": [(row, len(row.verbs), held.get(row.pk, 0)) for row in own],
        "matrix": matrix,
    }
    return TemplateResponse(request, "roles/index.html", context)


@page("roles.write", seat=False)
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _edit(request, actor, None)


@page("roles.write", seat=False)
def change(request: HttpRequest, actor: Actor, role: UUID) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        row = next((one for one in roles.own() if one.pk == role), None)
    if row is None:
        raise Missing("There is no such role here.")
    return _edit(request, actor, row)


def _edit(request: HttpRequest, actor: Actor, row: CustomRole | None) -> HttpResponse:
    initial = {"name": row.name, "sentence": row.sentence, "version": row.version} if row else {}
    form = RoleForm(request.POST or None, initial=initial)
    chosen = request.POST.getlist("verb") if request.method == "POST" else list(row.verbs) if row else []
    if request.method == "POST" and form.is_valid():
        try:
            _save(actor, row, form.cleaned_data, chosen)
        except Refused as refusal:
            field = "name" if refusal.code in {"name", "taken"} else None
            form.add_error(field, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, "Saved; it counts from the next click of everybody who has the role.")
            return HttpResponseRedirect(_home(actor))
    title = f"Change the role {row.name}" if row else "Make a role"
    context = {
        "title": title,
        "form": form,
        "errors_shown": form.errors,
        "role": row,
        "parts": _parts(actor, chosen),
        "allowed": _allowed(actor, chosen),
        "back": _home(actor),
        "crumbs": [("Roles", _home(actor)), (title, "")],
    }
    return TemplateResponse(request, "roles/edit.html", context, status=422 if form.errors else 200)


def _save(actor: Actor, row: CustomRole | None, values: dict[str, Any], chosen: Sequence[str]) -> None:
    now = timezone.now()
    if row is None:
        with tenancy.acting_in(actor.tenant):
            roles.make(actor, name=values["name"], sentence=values["sentence"], allowed=chosen, now=now)
        return
    roles.change(
        actor, row.pk, name=values["name"], sentence=values["sentence"], allowed=chosen,
        version=values["version"] or 0, now=now,
    )  # fmt: skip


def _parts(actor: Actor, chosen: Iterable[str]) -> list[tuple[str, list[tuple[verbs.Verb, bool]]]]:
    """What can be ticked, by what it is about: only what the actor may do, for nobody gives more than that."""
    ticked = set(chosen)
    parts: dict[str, list[tuple[verbs.Verb, bool]]] = {}
    for verb in verbs.of_kind(actor.kind):
        if permit.allows(actor, verb.name) or verb.name in ticked:
            about = verb.name.partition(".")[0].replace("_", " ").capitalize()
            parts.setdefault(about, []).append((verb, verb.name in ticked))
    return list(parts.items())


def _allowed(actor: Actor, chosen: Iterable[str]) -> list[verbs.Verb]:
    ticked = set(chosen)
    return [verb for verb in verbs.of_kind(actor.kind) if verb.name in ticked]


@require_POST
@page("roles.read")
def preview(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the ticked boxes would allow, in sentences, before anything is saved."""
    return TemplateResponse(request, "roles/allows.html", {"allowed": _allowed(actor, request.POST.getlist("verb"))})


@require_POST
@page("roles.write")
def drop(request: HttpRequest, actor: Actor, role: UUID) -> HttpResponse:
    roles.drop(actor, role, now=timezone.now())
    messages.success(request, "The role is deleted.")
    return HttpResponseRedirect(_home(actor))
