"""The pairs of marketplace and PSA: their rules, how both ends are, and their passes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import connections as out
from purser.api.schemas import runs as passes
from purser.api.schemas.common import Asked, Context, Some
from purser.links.desk import connections as desk
from purser.links.desk import runs
from purser.links.queries import home, pairs
from purser.links.queries import runs as history

routes = Routes("Pairs")


@routes.get("/pairs", "sync.read", answers=Some[out.Pair])
def index(actor: Actor, now: datetime, context: Context = "") -> Some[out.Pair]:
    """All pairs"""
    return Some(rows=[out.pair(row) for row in pairs.of(context)])


@routes.get("/pairs/{uuid:pair}", "sync.read", answers=out.Pair)
def one(actor: Actor, now: datetime, pair: UUID) -> out.Pair:
    """One pair and its rules"""
    return out.pair(pairs.find(pair))


@routes.patch("/pairs/{uuid:pair}", "sync.configure", answers=out.Pair)
def configure(actor: Actor, now: datetime, pair: UUID, body: out.Rules) -> out.Pair:
    """Change the rhythm and the rules"""
    rules = body.model_dump(exclude={"version"}, exclude_none=True)
    desk.configure(actor, sync_id=pair, version=body.version, rules=rules, now=now)
    return out.pair(pairs.find(pair))


@routes.get("/pairs/{uuid:pair}/health", "sync.read", answers=Some[out.End])
def health(actor: Actor, now: datetime, pair: UUID) -> Some[out.End]:
    """Whether the readings behind the numbers can be trusted, per side"""
    return Some(rows=[out.side(side) for side in home.health(pairs.find(pair), now=now)])


@routes.post("/pairs/{uuid:pair}/runs", "sync.run", answers=Asked)
def run_now(actor: Actor, now: datetime, pair: UUID) -> Asked:
    """Ask for a pass as soon as a worker is free"""
    return Asked(added=runs.run_now(actor, sync_id=pair, now=now))


@routes.post("/pairs/{uuid:pair}/readings", "sync.run", answers=Asked)
def read_now(actor: Actor, now: datetime, pair: UUID) -> Asked:
    """Ask for a reading of all of both sides"""
    return Asked(added=desk.read_now(actor, sync=pairs.find(pair), now=now))


@routes.get("/runs/{uuid:run}", "sync.read", answers=passes.Run)
def run(actor: Actor, now: datetime, run: UUID) -> passes.Run:
    """One pass, its numbers, and what it left alone and why"""
    return passes.run(history.one(run))
