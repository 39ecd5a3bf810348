"""Consent: the partner asks or the customer gives of itself; the customer ends it at any moment.

A call by the partner acts in two organisations: the customer's, where the row is and whose people read it, and the
partner's own, where its people do. Each has its own transaction and its own act.
Source: decision S-4; acceptance UC-7, UC-12, UC-13, UC-21; reliability P17.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from purser.access import actors, acts, people
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import agreements, customers, told
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Grant, GrantKind, Organisation
from purser.tenants.organisations import Card


@dataclass(frozen=True)
class Standing:
    """How a customer stands with its partner at a moment: what its switch shows.

    `partner` is None for a customer of nobody who could administer. `live` and `request` are the grant that holds and
    the question that waits; `agreement` says what is missing of the data-processing agreement, and `required` whether
    nothing can be given without it.
    """

    partner: Card | None
    live: Grant | None
    request: Grant | None
    agreement: str
    required: bool


def partner_of(customer: Organisation) -> Card | None:
    """The partner that sells to a customer, if operations enabled it to administer. Outside any seat."""
    if customer.parent_id is None:
        return None
    try:
        card = organisations.card(customer.parent_id)
    except Missing:
        return None
    return card if card.administers else None


def standing(tenant: UUID, *, now: datetime) -> Standing:
    """Takes the seats it needs itself."""
    with tenancy.acting_in(tenant):
        customer = organisations.own()
    partner = partner_of(customer)
    if partner is None:
        return Standing(None, None, None, "", False)
    required = agreements.required(customer, partner)
    with tenancy.acting_in(tenant):
        live = grants.live(now).filter(partner_id=partner.id).first()
        request = grants.open_requests(now).filter(partner_id=partner.id).first()
        missing = agreements.missing(partner.id)
    return Standing(partner, live, request, missing, required)


def ask(
    actor: Actor, customer: UUID, *, scopes: Iterable[str], days: int, reason: str, ticket: str = "", now: datetime
) -> Grant:
    """Ask a customer of the actor's own organisation for its consent. The request lapses after 90 days.

    Raises Missing for anybody else's customer, Refused before the partner is enabled or while a request waits.
    """
    with tenancy.acting_in(actor.tenant):
        own = organisations.own()
    if not own.administers:
        raise Refused(
            f"{own.name} is not enabled to administer customers.",
            code="not_enabled",
            hint="Request enabling first; operations answers.",
        )
    name = customers.own(actor.tenant, customer).name
    named, until, why = scopes_of(scopes), _until(days, now), _reason(" ".join(filter(None, [reason, ticket])))
    with tenancy.acting_in(customer):
        if organisations.own().parent_id != own.pk:
            raise Missing("There is no such customer.")
        grants.close(
            Grant.objects.filter(partner_id=own.pk, approved_at=None, lapses_at__lte=now),
            as_="lapsed", by="Purser", why="Nobody answered within 90 days.", now=now,
        )  # fmt: skip
        if grants.open_requests(now).filter(partner_id=own.pk).exists():
            raise Refused(f"{name} has your request already.", code="asked", hint="Withdraw it to ask anew.")
        row = Grant(
            partner_id=own.pk,
            partner_name=own.name,
            scopes=named,
            reason=why,
            asked_by=actor.person,
            asked_by_name=actor.name,
            asked_at=now,
            lapses_at=now + grants.LAPSES,
            ends_at=until,
        )
        words = {"scopes": named, "until": until, "reason": why}
        guest = actors.guest(actor, tenant=customer, organisation=name, kind="customer")
        acts.record(
            guest, "consent.ask",
            summary=f"{own.name} asks to administer this tenant: {why}", of=("grant", row.pk), after=words, now=now,
        )  # fmt: skip
        row.save(force_insert=True)
        told.consent_asked(row)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "consent.ask", summary=f"Asked {name} for its consent", of=("customer", customer), after=words, now=now
        )
    return row


def withdraw(actor: Actor, customer: UUID, *, now: datetime) -> None:
    """Take back the actor's organisation's open request. Raises Missing."""
    name = customers.own(actor.tenant, customer).name
    with tenancy.acting_in(customer):
        row = grants.open_requests(now).filter(partner_id=actor.tenant).select_for_update().first()
        if row is None:
            raise Missing("There is no request to withdraw.")
        guest = actors.guest(actor, tenant=customer, organisation=name, kind="customer")
        acts.record(guest, "consent.ask", summary=f"{row.partner_name} withdrew its request", of=("grant", row.pk), now=now)
        grants.close(Grant.objects.filter(pk=row.pk), as_="withdrawn", by=actor.name, why="", now=now)
    with tenancy.acting_in(actor.tenant):
        acts.record(actor, "consent.ask", summary=f"Withdrew the request to {name}", of=("customer", customer), now=now)


def give(
    actor: Actor,
    *,
    scopes: Iterable[str],
    days: int,
    reason: str,
    request: UUID | None = None,
    now: datetime,
) -> Grant:
    """The customer's switch: let the partner administer the tenant acted in, from now on. Takes its seats itself.

    With `request` it answers the partner's question (within its scopes or others). A consent that holds is replaced: an
    extension is a new consent. Raises Refused where there is no partner to give it to, for the one who asked and for
    anybody who works for the partner, for more than two years, and where a required agreement is missing.
    """
    found = standing(actor.tenant, now=now)
    if found.partner is None:
        raise Refused("There is no partner that could administer this tenant.", code="no_partner")
    if found.required and found.agreement:
        raise Refused(
            f"Here a data-processing agreement comes first. {found.agreement}",
            code="agreement",
            hint="Both sides confirm it under Data processing.",
        )
    named, until, why = scopes_of(scopes), _until(days, now), _reason(reason)
    insider = people.belongs(actor.person, found.partner.id)
    with tenancy.acting_in(actor.tenant):
        if organisations.own().parent_id != found.partner.id:
            raise Refused("The partner has changed meanwhile.", code="changed", hint="Look again.")
        row = _answered(found.partner, request, actor, now) or Grant(
            partner_id=found.partner.id, partner_name=found.partner.name, asked_at=now
        )
        if insider:
            raise Refused(
                f"You work for {found.partner.name}; somebody of {actor.organisation} alone must give its consent.",
                code="insider",
                hint="Ask another administrator of the tenant.",
            )
        held = grants.live(now).filter(partner_id=found.partner.id).select_for_update().first()
        acts.record(
            actor,
            "consent.decide",
            summary=f"Let {found.partner.name} administer this tenant",
            of=("grant", row.pk),
            before={"scopes": held.scopes, "until": held.ends_at} if held else None,
            after={"scopes": named, "until": until, "reason": why},
            now=now,
        )
        given = Grant.objects.filter(partner_id=found.partner.id, approved_at__isnull=False)
        grants.close(given, as_="replaced", by=actor.name, why="A new consent took its place.", now=now)
        row.scopes, row.reason, row.ends_at = named, why, until
        row.approved_by, row.approved_by_name, row.approved_at = actor.person, actor.name, now
        row.save()
        told.consent_given(row, customer=actor.organisation)
    return row


def refuse(actor: Actor, request: UUID, *, why: str, now: datetime) -> Grant:
    """Say no to the partner's question, in the seat taken. Raises Missing."""
    row = _request(request, now)
    acts.record(
        actor,
        "consent.decide",
        summary=f"Refused {row.partner_name}'s request",
        of=("grant", row.pk),
        after={"why": why},
        now=now,
    )
    grants.close(Grant.objects.filter(pk=row.pk), as_="refused", by=actor.name, why=why, now=now)
    told.consent_refused(row, customer=actor.organisation, why=why, now=now)
    return row


