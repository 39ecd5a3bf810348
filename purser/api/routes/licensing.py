"""Collections of users, licences by hand, and Auto-License with its runs.

The lists of them are those that the portal shows too (shared.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Query

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import licensing as out
from purser.api.schemas.common import Answer, Some
from purser.directory import auto, collections, licences, licensing_runs, licensing_steps

routes = Routes("Licences")
COLLECTION = "/collections/{uuid:collection}"
RUN = "/auto-licence/runs/{uuid:licensing_run}"
STEPS = 1000  # receipts with a run; the list of changes has all

Text = Annotated[str, Query(min_length=1, max_length=80)]
Version = Annotated[int, Query(ge=1)]


@routes.get(COLLECTION, "collections.read", answers=out.Collection)
def collection(actor: Actor, now: datetime, collection: UUID) -> out.Collection:
    """A collection with all that it names"""
    return _collection(collection)


@routes.get(f"{COLLECTION}/inside", "collections.read", answers=out.Inside)
def inside(actor: Actor, now: datetime, collection: UUID) -> out.Inside:
    """Who is in a collection now"""
    row = collections.one(collection)
    return out.inside(collections.inside([row.pk]))


@routes.post("/collections", "collections.create", answers=out.Collection, status=201)
def make(actor: Actor, now: datetime, body: out.Wanted) -> out.Collection:
    """Make a collection

    Its name is taken only once in the tenant, in whatever case.
    """
    return _collection(collections.make(actor, body.draft(), now=now).pk)


@routes.put(COLLECTION, "collections.edit", answers=out.Collection)
def change(actor: Actor, now: datetime, collection: UUID, body: out.LicencesChanged) -> out.Collection:
    """Make a collection what is sent: what it names no more is taken out of it

    `version` is that of the collection read before: a change between the two is not overwritten.
    """
    return _collection(collections.change(actor, collection, body.draft(), version=body.version, now=now).pk)


@routes.delete(COLLECTION, "collections.delete")
def drop(actor: Actor, now: datetime, collection: UUID, version: Version) -> None:
    """Delete a collection; not while licences follow it"""
    collections.drop(actor, collection, version=version, now=now)


@routes.get("/collections/find", "collections.read", answers=out.UsersFound)
def find(actor: Actor, now: datetime, text: Text) -> out.UsersFound:
    """Users and groups, dynamic ones too, whose name or address has the text; the first 20 of each"""
    users, groups = collections.search(text)
    named = [out.NamedThing(id=row.pk, name=row.name, kind="group", left_out=False) for row in groups]
    return out.UsersFound(users=[out.person(row) for row in users], groups=named)


@routes.get("/licences/users/{uuid:user}", "licences.read", answers=out.OfUser)
def of_user(actor: Actor, now: datetime, user: UUID) -> out.OfUser:
    """The licences of a user, the newest first"""
    return out.of_user(*licences.of_user(user))


@routes.post("/licences/give", "licences.write", answers=Some[Answer])
def give(actor: Actor, now: datetime, body: out.UserIds) -> Some[Answer]:
    """License users by hand, one or more; Auto-License never takes these back

    The answer says of each whether it was given, and why not.
    """
    return Some(rows=out.answers(licences.give(actor, body.users, now=now)))


@routes.post("/licences/take", "licences.write", answers=Some[Answer])
def take(actor: Actor, now: datetime, body: out.UserIds) -> Some[Answer]:
    """Take the licences of users, whoever gave them

    Who is in a collection that licences follow is licensed again by the next run.
    """
    return Some(rows=out.answers(licences.take(actor, body.users, now=now)))


@routes.get("/auto-licence", "licences.read", answers=out.Auto)
def settings(actor: Actor, now: datetime) -> out.Auto:
    """How licences follow the directory"""
    return out.auto_licence(auto.settings(), auto.chosen())


@routes.put("/auto-licence", "auto_licence.write", answers=out.Auto)
def save(actor: Actor, now: datetime, body: out.ChangeAuto) -> out.Auto:
    """Choose the collections that licences follow, when, and how far without a person

    Nothing is given or taken yet: run it, or wait for its hour.
    """
    row = auto.save(actor, body.rules(), body.collections, version=body.version, now=now)
    return out.auto_licence(row, auto.chosen())


@routes.post("/auto-licence/runs", "tasks.auto_licence", answers=out.AskedRun, status=202)
def ask(actor: Actor, now: datetime, body: out.AskRun) -> out.AskedRun:
    """Run Auto-License, or preview what it would do; read the run for what came of it"""
    row, new = licensing_runs.ask(actor, dry=body.dry, now=now)
    return out.AskedRun(run=row.pk, new=new)


@routes.get(RUN, "licences.read", answers=out.RunOfLicences)
def run(actor: Actor, now: datetime, licensing_run: UUID) -> out.RunOfLicences:
    """A run with its plan, why it waits, and the receipt of each change"""
    return _run(licensing_run)


@routes.post(f"{RUN}/approve", "tasks.auto_licence", answers=out.RunOfLicences)
def approve(actor: Actor, now: datetime, licensing_run: UUID, body: out.Approve) -> out.RunOfLicences:
    """Do exactly the plan that has this digest, or none of it where it fits no more"""
    return _run(licensing_runs.approve(actor, licensing_run, digest=body.digest, now=now).pk)


@routes.post(f"{RUN}/set-aside", "tasks.auto_licence", answers=out.RunOfLicences)
def set_aside(actor: Actor, now: datetime, licensing_run: UUID, body: out.SetAside) -> out.RunOfLicences:
    """Do nothing of a plan that waits; the schedule does not ask about the same one again"""
    return _run(licensing_runs.set_aside(actor, licensing_run, reason=body.reason, now=now).pk)


def _collection(id: UUID) -> out.Collection:
    return out.collection(collections.one(id), collections.items(id))


def _run(id: UUID) -> out.RunOfLicences:
    row = licensing_runs.one(id)
    return out.run(row, licensing_steps.steps(row, most=STEPS))
