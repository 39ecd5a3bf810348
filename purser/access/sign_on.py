"""An organisation's single sign-on: how it is set up, and whom a provider's claims mean here.

Nobody is made by signing on. A member comes in, known by the subject bound at an earlier sign-on, by the directory's entry,
or by a verified address in a proven domain. Source: reliability P21; decision S-3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.access import actors, acts, domains, oidc, vault
from purser.access.actors import Actor
from purser.access.id_token import MANY, Claims, NotSignedOn
from purser.access.identity import DirectoryUser, SignOn, SignOnSubject
from purser.access.models import Membership, Person
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations

TABLE, FIELD = "access_signon", "client_secret"
_DIRECTORY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Ready:
    """What a sign-in through the organisation's provider needs, as plain values. The secret never shows."""

    organisation: str
    name: str
    issuer: str
    client_id: str
    secret: str
    require_mfa: bool

    def __repr__(self) -> str:
        return f"Ready(issuer={self.issuer!r})"


def own() -> SignOn | None:
    """The sign-on of the organisation acted in, switched on or not."""
    row: SignOn | None = SignOn.objects.first()
    return row


def has_secret(row: SignOn) -> bool:
    return FIELD in vault.kept(TABLE, row.pk)


def ready() -> Ready:
    """The sign-on of the organisation acted in, if one can sign in with it. Raises Missing, the same for all reasons."""
    row = SignOn.objects.select_related("tenant").filter(on=True, tenant__suspended_at=None).first()
    if row is None:
        raise Missing("Nobody signs in this way here.")
    return Ready(row.tenant.name, row.name, row.issuer, row.client_id, vault.reveal(TABLE, row.pk, FIELD), row.require_mfa)


def issuer_of(text: str) -> str:
    """An issuer as it is compared. The directory id of Microsoft Entra stands for Entra's issuer."""
    text = text.strip()
    if _DIRECTORY_ID.fullmatch(text.lower()):
        return f"https://login.microsoftonline.com/{text.lower()}/v2.0"
    return text


def save(
    actor: Actor,
    *,
    name: str,
    issuer: str,
    client_id: str,
    secret: str,
    require_mfa: bool,
    on: bool,
    version: int,
    sandbox: frozenset[str],
    now: datetime,
) -> SignOn:
    """Set up the organisation's sign-on, or change it; an empty secret keeps the one there is.

    Raises Refused for an address that may not be called, for what is missing, or where somebody else was faster.
    """
    issuer = issuer_of(issuer)
    if issuer != issuer.rstrip() or "?" in issuer or len(issuer) > 500:
        raise Refused("The issuer is an address without a query.", code="issuer")
    if MANY in issuer:
        raise Refused("The issuer is that of one directory.", code="issuer", hint="Enter its Directory (tenant) ID.")
    oidc.hosts(sandbox).admit(issuer)
    if not client_id.strip():
        raise Refused("The client ID is missing.", code="client_id", hint="The provider shows it for the application.")
    row = SignOn.objects.select_for_update().first() or SignOn(version=0)
    if row.version != version:
        raise Refused("Somebody else changed the sign-on meanwhile.", code="version", hint="Look at it again.")
    if not secret and (row._state.adding or not has_secret(row)):
        raise Refused("The client secret is missing.", code="secret", hint="Make one at the provider, and copy its value.")
    after = {"name": name.strip()[:60], "issuer": issuer, "client_id": client_id.strip()[:200], "require_mfa": require_mfa}
    before = None if row._state.adding else {**{field: getattr(row, field) for field in after}, "on": row.on}
    acts.record(
        actor,
        "sign_on.configure",
        summary=f"{'Switched on' if on else 'Kept, switched off,'} the sign-on with {issuer}",
        of=("sign-on", row.pk),
        before=before,
        after={**after, "on": on, "secret changed": "yes" if secret else "no"},
        now=now,
    )
    for field, value in after.items():
        setattr(row, field, value)
    row.on, row.changed_at, row.version = on, now, row.version + 1
    row.save()
    if secret:
        vault.keep(TABLE, row.pk, FIELD, secret, now)
    return row


def forget(actor: Actor, *, now: datetime) -> int:
    """Forget whom the provider's subjects mean; everyone is recognised anew at their next sign-on. How many there were."""
    rows = SignOnSubject.objects.all()
    words = f"Forgot {rows.count()} bindings of the sign-on"
    acts.record(actor, "sign_on.configure", summary=words, of=("sign-on", actor.tenant), now=now)
    return int(rows.delete()[0])


def bound() -> int:
    """How many people are bound to a subject."""
    return SignOnSubject.objects.count()


def serves(directory: str) -> bool:
    """Whether some organisation here signs on with this directory of Microsoft Entra. Takes the operator's seat, which sees
    where people sign on and never who.
    """
    with tenancy.listing_all():
        return bool(SignOn.across.filter(issuer__contains=directory).exists())


def recognise(claims: Claims, *, require_mfa: bool, now: datetime) -> Person:
    """The member that the claims mean, in the seat of the organisation; bound to the subject from now on.

    Raises NotSignedOn.
    """
    if require_mfa and not claims.mfa:
        raise NotSignedOn(
            "Your provider did not say that a second factor was used.",
            code="mfa",
            hint="Sign in there with your second factor. If you did, the application must send the claim amr.",
        )
    known = SignOnSubject.objects.filter(issuer=claims.issuer, subject=claims.subject).first()
    person = known.person_id if known is not None else _by_directory(claims) or _by_address(claims)
    row: Membership | None = actors.member(person) if person is not None else None
    if row is None or not row.person.is_active:
        raise NotSignedOn(
            f"You do not belong to {organisations.own().name}.",
            code="member",
            hint="Ask whoever administers it to invite you, or to assign you in the directory.",
        )
    if known is None:
        if SignOnSubject.objects.filter(issuer=claims.issuer, person_id=row.person_id).exists():
            raise NotSignedOn(
                f"{row.person.email} signed on as somebody else before.",
                code="subject",
                hint="The address may have a new owner. An administrator can forget the bindings under Sign-on.",
            )
        SignOnSubject.objects.create(person_id=row.person_id, issuer=claims.issuer, subject=claims.subject, bound_at=now)
    found: Person = row.person
    return found


def _by_directory(claims: Claims) -> UUID | None:
    """The person whom the directory keeps under this id."""
    ids = [id for id in (claims.oid, claims.subject) if id]
    rows = DirectoryUser.objects.filter(external_id__in=ids, active=True, person__isnull=False)
    found = list(rows.values_list("person_id", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def _by_address(claims: Claims) -> UUID | None:
    """The person of a verified address in a proven domain. Raises NotSignedOn for another address."""
    if not claims.email:
        raise NotSignedOn(
            f"Your provider does not vouch for {claims.stated_email or 'your address'}.",
            code="unverified",
            hint="Have the address verified there, or let the directory assign you here.",
        )
    if not domains.covers(claims.email):
        raise NotSignedOn(
            f"{claims.email} is in none of the proven domains of {organisations.own().name}.",
            code="domain",
            hint="Sign in with your address at the organisation.",
        )
    return Person.objects.filter(email=claims.email).values_list("pk", flat=True).first()
