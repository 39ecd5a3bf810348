"""The lists that the portal shows too, with the same rows, filters, order and files, and their saved views.

Source: acceptance ID-34, ID-46, ID-64; ux 14, 15.
"""

from __future__ import annotations

from datetime import datetime

from django.http import QueryDict

from purser.access.actors import Actor
from purser.api import tables
from purser.api.doors import Routes
from purser.api.schemas import views as out
from purser.api.schemas.common import Some
from purser.api.shared import SHARED, TABLES
from purser.lists import saved

routes = Routes("Lists")
for one in SHARED:
    routes.table(one.path, one.verb, one.table, export=one.export)


@routes.get("/views", "organisation.read", answers=Some[out.View])
def views(actor: Actor, now: datetime, list: out.Name) -> Some[out.View]:
    """The saved views of a list: your own, and those shared with the organisation"""
    return Some(rows=[out.view(row, actor) for row in saved.visible(actor, list)])


@routes.post("/views", "views.write", answers=out.View)
def save_view(actor: Actor, now: datetime, body: out.Save) -> out.View:
    """Save filters, order and columns of a list under a name

    `query` is written as in the list's own address. Use it with `?view=<slug>`, here and in the portal.
    """
    tables.understood(TABLES[body.list], QueryDict(body.query))
    row = saved.keep(actor, body.list, name=body.name, query=body.query, shared=body.shared, now=now)
    return out.view(row, actor)


@routes.delete("/views", "views.write")
def drop_view(actor: Actor, now: datetime, list: out.Name, view: out.Slug) -> None:
    """Delete a view of your own"""
    saved.drop(actor, list, view, now=now)
