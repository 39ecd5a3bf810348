"""Second factors at rest: sealed with the installation's key, as they belong to a person and not to a
tenant.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from purser.postgres import sealing

# The sign-in library asks to seal before it has a row to bind to.
PLACE = sealing.Bound(tenant="people", table="mfa_authenticator", pk="any", field="secret")
SEALED = ("secret", "seed")  # of an app, and of recovery codes; a passkey's data is public


def seal(text: str) -> str:
    return sealing.seal(text, keys=_keys(), bound=PLACE).hex()


def reveal(sealed: str) -> str:
    """Raises sealing.Broken."""
    return sealing.reveal(bytes.fromhex(sealed), keys=_keys(), bound=PLACE)


def seal_again() -> int:
    """Seal every factor with the current key; how many. For a change of the installation's key."""
    count = 0
    with transaction.atomic():
        for row in Authenticator.objects.select_for_update().order_by("id"):
            fresh = {name: seal(reveal(row.data[name])) for name in SEALED if name in row.data}
            if fresh:
                row.data = {**row.data, **fresh}
                row.save(update_fields=["data"])
                count += 1
    return count


def _keys() -> sealing.Keys:
    current, *older = (sealing.master(key) for key in (settings.SEALING_KEY, *getattr(settings, "SEALING_KEYS_BEFORE", ())))
    return sealing.Keys(current=current, older=tuple(older))
