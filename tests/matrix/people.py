"""The people of the matrix: one for each role of each kind and each way of standing to a tenant, on one tree of organisations.

operator -- distributor -- reseller -- customers: consented, limited to some areas, asked and not answered
                `-- customers of its own, likewise
another operator with a reseller and its customer, which are nobody's business here
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.test import Client

from purser.access import roles, tokens, verbs
from purser.access.models import Membership, Person
from purser.partners import break_glass, consent
from purser.postgres import ids, tenancy
from purser.tenants import grants
from purser.tenants.models import Organisation
from tests.access import kit
from tests.matrix.expected import Standing
from tests.partners.kit import PAID, enable

THIN = 8
LIMITED = ("users", "domain")
CUT = ("organisation.read", "people.read", "links.read")
OWN_ROLE = ("organisation.read", "people.read", "tokens.read", "roles.read", "domain.read")
OWN, CONSENTED, LIMIT, ASKED, FOREIGN, LOOKED = (
    "own tenant",
    "consented customer",
    "consent limited to some areas",
    "customer without consent",
    "foreign tenant",
    "break-glass",
)


@dataclass(frozen=True)
class Place:
    """A tenant to act in, and how the person stands to it; `standing` None: nothing opens.

    Of the doors every `step`th is tried here, from the `first`.
    """

    name: str
    tenant: Organisation
    standing: Standing | None
    step: int = 1
    first: int = 0


@dataclass
class Someone:
    person: Person | None
    places: list[Place]
    bearer: str = ""

    def thinned(self, turn: int, *, whole: bool) -> Someone:
        """With fewer doors where each role finds the same: where nothing opens, and, unless `whole`, on behalf. `turn` says
        which of them are this one's.
        """
        kept = (OWN, *((CONSENTED, LIMIT, LOOKED) if whole else ()))
        thin = [place if place.name in kept else replace(place, step=THIN, first=turn % THIN) for place in self.places]
        return replace(self, places=thin)

    def client(self) -> Client:
        client = kit.sign_in(self.person) if self.person is not None and not self.bearer else kit.browser()
        if self.bearer:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.bearer}"
        client.defaults["HTTP_ACCEPT"] = "application/json"
        client.raise_request_exception = False
        return client


@dataclass
class Partner:
    """A partner with customers in each state of consent, and people in each role who administer customers."""

    organisation: Organisation
    consented: Organisation
    limited: Organisation
    asked: Organisation
    people: dict[str, Person] = field(default_factory=dict)


@dataclass
class Stage:
    operator: Organisation
    distributor: Partner
    reseller: Partner
    other: Organisation
    theirs: Organisation
    now: datetime

    def partner(self, kind: str) -> Partner:
        return self.distributor if kind == "distributor" else self.reseller


def stage(now: datetime) -> Stage:
    operator = kit.operator()
    distributor = kit.distributor(under=operator)
    reseller = kit.reseller(under=distributor)
    other = kit.reseller("Elsewhere IT")
    return Stage(operator, _partner(distributor, now), _partner(reseller, now), other, kit.customer(under=other), now)


def _partner(organisation: Organisation, now: datetime) -> Partner:
    consented, limited, asked = (kit.customer(name, under=organisation) for name in ("Alder", "Birch", "Cedar"))
    made = Partner(organisation, consented, limited, asked)
    for role in verbs.ROLES[organisation.kind]:
        made.people[role] = kit.member(organisation, role, factor=False)
    enable(organisation, made.people[verbs.OWNER])
    with tenancy.acting_in(organisation.pk):
        Membership.objects.update(partner_administrator=True, package=PAID)
    for customer, scopes in ((consented, tuple(grants.AREAS)), (limited, LIMITED)):
        admin = kit.actor(customer, kit.member(customer, verbs.ADMINISTRATOR, factor=False), role=verbs.ADMINISTRATOR)
        consent.give(admin, scopes=scopes, days=30, reason="They run our tenant", now=now)
    agent = kit.actor(organisation, made.people[verbs.OWNER])
    consent.ask(agent, asked.pk, scopes=LIMITED, days=30, reason="Managed service contract", now=now)
    return made


def everyone() -> dict[str, Any]:
    """Who, by label, each made on a stage when it is their turn."""
    found: dict[str, Any] = {"nobody": _nobody, "a member of nothing": _stranger}
    for kind, names in verbs.ROLES.items():
        make = {"operator": _operator, "customer": _customer}.get(kind, _agent)
        found |= {f"{kind} {role}": partial(make, kind=kind, role=role) for role in names}
    found["reseller owner, no partner administrator"] = _no_agent
    found["customer administrator, permissions a to d kept by the partner"] = _kept
    found["customer with an own role"] = _own_role
    found["reseller owner, by token"] = _token
    found["reseller owner, by a token cut to some verbs"] = partial(_token, only=CUT)
    return found


def _nobody(made: Stage) -> Someone:
    return Someone(None, [Place(OWN, made.reseller.organisation, None)])


def _stranger(made: Stage) -> Someone:
    places = [made.operator, made.reseller.organisation, made.reseller.consented]
    return Someone(kit.person(factor=False), [Place(FOREIGN, place, None) for place in places])


def _operator(made: Stage, kind: str, role: str) -> Someone:
    """Also in an emergency, with a colleague's leave: it may look, and no more, whatever the role at home."""
    person, colleague = (kit.member(made.operator, name, factor=False) for name in (role, verbs.OWNER))
    looked = kit.reseller(under=made.operator)
    break_glass.ask(kit.actor(made.operator, person, role), looked.pk, reason="The sync stands still", now=made.now)
    break_glass.approve(kit.actor(made.operator, colleague), looked.pk, now=made.now)
    return Someone(
        person,
        [
            Place(OWN, made.operator, Standing(kind, role)),
            Place(LOOKED, looked, Standing("reseller", verbs.SUPPORT, scopes=frozenset(grants.AREAS))),
            Place(FOREIGN, made.reseller.organisation, None),
            Place(FOREIGN, made.reseller.consented, None),
        ],
    )


