"""Saved views: a list's filters, order and columns under a name; personal, or shared with the organisation. Source:
ux 14, 15.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.text import slugify

from purser.access import acts
from purser.access.actors import Actor
from purser.access.models import SavedView
from purser.kernel.errors import Missing, Refused


def visible(actor: Actor, screen: str) -> QuerySet[SavedView]:
    """The views of this screen the actor may use: the own ones and the shared ones, by name."""
    return SavedView.objects.filter(Q(person_id=actor.person) | Q(shared=True), screen=screen).order_by("name", "id")


def named(views: Iterable[SavedView], slug: str) -> QueryDict | None:
    """What the view with this slug asks for; None when there is none."""
    return next((QueryDict(view.query) for view in views if view.slug == slug), None)


def asked_for(actor: Actor, screen: str, params: QueryDict) -> QueryDict | None:
    """What the view asks for that an address names; None where it names none. Raises Refused for one that is not there:
    a file or an answer to a program must not hold more rows than were meant.
    """
    if "view" not in params:
        return None
    slug = params.get("view", "")
    found = named(visible(actor, screen), slug)
    if found is None:
        raise Refused(f"This list has no view {slug[:80]!r} for you.", code="view", hint="It may have been deleted.")
    return found


def person_of(actor: Actor) -> UUID:
    """The person who acts. Raises Refused where none does."""
    if actor.person is None:
        raise Refused("Only a person has screens and views of their own.", code="person")
    return actor.person


def keep(actor: Actor, screen: str, *, name: str, query: str, shared: bool, now: datetime) -> SavedView:
    """Save a view. Raises Refused for a name that is empty, too long or taken, or a query too long to keep."""
    name = name.strip()
    slug = slugify(name)[:80]
    if not slug or len(name) > 80:
        raise Refused("A view needs a name of 1 to 80 characters, with a letter or digit.", code="name")
    if len(query) > 2000:
        raise Refused(f"The filters take {len(query)} characters; a view keeps up to 2000.", code="length")
    acts.record(
        actor,
        "views.write",
        summary=f"Saved the view {name}",
        of=("saved_view", f"{screen}/{slug}"),
        after={"query": query, "shared": shared},
        now=now,
    )
    try:
        with transaction.atomic():
            view: SavedView = SavedView.objects.create(
                person_id=person_of(actor), screen=screen, name=name, slug=slug, query=query, shared=shared, created_at=now
            )
            return view
    except IntegrityError as taken:
        raise Refused(
            f"There is a view with a name like {name!r} on this list.", code="taken", hint="Choose another name."
        ) from taken


def drop(actor: Actor, screen: str, slug: str, *, now: datetime) -> None:
    """Delete an own view. Raises Missing for any other."""
    view = SavedView.objects.filter(person_id=person_of(actor), screen=screen, slug=slug).first()
    if view is None:
        raise Missing("There is no such view of yours.")
    acts.record(
        actor,
        "views.write",
        summary=f"Deleted the view {view.name}",
        of=("saved_view", f"{screen}/{slug}"),
        before={"query": view.query, "shared": view.shared},
        now=now,
    )
    view.delete()
