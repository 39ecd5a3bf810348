"""The commitment calendar: a month and its days, the money at stake, and a private address for a calendar of one's own."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.kernel.period import month_of, plus_months
from purser.portal.doors import page
from purser.portal.pages.subscriptions.shown import to
from purser.portal.pages.usage import shown
from purser.postgres import tenancy
from purser.subscriptions import calendar, feeds, keeping
from purser.subscriptions.calendar import KINDS, Entry

MOST = 500  # entries in the list of a page; the calendar's file has them all
OF_A_DAY = 3  # in the month's grid
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cell:
    """A day of the grid, with some of its entries, what each is, and how many there are beside them."""

    on: date
    inside: bool
    today: bool
    entries: list[tuple[Entry, str]]
    more: int


@page("subscriptions.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    today = keeping.day_of(actor.tenant, now)
    asked = request.GET.get("month", "")
    month = month_of(shown.month_of(asked) if asked else today)
    found = calendar.entries(actor, first=month.start, last=month.end - DAY, today=today)
    with tenancy.acting_in(actor.tenant):
        own = feeds.own(actor) if permit.allows(actor, feeds.VERB) else None
    here = to("commitments", actor)
    context = {
        "title": "Commitments",
        "lead": "Renewals, ends, last days to cancel, planned changes and prices to come, with the money at stake.",
        "month": month.start,
        "before": f"{here}?month={plus_months(month.start, -1):%Y-%m}",
        "after": f"{here}?month={plus_months(month.start, 1):%Y-%m}",
        "weeks": _weeks(month.start, today, found),
        "days": months.day_name,
        "rows": [(one, KINDS[one.kind]) for one in found[:MOST]],
        "hidden": max(0, len(found) - MOST),
        "stakes": [(KINDS[kind], calendar.at_stake(one for one in found if one.kind == kind)) for kind in KINDS],
        "feeds": own,
        "zone": "UTC",
    }
    return TemplateResponse(request, "subscriptions/commitments.html", context)


def _weeks(month: date, today: date, found: list[Entry]) -> list[list[Cell]]:
    by_day: dict[date, list[Entry]] = {}
    for one in found:
        by_day.setdefault(one.on, []).append(one)

    def cell(on: date) -> Cell:
        held = by_day.get(on, [])
        some = [(one, KINDS[one.kind]) for one in held[:OF_A_DAY]]
        return Cell(on, on.month == month.month, on == today, some, len(held) - len(some))

    return [[cell(on) for on in week] for week in months.Calendar().monthdatescalendar(month.year, month.month)]


@require_POST
@page("subscriptions.export")
def make_feed(request: HttpRequest, actor: Actor) -> HttpResponse:
    made = feeds.make(actor, now=timezone.now())
    address = request.build_absolute_uri(reverse("calendar_feed", kwargs={"key": made.key}))
    words = "Your calendar's address, shown this once. Whoever has it can read the calendar: {}"
    messages.success(request, format_html(words, address))
    return HttpResponseRedirect(to("commitments", actor))


@require_POST
@page("subscriptions.export")
def revoke_feed(request: HttpRequest, actor: Actor, feed: UUID) -> HttpResponse:
    feeds.revoke(actor, feed, now=timezone.now())
    messages.success(request, "The address is revoked; calendars that read it get nothing more.")
    return HttpResponseRedirect(to("commitments", actor))


@require_GET
def read_feed(request: HttpRequest, key: str) -> HttpResponse:
    """A calendar reads, without a sign-in; the key in the address stands in for it."""
    now = timezone.now()
    try:
        actor = feeds.opened(key, now=now)
    except Missing as refusal:
        return HttpResponse(refusal.text, status=404, content_type="text/plain; charset=utf-8")
    headers = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    headers["Content-Disposition"] = 'inline; filename="commitments.ics"'
    return HttpResponse(feeds.file(actor, now=now), content_type="text/calendar; charset=utf-8", headers=headers)
