"""What a person last chose on a screen, kept per organisation: columns, page size, switches.

Not an act: it changes what one person sees and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from purser.access.actors import Actor
from purser.access.models import Preference
from purser.lists.saved import person_of


def read(actor: Actor, screen: str) -> dict[str, Any]:
    """The person's choices on this screen; empty where none were made. In the actor's seat, one query."""
    if actor.person is None:
        return {}
    kept = Preference.objects.filter(person_id=actor.person, screen=screen).values_list("value", flat=True).first()
    return dict(kept or {})


def write(actor: Actor, screen: str, value: Mapping[str, Any]) -> None:
    """Keep these choices instead of the former ones; an empty mapping forgets them. In the actor's seat.

    Raises Refused for a job, which has no screens.
    """
    Preference.objects.update_or_create(person_id=person_of(actor), screen=screen, defaults={"value": dict(value)})
