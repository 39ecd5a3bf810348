"""Makers for the tests of partners and consent: a chain of organisations with people, each state of consent one call away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import RequestFactory

from purser.access import actors, verbs
from purser.access.actors import Actor
from purser.access.models import Membership, Person
from purser.partners import consent
from purser.postgres import tenancy
from purser.tenants import grants, tree
from purser.tenants.models import Grant, Organisation, PackageStock
from tests.access import kit

PAID = "UnifyEnterprise"
ALL = tuple(grants.AREAS)


@dataclass
class Chain:
    """Operator, distributor, reseller, customer; `agent` is the reseller's partner administrator, `admin` the customer's
    administrator.
    """

    operator: Organisation
    distributor: Organisation
    reseller: Organisation
    customer: Organisation
    owner: Person
    agent: Person
    admin: Person

    def as_agent(self) -> Actor:
        return kit.actor(self.reseller, self.agent)

    def as_admin(self, who: Person | None = None) -> Actor:
        return kit.actor(self.customer, who or self.admin, role=verbs.ADMINISTRATOR)

    def ask(self, now: datetime, **more: Any) -> Grant:
        wanted: dict[str, Any] = {"scopes": ALL, "days": 730, "reason": "Managed service contract 42"}
        return consent.ask(self.as_agent(), self.customer.pk, now=now, **{**wanted, **more})

    def give(self, now: datetime, **more: Any) -> Grant:
        wanted: dict[str, Any] = {"scopes": ALL, "days": 730, "reason": "They run our tenant"}
        return consent.give(self.as_admin(), now=now, **{**wanted, **more})

    def end(self, now: datetime) -> Grant:
        with tenancy.acting_in(self.customer.pk):
            return consent.end(self.as_admin(), why="We parted", now=now)


def chain(*, enabled: bool = True, name: str = "Alder Dental", operator: Organisation | None = None, **more: Any) -> Chain:
    operator = operator or kit.operator()
    distributor = kit.distributor(under=operator)
    reseller = kit.reseller(under=distributor)
    customer = kit.customer(name, under=reseller, **more)
    owner, agent = kit.member(reseller, factor=False), kit.member(reseller, verbs.TECHNICIAN, factor=False)
    admin = kit.member(customer, verbs.ADMINISTRATOR, factor=False)
    if enabled:
        enable(reseller, agent)
    return Chain(operator, distributor, reseller, customer, owner, agent, admin)


def enable(partner: Organisation, agent: Person) -> None:
    with tenancy.acting_in(partner.pk):
        PackageStock.objects.create(package=PAID, total=10)
        tree.enable_administration()
        Membership.objects.filter(person=agent).update(partner_administrator=True, package=PAID)


def enters(who: Person, organisation: Organisation, now: datetime, **more: Any) -> Actor:
    """The person as an actor there. Raises Missing."""
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = who
    with actors.entering(who, tenant=organisation.pk, request=request, now=now, **more) as actor:
        return actor
