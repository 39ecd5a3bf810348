"""What the pages of units share: the month an address speaks of, where days lead, and words for who takes no part."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from purser.access.actors import Actor
from purser.billing.usage import statement
from purser.kernel.errors import Missing, Refused
from purser.portal.lines import Lines, Series

OUTSIDE = "You take no part in the programme of daily units yet"
OUTSIDE_TEXT = "Your operator admits partners to it. From then on, licensed users are counted here at each day's close."


def to(name: str, actor: Actor, **more: Any) -> str:
    return reverse(name, kwargs={"tenant": actor.tenant, **more})


def month_of(text: str) -> date:
    """Raises Refused for what is no month like 2026-10."""
    try:
        if not re.fullmatch(r"[12]\d{3}-\d\d", text, re.ASCII):
            raise ValueError
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refused(f"{text[:40]!r} is no month like 2026-10.", code="month") from None


def month(request: HttpRequest, months: list[date]) -> date | None:
    """The month asked for, else the newest there is; None where there is none."""
    asked = request.GET.get("month", "")
    return month_of(asked) if asked else next(iter(months), None)


def months(request: HttpRequest) -> list[date]:
    """Thirteen months to choose from; `before` leads to older ones. In the partner's seat."""
    before = request.GET.get("before", "")
    return statement.months(before=month_of(before) if before else None)


def day_of(text: str) -> date:
    """Raises Missing: an address of no day leads nowhere."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Missing(f"{text[:40]!r} is no day.") from None


def chart_of(actor: Actor, first: date, rows: list[Any]) -> Lines:
    """Users, peak, charge, and below them the balance, over the days of a month."""
    return Lines(
        id="month",
        title=f"Day by day, {first:%B %Y}",
        at="Day",
        labels=[row.on.isoformat() for row in rows],
        series=[
            Series("Users", [row.users for row in rows]),
            Series("Peak", [row.peak for row in rows]),
            Series("Charge", [row.units for row in rows]),
            Series("Balance after", [row.balance for row in rows], panel=1),
        ],
        hrefs=[to("usage_day", actor, on=row.on.isoformat()) for row in rows],
    )
