"""Posting a notice and delivering it: no notice without the change, no change without the notice.

The notice is written in the transaction of the change, with a job that delivers it a minute later. The process that made
the change delivers at once after its commit; the job then finds nothing left, or does what a dead process did not.
Source: acceptance UC-13 ("the partner is notified"); reliability P20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from purser.kernel.errors import Missing
from purser.notices import mailing, recipients
from purser.notices.kinds import KINDS
from purser.notices.models import Choice, Delivery, Mail, Notice
from purser.postgres import queue, tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation

GRACE = timedelta(minutes=1)  # for the process that made the change
Thing = tuple[str, UUID]  # what, id


def post(
    kind: str,
    *,
    audience: UUID | None,
    subject: str,
    lines: Sequence[str],
    page: str,
    args: Mapping[str, object] | None = None,
    about: Sequence[Thing] = (),
    to: Sequence[UUID] = (),
    until: datetime | None = None,
    by_job: bool = False,
    now: datetime,
) -> Notice:
    """Tell the people of `audience` (None: of the operator above), from the seat of the organisation where it happens and
    in the transaction of what they are told of. `by_job`: leave the mails to a worker, as others wait for what the caller
    holds, and no mail server may make them wait longer. Raises LookupError for an unknown kind.
    """
    here = tenancy.tenant()
    row = Notice.objects.create(
        kind=KINDS[kind].name,
        at=now,
        audience=audience,
        subject=subject[:300],
        lines=list(lines),
        until=until,
        page=page,
        args={name: str(value) for name, value in (args or {}).items()},
        about=[[what, str(id)] for what, id in about],
        to=[str(person) for person in to],
    )
    if audience == here:
        _spread(row, now)
    queue.defer("purser.deliver", at=None if by_job else now + GRACE, origin=str(here), notice=str(row.pk))
    if not by_job:
        transaction.on_commit(lambda: deliver(here, row.pk, now=now), robust=True)
    return row


def deliver(origin: UUID, notice: UUID, *, now: datetime) -> None:
    """Tell everybody who is not told yet. Takes the seats it needs; may be called again at any time."""
    with tenancy.acting_in(origin):
        row: Notice | None = Notice.objects.filter(pk=notice, delivered_at=None).first()
    if row is None:
        return
    audience = row.audience or organisations.operator_over(origin)
    try:
        if audience is not None:
            if audience != origin:  # else it was spread with the change itself
                with tenancy.acting_in(audience):
                    _spread(row, now)
            mailing.at_once(audience, notice, now=now)
    except Missing:  # the organisation is gone, and nobody is left to tell
        pass
    with tenancy.acting_in(origin):
        Notice.objects.filter(pk=notice).update(delivered_at=now)


def _spread(notice: Notice, now: datetime) -> None:
    """In the audience's seat: a row for each person who is told, once however often it is called."""
    own = organisations.own()
    told = recipients.of(notice, own)
    chosen = {row.person_id: row for row in Choice.objects.filter(kind=notice.kind)}
    path = reverse(notice.page, kwargs={"tenant": own.pk, **notice.args})
    rows = [
        Delivery(
            notice=notice.pk,
            person_id=one.person_id,
            kind=notice.kind,
            at=notice.at,
            subject=notice.subject,
            text=_text(notice, own),
            path=path,
            mail=_mail(notice, chosen.get(one.person_id), now),
        )
        for one in told
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if any(row.mail == Mail.DIGEST for row in rows):
        mailing.ask_for_digest(own, now)


def _mail(notice: Notice, choice: Choice | None, now: datetime) -> str:
    if choice is None or KINDS[notice.kind].always:
        return Mail.NOW
    silent = choice.silent_until is not None and choice.silent_until > now
    return Mail.NONE if silent else choice.mail


def _text(notice: Notice, own: Organisation) -> str:
    until = notice.until
    last = [f"Until: {until.astimezone(ZoneInfo(own.zone)):%d %B %Y, %H:%M} ({own.zone})"] if until else []
    return "\n".join([*notice.lines, *last])[:8000]
