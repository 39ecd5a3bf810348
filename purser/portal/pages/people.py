"""People of an organisation: who is in, what each may do, who is invited."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, invitations, people, permit, roles, verbs
from purser.access.actors import Actor
from purser.access.models import Invitation
from purser.kernel.errors import Refused
from purser.partners import domain
from purser.portal.doors import page
from purser.postgres import tenancy
from purser.tenants import organisations

# What a user's page shows once there is telephony; until then the page says so. Source: acceptance UC-9.
LATER = ("Data usage", "Connector", "Phone number", "Caller ID")
INVITATIONS_PER_ADDRESS = "3/h/key"  # Source: reliability section 4 (Rate limits)


class InviteForm(forms.Form):
    """Built for a kind of organisation, as the roles depend on it."""

    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="The invitation goes to this address and works for nobody else.",
    )
    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role, f"{role.capitalize()}. {words}") for role, words in verbs.ROLES.get(kind, {}).items()]


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
    own_roles = roles.own()
    others = [(name, name.capitalize()) for name in verbs.ROLES[actor.kind] if name != head]
    context = {
        "member": row,
        "head": head,
        "choices": [*others, *((str(role.pk), f"{role.name} (own role)") for role in own_roles)],
        "current": str(row.own_role_id or row.role),
        "allows": [
            *((name.capitalize(), verbs.allowed(actor.kind, name)) for name in verbs.ROLES[actor.kind]),
            *((role.name, [verbs.find(name) for name in role.verbs if name in verbs.VERBS]) for role in own_roles),
        ],
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
    form = InviteForm(actor.kind, request.POST or None, initial={"role": list(verbs.ROLES.get(actor.kind, {}))[-1:]})
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            email = invitations.addressed(actor, form.cleaned_data["email"])
            limit(request, email)
            with tenancy.acting_in(actor.tenant):
                issued = invitations.invite(actor, email=email, role=form.cleaned_data["role"], kind=actor.kind, now=now)
        except Refused as refusal:
            form.add_error("email", " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            invitations.send(issued, tenant=actor.tenant, inviter=actor.name)
            messages.success(request, f"The invitation is on its way to {email}.")
            return HttpResponseRedirect(_home(actor))
    context = {
        "form": form,
        "errors_shown": bool(form.errors),
        "allowed": [(role, verbs.allowed(actor.kind, role)) for role in verbs.ROLES.get(actor.kind, {})],
        "crumbs": [("People", _home(actor)), ("Invite", "")],
    }
    return TemplateResponse(request, "people/invite.html", context, status=422 if form.errors else 200)


@require_POST
@page("people.invite", seat=False)
def invite_again(request: HttpRequest, actor: Actor, invitation: UUID) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        row = Invitation.objects.filter(pk=invitation).first()
    if row is not None:
        limit(request, row.email)
    with tenancy.acting_in(actor.tenant):
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
@page("people.change_role")
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
@page("people.suspend")
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


def limit(request: HttpRequest, email: str) -> None:
    """Three invitations an hour and address: nobody's mailbox is ours to fill. Raises Refused."""
    config = {"invite": INVITATIONS_PER_ADDRESS}
    if not ratelimit.consume(request, app="purser", action="invite", config=config, key=email):
        raise Refused(f"{email} was invited three times within the hour.", code="limit", hint="Try again in an hour.")
