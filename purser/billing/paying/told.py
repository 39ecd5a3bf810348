"""Who hears of it: a partner's owners, and by mail whoever receives its papers. In the partner's seat.

Source: acceptance CS-63, CS-66.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from purser.access import letters
from purser.billing.models import Profile, Purchase
from purser.notices import outbox, recipients
from purser.notices.models import Notice
from purser.postgres import queue, tenancy
from purser.tenants import organisations


def of_purchase(kind: str, row: Purchase, *, subject: str, lines: Sequence[str], contact: bool, now: datetime) -> None:
    """`contact`: the billing point of contact gets it by mail, too."""
    _post(kind, subject, lines, "purchase", {"purchase": row.pk}, contact, now)


def of_account(kind: str, *, subject: str, lines: Sequence[str], now: datetime) -> None:
    """Of the card on file, or of automatic purchase, whose page says how it stands; with the billing point of contact."""
    _post(kind, subject, lines, "card", {}, True, now)


def _post(
    kind: str, subject: str, lines: Sequence[str], page: str, args: dict[str, object], contact: bool, now: datetime
) -> None:
    notice = outbox.post(
        kind, audience=tenancy.tenant(), subject=subject, lines=[line for line in lines if line], page=page, args=args,
        by_job=True, now=now,
    )  # fmt: skip
    if contact:
        queue.defer("purser.billing_contact", tenant=str(tenancy.tenant()), notice=str(notice.pk))


def mail_contact(tenant: UUID, notice: UUID) -> None:
    """Mail a notice to the billing point of contact, unless they hear it as a member. Takes the seat, and leaves it to
    send."""
    with tenancy.acting_in(tenant):
        row, profile = Notice.objects.filter(pk=notice).first(), Profile.objects.first()
        if row is None or profile is None or not profile.contact_email:
            return
        if profile.contact_email in {one.person.email for one in recipients.of(row, organisations.own())}:
            return
        path = reverse(row.page, kwargs={"tenant": tenant, **row.args})
    letters.news(email=profile.contact_email, subject=row.subject, lines=row.lines, path=path)


def of_operator(subject: str, lines: Sequence[str], *, now: datetime) -> None:
    """From a partner's seat to the operator above it: money that somebody must look at."""
    outbox.post("payment_odd", audience=None, subject=subject, lines=lines, page="payments", by_job=True, now=now)


def to_operator(*, subject: str, lines: Sequence[str], now: datetime) -> None:
    """From the operator's own seat: money that somebody must look at."""
    outbox.post(
        "payment_odd", audience=tenancy.tenant(), subject=subject, lines=lines, page="payments", by_job=True, now=now
    )  # fmt: skip
