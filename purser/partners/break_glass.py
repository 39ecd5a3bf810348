"""Break-glass: the operator's staff look into an organisation in an emergency, to read, for at most an hour, with a
second colleague's leave, under the eyes of the organisation.

Source: reliability P20.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import told
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Grant, GrantKind


def ask(actor: Actor, tenant: UUID, *, reason: str, now: datetime) -> Grant:
    """Ask colleagues for leave. Raises Missing for no such organisation, Refused without a reason or where one waits."""
    reason = " ".join(reason.split())[:500]
    if len(reason) < 10:
        raise Refused("Say why in a sentence: the organisation reads it.", code="reason")
    target = organisations.below(actor.tenant, tenant)
    guest = actors.guest(actor, tenant=tenant, organisation=target.name, kind=target.kind)
    with tenancy.acting_in(tenant):
        _close_lapsed(actor.tenant, now)
        if _open(actor.tenant, now) is not None:
            raise Refused(f"A request for {target.name} waits or holds already.", code="asked")
        row = Grant(
            kind=GrantKind.BREAK_GLASS,
            partner_id=actor.tenant,
            partner_name=actor.organisation,
            reason=reason,
            asked_by=actor.person,
            asked_by_name=actor.name,
            asked_at=now,
            lapses_at=now + grants.BREAK_GLASS,
        )
        _note(guest, "break_glass.ask", "Asked to look in, in an emergency", row, now)
        row.save(force_insert=True)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "break_glass.ask", summary=f"Asked to look into {target.name}", of=("organisation", tenant),
            after={"reason": reason}, now=now,
        )  # fmt: skip
    return row


def approve(actor: Actor, tenant: UUID, *, now: datetime) -> Grant:
    """Let the colleague who asked look in for an hour, from now. Raises Missing, or Refused for the one who asked."""
    target = organisations.below(actor.tenant, tenant)
    guest = actors.guest(actor, tenant=tenant, organisation=target.name, kind=target.kind)
    with tenancy.acting_in(tenant):
        row = _open(actor.tenant, now)
        if row is None or row.approved_at is not None:
            raise Missing("There is no request that waits.")
        if row.asked_by == actor.person:
            raise Refused("You asked yourself; a colleague must approve.", code="own_request")
        _note(guest, "break_glass.approve", f"Let {row.asked_by_name} look in for an hour", row, now)
        row.approved_by, row.approved_by_name, row.approved_at = actor.person, actor.name, now
        row.ends_at = now + grants.BREAK_GLASS
        row.save(update_fields=["approved_by", "approved_by_name", "approved_at", "ends_at"])
        told.looked_into(row)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "break_glass.approve", summary=f"Let {row.asked_by_name} look into {target.name}",
            of=("organisation", tenant), after={"reason": row.reason}, now=now,
        )  # fmt: skip
    return row


def end(actor: Actor, tenant: UUID, *, now: datetime) -> Grant:
    """End it before its time, by whoever of the operator. Raises Missing where nothing waits or holds."""
    target = organisations.below(actor.tenant, tenant)
    guest = actors.guest(actor, tenant=tenant, organisation=target.name, kind=target.kind)
    with tenancy.acting_in(tenant):
        row = _open(actor.tenant, now)
        if row is None:
            raise Missing("Nothing waits or holds there.")
        _note(guest, "break_glass.ask", "Ended the emergency look", row, now)
        grants.close(Grant.objects.filter(pk=row.pk), as_="ended", by=actor.name, why="", now=now)
        told.look_ended(row, now=now)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "break_glass.ask", summary=f"Ended the look into {target.name}", of=("organisation", tenant), now=now
        )
    return row


def standing(operator: UUID, now: datetime) -> list[Grant]:
    """What waits and what holds, newest first; takes the operator organisation's seat as the one who was let in."""
    with tenancy.listing_customers_of(operator):
        rows = Grant.across.filter(kind=GrantKind.BREAK_GLASS, closed_at=None).order_by("-asked_at", "-id")
        return [row for row in rows[:200] if (row.ends_at or row.lapses_at or now) > now]


def _open(operator: UUID, now: datetime) -> Grant | None:
    rows = Grant.objects.filter(partner_id=operator, kind=GrantKind.BREAK_GLASS, closed_at=None).select_for_update()
    row: Grant | None = rows.first()
    return row if row is not None and (row.ends_at or row.lapses_at or now) > now else None


def _close_lapsed(operator: UUID, now: datetime) -> None:
    row = Grant.objects.filter(partner_id=operator, kind=GrantKind.BREAK_GLASS, closed_at=None).first()
    if row is not None and (row.ends_at or row.lapses_at or now) <= now:
        grants.close(Grant.objects.filter(pk=row.pk), as_="lapsed", by="Purser", why="Its time was over.", now=now)


def _note(guest: Actor, verb: str, summary: str, row: Grant, now: datetime) -> None:
    acts.record(guest, verb, summary=summary, of=("grant", row.pk), after={"reason": row.reason}, now=now)
