"""The operator's account at the payment provider: who is the merchant, and what is known of its key.

Source: acceptance S-1; reliability P25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from purser.access import acts, testing, vault
from purser.access.actors import Actor
from purser.billing.models import Provider
from purser.connectors.ports.payment import Payments
from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.tenants import organisations

TABLE = "billing_provider"
KEY, WEBHOOK_KEYS = "key", "webhook_keys"
URL = "https://api.stripe.com"
MOST_KEYS = 5
_SECRET = re.compile(r"[\x21-\x7e]{8,500}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,250}")


@dataclass(frozen=True)
class Settings:
    """What is typed. "" for the key, and None for the webhooks' keys, leaves what is kept. `version` is the one that was
    read, 0 at first."""

    url: str
    cards_only: bool
    key: str
    webhook_keys: Sequence[str] | None
    version: int


@dataclass(frozen=True)
class Held:
    """The row, and which secrets are kept for it: never their values."""

    row: Provider
    has_key: bool
    has_webhook_keys: bool


def own() -> Held | None:
    """In the operator's seat."""
    row = Provider.objects.first()
    if row is None:
        return None
    kept = vault.kept(TABLE, row.pk)
    return Held(row, KEY in kept, WEBHOOK_KEYS in kept)


def of_operator(operator: UUID) -> Provider | None:
    """Takes the operator's seat."""
    with tenancy.acting_in(operator):
        found: Provider | None = Provider.objects.first()
        return found


def over(partner: UUID) -> Provider:
    """The account of the operator above a partner. Outside any seat. Raises Refused(code="provider") where there is none."""
    operator = organisations.operator_over(partner)
    row = of_operator(operator) if operator is not None else None
    if row is None:
        raise Refused(
            "Payment is not set up yet.", code="provider", hint="The operator sets up its payment provider; ask operations."
        )
    return row


@transaction.atomic
def configure(actor: Actor, wanted: Settings, *, admit: Callable[[Provider], object], now: datetime) -> Provider:
    """Keep what was typed, in the operator's seat. `admit` makes the port, which refuses an address that may not be called.
    Another address forgets the keys: they belong to the host they were typed for.

    Raises Refused: code "address", "key", "webhook_keys", or "version" where somebody else was faster.
    """
    url = wanted.url.strip().rstrip("/")
    if not _ADDRESS.fullmatch(url):
        raise Refused("The address is one like https://api.stripe.com, without a path.", code="address")
    hooks = None if wanted.webhook_keys is None else [one.strip() for one in wanted.webhook_keys if one.strip()]
    _check_secrets(wanted.key.strip(), hooks)
    held = Provider.objects.select_for_update().first()
    if (held.version if held else 0) != wanted.version:
        raise Refused("Somebody changed the payment provider meanwhile.", code="version", hint="Open the form again.")
    admit(Provider(tenant_id=actor.tenant, url=url, cards_only=wanted.cards_only))
    moved = held is not None and held.url != url
    before = {"url": held.url, "cards_only": held.cards_only} if held else None
    after = {"url": url, "cards_only": wanted.cards_only} | ({"api_key": "changed"} if wanted.key else {})
    if hooks is not None:
        after["webhook_secrets"] = f"{len(hooks)} kept"
    acts.record(
        actor, "operator.payments.configure", summary="Changed the payment provider", of=("provider", held.pk if held else ""),
        before=before, after=after, now=now,
    )  # fmt: skip
    if held is None:
        held = Provider.objects.create(url=url, cards_only=wanted.cards_only, created_at=now)
    else:
        held.url, held.cards_only, held.version = url, wanted.cards_only, held.version + 1
        held.tested_at, held.tested_text = None, ""
        held.save()
    if moved:
        vault.wipe(TABLE, held.pk)
    if wanted.key.strip():
        vault.keep(TABLE, held.pk, KEY, wanted.key.strip(), now)
    if hooks:
        vault.keep(TABLE, held.pk, WEBHOOK_KEYS, "\n".join(hooks), now)
    elif hooks is not None:
        vault.wipe(TABLE, held.pk, WEBHOOK_KEYS)
    return held


def _check_secrets(key: str, hooks: Sequence[str] | None) -> None:
    if key and not _SECRET.fullmatch(key):
        raise Refused(f"A secret key has 8 to 500 plain letters, not {len(key)} of these.", code="key")
    if hooks and (len(hooks) > MOST_KEYS or not all(_SECRET.fullmatch(one) for one in hooks)):
        raise Refused(f"Up to {MOST_KEYS} signing keys, one a line, of 8 to 500 plain letters each.", code="webhook_keys")


def test(actor: Actor, port: Callable[[Provider], Payments], *, now: datetime) -> Tested:
    """Ask the provider whether the key is good, and keep its answer. Takes the operator's seat around the call.

    Raises Refused(code="provider") where nothing is set up, and testing.TooManyTests after ten within an hour.
    """
    with tenancy.acting_in(actor.tenant):
        row = Provider.objects.first()
        if row is None:
            raise Refused("There is no payment provider yet.", code="provider", hint="Fill in the form first.")
        testing.begin(actor, "operator.payments.configure", ("provider_test", row.pk), "the payment provider", now=now)
    told = port(row).test()
    with tenancy.acting_in(actor.tenant):
        Provider.objects.filter(pk=row.pk, version=row.version).update(tested_at=now, tested_text=told.text[:500])
    return told
