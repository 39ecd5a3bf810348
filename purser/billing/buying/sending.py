"""Papers by mail: each to the billing point of contact once by itself, and to whom a person says.

A mail is claimed before it is sent, so that no crash sends it twice; one that the mail server did not take is tried again.
Source: acceptance CS-59, CS-63.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse

from purser.access import acts, letters
from purser.access.actors import Actor
from purser.billing.buying import profile
from purser.billing.models import Document, Sending
from purser.kernel.errors import Refused
from purser.postgres import queue, tenancy
from purser.tenants import organisations

log = logging.getLogger("purser.billing")
AGAIN, LONGEST = timedelta(minutes=5), timedelta(hours=12)
MOST = 20  # that people of an organisation can send in an hour
HOUR = timedelta(hours=1)


def to_contact(document: Document, *, now: datetime) -> None:
    """In the transaction that makes the paper. Without a billing point of contact it is only to be found in the portal."""
    bill = profile.own()
    if bill is not None:
        _ask(document, bill.contact_email, by="", now=now)


def to_address(actor: Actor, document: Document, *, email: str, now: datetime) -> Sending:
    """A person has a paper sent. Raises Refused for no address, or after 20 mails in an hour."""
    address = organisations.email_of(email)
    if not address:
        raise Refused("Whom the mail is for is missing.", code="email")
    if Sending.objects.exclude(asked_by_name="").filter(asked_at__gt=now - HOUR).count() >= MOST:
        raise Refused(f"{MOST} papers were mailed in the last hour.", code="too_many", hint="Go on later.")
    summary = f"{document.get_kind_display()} {document.number} by mail to {address}"
    acts.record(actor, "packages.quote", summary=summary, of=("document", document.pk), after={"email": address}, now=now)
    return _ask(document, address, by=actor.name, now=now)


def _ask(document: Document, email: str, *, by: str, now: datetime) -> Sending:
    row: Sending = Sending.objects.create(document=document, email=email, asked_at=now, asked_by_name=by)
    queue.defer("purser.send_paper", tenant=str(row.tenant_id), sending=str(row.pk))
    return row


def send(tenant: UUID, id: UUID, *, now: datetime) -> bool:
    """Mail it, unless that was done. Takes the seat, and leaves it to send. Whether it went out now."""
    with tenancy.acting_in(tenant):
        row: Sending | None = Sending.objects.select_for_update().filter(pk=id, sent_at=None).first()
        if row is None:
            return False
        paper: Document = Document.objects.get(pk=row.document_id)
        own, kind = organisations.own(), paper.get_kind_display()
        row.sent_at, row.tries = now, row.tries + 1
        row.save(update_fields=["sent_at", "tries"])
    try:
        letters.paper(
            email=row.email,
            subject=f"{kind} {paper.number} of {own.name}",
            lines=[f"Attached is {kind.lower()} {paper.number}."],
            path=reverse("documents", kwargs={"tenant": tenant}),
            name=f"{paper.number}.pdf",
            file=bytes(paper.file),
        )
    except OSError as failure:  # of the network, or the mail server's answer
        log.warning("paper %s was not mailed: %s", paper.number, failure)
        later = now + min(AGAIN * 2 ** min(row.tries, 8), LONGEST)
        with tenancy.acting_in(tenant):
            Sending.objects.filter(pk=id).update(sent_at=None)
            queue.defer("purser.send_paper", at=later, tenant=str(tenant), sending=str(id))
        return False
    return True
