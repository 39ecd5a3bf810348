"""One call of every door that changes something, each in a state in which it takes effect: what P18 is tested with.

Here is the ground, who walks on it, and what each step (steps.py) finds there. Ids in an address are the planted ones of the
tenant, or what the step's function finds or makes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from purser.access import domains, invitations, once, people, roles, tokens, verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.links.models import Connection, Receipt
from purser.partners import break_glass, consent, enabling, groups, joining, orders
from purser.partners.models import EnablingRequest
from purser.postgres import ids, tenancy
from purser.tenants import grants
from purser.tenants.models import Organisation, PackageStock
from tests.access import kit
from tests.partners.kit import PAID, Chain, chain
from tests.tenancy.planting import Planted, another, plant

AREAS = list(grants.AREAS)
PDF = b"%PDF-1.7 an agreement"
ASK = {"scopes": AREAS, "days": 30, "reason": "Managed service contract 42"}
PROVIDER = {"name": "Entra", "issuer": "https://login.example.com/", "client_id": "one", "secret": "of Entra", "version": 0}
RULES = {"every_seconds": 600, "limit_percent": 20, "limit_least": 5, "limit_down": 200}
LICENCE = {
    "account_number": "4711",
    "gateway_secret": "secret",
    "license_customer": "Harbour IT",
    "license_key": "key",
    "gateway_url": "https://market.cloud.im/gateway/us",
    "gateway_user": "gateway",
    "gateway_password": "password",
    "version": "1.1",
}
CONNECTWISE = {
    "site": "https://api-na.myconnectwise.net",
    "company_id": "harbour",
    "integrator_user": "key",
    "integrator_password": "private-key",
    "client_id": "c",
    "version": "0",
}
AUTOTASK = {"user": "api@msp.example", "company_id": "", "password": "secret", "integration_code": "PURSER-SANDBOX"}


@dataclass
class Walker:
    """Somebody acting in a tenant; `home` is where they come from on behalf of it."""

    person: Person
    tenant: Organisation
    client: Client
    role: str = verbs.OWNER
    home: Organisation | None = None


@dataclass
class Ground:
    """A chain of organisations; the reseller and its customer have a row in every table."""

    made: Chain
    reseller: Planted
    customer: Planted
    second: Organisation
    walkers: dict[str, Walker] = field(default_factory=dict)

    def planted(self, who: str) -> Planted:
        return self.customer if who in ("agent", "administrator") else self.reseller

    def actor(self, who: str) -> Actor:
        found = self.walkers[who]
        return kit.actor(found.tenant, found.person, found.role)


Said = tuple[dict[str, Any], dict[str, Any]]  # what stands in the address, and what is sent
Find = Callable[[Ground, str], Said]
Step = tuple[str, str, Find | dict[str, Any]]


def ground() -> Ground:
    made = chain(region="DE")
    second = kit.customer("Birch Law", under=made.reseller)
    desk = kit.member(made.operator)
    for person in (made.owner, made.agent, made.admin):
        totp.TOTP.activate(person, kit.SECRET)
    made.give(kit.now())
    found = Ground(made, plant("MINE-A", made.reseller), plant("MINE-C", made.customer), second)
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package=PAID, total=10)
    for name, walker in {
        "owner": Walker(made.owner, made.reseller, kit.sign_in(made.owner)),
        "agent": Walker(made.agent, made.customer, kit.sign_in(made.agent), verbs.PARTNER, made.reseller),
        "administrator": Walker(made.admin, made.customer, kit.sign_in(made.admin), verbs.ADMINISTRATOR),
        "desk": Walker(desk, made.operator, kit.sign_in(desk)),
    }.items():
        found.walkers[name] = walker
    return found


def sent(body: dict[str, Any], **at: Any) -> Said:
    return {name: str(id) for name, id in at.items()}, body


def on(table: str, body: dict[str, Any] | None = None, *, name: str = "", **given: Any) -> Find:
    """A row of the table made for the step, in the state `given`, under the `name` that the address has for it."""

    def find(g: Ground, who: str) -> Said:
        row = another(g.planted(who), table, **given)
        return sent({"digest": row.digest} if table == "links_storedplan" and body is None else body or {}, **{name: row.pk})

    return find


def member(body: dict[str, Any]) -> Find:
    """Somebody of the tenant who has a package."""

    def find(g: Ground, who: str) -> Said:
        tenant = g.walkers[who].tenant
        row = kit.membership(tenant, kit.member(tenant, verbs.READER, factor=False))
        with tenancy.acting_in(tenant.pk):
            if "on" in body:
                people.set_package(g.actor(who), row.pk, PAID, now=kit.now())
        return sent(body, membership=row.pk)

    return find


def invitation(g: Ground, who: str) -> Said:
    tenant = g.walkers[who].tenant
    with tenancy.acting_in(tenant.pk):
        made = invitations.invite(g.actor(who), email=kit.address(), role="reader", kind=str(tenant.kind), now=kit.now())
    return sent({}, invitation=made.invitation.pk)


def invited(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        return sent({}, invited=joining.invite(g.actor(who), email=kit.address(), now=kit.now()).invitation.pk)


def accepted(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        made = joining.invite(g.actor("owner"), email=g.made.admin.email, now=kit.now())
    return sent({"partner": str(g.made.reseller.pk), "token": made.token})


def mail_domain(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        domains.ask(g.actor(who), f"d{ids.new().hex[-12:]}.example", now=kit.now())
        return sent({}, domain=domains.every()[-1].pk)


def own_role(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.walkers[who].tenant.pk):
            row = roles.make(g.made.as_admin(), name=ids.new().hex, allowed=["people.read"], now=kit.now())
        return sent({**body, "version": row.version, "name": ids.new().hex} if body else {}, role=row.pk)

    return find


def token(name: str) -> Find:
    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.reseller.pk):
            row = tokens.make(g.actor(who), name="t", expires_at=kit.now() + timedelta(days=1), now=kit.now()).row
        return sent({}, **{name: row.pk})

    return find


def licence(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        return sent({}, token=once.issue("licence", LICENCE, made_by=g.actor(who), now=kit.now()).token)


def asked(g: Ground, who: str) -> Said:
    """A partner's question to its second customer."""
    with tenancy.acting_in(g.second.pk):
        grants.close(grants.open_requests(kit.now()), as_="withdrawn", by="test", why="", now=kit.now())
    if who == "owner":
        consent.ask(g.actor(who), g.second.pk, scopes=AREAS, days=9, reason="contract", now=kit.now())
    return sent({}, organisation=g.second.pk)


