"""Saved views: what a list is asked for, under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from purser.access.actors import Actor
from purser.access.models import SavedView
from purser.api.schemas.common import Out, Sent
from purser.api.shared import TABLES


def _known(name: str) -> str:
    if name not in TABLES:
        raise ValueError(f"there is no such list; choose one of {', '.join(TABLES)}")
    return name


Name = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*TABLES]})]
Slug = Annotated[str, Field(pattern="^[-a-zA-Z0-9_]{1,80}$")]


class View(Out):
    """`mine`: you saved it, and may delete it. `shared`: everybody here may use it."""

    list: str
    name: str
    slug: str
    query: str
    shared: bool
    mine: bool
    saved_at: datetime


class Save(Sent):
    """`query` holds filters, `q`, `sort`, `columns` and the like, for example `state.is=failed&sort=-linked`."""

    list: Name
    name: Annotated[str, Field(min_length=1, max_length=80)]
    query: Annotated[str, Field(max_length=2000)] = ""
    shared: bool = False


def view(row: SavedView, actor: Actor) -> View:
    return View(
        list=row.screen,
        name=row.name,
        slug=row.slug,
        query=row.query,
        shared=row.shared,
        mine=row.person_id == actor.person,
        saved_at=row.created_at,
    )
