"""E-mail domains that an organisation has proven to be its own: a letter to the domain's postmaster, answered.

Only people with an address in such a domain come in by single sign-on or by the directory, for else an organisation could
name anybody's domain and sign in as its people. The postmaster is the mailbox that every domain with mail must have.
Source: RFC 5321 section 4.5.1; reliability P23.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from purser.access import acts, letters, often, once
from purser.access.actors import Actor
from purser.access.identity import Domain, SignOn
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations

MOST = 50  # of one organisation


@dataclass(frozen=True)
class Asked:
    """The only moment the token is known; it goes to `letter_to`."""

    domain: Domain
    token: str

    @property
    def letter_to(self) -> str:
        return f"postmaster@{self.domain.name}"

    def __repr__(self) -> str:
        return f"Asked(domain={self.domain.pk})"


def ask(actor: Actor, name: str, *, now: datetime) -> Asked:
    """Name a domain, or ask again for one that is not proven yet; the former letter's link ends.

    The caller sends the letter afterwards. Raises Refused for what is no domain, or is proven already, and often.TooOften.
    """
    name = organisations.domain_of(name)
    if not name:
        raise Refused("A domain is needed.", code="domain", hint="Write it like example.com.")
    row = Domain.objects.select_for_update().filter(name=name).first() or Domain(name=name)
    if row.proven_at is not None:
        raise Refused(f"{name} is proven already.", code="proven")
    if row._state.adding and Domain.objects.count() >= MOST:
        raise Refused(f"An organisation has at most {MOST} domains.", code="most", hint="Remove one first.")
    token, asked = once.token(), Asked(row, "")
    often.check("sign_on.configure", asked.letter_to, now=now)
    row.token_hash, row.asked_at, row.expires_at = once.hashed(token), now, now + once.LIFETIME
    words = f"Asked to prove the domain {name}"
    told = {"name": name, "email": asked.letter_to}
    acts.record(actor, "sign_on.configure", summary=words, of=("domain", row.pk), after=told, now=now)
    row.save()
    return replace(asked, token=token)


def send(asked: Asked, *, tenant: UUID) -> None:
    """Mail the letter, once the question is committed. A mail that fails leaves a question to ask again."""
    with tenancy.acting_in(tenant):
        organisation = organisations.own()
    letters.domain(
        email=asked.letter_to,
        organisation=organisation.name,
        domain=asked.domain.name,
        path=reverse("domain_prove", kwargs={"tenant": tenant, "token": asked.token}),
        expires_at=asked.domain.expires_at,
        zone=organisation.zone,
    )


def look(token: str, *, now: datetime) -> Domain:
    """The domain that an open letter is about. Changes nothing: a mail scanner may follow the link. Raises once.Spent."""
    row: Domain | None = Domain.objects.filter(token_hash=once.hashed(token), proven_at=None, expires_at__gt=now).first()
    if row is None:
        raise once.Spent
    return row


def prove(token: str, *, actor: Actor, now: datetime) -> Domain:
    """The postmaster agreed. Of two at once one wins. Raises once.Spent."""
    row = look(token, now=now)
    acts.record(
        actor, "sign_on.domain", summary=f"{row.name} is proven", of=("domain", row.pk), after={"name": row.name}, now=now
    )
    if Domain.objects.filter(pk=row.pk, proven_at=None, token_hash=row.token_hash).update(proven_at=now) != 1:
        raise once.Spent
    row.proven_at = now
    return row


def postmaster(domain: Domain, *, request_id: str, address: str) -> Actor:
    """Who answers the letter, as the record names them; without any right."""
    organisation = organisations.own()
    return Actor(
        tenant=organisation.pk,
        organisation=organisation.name,
        person=None,
        name=f"postmaster@{domain.name}",
        role="guest",
        request_id=request_id,
        address=address,
        verified_at=None,
        kind=organisation.kind,
        allowed=frozenset(),
    )


def remove(actor: Actor, id: UUID, *, now: datetime) -> None:
    """Nobody new comes in by this domain any more; who is in stays. Raises Missing."""
    row = one(id)
    words = f"Removed the domain {row.name}"
    acts.record(actor, "sign_on.configure", summary=words, of=("domain", row.pk), before={"name": row.name}, now=now)
    row.delete()


def one(id: UUID) -> Domain:
    """Raises Missing."""
    row: Domain | None = Domain.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such domain here.")
    return row


def every() -> list[Domain]:
    return list(Domain.objects.order_by("name"))


def covers(email: str) -> bool:
    """Whether the address is in a proven domain of the organisation acted in."""
    return Domain.objects.filter(name=_of(email), proven_at__isnull=False).exists()


def signing_on(email: str) -> UUID | None:
    """The organisation whose sign-on serves the address's domain: the first that proved it and has one; else None.

    Takes the operator's seat to find the domain, then each organisation's. It knows nothing of people, so an address of
    nobody is answered like anybody's.
    """
    with tenancy.listing_all():
        rows = Domain.across.filter(name=_of(email), proven_at__isnull=False).order_by("proven_at", "id")
        tenants = list(rows.values_list("tenant_id", flat=True))
    for tenant in tenants:
        with tenancy.acting_in(tenant):
            if SignOn.objects.filter(on=True, tenant__suspended_at=None).exists():
                return tenant
    return None


def _of(email: str) -> str:
    """The domain of an address, as domains are kept; empty for what is none."""
    try:
        return organisations.domain_of(email.rpartition("@")[2])
    except Refused:
        return ""
