"""Who acts: a person in one organisation, as its member or on its behalf, or Purser itself in a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from allauth.account.authentication import get_authentication_records
from allauth.core.internal.httpkit import get_client_ip
from django.http import HttpRequest

from purser.access import verbs
from purser.access.models import Membership, Person
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.tenants import grants, packages
from purser.tenants.models import Grant, GrantKind, Kind

# Ways into a session that prove possession of a link, not of the password or a factor.
WITHOUT_PROOF = frozenset({"launch"})
SIGN_ON = "sso"  # through an organisation's own provider; the record names the tenant


@dataclass(frozen=True)
class Actor:
    """`verified_at`: when the password or a second factor was last entered in this session; None where none
    was.

    `kind` is the organisation's. `allowed` are the verbs where they are not simply those of the role: an organisation's
    own role, a tenant permission taken away, a consent with its scopes. `grant` and `home` are set where somebody acts
    on behalf of the organisation: by which grant, and from where, until when. `number` is the organisation's Tenant ID;
    `partner_administrator`: may act for this organisation's customers. `unread` are the kinds of the notices that a member
    has not read, one for each, up to a hundred (notices/reading.py).
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
    allowed: frozenset[str] | None = None
    grant: UUID | None = None
    home: UUID | None = None
    home_name: str = ""
    ends_at: datetime | None = None
    number: str = ""
    partner_administrator: bool = False
    unread: tuple[str, ...] = ()

    @property
    def on_behalf(self) -> bool:
        return self.grant is not None


_along: dict[str, Callable[[], Any]] = {}


def read_along(unread: Callable[[], Any]) -> None:
    """Have what every page shows of a person read with their membership, by an expression that a higher room makes in the
    seat taken: `unread` of Actor. So it costs no query of its own.
    """
    _along["unread"] = unread


def load(person: Person, *, tenant: UUID, request: HttpRequest) -> Actor:
    """The person as an actor of the tenant they are a member of, in the seat already taken; one query.

    Raises Missing without a membership, and equally for an absent or suspended organisation or person.
    """
    row = member(person.pk)
    if row is None:
        raise _missing()
    return _as_member(row, person, request)


def member(person: UUID) -> Membership | None:
    """The person's membership in the tenant acted in, while both work; with the organisation and the own role."""
    row: Membership | None = (
        Membership.objects.select_related("tenant", "own_role")
        .filter(person_id=person, suspended_at=None, tenant__suspended_at=None)
        .annotate(**{name: make() for name, make in _along.items()})
        .first()
    )
    return row


@contextmanager
def entering(person: Person, *, tenant: UUID, request: HttpRequest, now: datetime, via: UUID | None = None) -> Iterator[Actor]:
    """Take the seat in the tenant as this person: as a member, or else on behalf of it, by a live grant.

    On behalf costs three short transactions: the grant, then the person in the organisation it names, then the tenant
    again, where the grant is read once more, so that a revocation counts from the next request. `via`: only as a member
    of this organisation, or on behalf from it, as an API token is made in one. Raises Missing, the same for an absent
    organisation and for one that does not let this person in. Source: acceptance UC-13, UC-19.
    """
    with tenancy.acting_in(tenant):
        row = member(person.pk) if via in (None, tenant) else None
        if row is not None:
            yield _as_member(row, person, request)
            return
        found = [grant for grant in grants.live(now).order_by("id") if via in (None, grant.partner_id)]
    # an emergency look is its asker's alone, and then comes first: nobody else's organisation is read for it
    found = [grant for grant in found if grant.kind != GrantKind.BREAK_GLASS or grant.asked_by == person.pk]
    found.sort(key=lambda grant: grant.kind != GrantKind.BREAK_GLASS)
    for grant in found:
        with tenancy.acting_in(grant.partner_id):
            place = member(person.pk)
        if place is None or not may_use(grant, place):
            continue
        with tenancy.acting_in(tenant):
            held = grants.live(now).select_related("tenant").filter(pk=grant.pk, tenant__suspended_at=None).first()
            if held is None:
                continue
            yield _as_partner(held, place, person, request)
            return
    raise _missing()


