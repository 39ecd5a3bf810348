"""Relations as text: taken out, compared, brought in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import relations as out
from purser.links.desk import text
from purser.links.queries import pairs

routes = Routes("Relations as text")


@routes.get("/pairs/{uuid:pair}/text", "mapping.export", answers=out.Written)
def export(actor: Actor, now: datetime, pair: UUID) -> out.Written:
    """All relations of a pair as text, in a stable order"""
    return out.Written(text=text.export(actor, sync=pairs.find(pair)))


@routes.post("/pairs/{uuid:pair}/text/compare", "mapping.import", answers=out.Comparison)
def compare(actor: Actor, now: datetime, pair: UUID, body: out.Text) -> out.Comparison:
    """What a text would change; changes nothing"""
    return out.comparison(text.compare(actor, sync=pairs.find(pair), text=body.text))


@routes.post("/pairs/{uuid:pair}/text/import", "mapping.import", answers=out.Changed)
def bring_in(actor: Actor, now: datetime, pair: UUID, body: out.BringIn) -> out.Changed:
    """Apply a text that was compared: all of it, or nothing"""
    changed = text.bring_in(actor, sync=pairs.find(pair), text=body.text, expect=body.expect, remove=body.remove, now=now)
    return out.Changed(changed=changed)
