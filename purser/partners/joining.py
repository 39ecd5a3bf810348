"""A partner invites a company's tenant; an administrator of that tenant accepts, and nobody else.

Who administers it is known by the role here, or, where the tenant is not here yet, by the directory's own word at a sign-in
with Microsoft Entra: then the tenant is founded first. What acceptance makes is a consent like any other: the customer reads
it, and ends it at any moment.
Source: acceptance CS-7 to CS-10; decision S-5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from purser.access import actors, acts, invitations, often, once, people, sign_on, verbs
from purser.access.actors import Actor
from purser.access.id_token import Claims
from purser.access.models import Person
from purser.kernel.errors import Missing, Refused
from purser.partners import founding
from purser.partners.models import TenantInvitation
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Grant, Organisation

# The directory role of a tenant's administrator, by its template id, the same in each directory.
# Source: Microsoft Entra built-in roles
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
REASON = "Accepted the invitation of {partner}"


@dataclass(frozen=True)
class Issued:
    """The only moment the token is known; `invitation` is what is kept."""

    invitation: TenantInvitation
    token: str

    def __repr__(self) -> str:
        return f"Issued(invitation={self.invitation.pk})"


@dataclass(frozen=True)
class Proof:
    """What a sign-in at Microsoft Entra says of whoever wants to bring a tenant: `email` only where the directory vouches for
    it, `directory` its tenant id.
    """

    directory: str
    email: str
    stated_email: str
    name: str
    administers: bool


def proof(claims: Claims) -> Proof:
    administers = GLOBAL_ADMINISTRATOR in claims.roles
    return Proof(claims.directory, claims.email, claims.stated_email, claims.name, administers)


def invite(actor: Actor, *, email: str, now: datetime) -> Issued:
    """Invite whoever administers a tenant, by mail address, in the partner's seat. An open invitation of the address ends.

    Raises Refused for a bad address, before the partner is enabled, and often.TooOften.
    """
    email = invitations.address(email)
    own = organisations.own()
    if not own.administers:
        raise Refused(
            f"{own.name} is not enabled to administer customers.", code="not_enabled", hint="Request enabling first."
        )
    if actor.person is None:
        raise Refused("Only a person can invite.", code="person")
    often.check("tenants.invite", email, now=now)
    row = TenantInvitation(email=email, invited_by=actor.person, invited_by_name=actor.name, created_at=now)
    summary = f"Invited {email} to join a tenant"
    acts.record(actor, "tenants.invite", summary=summary, of=("tenant_invitation", row.pk), after={"email": email}, now=now)
    TenantInvitation.objects.filter(email=email, accepted_at=None, revoked_at=None).update(revoked_at=now)
    return _with_token(row, now)


def send_again(actor: Actor, id: UUID, *, now: datetime) -> Issued:
    """A new link and 72 new hours; the former link ends. Raises Missing, or Refused as `invite` does."""
    row = _unanswered(id)
    often.check("tenants.invite", row.email, now=now)
    acts.record(
        actor, "tenants.invite", summary=f"Invited {row.email} again", of=("tenant_invitation", row.pk),
        after={"email": row.email}, now=now,
    )  # fmt: skip
    return _with_token(row, now)


def revoke(actor: Actor, id: UUID, *, now: datetime) -> None:
    """End an invitation nobody accepted. Raises Missing."""
    row = _unanswered(id)
    summary = f"Withdrew the invitation of {row.email}"
    acts.record(actor, "tenants.invite", summary=summary, of=("tenant_invitation", row.pk), now=now)
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])


def pending() -> list[TenantInvitation]:
    """Neither accepted nor withdrawn, newest first; `expires_at` may be past. In the partner's seat."""
    return list(TenantInvitation.objects.filter(accepted_at=None, revoked_at=None).order_by("-created_at", "-id"))


def look(token: str, *, now: datetime) -> TenantInvitation:
    """The open invitation of a token, in the partner's seat. Changes nothing. Raises once.Spent."""
    row: TenantInvitation | None = _open(token, now).first()
    if row is None:
        raise once.Spent
    return row


def accept(partner: UUID, token: str, *, actor: Actor, now: datetime) -> Grant:
    """Let the partner administer the tenant that `actor` administers. Takes its seats itself; of two at once one wins.

    Raises once.Spent; Refused, with nothing made, for anybody but an administrator of the tenant, for another address than
    the invited, for the one who invited, and for a tenant that another partner serves.
    """
    with tenancy.acting_in(partner):
        row, own = look(token, now=now), organisations.own()
    if not own.administers:
        raise once.Spent
    email = Person.objects.values_list("email", flat=True).get(pk=actor.person) if actor.person else actor.name
    if email != row.email:
        raise Refused(
            f"This invitation is for {row.email}; you are {email}.",
            code="other_person",
            hint=f"Sign out, then sign in as {row.email}.",
        )
    if actor.person == row.invited_by:
        raise Refused("You sent this invitation yourself; somebody else must accept it.", code="own_request")
    with tenancy.acting_in(actor.tenant):
        target = organisations.own()
        _administers(actor, target, own)
    if row.customer_id not in (None, actor.tenant):
        raise _other_tenant()
    if people.belongs(actor.person, partner):
        raise _insider(own, target.name)
    with tenancy.acting_in(partner):
        guest = actors.guest(actor, tenant=partner, organisation=own.name, kind=own.kind)
        summary = f"{target.name} accepted the invitation"
        told = {"customer": actor.tenant, "accepted_by": email, "invited_by": row.invited_by_name}
        acts.record(guest, "tenants.accept", summary=summary, of=("tenant_invitation", row.pk), after=told, now=now)
        spent = _open(token, now).update(accepted_at=now, accepted_by_name=actor.name, customer_id=actor.tenant)
        if spent != 1:
            raise once.Spent
    with tenancy.acting_in(actor.tenant):
        _administers(actor, organisations.own(), own)
        grant = Grant(
            partner_id=partner,
            partner_name=own.name,
            scopes=list(grants.AREAS),
            reason=REASON.format(partner=own.name),
            asked_by=row.invited_by,
            asked_by_name=row.invited_by_name,
            asked_at=row.created_at,
            approved_by=actor.person,
            approved_by_name=actor.name,
            approved_at=now,
            ends_at=now + grants.LONGEST,
        )
        told = {"scopes": grant.scopes, "until": grant.ends_at, "invited_by": row.invited_by_name}
        acts.record(actor, "consent.decide", summary=grant.reason, of=("grant", grant.pk), after=told, now=now)
        held = Grant.objects.filter(partner_id=partner, closed_at=None)
        grants.close(held, as_="replaced", by=actor.name, why="A new consent took its place.", now=now)
        grant.save(force_insert=True)
    return grant


