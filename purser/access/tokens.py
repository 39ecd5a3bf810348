"""API tokens: `prs_<tenant in hex>_<43 characters>`. Shown once; only a hash is kept.

The tenant is in the token because a seat must be taken before anything of a tenant can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from purser.access import acts, once, permit, verbs
from purser.access.actors import Actor
from purser.access.models import ApiToken, Membership
from purser.access.verbs import Verb
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy

LONGEST = timedelta(days=365)
NOTED_EVERY = timedelta(minutes=1)  # last_used_at: a write for each call would make reading as dear as writing
_FORM = re.compile(r"prs_([0-9a-f]{32})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Made:
    """The only moment the value is known."""

    row: ApiToken
    value: str

    def __repr__(self) -> str:
        return f"Made(row={self.row.pk})"


def offered(actor: Actor) -> list[Verb]:
    """What a token of this person can be cut to: what they may, but what wants a fresh proof, which no token gives."""
    return [verb for verb in verbs.of_kind(actor.kind) if not verb.sensitive and permit.allows(actor, verb.name)]


def make(actor: Actor, *, name: str, expires_at: datetime, now: datetime, only: Iterable[str] = ()) -> Made:
    """A token for the acting person, with the rights of their role at the time of each call, or `only` these of them.

    Raises Refused for an empty name, an end that is past or more than a year away, or a verb that a token cannot have.
    """
    name = name.strip()
    if not name:
        raise Refused("A token needs a name.", code="name", hint="Name what will use it, like “month-end export”.")
    if not now < expires_at <= now + LONGEST:
        raise Refused(
            f"A token ends after today and within {LONGEST.days} days; {expires_at:%Y-%m-%d} is not.",
            code="expiry",
        )
    if actor.person is None or actor.on_behalf:
        raise Refused("Only a person of the organisation can make a token.", code="person")
    cut = sorted(set(only))
    beyond = set(cut) - {verb.name for verb in offered(actor)}
    if beyond:
        raise Refused(f"A token of yours cannot have: {', '.join(sorted(beyond)[:3])}.", code="verbs")
    value = f"prs_{actor.tenant.hex}_{once.token()}"
    row = ApiToken(
        person_id=actor.person,
        name=name[:100],
        hint=value[-4:],
        verbs=cut,
        token_hash=once.hashed(value),
        created_at=now,
        expires_at=expires_at,
    )
    after = {"name": row.name, "expires_at": expires_at, "only": cut}
    acts.record(
        actor,
        "tokens.make",
        summary=f"Made the API token “{row.name}”",
        of=("api key", row.pk),
        after=after,
        now=now,
    )
    row.save(force_insert=True)
    return Made(row, value)


def revoke(actor: Actor, id: UUID, *, now: datetime) -> None:
    """End a token at once. Raises Missing for one that is absent or has ended."""
    row = ApiToken.objects.select_for_update().filter(pk=id, revoked_at=None).first()
    if row is None:
        raise Missing("There is no such token, or it was revoked already.")
    acts.record(actor, "tokens.revoke", summary=f"Revoked the API token “{row.name}”", of=("api key", row.pk), now=now)
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])


def own() -> list[ApiToken]:
    """The organisation's tokens, newest first, with their people."""
    return list(ApiToken.objects.select_related("person").order_by("-created_at", "-id"))


def authenticate(value: str, now: datetime) -> ApiToken:
    """The token, with its person, in a transaction of its own. Raises Missing for any that does not work, whatever
    the reason.

    Malformed, unknown, expired and revoked tokens, an inactive person, one who left and a suspended
    organisation are one answer. The caller then acts in the tenant as the person (actors.load), with the
    role they have now.
    """
    form = _FORM.fullmatch(value)
    if form is None:
        raise _no_such()
    tenant = UUID(form.group(1))
    with tenancy.acting_in(tenant):
        row: ApiToken | None = (
            ApiToken.objects.select_related("person")
            .filter(token_hash=once.hashed(value), revoked_at=None, expires_at__gt=now, person__is_active=True)
            .filter(tenant__suspended_at=None)
            .first()
        )
        if row is None or not Membership.objects.filter(person_id=row.person_id, suspended_at=None).exists():
            raise _no_such()
        if row.last_used_at is None or now - row.last_used_at >= NOTED_EVERY:
            ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
        return row


def _no_such() -> Missing:
    return Missing("This API token does not work.", code="token", hint="It may have ended; make a new one in the portal.")
