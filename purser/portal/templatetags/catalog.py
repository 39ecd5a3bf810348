"""Prices to their last decimal, and margins. `{% load catalog %}`."""

from __future__ import annotations

from decimal import Decimal

from django import template

from purser.kernel.money import MINOR
from purser.portal.tables import cells

register = template.Library()


@register.simple_tag
def exact(value: Decimal | None, currency: str) -> str:
    """What one unit costs, to its last decimal and with the currency's own at least; nothing for None."""
    if value is None:
        return ""
    places = max(MINOR.get(currency, 2), -int(value.normalize().as_tuple().exponent))
    return cells.money(value.quantize(Decimal(1).scaleb(-places)), currency)


@register.simple_tag
def percent(value: Decimal | None) -> str:
    """A margin; words where there is none, for an empty cell would look like nothing."""
    return "not known" if value is None else f"{value:f} %".replace("-", "−")