def to_ask(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.second.pk):
        grants.close(grants.open_requests(kit.now()), as_="withdrawn", by="test", why="", now=kit.now())
    return sent(ASK, organisation=g.second.pk)


def request(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.customer.pk):
        grants.close(grants.open_requests(kit.now()), as_="withdrawn", by="test", why="", now=kit.now())
    return sent({"why": "No"}, grant=g.made.ask(kit.now()).pk)


def consented(g: Ground, who: str) -> Said:
    g.made.give(kit.now())
    return sent({"why": "We parted"})


def group(body: dict[str, Any], *, place: str = "") -> Find:
    """A group with the second customer in it."""

    def find(g: Ground, who: str) -> Said:
        to_ask(g, who)
        with tenancy.acting_in(g.made.reseller.pk):
            row = groups.make(g.actor(who), name=ids.new().hex, now=kit.now())
        if not place:
            groups.put(g.actor(who), row.pk, [g.second.pk], now=kit.now())
        return sent({**body, **({place: [str(g.second.pk)]} if place else {})}, tenant_group=row.pk, organisation=g.second.pk)

    return find


def enabling_request(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        partner = kit.reseller(under=g.made.distributor)
        owner = kit.member(partner, factor=False)
        with tenancy.acting_in(partner.pk):
            row = enabling.request(kit.actor(partner, owner), signature="Olive", email=owner.email, now=kit.now())
        return sent(body, asked=row.pk)

    return find


def below(body: dict[str, Any]) -> Find:
    """A partner under the operator."""
    return lambda g, who: sent(body, organisation=g.made.reseller.pk, reseller=g.made.reseller.pk)


def look(state: str, body: dict[str, Any] | None = None) -> Find:
    """An emergency look into a partner: not asked for yet, or "waits"."""

    def find(g: Ground, who: str) -> Said:
        target = kit.reseller(under=g.made.operator)
        if state == "waits":
            asker = kit.actor(g.made.operator, kit.person(factor=False), verbs.SUPPORT)
            break_glass.ask(asker, target.pk, reason="The sync stands still", now=kit.now())
        return sent(body or {}, organisation=target.pk)

    return find


def moved(g: Ground, who: str) -> Said:
    new = kit.reseller(under=g.made.operator)
    return sent({"to": new.partner_number}, organisation=kit.customer(under=kit.reseller(under=g.made.operator)).pk)


def order(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        numbers = {"reseller": g.made.reseller.partner_number, "distributor": g.made.distributor.partner_number}
        return sent({"name": "Cedar Foods", "number": ids.new().hex, **numbers, **body})

    return find


def cut_off(body: dict[str, Any]) -> Find:
    """An order of which the customer has got nothing, tried long enough ago to be undone."""

    def find(g: Ground, who: str) -> Said:
        _, wanted = order({"packages": {PAID: 5}})(g, who)
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(orders, "_given", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                orders.take(g.actor(who), orders.Order(**wanted), now=kit.now() - orders.UNDER_WAY)
        (row,) = orders.half_done(g.made.operator.pk, now=kit.now())
        return sent(body, order=row.row.pk)

    return find


def not_enabled(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.reseller.pk):
            Organisation.objects.update(partner_admin_id="")
            EnablingRequest.objects.filter(answered_at=None).delete()
        return sent(body)

    return find


def heads(name: str) -> Find:
    def find(g: Ground, who: str) -> Said:
        tenant = g.walkers[who].tenant
        new = kit.membership(tenant, kit.member(tenant, verbs.ADMINISTRATOR, factor=False))
        return sent({name: [str(kit.membership(tenant, g.made.admin).pk), str(new.pk)]})

    return find


def first(table: str, name: str, body: dict[str, Any] | None = None) -> Find:
    """The planted row of a table, as the only one ticked."""
    return lambda g, who: sent({**(body or {}), name: [str(g.planted(who).one(table))]})


def psa(body: dict[str, Any]) -> Find:
    """The planted connection to a PSA, at its version."""

    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.reseller.tenant):
            row = Connection.objects.get(kind="autotask")
        return sent(body | ({"version": row.version} if "price_is" in body else {}), connection=row.pk)

    return find


def receipt(state: str, name: str, body: dict[str, Any] | None = None) -> Find:
    """The planted posting without an answer, in this state."""

    def find(g: Ground, who: str) -> Said:
        id = g.reseller.one("links_receipt")
        with tenancy.acting_in(g.reseller.tenant):
            Receipt.objects.filter(pk=id).update(state=state, looked_at=kit.now())
        return sent(body or {}, **{name: id})

    return find


def paper(g: Ground, who: str) -> Said:
    return sent({"paper": SimpleUploadedFile("dpa.pdf", PDF, "application/pdf")}, organisation=g.made.customer.pk)


def written_paper(g: Ground, who: str) -> Said:
    encoded = base64.b64encode(PDF).decode()
    return sent({"paper_name": "dpa.pdf", "paper": encoded}, organisation=g.made.customer.pk)


def new(name: str, body: dict[str, Any]) -> Find:
    """With an address, or a domain, that nobody has."""

    def find(g: Ground, who: str) -> Said:
        return sent({**body, name: f"d{ids.new().hex[-12:]}.example" if name == "name" else kit.address()})

    return find
