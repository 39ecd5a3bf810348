"""Who acts: a person in one organisation, or Purser itself in a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from allauth.account.authentication import get_authentication_records
from allauth.core.internal.httpkit import get_client_ip
from django.http import HttpRequest

from purser.access import verbs
from purser.access.models import Membership, Person
from purser.kernel.errors import Missing

# Ways into a session that prove possession of a link, not of the password or a factor.
WITHOUT_PROOF = frozenset({"launch"})


@dataclass(frozen=True)
class Actor:
    """`verified_at`: when the password or a second factor was last entered in this session; None where none
    was.

    `kind` is the organisation's; with `role` it decides what is allowed (access/verbs.py).
    """

    tenant: UUID
    organisation: str
    person: UUID | None
    name: str
    role: str
    request_id: str
    address: str
    verified_at: datetime | None
    kind: str = "reseller"


def load(person: Person, *, tenant: UUID, request: HttpRequest) -> Actor:
    """The person as an actor of the tenant, in the seat already taken; one query.

    Raises Missing without a membership, and equally for an absent or suspended organisation.
    """
    membership = (
        Membership.objects.select_related("tenant")
        .filter(tenant_id=tenant, person_id=person.pk, tenant__suspended_at=None)
        .first()
    )
    if membership is None:
        raise Missing("There is no such organisation, or you do not belong to it.")
    return Actor(
        tenant=tenant,
        organisation=membership.tenant.name,
        person=person.pk,
        name=str(person),
        role=membership.role,
        request_id=str(getattr(request, "request_id", "")),
        address=address(request),
        verified_at=verified_at(request),
        kind=membership.tenant.kind,
    )


def system(name: str, *, tenant: UUID, organisation: str) -> Actor:
    """Purser itself, in a job called `name`."""
    return Actor(tenant, organisation, None, name, verbs.SYSTEM, "", "", None)


def address(request: HttpRequest) -> str:
    """The caller's address as the rate limits see it, so that acts and limits speak of the same one."""
    return (get_client_ip(request) or "")[:45]


def verified_at(request: HttpRequest) -> datetime | None:
    """When this session last proved who it is; None for a request without a session."""
    if not hasattr(request, "session") or not request.user.is_authenticated:
        return None
    proofs = [
        float(record["at"])
        for record in get_authentication_records(request, request.user)
        if record.get("method") not in WITHOUT_PROOF
    ]
    return datetime.fromtimestamp(max(proofs), tz=UTC) if proofs else None
