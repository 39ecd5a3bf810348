"""The margin waterfall: what this tier buys, adds and sells, over all that is sold below it. Source: acceptance CM-2."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.portal import charts
from purser.portal.charts import Chart
from purser.portal.doors import page
from purser.subscriptions import keeping, tiers
from purser.subscriptions.tiers import Waterfall


def _chart(number: int, one: Waterfall) -> Chart | None:
    """Bought, and the margin on it: together what it was sold for. Only of what has a known cost."""
    if one.known.buys is None or one.known.margin is None:
        return None
    bars: list[tuple[str, Decimal | int]] = [("You buy for", one.known.buys.amount), ("Your margin", one.known.margin.amount)]
    title = f"From what you buy to what you sell, {one.currency} a month"
    return charts.chart(f"waterfall-{number}", title, bars, unit=one.currency, kind="bar")


@page("catalog.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = tiers.waterfall(actor, on=keeping.day_of(actor.tenant, timezone.now()))
    context = {
        "title": "Margins",
        "lead": "What you buy and sell a month, over all live subscriptions below you. Nobody sees another's part.",
        "waterfalls": [(one, _chart(number, one)) for number, one in enumerate(found)],
    }
    return TemplateResponse(request, "subscriptions/margins.html", context)
