"""Members by a part of their name or address, for the search."""

from __future__ import annotations

from django.db.models import Q

from purser.access.models import Membership

MOST = 6


def members(text: str) -> list[Membership]:
    """Members of the organisation acted in, with their person, by name."""
    fits = Q(person__name__icontains=text) | Q(person__email__icontains=text)
    rows = Membership.objects.select_related("person").filter(fits)
    return list(rows.order_by("person__name", "person__email", "id")[:MOST])