def _agent(made: Stage, kind: str, role: str) -> Someone:
    own = made.partner(kind)
    whole = Standing("customer", verbs.PARTNER, scopes=frozenset(grants.AREAS))
    below = [Place(FOREIGN, made.reseller.consented, None)] if kind == "distributor" else []
    return Someone(
        own.people[role],
        [
            Place(OWN, own.organisation, Standing(kind, role)),
            Place(CONSENTED, own.consented, whole),
            Place(LIMIT, own.limited, Standing("customer", verbs.PARTNER, scopes=frozenset(LIMITED))),
            Place(ASKED, own.asked, None),
            Place(FOREIGN, made.theirs, None),
            *below,
        ],
    )


def _no_agent(made: Stage) -> Someone:
    person = kit.member(made.reseller.organisation, verbs.OWNER, factor=False)
    return Someone(person, [Place(CONSENTED, made.reseller.consented, None), Place(ASKED, made.reseller.asked, None)])


def _customer(made: Stage, kind: str, role: str) -> Someone:
    own = made.reseller.consented
    person = kit.member(own, role, factor=False)
    return Someone(
        person,
        [
            Place(OWN, own, Standing(kind, role)),
            Place(FOREIGN, made.reseller.organisation, None),
            Place(FOREIGN, made.reseller.limited, None),
        ],
    )


def _kept(made: Stage) -> Someone:
    own = kit.customer(under=made.reseller.organisation)
    with tenancy.acting_in(own.pk):
        Organisation.objects.update(permissions="")
    person = kit.member(own, verbs.ADMINISTRATOR, factor=False)
    return Someone(person, [Place(OWN, own, Standing("customer", verbs.ADMINISTRATOR, groups=""))])


def _own_role(made: Stage) -> Someone:
    own = kit.customer(under=made.reseller.organisation)
    admin = kit.actor(own, kit.member(own, verbs.ADMINISTRATOR, factor=False), role=verbs.ADMINISTRATOR)
    person = kit.member(own, verbs.READER, factor=False)
    with tenancy.acting_in(own.pk):
        role = roles.make(admin, name="Front desk", allowed=OWN_ROLE, now=made.now)
        Membership.objects.filter(person=person).update(role=verbs.CUSTOM, own_role=role)
    return Someone(person, [Place(OWN, own, Standing("customer", verbs.CUSTOM, custom=frozenset(OWN_ROLE)))])


def _token(made: Stage, only: tuple[str, ...] = ()) -> Someone:
    """A token proves nobody's presence: what is sensitive asks for more. It opens no page, only the API."""
    own = made.reseller
    with tenancy.acting_in(own.organisation.pk):
        actor = kit.actor(own.organisation, own.people[verbs.OWNER])
        expires_at = made.now.replace(year=made.now.year + 1)
        value = tokens.make(actor, name=ids.new().hex, expires_at=expires_at, now=made.now, only=only).value
    cut = frozenset(only) or None
    whole = Standing("customer", verbs.PARTNER, scopes=frozenset(grants.AREAS), cut=cut, proven=False)
    return Someone(
        own.people[verbs.OWNER],
        [
            Place(OWN, own.organisation, Standing("reseller", verbs.OWNER, cut=cut, proven=False)),
            Place(CONSENTED, own.consented, whole),
            Place(ASKED, own.asked, None),
            Place(FOREIGN, made.other, None),
        ],
        bearer=value,
    )
