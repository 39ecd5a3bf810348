"""Connections to vendors: read, filled in, tested; their secrets shown only after the password was entered again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import connections as out
from purser.api.schemas.common import Some
from purser.flows import ports
from purser.links import connections
from purser.links.desk import connections as desk
from purser.links.models import Connection
from purser.links.models.connections import ConnectionKind
from purser.links.queries import connections as queries
from purser.postgres import tenancy

routes = Routes("Connections")


@routes.get("/connections", "connections.read", answers=Some[out.Connection])
def index(actor: Actor, now: datetime) -> Some[out.Connection]:
    """All connections"""
    return Some(rows=[out.connection(row) for row in Connection.objects.order_by("kind")])


@routes.get("/connections/{uuid:connection}", "connections.read", answers=out.Details)
def one(actor: Actor, now: datetime, connection: UUID) -> out.Details:
    """One connection, with its settings (never a secret) and standing troubles"""
    row = connections.find(connection)
    return out.details(queries.health(row), queries.settings(row.kind, row))


@routes.put("/connections/{slug:kind}", "connections.write", answers=out.Kept)
def save(actor: Actor, now: datetime, kind: str, body: out.Values) -> out.Kept:
    """Connect a PSA, or change how it is connected

    `kind` is autotask or connectwise. A sensitive call: only within five minutes after the password was entered, so not with
    a token.
    """
    return out.kept(desk.save(actor, kind=kind, values=body.values, version=body.version, now=now))


@routes.patch("/connections/{uuid:connection}/price", "connections.write", answers=out.Connection)
def set_price_is(actor: Actor, now: datetime, connection: UUID, body: out.Meaning) -> out.Connection:
    """Say what the marketplace's unit price means

    A sensitive call, as above.
    """
    row = desk.set_price_is(actor, connection_id=connection, price_is=body.price_is, version=body.version, now=now)
    return out.connection(row)


@routes.post("/connections/{uuid:connection}/test", "connections.test", answers=out.Result, seat=False)
def test(actor: Actor, now: datetime, connection: UUID) -> out.Result:
    """Call the vendor once and say whether the credentials work

    Wrong credentials are an answer with `ok` false, and pause the connection; right ones let it go on. It takes no
    Idempotency-Key: testing twice does no harm. At most ten tests an hour.
    """
    with tenancy.acting_in(actor.tenant):
        row = desk.to_test(actor, connection_id=connection, now=now)
    held = ports.current()
    port = held.marketplace(row) if row.kind == ConnectionKind.MARKETPLACE else held.psa(row)
    tested = port.test()
    with tenancy.acting_in(actor.tenant):
        desk.keep_test(actor, connection_id=connection, result=tested, now=now)
    return out.result(tested)


@routes.post("/connections/{uuid:connection}/reveal", "connections.reveal", answers=out.Secret, keyed=False)
def reveal(actor: Actor, now: datetime, connection: UUID, body: out.Which) -> out.Secret:
    """Show a secret; each look is an act

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    return out.Secret(value=desk.reveal(actor, connection_id=connection, field=body.field, now=now))
