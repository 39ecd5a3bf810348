"""Invitations: the one way to become a member. Bound to an address, an organisation and a role; good once,
for 72 hours.

Source: decision S-3; acceptance ID-7; reliability P23.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse

from purser.access import acts, letters, once, people
from purser.access.actors import Actor
from purser.access.models import Invitation, Membership, Person
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations


@dataclass(frozen=True)
class Issued:
    """The only moment the token is known; `invitation` is what is kept."""

    invitation: Invitation
    token: str

    def __repr__(self) -> str:
        return f"Issued(invitation={self.invitation.pk})"


def invite(actor: Actor, *, email: str, role: str, kind: str, now: datetime) -> Issued:
    """Invite an address to the organisation acted in, whose kind is `kind`; an open invitation of the
    address ends.

    The caller sends the link. Raises Refused for a bad address, an unknown role or a member.
    """
    email = address(email)
    role = people.role_of(kind, role)
    if Membership.objects.filter(person__email=email).exists():
        raise Refused(f"{email} belongs here already.", code="member", hint="Change the role in the list instead.")
    row = Invitation(email=email, role=role, invited_by_id=actor.person, created_at=now)
    acts.record(
        actor,
        "people.invite",
        summary=f"Invited {email} as {role}",
        of=("invitation", row.pk),
        after={"email": email, "role": role},
        now=now,
    )
    Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None).update(revoked_at=now)
    return _with_token(row, now)


def send(issued: Issued, *, tenant: UUID, inviter: str) -> None:
    """Mail the link, once the invitation is committed. A mail that fails leaves an invitation to send again."""
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


def addressed(actor: Actor, text: str) -> str:
    """The address to invite, as it is kept; outside any seat. Raises Refused for none, and for one of the partner's own
    people where the actor is there on behalf: a membership would outlive the consent, and could even give the next one.

    Source: reliability P17.
    """
    email = address(text)
    if actor.home is not None:
        with tenancy.acting_in(actor.home):
            ours = Membership.objects.filter(person__email=email).exists()
        if ours:
            raise Refused(
                f"{email} belongs to {actor.home_name}, and you are here by the consent of {actor.organisation}.",
                code="own_people",
                hint=f"If {actor.organisation} wants that, an administrator of its own invites them.",
            )
    return email


def send_again(actor: Actor, id: UUID, *, now: datetime) -> Issued:
    """A new link and 72 new hours for an invitation nobody accepted; the former link ends. Raises Missing."""
    row = _unanswered(id)
    acts.record(actor, "people.invite", summary=f"Invited {row.email} again", of=("invitation", row.pk), now=now)
    return _with_token(row, now)


def revoke(actor: Actor, id: UUID, *, now: datetime) -> None:
    """End an invitation nobody accepted. Raises Missing."""
    row = _unanswered(id)
    acts.record(
        actor,
        "people.invite",
        summary=f"Withdrew the invitation of {row.email}",
        of=("invitation", row.pk),
        now=now,
    )
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])


def unanswered() -> list[Invitation]:
    """Invitations neither accepted nor withdrawn, newest first; `expires_at` may be past."""
    return list(Invitation.objects.filter(accepted_at=None, revoked_at=None).order_by("-created_at", "-id"))


def look(token: str, *, now: datetime) -> Invitation:
    """The open invitation of a token. Changes nothing: a mail scanner may follow the link. Raises
    once.Spent.
    """
    row: Invitation | None = _open(token, now).first()
    if row is None:
        raise once.Spent
    return row


def accept(token: str, *, person: Person, actor: Actor, password: str | None = None, now: datetime) -> Membership:
    """Make the person a member; of two at once one wins. Raises once.Spent, or Refused for another address.

    A person who is new (unsaved) is kept with `password`, and the address counts as proven: the token was
    sent to it. `actor` is the person, as of this organisation.
    """
    row = look(token, now=now)
    if person.email != row.email:
        raise Refused(
            f"This invitation is for {row.email}; you are {person.email}.",
            code="other_person",
            hint=f"Sign out, then sign in as {row.email}.",
        )
    acts.record(
        actor,
        "people.join",
        summary=f"{person} joined as {row.role}",
        of=("person", person.pk),
        after={"email": row.email, "role": row.role},
        now=now,
    )
    if _open(token, now).update(accepted_at=now) != 1:
        raise once.Spent
    if person._state.adding:
        person.set_password(password)
        person.save(force_insert=True)
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return people.join(person=person, role=row.role, organisation=actor.organisation, now=now)


def address(text: str) -> str:
    """An e-mail address as it is kept: trimmed, in small letters. Raises Refused."""
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(f"“{text}” is no e-mail address.", code="email") from None
    return email


def _with_token(row: Invitation, now: datetime) -> Issued:
    token = once.token()
    row.token_hash, row.expires_at = once.hashed(token), now + once.LIFETIME
    row.save()
    return Issued(row, token)


def _unanswered(id: UUID) -> Invitation:
    row: Invitation | None = Invitation.objects.select_for_update().filter(pk=id, accepted_at=None, revoked_at=None).first()
    if row is None:
        raise Missing("There is no such invitation, or it was answered already.")
    return row


def _open(token: str, now: datetime) -> Any:
    return Invitation.objects.filter(token_hash=once.hashed(token), accepted_at=None, revoked_at=None, expires_at__gt=now)
