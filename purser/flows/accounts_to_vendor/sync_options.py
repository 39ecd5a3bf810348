"""Sync Options: for an organisation and an instance of a vendor, what its account there is to be; Save & Synchronize keeps it.

The only call to the vendor is the question whether the username is free. A reseller's tenant is made at once, by the job that
is asked for here; a customer's with its first subscription. Source: acceptance AC-1 to AC-8, AC-16 to AC-18, AC-24 to AC-27,
AC-32.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from purser.access import actors, acts, permit
from purser.access.actors import Actor
from purser.connectors.ports.accounts import Accounts
from purser.flows.accounts_to_vendor import states
from purser.flows.accounts_to_vendor.run import alone
from purser.kernel.errors import Missing, Refused
from purser.lists.model import Sign
from purser.postgres import tenancy
from purser.provisioning import accounts, instances, places
from purser.provisioning.accounts import VERB, NotSynced, Options
from purser.provisioning.models import Account, AccountState, Instance, Role
from purser.provisioning.places import At, Place
from purser.tenants.models import PARTNERS
from purser.tenants.organisations import Card

PortOf = Callable[[Instance], Accounts]
LONGEST = 254
HALF = (AccountState.PROVISIONING, AccountState.FAILED)  # goes on with what is changed
NONE: tuple[None, frozenset[str]] = (None, frozenset())


class Wrong(Refused):
    """What was typed in one field cannot be: `field` is parent, role, username or email."""

    def __init__(self, field: str, text: str, *, code: str, hint: str = "") -> None:
        self.field = field
        super().__init__(text, code=code, hint=hint)


@dataclass(frozen=True)
class Line:
    """An organisation at one instance: its account if there is one, and what follows from the tree. `parent` is the reseller
    that its tenant stands under, None directly under the provider; `parent_synced` whether that has an account there. `fixed`:
    what cannot be changed any more, of bill_to, username and email."""

    at: At
    role: Role
    parent: Card | None
    account: Account | None
    parent_synced: bool
    fixed: frozenset[str]

    @property
    def instance(self) -> Instance:
        return self.at.instance

    @property
    def sign(self) -> Sign:
        return accounts.sign(self.account)

    @property
    def words(self) -> str:
        return accounts.words(self.account)


@dataclass(frozen=True)
class Asked:
    """What was typed. `parent` is the reseller's name or Tenant ID, or empty: it follows from who sells to the organisation.
    `role` is reseller or user, or empty: likewise. `version` is the account's that was read, 0 where there was none."""

    username: str
    email: str
    parent: str = ""
    role: str = ""
    version: int = 0


@dataclass(frozen=True)
class Saved:
    """`warnings` are sentences; `provisions`: its tenant is made now."""

    account: Account
    warnings: tuple[str, ...]
    provisions: bool


def lines(actor: Actor, organisation: UUID) -> tuple[Place, list[Line]]:
    """All instances that an organisation can be synced with, each with how it stands. Takes its seats itself.

    Raises Missing."""
    permit.check(actor, "accounts.read")
    place = places.find(actor, organisation)
    found = places.instances(place)
    with tenancy.acting_in(place.organisation.pk):
        held = {row.instance: (row, accounts.fixed(row)) for row in accounts.every()}
    parent = _reseller(place)
    above: set[UUID] = set()
    if parent is not None:
        with tenancy.acting_in(parent.id):
            above = {row.instance for row in accounts.every() if accounts.synced(row)}
    return place, [_line(place, at, *held.get(at.instance.pk, NONE), at.instance.pk in above) for at in found]


def line(actor: Actor, organisation: UUID, instance: UUID) -> tuple[Place, Line]:
    """One of them. Takes its seats itself. Raises Missing."""
    place, found = lines(actor, organisation)
    one = next((line for line in found if line.instance.pk == instance), None)
    if one is None:
        raise Missing("There is no such instance of a vendor above this organisation.")
    return place, one


def save(actor: Actor, organisation: UUID, instance: UUID, asked: Asked, *, port_of: PortOf, now: datetime) -> Saved:
    """Save & Synchronize. Takes its seats itself; the vendor is asked between them.

    Raises Missing, Wrong for what was typed, NotSynced where the reseller above has no account, Refused for an instance that
    cannot be used, an old version or what the vendor has already; Busy and Unsure where the vendor cannot be asked, or a run
    is at work. Nothing is kept then.
    """
    permit.check(actor, VERB)
    place, here = line(actor, organisation, instance)
    if place.acting is None:
        text = f"{place.organisation.name} is synced by {here.at.provider.name}, who sells it what comes from {here.instance}."
        raise Refused(text, code="provider", hint=f"Ask {here.at.provider.name}.")
    if place.organisation.suspended_at is not None:
        raise Refused(f"{place.organisation.name} is suspended.", code="suspended", hint="Let it work again first.")
    instances.usable(here.instance)
    options, warnings = _understood(place, here, asked)
    if here.parent is not None and not here.parent_synced:
        raise NotSynced(
            f"{here.parent.name} is not synced with {here.instance}, and {place.organisation.name} stands under it there.",
            organisation=here.parent.id,
            instance=here.instance.pk,
        )
    _free_here(place, here, options)
    if "username" not in here.fixed and not _free_there(here, options, port_of(here.instance)):
        warnings = (*warnings, f"{here.instance} cannot say beforehand whether the username is free; creating it will show.")
    with alone(here.account.pk) if here.account else nullcontext():  # a run may be making what is changed here
        row = _kept(actor, place, here, options, version=asked.version, now=now)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, VERB, summary=f"Synced {place.organisation.name} with {here.instance}",
            of=("organisation", place.organisation.pk), after={"account": str(row.pk)}, now=now,
        )  # fmt: skip
    return Saved(row, warnings, row.role == Role.RESELLER and row.state == AccountState.PREPARED)


