"""Numbers that people quote: random, so that none tells how many there are, and no row can be guessed from another."""

from __future__ import annotations

import secrets

from django.db.models import BigIntegerField, CharField, Value
from django.db.models.functions import Cast, Floor, Random

# For rows that were there before the column.
TENANT = Cast(Cast(Floor(Random() * Value(9 * 10**11) + Value(10**11)), BigIntegerField()), CharField(max_length=12))


def tenant() -> str:
    """A Tenant ID: 12 digits, the first not 0, as people read it aloud."""
    return str(10**11 + secrets.randbelow(9 * 10**11))


def partner() -> str:
    """A Partner ID: P and 8 digits."""
    return f"P{10**7 + secrets.randbelow(9 * 10**7)}"
