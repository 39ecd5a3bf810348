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

from purser.access import invitations, letters, people, verbs
from purser.access.actors import Actor
from purser.access.models import Invitation
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.postgres import tenancy
from purser.tenants import organisations

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


@page("people.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    roles = verbs.ROLES.get(actor.kind, {})
    matrix = [
        (verb, [role in verb.roles(actor.kind) for role in roles]) for verb in verbs.VERBS.values() if verb.roles(actor.kind)
    ]
    context = {
        "members": people.members(),
        "invitations": [(row, row.expires_at <= timezone.now()) for row in invitations.unanswered()],
        "roles": roles,
        "matrix": matrix,
        "zone": organisations.own().zone,
    }
    return TemplateResponse(request, "people/index.html", context)


@page("people.invite", seat=False)
def invite(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = InviteForm(actor.kind, request.POST or None, initial={"role": list(verbs.ROLES.get(actor.kind, {}))[-1:]})
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            email = invitations.address(form.cleaned_data["email"])
            limit(request, email)
            with tenancy.acting_in(actor.tenant):
                issued = invitations.invite(actor, email=email, role=form.cleaned_data["role"], kind=actor.kind, now=now)
        except Refused as refusal:
            form.add_error("email", " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            send(issued, tenant=actor.tenant, inviter=actor.name)
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
    send(issued, tenant=actor.tenant, inviter=actor.name)
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
    people.change_role(actor, membership, request.POST.get("role", ""), now=timezone.now())
    messages.success(request, "The role is changed; it counts from the person's next click.")
    return HttpResponseRedirect(_home(actor))


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


def send(issued: invitations.Issued, *, tenant: UUID, inviter: str) -> None:
    """Mail the link, once the invitation is committed. A mail that fails leaves an invitation to send
    again.
    """
    with tenancy.acting_in(tenant):
        organisation = organisations.own()
    row = issued.invitation
    letters.invitation(
        email=row.email,
        organisation=organisation.name,
        kind=organisation.kind,
        role=row.role,
        inviter=inviter,
        path=reverse("join", kwargs={"tenant": tenant, "token": issued.token}),
        expires_at=row.expires_at,
        zone=organisation.zone,
    )
