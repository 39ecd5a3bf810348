"""As whom a partner is billed and who gets its papers; and as whom the operator sells. One row each, in its own seat.

Source: acceptance CS-61, CS-63.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.models import Profile
from purser.billing.paying import cardless
from purser.kernel.errors import Refused
from purser.tenants import organisations

# Field, its word on every screen, its most letters.
FIELDS: Mapping[str, tuple[str, int]] = {
    "company": ("Company", 200),
    "street": ("Street address", 200),
    "city": ("City", 100),
    "state": ("State/Province", 100),
    "country": ("Country", 2),
    "postal_code": ("Zip/Postal code", 20),
    "tax_number": ("Tax number", 40),
    "contact_name": ("Name of the billing point of contact", 200),
    "contact_email": ("E-mail of the billing point of contact", 254),
}
OPTIONAL = frozenset({"tax_number"})
VERB = {"operator": "operator.prices.publish"}


def own() -> Profile | None:
    found: Profile | None = Profile.objects.first()
    return found


def needed() -> Profile:
    """Raises Refused(code="profile") where none was filled in: nothing can be bought without a billing address."""
    found = own()
    if found is None:
        raise Refused("Whom to bill is not filled in yet.", code="profile", hint="Fill it in under Settings, Billing Info.")
    return found


def snapshot() -> dict[str, str]:
    """As whom the tenant acted in is billed at this moment, to be kept on a paper; its name where nothing is filled in."""
    found = own()
    row = organisations.own()
    kept = {name: str(getattr(found, name)) for name in FIELDS} if found else {"company": row.name}
    return {**kept, "number": row.partner_number or row.number}


def checked(values: Mapping[str, str]) -> dict[str, str]:
    """The fields as they are kept. Raises Refused that names the field: missing, too long, no country, no address, or with
    what could be the number of a card, which nothing of ours keeps (decision S-1).
    """
    kept: dict[str, str] = {}
    for name, (words, longest) in FIELDS.items():
        text = " ".join(str(values.get(name, "")).split())
        if not text and name not in OPTIONAL:
            raise Refused(f"{words} is missing.", code=name)
        if len(text) > longest or not text.isprintable():
            raise Refused(f"{words} takes {longest} characters at most, all of which can be seen.", code=name)
        if cardless.holds_number(text):
            raise Refused(f"{words} holds what looks like the number of a card.", code=name, hint="Leave it out.")
        kept[name] = text
    return kept | {
        "country": organisations.region_of(kept["country"]),
        "contact_email": organisations.email_of(kept["contact_email"]),
    }


def store(actor: Actor, values: Mapping[str, str], *, version: int | None = None, now: datetime) -> Profile:
    """OK of the Billing Information window. `version` is the one the actor saw; 0 for none.

    Raises Refused as `checked` does, and with code "changed" where somebody else stored meanwhile.
    """
    kept = checked(values)
    row: Profile = Profile.objects.select_for_update().first() or Profile(version=0)
    if version is not None and version != row.version:
        raise _changed()
    before: dict[str, Any] = {name: getattr(row, name) for name in FIELDS} if row.version else {}
    if before == kept:
        return row
    verb = VERB.get(actor.kind, "billing.configure")
    acts.record(actor, verb, summary="Billing information", of=("profile", row.pk), before=before or None, after=kept, now=now)
    for name, value in kept.items():
        setattr(row, name, value)
    row.version += 1
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as other:  # two first ones at once
        raise _changed() from other
    return row


def _changed() -> Refused:
    return Refused("Somebody else changed it meanwhile.", code="changed", hint="Look at it again.")
