"""The customer's side of consent: who may act here, deciding it, the agreement behind it, and the record of what was done.

The acts on behalf are a list that the portal shows too (shared.py).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import FileResponse, HttpResponse

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import consent as out
from purser.api.schemas.common import Some
from purser.audit import paper
from purser.kernel.errors import Missing
from purser.partners import agreements, consent, record
from purser.partners.models import Side
from purser.tenants import organisations

routes = Routes("Consent")


@routes.get("/consent", "consent.read", answers=out.Consent, seat=False)
def standing(actor: Actor, now: datetime) -> out.Consent:
    """Who may administer this tenant, who asks, and what is missing"""
    return out.consent(consent.standing(actor.tenant, now=now), now)


@routes.get("/consent/grants", "consent.read", answers=Some[out.Grant])
def grants(actor: Actor, now: datetime) -> Some[out.Grant]:
    """Every request and consent there ever was, newest first, up to 500"""
    return Some(rows=[out.grant(row, now) for row in record.decisions()[:500]])


@routes.post("/consent", "consent.decide", answers=out.Grant, seat=False)
def give(actor: Actor, now: datetime, body: out.Give) -> out.Grant:
    """Let the partner administer this tenant, from now on

    It answers the partner's request, or is given of yourself; a consent that holds is replaced, which is also how one is
    extended. A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    row = consent.give(actor, scopes=body.scopes, days=body.days, reason=body.reason, request=body.request, now=now)
    return out.grant(row, now)


@routes.post("/consent/requests/{uuid:grant}/refuse", "consent.decide", answers=out.Grant)
def refuse(actor: Actor, now: datetime, grant: UUID, body: out.Reason) -> out.Grant:
    """Say no to the partner's request

    A sensitive call, as above.
    """
    row = consent.refuse(actor, grant, why=body.why, now=now)
    row.refresh_from_db()
    return out.grant(row, now)


@routes.post("/consent/end", "consent.decide", answers=out.Grant)
def end(actor: Actor, now: datetime, body: out.Reason) -> out.Grant:
    """End the consent: nobody of the partner gets in from the next request on

    A sensitive call, as above.
    """
    row = consent.end(actor, why=body.why, now=now)
    row.refresh_from_db()
    return out.grant(row, now)


@routes.get("/consent/record", "consent.export", answers=str, file=paper.TYPE)
def whole(actor: Actor, now: datetime) -> FileResponse:
    """The whole record of acts as a file that anybody can check alone

    One JSON object a line (`application/jsonl`), each act chained to the one before. Check it with
    `purser verify-audit FILE`.
    """
    file = paper.file(organisations.own().name, now=now)
    return FileResponse(file, as_attachment=True, filename=f"purser-acts-{actor.number}.jsonl", content_type=paper.TYPE)


@routes.get("/consent/agreements", "consent.read", answers=Some[out.Confirmation])
def sides(actor: Actor, now: datetime) -> Some[out.Confirmation]:
    """What each side confirmed of the data-processing agreement with the partner"""
    partner = organisations.own().parent_id
    return Some(rows=[out.agreement(row) for row in agreements.of_partner(partner).values()] if partner else [])


@routes.post("/consent/agreements", "agreements.confirm", answers=out.Confirmation)
def confirm(actor: Actor, now: datetime, body: out.Confirm) -> out.Confirmation:
    """Confirm the data-processing agreement for the customer, with its PDF or without"""
    row = agreements.confirm(
        actor, partner=_partner(), side=Side.CUSTOMER, name=body.paper_name, paper=out.paper(body), now=now
    )
    return out.agreement(row)


@routes.get("/consent/agreements/{slug:side}/paper", "consent.read", answers=str, file="application/pdf")
def read_paper(actor: Actor, now: datetime, side: str) -> HttpResponse:
    """The PDF that a side attached; `side` is customer or partner"""
    row = agreements.paper(side, _partner())
    return HttpResponse(bytes(row.paper or b""), content_type="application/pdf", headers={"Content-Disposition": "attachment"})


def _partner() -> UUID:
    own = organisations.own()
    if own.kind != "customer" or own.parent_id is None:
        raise Missing("This organisation has no partner.")
    found: UUID = own.parent_id
    return found
