"""How a value looks: numbers, money, dates, times and signs. The same words in pages, charts and exports."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from purser.kernel.money import MINOR
from purser.lists import model as plain
from purser.lists.model import Sign, reach
from purser.portal import built
from purser.portal.tables.model import Column

ICONS = {"good": "circle-check", "bad": "circle-x", "warn": "alert-triangle", "note": "info-circle", "plain": "dots"}


def number(value: Decimal | int | None) -> str:
    """Thousands grouped, the value's own decimals, negatives in parentheses: -2.00 is (2.00). Source: acceptance
    ID-33.
    """
    if value is None:
        return ""
    text = f"{abs(value):,f}" if isinstance(value, Decimal) else f"{abs(value):,}"
    return f"({text})" if value < 0 else text


def money(value: Decimal | None, currency: str) -> str:
    """Always with the currency's code; amounts of two currencies are never mistaken for one another. Of a price kept with more
    decimals than the currency has, noughts behind those are left out.
    """
    return "" if value is None else f"{number(_tidy(value, MINOR.get(currency, 2)))} {currency}".strip()


def _tidy(value: Decimal, places: int) -> Decimal:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= places:
        return value
    return value.quantize(Decimal(1).scaleb(min(-places, int(value.normalize().as_tuple().exponent))))


def moment(value: datetime | None, zone: str = "UTC") -> SafeString:
    """A <time> with the zone's abbreviation, so that nobody has to guess whose noon it is."""
    if value is None:
        return SafeString("")
    local = value.astimezone(ZoneInfo(zone))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), local.strftime("%Y-%m-%d %H:%M %Z"))


def icon(name: str) -> SafeString:
    """An icon that says nothing to a screen reader: words stand beside it."""
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"/></svg>', built.icon(name))


def sign(tone: str, words: str, icon_name: str = "") -> SafeString:
    """A badge whose icon and words carry what its colour says. Raises KeyError for an unknown tone."""
    return format_html('<span class="sign sign-{}">{}{}</span>', tone, icon(icon_name or ICONS[tone]), words)


def words(column: plain.Column, row: Any, *, zone: str = "UTC") -> str:
    """The value as plain words."""
    value = column.value(row)
    if value is None or value == "":
        return ""
    if column.kind == "money":
        return money(value, str(reach(row, column.currency) or ""))
    if column.kind == "number":
        return number(value)
    if column.kind == "datetime":
        return str(value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z"))
    if column.kind == "date":
        return str(value.isoformat())
    if column.kind == "badge":
        return column.signs.get(str(value), Sign(str(value))).words
    return str(value)


def cell(column: Column, row: Any, *, here: str, zone: str) -> SafeString:
    """One <td>. `here` is the address of the list as it is, on its first page, ready for a filter by value to be added.

    Built by hand and not by a template: a page has thousands of them.
    """
    value = column.value(row)
    shown = _shown(column, row, value, zone)
    address, kind = "", ""
    if column.href is not None and shown:
        address, kind = column.href(row), ' hx-boost="false"'  # leaves the list
    elif shown and column.can_filter:
        address, kind = here + _by_value(column, value, zone), ' class="by-value" title="Show only this value"'
    inner = f'<a href="{escape(address)}"{kind}>{shown}</a>' if address else shown
    classes = ' class="date"' if column.kind == "date" else ""
    if column.numeric:
        classes = ' class="number minus"' if value and value < 0 else ' class="number"'
    return SafeString(f'<td role="cell" data-label="{escape(column.label)}"{classes}>{inner}</td>')


def _shown(column: Column, row: Any, value: Any, zone: str) -> str:
    if value is None or value == "":
        return ""
    if column.kind == "datetime":
        return moment(value, zone)
    if column.kind == "badge":
        look = column.signs.get(str(value), Sign(str(value)))
        return sign(look.tone, look.words, look.icon) if column.is_state else escape(look.words)
    return escape(words(column, row, zone=zone))


def _by_value(column: Column, value: Any, zone: str) -> str:
    if column.kind == "datetime":
        value = value.astimezone(ZoneInfo(zone)).date()
    if isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = f"{value:f}"
    return f"{column.name}.is={quote(str(value))}"
