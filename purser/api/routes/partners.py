"""A partner's side: the tenants of its customers, inviting and asking them, and being enabled to administer them.

The tenants themselves are lists that the portal shows too (shared.py).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse

from purser.access.actors import Actor
from purser.access.models import Person
from purser.api.doors import Routes
from purser.api.schemas import consent as consents
from purser.api.schemas import partners as out
from purser.api.schemas.common import Some
from purser.kernel.errors import Refused
from purser.partners import agreements, consent, customers, enabling, heads, joining, told
from purser.postgres import tenancy
from purser.tenants import organisations

routes = Routes("Partners")


@routes.get("/tenants/{uuid:organisation}", "tenants.read", answers=out.Tenant, seat=False)
def tenant(actor: Actor, now: datetime, organisation: UUID) -> out.Tenant:
    """One of your customers: how it stands to your administration, and what was confirmed"""
    row = customers.own(actor.tenant, organisation, now)
    found = [consents.grant(one, now) for one in customers.history(actor.tenant, organisation)]
    sides = agreements.seen_by_partner(actor.tenant, organisation)
    return out.tenant(row, found, [consents.agreement(one) for one in sides.values()])


@routes.post("/tenants/{uuid:organisation}/ask", "consent.ask", answers=consents.Grant, seat=False)
def ask(actor: Actor, now: datetime, organisation: UUID, body: out.Ask) -> consents.Grant:
    """Ask a customer for its consent; it answers in its own tenant"""
    row = consent.ask(actor, organisation, scopes=body.scopes, days=body.days, reason=body.reason, ticket=body.ticket, now=now)
    return consents.grant(row, now)


@routes.post("/tenants/{uuid:organisation}/withdraw", "consent.ask", answers=None, status=204, seat=False)
def withdraw(actor: Actor, now: datetime, organisation: UUID) -> None:
    """Take back the request that waits"""
    consent.withdraw(actor, organisation, now=now)


@routes.post("/tenants/{uuid:organisation}/agreement", "agreements.confirm", answers=consents.Confirmation, seat=False)
def confirm(actor: Actor, now: datetime, organisation: UUID, body: consents.Confirm) -> consents.Confirmation:
    """Confirm the data-processing agreement for the partner, with its PDF or without"""
    paper = consents.paper(body)
    return consents.agreement(agreements.confirm_as_partner(actor, organisation, name=body.paper_name, paper=paper, now=now))


@routes.get(
    "/tenants/{uuid:organisation}/agreement/{slug:side}/paper",
    "tenants.read",
    answers=str,
    seat=False,
    file="application/pdf",
)
def read_paper(actor: Actor, now: datetime, organisation: UUID, side: str) -> HttpResponse:
    """The PDF that a side attached; `side` is customer or partner"""
    row = agreements.paper_for_partner(actor.tenant, organisation, side)
    return HttpResponse(bytes(row.paper or b""), content_type="application/pdf", headers={"Content-Disposition": "attachment"})


@routes.get("/tenants/invitations", "tenants.read", answers=Some[out.Invited])
def invitations(actor: Actor, now: datetime) -> Some[out.Invited]:
    """Invitations of tenants that nobody has accepted"""
    return Some(rows=[out.invited(row, now) for row in joining.pending()])


@routes.post("/tenants/invitations", "tenants.invite", answers=out.Invited, seat=False)
def invite(actor: Actor, now: datetime, body: out.InviteTenant) -> out.Invited:
    """Invite a tenant, by the address of one of its administrators

    The link works once, for 72 hours, and only for an administrator of that tenant.
    """
    with tenancy.acting_in(actor.tenant):
        issued = joining.invite(actor, email=body.email, now=now)
    told.invited(issued, partner=actor.tenant)
    return out.invited(issued.invitation, now)


@routes.post("/tenants/invitations/{uuid:invited}/again", "tenants.invite", answers=out.Invited, seat=False)
def invite_again(actor: Actor, now: datetime, invited: UUID) -> out.Invited:
    """Send a new link; the former one no longer works"""
    with tenancy.acting_in(actor.tenant):
        issued = joining.send_again(actor, invited, now=now)
    told.invited(issued, partner=actor.tenant)
    return out.invited(issued.invitation, now)


@routes.delete("/tenants/invitations/{uuid:invited}", "tenants.invite")
def revoke(actor: Actor, now: datetime, invited: UUID) -> None:
    """Withdraw an invitation; its link no longer works"""
    joining.revoke(actor, invited, now=now)


@routes.post("/tenants/accept", "consent.decide", answers=consents.Grant, seat=False)
def accept(actor: Actor, now: datetime, body: out.AcceptInvitation) -> consents.Grant:
    """Accept a partner's invitation for this tenant

    A tenant that is not here yet is brought first, on the page behind the link of the mail. A sensitive call: only within five
    minutes after the password was entered, so not with a token.
    """
    return consents.grant(joining.accept(body.partner, body.token, actor=actor, now=now), now)


@routes.get("/administration", "tenants.read", answers=out.Administration)
def administration(actor: Actor, now: datetime) -> out.Administration:
    """Whether you are enabled to administer customers, and what a request to operations says"""
    own = organisations.own()
    return out.administration(own, enabling.message(own, actor.name), enabling.latest())


@routes.post("/administration/request", "administration.request", answers=out.Request, seat=False)
def request(actor: Actor, now: datetime, body: out.Sign) -> out.Request:
    """Ask operations to enable administration of customers"""
    if actor.person is None:
        raise Refused("Only a person can ask.", code="person")
    email = Person.objects.values_list("email", flat=True).get(pk=actor.person)
    with tenancy.acting_in(actor.tenant):
        row = enabling.request(actor, signature=body.signature, email=email, now=now)
    return out.request(row)


@routes.get("/heads", "people.read", answers=Some[out.Head])
def accounts(actor: Actor, now: datetime) -> Some[out.Head]:
    """Who can be an owner here, or administrator in a customer's tenant, and who is"""
    return Some(rows=[out.head(one) for one in heads.accounts(actor.kind)])


@routes.put("/heads", "people.change_role", answers=Some[out.Head], seat=False)
def choose(actor: Actor, now: datetime, body: out.Heads) -> Some[out.Head]:
    """Choose the owners, or a tenant's administrators, several at once

    It counts from their next call. Who was one and is not chosen becomes a reader. A sensitive call.
    """
    heads.choose(actor, body.members, now=now)
    with tenancy.acting_in(actor.tenant):
        return Some(rows=[out.head(one) for one in heads.accounts(actor.kind)])
