"""Invitations: the one way to become a member. Bound to an address, an organisation and a role; good once,
for 72 hours, and only while whoever invited may still give that role.

Source: decision S-3; acceptance ID-7; reliability P17, P23.
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

from purser.access import actors, acts, giving, letters, often, once, people, permit, verbs
from purser.access.actors import Actor
from purser.access.giving import Role
from purser.access.models import CustomRole, Membership, Person
from purser.access.single_use import Invitation
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
    """Invite an address to the organisation of the actor, whose kind is `kind`, as one of the kind's roles or (by its id)
    one of its own; an open invitation of the address ends. Takes its seats itself. The caller sends the link.

    Raises Refused for a bad address, an unknown role, a role that may more than the actor, a member, one of the partner's
    own people where the actor is there on behalf, and often.TooOften. Raises Missing for another organisation's role.
    """
    email = _addressed(actor, email)
    with tenancy.acting_in(actor.tenant):
        given = giving.find(kind, role)
        giving.check(actor, given)
        row = Invitation(email=email, invited_by_id=actor.person, home=actor.home, created_at=now)
        return _issue(actor, row, given, now)


def first(actor: Actor, *, email: str, kind: str, now: datetime) -> Issued:
    """Invite the head of an organisation that was just founded, in whose seat: there is nobody yet who could give it.

    `actor` is the founder, who belongs elsewhere. Raises Refused for a bad address.
    """
    row = Invitation(email=address(email), created_at=now)
    return _issue(actor, row, Role(kind, verbs.HEAD[kind]), now)


def _issue(actor: Actor, row: Invitation, given: Role, now: datetime) -> Issued:
    if Membership.objects.filter(person__email=row.email).exists():
        raise Refused(f"{row.email} belongs here already.", code="member", hint="Change the role in the list instead.")
    often.check("people.invite", row.email, now=now)
    row.role, row.role_name = given.text, given.name
    acts.record(
        actor,
        "people.invite",
        summary=f"Invited {row.email} as {given.name}",
        of=("invitation", row.pk),
        after={"email": row.email, "role": given.name},
        now=now,
    )
    Invitation.objects.filter(email=row.email, accepted_at=None, revoked_at=None).update(revoked_at=now)
    return _with_token(row, now)


def send(issued: Issued, *, tenant: UUID, inviter: str) -> None:
    """Mail the link, once the invitation is committed. A mail that fails leaves an invitation to send again."""
    row = issued.invitation
    with tenancy.acting_in(tenant):
        organisation = organisations.own()
        given = giving.find(organisation.kind, row.role)
    letters.invitation(
        email=row.email,
        organisation=organisation.name,
        kind=organisation.kind,
        role=given.name,
        allows=given.sentence,
        inviter=inviter,
        path=reverse("join", kwargs={"tenant": tenant, "token": issued.token}),
        expires_at=row.expires_at,
        zone=organisation.zone,
    )


def _addressed(actor: Actor, text: str) -> str:
    """The address to invite, as it is kept. Raises Refused for none, and for one of the partner's own people where the
    actor is there on behalf: a membership would outlive the consent, and could even give the next one.

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
    """A new link and 72 new hours for an invitation nobody accepted; the former link ends. Whoever sends it again is from
    now on who invites. Takes its seats itself. Raises Missing, and Refused as `invite` does.
    """
    with tenancy.acting_in(actor.tenant):
        row = _unanswered(id)
    _addressed(actor, row.email)
    with tenancy.acting_in(actor.tenant):
        row = _unanswered(id)
        try:
            given = giving.find(actor.kind, row.role)
        except Missing:
            raise _gone(row, "Invite them anew with another role.") from None
        giving.check(actor, given)
        often.check("people.invite", row.email, now=now)
        acts.record(
            actor, "people.invite", summary=f"Invited {row.email} again", of=("invitation", row.pk),
            after={"email": row.email, "role": given.name}, now=now,
        )  # fmt: skip
        row.role_name, row.invited_by_id, row.home = given.name, actor.person, actor.home
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


def offer(row: Invitation, *, tenant: UUID, now: datetime) -> Role:
    """The role as it is given now, if who invited may still give it. Takes its seats itself.

    Raises Refused, with whom to ask, where the own role is gone, or the inviter has left, lost the right, acted by a consent
    that is over, or may less than the role allows by now.
    """
    with tenancy.acting_in(tenant):
        organisation = organisations.own()
        head = f"Ask an {verbs.HEAD[organisation.kind]} of {organisation.name} to invite you again."
        try:
            given = giving.find(organisation.kind, row.role)
        except (Missing, Refused):
            raise _gone(row, head) from None
    if row.invited_by_id is None:
        return given
    who = Person.objects.filter(pk=row.invited_by_id).first()
    try:
        if who is None or not who.is_active:
            raise Missing("Who invited is gone.")
        nowhere = actors.nowhere(who)
        with actors.entering(who, tenant=tenant, request=nowhere, now=now, via=row.home or tenant) as inviter:
            if not permit.allows(inviter, "people.invite"):
                raise Missing("Who invited may not any more.")
            giving.check(inviter, given)
    except (Missing, Refused):
        raise Refused(
            f"{who or 'Who invited you'} may not give the role {given.name} in {organisation.name} any more.",
            code="inviter",
            hint=head,
        ) from None
    return given


def accept(token: str, *, person: Person, actor: Actor, password: str | None = None, now: datetime) -> Membership:
    """Make the person a member; of two at once one wins. Takes its seats itself. Raises once.Spent, or Refused for another
    address, as `offer` does, and for one who works where the inviter acted on behalf from.

    A person who is new (unsaved) is kept with `password`, and the address counts as proven: the token was
    sent to it. `actor` is the person, as of this organisation.
    """
    with tenancy.acting_in(actor.tenant):
        row = look(token, now=now)
    if person.email != row.email:
        raise Refused(
            f"This invitation is for {row.email}; you are {person.email}.",
            code="other_person",
            hint=f"Sign out, then sign in as {row.email}.",
        )
    given = offer(row, tenant=actor.tenant, now=now)
    if row.home is not None and people.belongs(person.pk, row.home):
        raise Refused(
            f"You work for those who invited you on behalf of {actor.organisation}.",
            code="own_people",
            hint=f"If {actor.organisation} wants that, an administrator of its own invites you.",
        )
    with tenancy.acting_in(actor.tenant):
        return _join(token, row, given, person, actor, password, now)


def _join(
    token: str, row: Invitation, given: Role, person: Person, actor: Actor, password: str | None, now: datetime
) -> Membership:
    own = given.own
    if own is not None and not CustomRole.objects.select_for_update().filter(pk=own.pk, version=own.version).exists():
        raise Refused(f"The role {given.name} was changed this moment.", code="changed", hint="Open the link again.")
    acts.record(
        actor,
        "people.join",
        summary=f"{person} joined as {given.name}",
        of=("person", person.pk),
        after={"email": row.email, "role": given.name},
        now=now,
    )
    if _open(token, now).update(accepted_at=now) != 1:
        raise once.Spent
    if person._state.adding:
        person.set_password(password)
        person.save(force_insert=True)
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return people.join(person=person, role=given.role, own=given.own, organisation=actor.organisation, now=now)


def address(text: str) -> str:
    """An e-mail address as it is kept: trimmed, in small letters. Raises Refused."""
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(f"“{text}” is no e-mail address.", code="email") from None
    return email


def _gone(row: Invitation, hint: str) -> Refused:
    return Refused(f"The role {row.role_words} of this invitation is there no more.", code="role_gone", hint=hint)


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