def _kept(actor: Actor, place: Place, here: Line, options: Options, *, version: int, now: datetime) -> Account:
    row = place.organisation
    guest = actors.guest(actor, tenant=row.pk, organisation=row.name, kind=row.kind)
    try:
        with tenancy.acting_in(row.pk):
            kept = accounts.keep(guest, row, here.at.provider.id, here.instance, options, version=version, now=now)
            if kept.role == Role.RESELLER or kept.state in HALF:
                states.later(row.pk, kept.pk)
    except Refused as refusal:  # of two that save one username at the same moment, the second
        field = {"login_taken": "username", "email_taken": "email"}.get(refusal.code)
        if field is None:
            raise
        raise Wrong(field, refusal.text, code=refusal.code, hint=refusal.hint) from refusal
    return kept


def _line(place: Place, at: At, account: Account | None, fixed: frozenset[str], parent_synced: bool) -> Line:
    parent = _reseller(place)
    if parent is not None and parent.id == at.provider.id:
        parent = None
    role = Role.RESELLER if place.organisation.kind in PARTNERS else Role.USER
    return Line(at, role, parent, account, parent_synced, fixed)


def _reseller(place: Place) -> Card | None:
    """Who is billed for a customer of a reseller, and above it at the vendor: who sells to it. Nobody for a reseller itself.
    Source: acceptance AC-4, AC-16, AC-24."""
    return None if place.organisation.kind in PARTNERS else place.sellers[0]


def _understood(place: Place, here: Line, asked: Asked) -> tuple[Options, tuple[str, ...]]:
    _check_parent(place, here, asked.parent)
    if asked.role.strip().casefold() not in ("", here.role.value):
        who = place.organisation
        text = f"{who.name} is a {who.kind}: its Role is {here.role.label}, not {asked.role[:40]}."
        raise Wrong("role", text, code="role")
    username, email = _username(asked.username), _email(asked.email)
    parent = here.parent
    options = Options(here.role, parent.id if parent else None, parent.name if parent else "", username, email)
    same = username.casefold() == email.casefold()
    warning = "Username and Email are the same; the vendor's people advise that they differ."
    return options, (warning,) if same else ()


def _check_parent(place: Place, here: Line, given: str) -> None:
    """Source: acceptance AC-4, AC-16, AC-24."""
    given = " ".join(given.split())
    if not given:
        return
    if here.parent is None:
        whose = "reseller" if here.role == Role.RESELLER else "direct customer"
        text = f"Parent Account stays empty: {place.organisation.name} is a {whose} of {here.at.provider.name}."
        raise Wrong("parent", text, code="parent")
    known = {here.parent.name.casefold(), here.parent.number, str(here.parent.id)}
    if given.casefold() not in known:
        text = f"{place.organisation.name} is billed to {here.parent.name} ({here.parent.number}), not to “{given[:100]}”."
        raise Wrong("parent", text, code="parent", hint="It is filled in by itself.")


def _username(given: str) -> str:
    username = given.strip()
    if not username:
        raise Wrong("username", "Enter a username.", code="username")
    if len(username) > LONGEST or not username.isprintable() or any(letter.isspace() for letter in username):
        text = f"A username has 1 to {LONGEST} letters, all of which can be seen, and no spaces."
        raise Wrong("username", text, code="username")
    return username


def _email(given: str) -> str:
    email = given.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        text = f"“{given[:100]}” is no e-mail address." if email else "Enter an e-mail address."
        raise Wrong("email", text, code="email") from None
    if len(email) > LONGEST:
        raise Wrong("email", f"An e-mail address has at most {LONGEST} letters.", code="email")
    return email


def _free_here(place: Place, here: Line, options: Options) -> None:
    """Whether no other account of the provider's at the same vendor has this username or e-mail: the vendor knows none of
    those that are only prepared. Source: acceptance AC-5, AC-7, AC-26."""
    provider = here.at.provider
    with places.listing_of(provider.kind, provider.id):
        rows = Account.across.filter(provider=provider.id, kind=here.instance.kind).exclude(state=AccountState.REMOVED)
        own = Q(tenant_id=place.organisation.pk)
        username = rows.filter(username__iexact=options.username).exclude(own, instance=here.instance.pk).exists()
        email = rows.filter(email__iexact=options.email).exclude(own).exists()  # one person may stand at several instances
    if username:
        raise _taken("username", options.username, here=True)
    if email:
        raise _taken("email", options.email, here=True)


def _free_there(here: Line, options: Options, port: Accounts) -> bool:
    """Whether the vendor was asked and the username is free there; False where it cannot be asked. Source: acceptance AC-5."""
    if "login_check" not in port.traits.can:
        return False
    try:
        free = port.login_free(options.username)
    except Refused as refusal:
        if refusal.code != "login":
            raise
        raise Wrong("username", refusal.text, code="login", hint=refusal.hint) from None
    if not free:
        raise _taken("username", options.username)
    return True


def _taken(field: str, value: str, *, here: bool = False) -> Wrong:
    what = {"username": "username", "email": "e-mail address"}[field]
    code = {"username": "login_taken", "email": "email_taken"}[field]
    whose = "that of another account here, which the vendor may not have yet" if here else "taken at the vendor"
    return Wrong(field, f"The {what} {value} is {whose}.", code=code, hint="Choose another; nothing was created.")
