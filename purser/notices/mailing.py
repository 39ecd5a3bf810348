"""Notices by mail: each at once, or one mail a day. A mail is claimed before it is sent, so that no crash sends it twice;
one that the mail server did not take goes into the next day's.
"""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from purser.access import letters
from purser.access.models import Membership
from purser.notices import recipients
from purser.notices.kinds import KINDS
from purser.notices.models import Choice, Delivery, Mail
from purser.postgres import queue, tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation

log = logging.getLogger("purser.notices")
MORNING = time(7)  # of the organisation's day
MOST = 50  # notices that one mail names


def at_once(tenant: UUID, notice: UUID, *, now: datetime) -> None:
    """Mail a notice to all who get it at once and did not yet. Takes the audience's seat, and leaves it to send."""
    with tenancy.acting_in(tenant):
        rows = Delivery.objects.filter(notice=notice, mail=Mail.NOW, mailed_at=None).select_related("person")
        claimed = list(rows.select_for_update(of=("self",)).order_by("person__email", "id"))
        Delivery.objects.filter(pk__in=[row.pk for row in claimed]).update(mailed_at=now)
    for row in claimed:
        if not _sent(row.person.email, row.subject, row.text.splitlines(), row.path):
            with tenancy.acting_in(tenant):
                Delivery.objects.filter(pk=row.pk).update(mail=Mail.DIGEST, mailed_at=None)
                ask_for_digest(organisations.own(), now)


def ask_for_digest(own: Organisation, now: datetime) -> None:
    """In the organisation's seat: have its digests sent next morning, once."""
    queue.defer("purser.digest", lock=f"digest:{own.pk}", merge=True, at=next_morning(own, now), organisation=str(own.pk))


def next_morning(own: Organisation, now: datetime) -> datetime:
    """The next seven o'clock in the organisation's zone."""
    zone = ZoneInfo(own.zone)
    here = now.astimezone(zone)
    day = here.date() if here.time() < MORNING else here.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, zone)


def digest(tenant: UUID, *, now: datetime) -> int:
    """Send each person of the organisation one mail of what they have not read yet; how many were sent.

    At most one a person and day, whatever happens in between: who had one today is left for tomorrow. Takes its seats.
    """
    with tenancy.acting_in(tenant):
        waiting = Delivery.objects.filter(mail=Mail.DIGEST, mailed_at=None)
        people = list(waiting.order_by("person_id").values_list("person_id", flat=True).distinct())
    sent = sum(_one(tenant, person, now) for person in people)
    with tenancy.acting_in(tenant):
        if Delivery.objects.filter(mail=Mail.DIGEST, mailed_at=None).exists():  # of today's, or not taken by the server
            ask_for_digest(organisations.own(), now)
    return sent


def _one(tenant: UUID, person: UUID, now: datetime) -> bool:
    with tenancy.acting_in(tenant):
        own = organisations.own()
        today = datetime.combine(organisations.today(organisation=own, now=now), time(), ZoneInfo(own.zone))
        if Delivery.objects.filter(person_id=person, mail=Mail.DIGEST, mailed_at__gte=today).exists():
            return False
        waiting = Delivery.objects.filter(person_id=person, mail=Mail.DIGEST, mailed_at=None)
        rows = list(waiting.select_for_update().order_by("kind", "at", "id"))
        member = next((row for row in recipients.members() if row.person_id == person), None)
        news = _news(rows, member, own, now)
        Delivery.objects.filter(pk__in=[row.pk for row in rows if row not in news]).update(mail=Mail.NONE)
        Delivery.objects.filter(pk__in=[row.pk for row in news]).update(mailed_at=now)
    if not news or member is None:
        return False
    words = "1 notice" if len(news) == 1 else f"{len(news)} notices"
    if _sent(member.person.email, f"{own.name}: {words}", _lines(news, own), reverse("notices", kwargs={"tenant": tenant})):
        return True
    with tenancy.acting_in(tenant):
        Delivery.objects.filter(pk__in=[row.pk for row in news]).update(mailed_at=None)
    return False


def _news(rows: list[Delivery], member: Membership | None, own: Organisation, now: datetime) -> list[Delivery]:
    """What is still worth a mail: not read meanwhile, still theirs to read, and not switched off since."""
    if member is None:
        return []
    may = recipients.allowed(member, own)
    chosen = {row.kind: row for row in Choice.objects.filter(person_id=member.person_id)}
    off = {k for k, row in chosen.items() if row.mail == Mail.NONE or (row.silent_until and row.silent_until > now)}
    return [row for row in rows if row.read_at is None and KINDS[row.kind].reads in may and row.kind not in off]


def _lines(news: list[Delivery], own: Organisation) -> list[str]:
    zone, lines = ZoneInfo(own.zone), list[str]()
    for kind, rows in groupby(news[:MOST], key=lambda row: row.kind):
        lines.append(f"{KINDS[kind].words}:")
        lines += [f"- {row.at.astimezone(zone):%d %B, %H:%M}: {row.subject}" for row in rows]
    return [*lines, f"And {len(news) - MOST} more."] if len(news) > MOST else lines


def _sent(email: str, subject: str, lines: list[str], path: str) -> bool:
    try:
        letters.news(email=email, subject=subject, lines=lines, path=path)
    except OSError as failure:  # of the network, or the mail server's answer
        log.warning("a notice was not mailed: %s", failure)
        return False
    return True
