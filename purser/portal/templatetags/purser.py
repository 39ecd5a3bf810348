"""Small tags for templates: icons, signs, times, changes. `{% load purser %}`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, Form, PasswordInput
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from purser.access import permit
from purser.access.actors import Actor
from purser.portal import built, requests
from purser.portal.tables import cells

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon beside words; it says nothing to a screen reader. Names: assets/icons.txt."""
    return cells.icon(name)


@register.simple_tag(name="built")
def built_file(name: str) -> str:
    """The address of a file of the front-end build."""
    return built.address(name)


@register.simple_tag
def sign(tone: str, words: str, icon_name: str = "") -> SafeString:
    """A badge: tone is good, bad, warn, note or plain. Colour, icon and words say the same."""
    return cells.sign(tone, words, icon_name)


@register.simple_tag
def moment(value: datetime | None, zone: str = "UTC") -> SafeString:
    """A time with its zone, in a <time> element. Nothing for None."""
    return cells.moment(value, zone)


@register.simple_tag
def amount(value: Decimal | None, currency: str) -> str:
    """Money with its currency code; negatives in parentheses."""
    return cells.money(value, currency)


@register.simple_tag
def number(value: Decimal | int | None) -> str:
    """A number with thousands grouped; negatives in parentheses. Source: acceptance ID-33."""
    return cells.number(value)


@register.simple_tag
def change(before: Any, after: Any) -> SafeString:
    """Old and new side by side, readable without colour."""
    return format_html(
        '<span class="change"><del><span class="visually-hidden">was </span>{}</del>{}'
        '<ins><span class="visually-hidden">becomes </span>{}</ins></span>',
        _plain(before),
        icon("arrow-right"),
        _plain(after),
    )


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return cells.number(value)
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%d %H:%M UTC")
    return value.isoformat() if isinstance(value, date) else str(value)


@register.simple_tag(takes_context=True)
def nonce(context: dict[str, Any]) -> str:
    """The nonce for one inline script of this page."""
    request: HttpRequest = context["request"]
    return requests.nonce_of(request)


@register.filter
def may(actor: Actor | None, verb: str) -> bool:
    """`{% if actor|may:"links.write" %}`: whether to offer it. The door decides anew."""
    return actor is not None and permit.allows(actor, verb)


@register.filter
def hides(form: Form) -> bool:
    """Whether a form has fields that are never sent back to the page, such as passwords."""
    return any(isinstance(field.widget, PasswordInput) for field in form.fields.values())


# What a browser says of itself, most telling first: all but Firefox also claim to be Safari, and most Chrome.
BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.filter
def browser(agent: str) -> str:
    """A User-Agent header as a person would say it: Firefox on Windows."""
    name = next((words for mark, words in BROWSERS.items() if mark in agent), agent[:80] or "Unknown")
    system = next((words for mark, words in SYSTEMS.items() if mark in agent), "")
    return f"{name} on {system}" if system and name != agent[:80] else name


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A form's control with the frame's classes, its hint and its error tied to it."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    look = "form-check-input" if kind in {"checkbox", "radio"} else "form-select" if kind == "select" else "form-control"
    classes = [widget.attrs.get("class", ""), look, "is-wrong" if field.errors else ""]
    attrs: dict[str, Any] = {"class": " ".join(filter(None, classes))}
    told = [f"{field.auto_id}_hint" if field.help_text else "", f"{field.auto_id}_wrong" if field.errors else ""]
    if any(told):
        attrs["aria-describedby"] = " ".join(filter(None, told))
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)
