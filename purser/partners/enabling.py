"""A partner asks operations to be enabled to administer its customers; operations approves or refuses with a reason.

Source: acceptance UC-5, UC-6.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import told
from purser.partners.models import EnablingRequest
from purser.postgres import tenancy
from purser.tenants import organisations, packages, tree
from purser.tenants.models import PARTNERS, Kind, Organisation, PackageStock


def message(own: Organisation, signature: str) -> tuple[str, str]:
    """Subject and body as the seed has them, with this partner's numbers."""
    subject = f"Please enable the Partner Administration on behalf for Reseller {own.name}"
    body = (
        f"Dear SSC team,\nplease enable the Circuit/OSCloud Partner Administration on behalf for us/Reseller {own.name}.\n\n"
        f"Our Circuit tenant ID is: {own.number}\n\n"
        f"Our Partner ID (Global One ID) is: {own.partner_number}\n\n"
        f"Many thanks,\nbest regards,\n{signature}"
    )
    return subject, body


def request(actor: Actor, *, signature: str, email: str, now: datetime) -> EnablingRequest:
    """Put the request into operations' queue, in the partner's seat. Raises Refused where it is enabled or waits."""
    own = organisations.own()
    if own.kind not in PARTNERS or actor.person is None:
        raise Refused(f"{own.name} is no partner.", code="kind")
    if own.partner_admin_id:
        raise Refused(f"{own.name} is enabled already.", code="enabled")
    if not own.partner_number:
        raise Refused(f"{own.name} has no Partner ID yet.", code="partner_id", hint="Operations gives it.")
    if EnablingRequest.objects.filter(answered_at=None).exists():
        raise Refused("Your request is with operations already.", code="asked")
    subject, body = message(own, signature.strip() or actor.name)
    row = EnablingRequest(
        partner_name=own.name,
        subject=subject,
        body=body,
        asked_by=actor.person,
        asked_by_name=actor.name,
        asked_by_email=email,
        asked_at=now,
    )
    acts.record(
        actor, "administration.request", summary="Asked operations to enable administration of customers",
        of=("enabling_request", row.pk), after={"subject": subject, "body": body}, now=now,
    )  # fmt: skip
    row.save(force_insert=True)
    told.enabling_asked(row)
    return row


def queue(operator: UUID) -> list[EnablingRequest]:
    """In the operator's seat: the requests of its partners, the open ones first, then the latest answered."""
    rows = EnablingRequest.across.filter(tenant_id__in=organisations.of_operator(operator).values("pk"))
    waiting = list(rows.filter(answered_at=None).order_by("asked_at", "id"))
    return [*waiting, *rows.filter(answered_at__isnull=False).order_by("-answered_at", "id")[:100]]


def latest() -> EnablingRequest | None:
    """In the partner's seat: its last request, open or answered."""
    row: EnablingRequest | None = EnablingRequest.objects.order_by("-asked_at", "-id").first()
    return row


def answer(actor: Actor, id: UUID, *, approve: bool, why: str, now: datetime) -> EnablingRequest:
    """Operations' answer, with a reason. Approving fills the Partner Admin ID. Takes its seats itself.

    Raises Missing for a request that is not open or not of a partner under this operator, Refused for a missing reason or
    a partner without paid packages.
    """
    why = " ".join(why.split())[:500]
    if not why:
        raise Refused("An answer needs a reason; the partner reads it.", code="reason")
    with tenancy.listing_all():
        asked = EnablingRequest.across.filter(pk=id, tenant_id__in=organisations.of_operator(actor.tenant).values("pk"))
        tenant: UUID | None = asked.values_list("tenant_id", flat=True).first()
    if tenant is None:
        raise Missing("There is no such open request.")
    with tenancy.acting_in(tenant):
        held = EnablingRequest.objects.select_for_update().filter(pk=id, answered_at=None).first()
        if held is None:
            raise Missing("There is no such open request.")
        if approve and not any(packages.paid(stock.package) and stock.total for stock in PackageStock.objects.all()):
            raise Refused(
                f"{held.partner_name} has no commercial subscription.",
                code="no_subscription",
                hint="Take an order of a paid package for its tenant first.",
            )
        words = "Enabled administration of customers" if approve else "Refused administration of customers"
        desk = actors.guest(actor, tenant=tenant, organisation=held.partner_name, kind=Kind.RESELLER)
        acts.record(
            desk, "operator.requests.decide", summary=words, of=("enabling_request", held.pk), after={"why": why}, now=now
        )
        held.answered_at, held.answered_by_name, held.approved, held.answer = now, actor.name, approve, why
        held.save(update_fields=["answered_at", "answered_by_name", "approved", "answer"])
        if approve:
            tree.enable_administration()
        told.enabling_answered(held)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "operator.requests.decide", summary=f"{words}: {held.partner_name}",
            of=("organisation", tenant), after={"why": why}, now=now,
        )  # fmt: skip
    return held
