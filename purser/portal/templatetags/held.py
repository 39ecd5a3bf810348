"""What a row of the list of subscriptions offers. `{% load held %}`."""

from __future__ import annotations

from typing import Any

from django import template

from purser.access.actors import Actor
from purser.portal.pages.subscriptions import shown

register = template.Library()


@register.filter
def held_actions(actor: Actor, row: Any) -> list[shown.Action]:
    return shown.actions(actor, row)