def check(partner: UUID, token: str, proof: Proof, *, now: datetime) -> Organisation:
    """Whether this sign-in may bring its tenant here by this invitation: the partner that it would stand under. Takes its
    seats itself and changes nothing.

    Raises once.Spent; Refused for another address than the invited, without the directory role, for somebody who works for
    the partner, for a second tenant by one invitation, and for a tenant that is here already. Source: acceptance CS-8, CS-10.
    """
    with tenancy.acting_in(partner):
        row, own = look(token, now=now), organisations.own()
    if not own.administers:
        raise once.Spent
    if proof.email != row.email:
        said = proof.email or f"{proof.stated_email or 'somebody without an address'}, which your directory does not vouch for"
        raise Refused(
            f"This invitation is for {row.email}; at Microsoft you are {said}.",
            code="other_person",
            hint="Sign in there with that address, or ask for an invitation of the address that your directory verified.",
        )
    directory = UUID(proof.directory)
    if not proof.administers:
        raise Refused(
            f"You do not have the role Global Administrator in the tenant {directory}, or it is not active now; only an "
            "administrator of a tenant can accept for it.",
            code="not_administrator",
            hint="Activate the role in Microsoft Entra and sign in again, or ask for an invitation of somebody who has it.",
        )
    known = Person.objects.filter(email=row.email).values_list("pk", flat=True).first()
    if people.belongs(known, partner):
        raise _insider(own, "the tenant")
    if row.customer_id not in (None, directory):
        raise _other_tenant()
    with tenancy.acting_in(directory):
        here = Organisation.objects.exists()
    if here or sign_on.serves(proof.directory):
        raise founding.here_already(directory)
    return own


def bring(partner: UUID, token: str, proof: Proof, wanted: founding.Tenant, *, actor: Actor, now: datetime) -> Organisation:
    """Found the tenant that this sign-in administers, under the partner; `actor` is the person. They accept for it afterwards,
    as the administrator they then are. What was interrupted is completed by the same call again.

    Raises what `check` does, and what founding.found_tenant does; of two at once one wins.
    """
    own, directory = check(partner, token, proof, now=now), UUID(proof.directory)
    actor = replace(actor, tenant=directory, organisation=wanted.name, kind="customer", role=verbs.ADMINISTRATOR)
    with tenancy.acting_in(partner):
        guest = actors.guest(actor, tenant=partner, organisation=own.name, kind=own.kind)
        told = {"customer": directory, "name": wanted.name, "email": wanted.person.email}
        acts.record(guest, "tenants.accept", summary=f"{wanted.name} comes here by an invitation", after=told, now=now)
        rows = _open(token, now).filter(Q(customer=None) | Q(customer=directory))
        if rows.update(customer_id=directory) != 1:
            raise once.Spent
    return founding.found_tenant(actor, wanted, under=own, now=now)


def _other_tenant() -> Refused:
    return Refused("Another tenant was brought here by this invitation.", code="other_tenant", hint="Ask for a new one.")


def _insider(partner: Organisation, target: str) -> Refused:
    return Refused(
        f"You work for {partner.name}, which invites; somebody of {target} alone must accept.",
        code="insider",
        hint="Ask another administrator of the tenant.",
    )


def _administers(actor: Actor, target: Organisation, partner: Organisation) -> None:
    """In the tenant's seat. Raises Refused where accepting is not this person's to do, or the tenant not this partner's."""
    place = actors.member(actor.person) if actor.person is not None else None
    if place is None or actor.kind != "customer" or place.role != verbs.ADMINISTRATOR:
        raise Refused(
            f"You are {place.role if place else actor.role} of {target.name}; only a Tenant Admin of the tenant can accept.",
            code="not_administrator",
            hint="Ask an administrator of your tenant to open the link.",
        )
    if target.parent_id != partner.pk:
        raise Refused(
            f"{target.name} is served by another partner; a tenant joins one partner only.",
            code="other_partner",
            hint="Changing the partner is an order: ask the one who sells to you.",
        )


def _with_token(row: TenantInvitation, now: datetime) -> Issued:
    token = once.token()
    row.token_hash, row.expires_at = once.hashed(token), now + once.LIFETIME
    row.save()
    return Issued(row, token)


def _unanswered(id: UUID) -> TenantInvitation:
    rows = TenantInvitation.objects.select_for_update().filter(pk=id, accepted_at=None, revoked_at=None)
    row: TenantInvitation | None = rows.first()
    if row is None:
        raise Missing("There is no such invitation, or it was answered already.")
    return row


def _open(token: str, now: datetime) -> Any:
    return TenantInvitation.objects.filter(
        token_hash=once.hashed(token), accepted_at=None, revoked_at=None, expires_at__gt=now
    )
