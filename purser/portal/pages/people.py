"""People of an organisation: who is in, what each may do, who is invited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, giving, invitations, people, permit, verbs
from purser.access.actors import Actor
from purser.access.giving import Role
from purser.kernel.errors import Refused
from purser.partners import domain
from purser.portal.doors import page
from purser.postgres import tenancy
from purser.tenants import organisations

# What a user's page shows once there is telephony; until then the page says so. Source: acceptance UC-9.
LATER = ("Data usage", "Connector", "Phone number", "Caller ID")


class InviteForm(forms.Form):
    """Built with the roles that whoever invites may give."""

    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="The invitation goes to this address and works for nobody else.",
    )
    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)

    def __init__(self, offered: Sequence[Role], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.text, f"{_words(role)}. {role.sentence}".removesuffix(". ")) for role in offered]


def _words(role: Role) -> str:
    return f"{role.name} (own role)" if role.own is not None else role.name.capitalize()


def _home(actor: Actor) -> str:
    return reverse("people", kwargs={"tenant": actor.tenant})


def _of(actor: Actor, membership: UUID) -> str:
    return reverse("person", kwargs={"tenant": actor.tenant, "membership": membership})


@page("people.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    own = organisations.own()
    context = {
        "title": "Users" if actor.kind == "customer" else "People",
        "members": people.members(),
        "invitations": [(row, row.expires_at <= timezone.now()) for row in invitations.unanswered()],
        "roles": verbs.ROLES.get(actor.kind, {}),
        "enabled": own.administers,
        "zone": own.zone,
    }
    return TemplateResponse(request, "people/index.html", context)


@page("people.read")
def one(request: HttpRequest, actor: Actor, membership: UUID) -> HttpResponse:
    """A person's page. Source: acceptance UC-9, UC-10."""
    row = people.one(membership)
    head = verbs.HEAD[actor.kind]
    every = giving.every(actor.kind)
    context = {
        "member": row,
        "head": head,
        "choices": [(role.text, _words(role)) for role in every if role.text != head],
        "current": str(row.own_role_id or row.role),
        "allows": [(_words(role), role.allows) for role in every],
        "enabled": row.tenant.administers,
        "stocks": domain.stocks() if permit.allows(actor, "people.package") else [],
        "later": LATER,
        "acts": acts.of_object("person", row.person_id) if permit.allows(actor, "acts.read") else None,
        "zone": row.tenant.zone,
        "crumbs": [("Users" if actor.kind == "customer" else "People", _home(actor)), (str(row.person), "")],
    }
    return TemplateResponse(request, "people/one.html", context)


@page("people.invite", seat=False)
def invite(request: HttpRequest, actor: Actor) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        offered = giving.offered(actor)
    weakest = [role.text for role in offered if role.own is None][-1:]
    form = InviteForm(offered, request.POST or None, initial={"role": weakest[0] if weakest else None})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            issued = invitations.invite(actor, email=given["email"], role=given["role"], kind=actor.kind, now=timezone.now())
        except Refused as refusal:
            form.add_error("email", " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            invitations.send(issued, tenant=actor.tenant, inviter=actor.name)
            messages.success(request, f"The invitation is on its way to {issued.invitation.email}.")
            return HttpResponseRedirect(_home(actor))
    context = {
        "form": form,
        "errors_shown": bool(form.errors),
        "allowed": [(_words(role), role.allows) for role in offered],
        "crumbs": [("People", _home(actor)), ("Invite", "")],
    }
    return TemplateResponse(request, "people/invite.html", context, status=422 if form.errors else 200)


@require_POST
@page("people.invite", seat=False)
def invite_again(request: HttpRequest, actor: Actor, invitation: UUID) -> HttpResponse:
    issued = invitations.send_again(actor, invitation, now=timezone.now())
    invitations.send(issued, tenant=actor.tenant, inviter=actor.name)
    messages.success(request, f"A new link is on its way to {issued.invitation.email}; the former one no longer works.")
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("people.invite")
def withdraw(request: HttpRequest, actor: Actor, invitation: UUID) -> HttpResponse:
    invitations.revoke(actor, invitation, now=timezone.now())
    messages.success(request, "The invitation is withdrawn; its link no longer works.")
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("people.change_role", seat=False)
def change_role(request: HttpRequest, actor: Actor, membership: UUID) -> HttpResponse:
    """The box Administrator gives the role that heads the organisation; without it the role chosen counts."""
    role = verbs.HEAD[actor.kind] if request.POST.get("administrator") else request.POST.get("role", "")
    people.change_role(actor, membership, role, now=timezone.now())
    messages.success(request, "The role is changed; it counts from the person's next click.")
    return HttpResponseRedirect(_of(actor, membership))


@require_POST
@page("people.partner_administrator")
def partner_administrator(request: HttpRequest, actor: Actor, membership: UUID) -> HttpResponse:
    people.set_partner_administrator(actor, membership, on=bool(request.POST.get("on")), now=timezone.now())
    messages.success(request, "Saved; it counts from the person's next click.")
    return HttpResponseRedirect(_of(actor, membership))


@require_POST
@page("people.package")
def give_package(request: HttpRequest, actor: Actor, membership: UUID) -> HttpResponse:
    people.set_package(actor, membership, request.POST.get("package", ""), now=timezone.now())
    messages.success(request, "The package is changed.")
    return HttpResponseRedirect(_of(actor, membership))


@require_POST
@page("people.suspend", seat=False)
def suspend(request: HttpRequest, actor: Actor, membership: UUID) -> HttpResponse:
    suspended = request.POST.get("suspended") == "1"
    people.suspend(actor, membership, suspended=suspended, now=timezone.now())
    messages.success(request, "Suspended from the next click on." if suspended else "Let in again.")
    return HttpResponseRedirect(_of(actor, membership))


@require_POST
@page("people.remove")
def remove(request: HttpRequest, actor: Actor, membership: UUID) -> HttpResponse:
    people.remove(actor, membership, now=timezone.now())
    messages.success(request, "The person is removed, and their API tokens here are revoked.")
    return HttpResponseRedirect(_home(actor))