def end(actor: Actor, *, why: str, now: datetime) -> Grant:
    """Off: no one of the partner gets in from the next request on. In the seat taken. Raises Missing where nothing
    holds.
    """
    row = grants.live(now).filter(kind=GrantKind.CONSENT).select_for_update().first()
    if row is None:
        raise Missing("No consent holds at the moment.", code="no_consent")
    acts.record(
        actor,
        "consent.decide",
        summary=f"Ended the consent of {row.partner_name}",
        of=("grant", row.pk),
        before={"scopes": row.scopes, "until": row.ends_at},
        after={"why": why},
        now=now,
    )
    grants.close(Grant.objects.filter(pk=row.pk), as_="revoked", by=actor.name, why=why, now=now)
    told.consent_ended(row, customer=actor.organisation, why=why, now=now)
    return row


def scopes_of(names: Iterable[str]) -> list[str]:
    """The areas named, in their order. Raises Refused for none or an unknown one."""
    asked = set(names)
    unknown = asked - grants.AREAS.keys()
    if unknown:
        raise Refused(f"There is no area {sorted(unknown)[0]!r}.", code="scope", hint=f"Known: {', '.join(grants.AREAS)}.")
    if not asked:
        raise Refused("A consent names at least one area.", code="scope")
    return [name for name in grants.AREAS if name in asked]


def _answered(partner: Card, request: UUID | None, actor: Actor, now: datetime) -> Grant | None:
    """The open request that is answered by giving; the one named, or whichever waits."""
    if request is None:
        row: Grant | None = grants.open_requests(now).filter(partner_id=partner.id).select_for_update().first()
    else:
        row = _request(request, now)
    if row is not None and row.asked_by == actor.person:
        raise Refused(
            "You asked for this consent yourself; somebody else of the company must give it.",
            code="own_request",
            hint="Ask another administrator of the tenant.",
        )
    return row


def _request(id: UUID, now: datetime) -> Grant:
    row = grants.open_requests(now).filter(pk=id).select_for_update().first()
    if row is None:
        raise Missing("There is no such request, or it was answered, withdrawn or has lapsed.")
    return row


def _until(days: int, now: datetime) -> datetime:
    longest = grants.LONGEST.days
    if not 1 <= days <= longest:
        raise Refused(f"A consent holds for 1 to {longest} days; {days} is not.", code="end")
    return now + timedelta(days=days)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise Refused("A consent needs a reason.", code="reason", hint="Name the contract or the ticket.")
    return reason[:500]