def may_use(grant: Grant, place: Membership) -> bool:
    """Whether a member of the grant's organisation may act by it. Source: acceptance UC-2, UC-7, UC-10; reliability P20."""
    if grant.kind == GrantKind.BREAK_GLASS:
        return bool(grant.asked_by == place.person_id and place.tenant.kind == Kind.OPERATOR)
    return _administers(place)


def _administers(place: Membership) -> bool:
    return place.partner_administrator and packages.paid(place.package) and place.tenant.administers


def _as_member(row: Membership, person: Person, request: HttpRequest) -> Actor:
    organisation = row.tenant
    custom = row.own_role.verbs if row.own_role is not None else ()
    whole = row.role != verbs.CUSTOM and organisation.permissions == "".join(verbs.GROUPS)
    return Actor(
        tenant=organisation.pk,
        organisation=organisation.name,
        person=person.pk,
        name=str(person),
        role=row.role if row.own_role is None else row.own_role.name,
        request_id=str(getattr(request, "request_id", "")),
        address=address(request),
        verified_at=verified_at(request),
        kind=organisation.kind,
        allowed=None
        if whole
        else verbs.of_member(organisation.kind, row.role, custom=custom, groups=organisation.permissions),
        number=organisation.number,
        partner_administrator=_administers(row),
        unread=tuple(getattr(row, "unread", ())),
    )


def _as_partner(grant: Grant, place: Membership, person: Person, request: HttpRequest) -> Actor:
    organisation = grant.tenant
    role = verbs.SUPPORT if grant.kind == GrantKind.BREAK_GLASS else verbs.PARTNER
    scopes = grants.AREAS if grant.kind == GrantKind.BREAK_GLASS else grant.scopes
    return Actor(
        tenant=organisation.pk,
        organisation=organisation.name,
        person=person.pk,
        name=str(person),
        role=role,
        request_id=str(getattr(request, "request_id", "")),
        address=address(request),
        verified_at=verified_at(request),
        kind=organisation.kind,
        allowed=verbs.of_grant(organisation.kind, role, scopes),
        grant=grant.pk,
        home=grant.partner_id,
        home_name=place.tenant.name,
        ends_at=grant.ends_at,
        number=organisation.number,
    )


def _missing() -> Missing:
    return Missing("There is no such organisation, or you do not belong to it.")


def guest(actor: Actor, *, tenant: UUID, organisation: str, kind: str) -> Actor:
    """The actor as another organisation's record names them where they leave something there: from where, and without any
    right.
    """
    return Actor(
        tenant=tenant,
        organisation=organisation,
        person=actor.person,
        name=f"{actor.name} ({actor.organisation})"[:254],
        role="guest",
        request_id=actor.request_id,
        address=actor.address,
        verified_at=None,
        kind=kind,
        allowed=frozenset(),
    )


def nowhere(person: Person) -> HttpRequest:
    """A request of a person who is not there: from no address and without a session, so that nothing which asks for a
    fresh proof can be done by it.
    """
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = ""
    request.user = person
    return request


def system(name: str, *, tenant: UUID, organisation: str) -> Actor:
    """Purser itself, in a job called `name`."""
    return Actor(tenant, organisation, None, name, verbs.SYSTEM, "", "", None)


def address(request: HttpRequest) -> str:
    """The caller's address as the rate limits see it, so that acts and limits speak of the same one."""
    return (get_client_ip(request) or "")[:45]


def verified_at(request: HttpRequest, *, but: frozenset[str] = frozenset()) -> datetime | None:
    """When this session last proved who it is, other than by the methods `but`; None for a request without a session."""
    proofs = [float(record["at"]) for record in _records(request) if record.get("method") not in WITHOUT_PROOF | but]
    return datetime.fromtimestamp(max(proofs), tz=UTC) if proofs else None


def via(request: HttpRequest) -> UUID | None:
    """The organisation through whose provider this session was signed on, which is where it is good; None for a session
    with a password or factor of the person's own.

    An organisation vouches for its people as its own. Its word opens no other's door: there the person proves who they
    are with their own second factor, which lifts this.
    """
    records = _records(request)
    if any(record.get("method") == "mfa" for record in records):
        return None
    return next((UUID(record["tenant"]) for record in records if record.get("method") == SIGN_ON), None)


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    if not hasattr(request, "session") or not request.user.is_authenticated:
        return []
    found: list[dict[str, Any]] = get_authentication_records(request, request.user)
    return found
