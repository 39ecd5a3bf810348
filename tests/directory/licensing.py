"""Makers for the tests of collections and licences: a customer whose directory has been read, with users and groups."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from purser.access import verbs
from purser.access.actors import Actor
from purser.directory import auto, collections, licensing_runs
from purser.directory.models import Group, Licence, LicensingRun, Member, Source, User
from purser.flows.directory_to_licences import run as flow
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit

NOON = datetime(2026, 7, 13, 12, tzinfo=UTC)


class Here:
    """A customer's tenant, its administrator as the actor, and a clock that goes on a second with each look."""

    def __init__(self, organisation: Organisation | None = None, *, read: bool = True) -> None:
        self.organisation = organisation or kit.customer()
        self.person = kit.member(self.organisation, verbs.ADMINISTRATOR, factor=False)
        self.actor: Actor = kit.actor(self.organisation, self.person, verbs.ADMINISTRATOR)
        self.at = NOON
        if read:
            self.read()

    @property
    def tenant(self) -> UUID:
        return self.organisation.pk

    def clock(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)

    def acting(self) -> Any:
        return tenancy.acting_in(self.tenant)

    def read(self, *, whole: bool = True, cut: str = "") -> None:
        """As if the directory had been read just now."""
        with self.acting():
            values = {"kind": "graph", "read_at": self.at, "whole": whole, "cut": cut, "created_at": self.at}
            Source.objects.update_or_create(defaults=values)

    def user(self, name: str, **more: Any) -> User:
        word = name.lower().replace(" ", ".")
        values = {"display_name": name, "principal_name": f"{word}@alder.example", "mail": f"{word}@alder.example"}
        with self.acting():
            row: User = User.objects.create(**{**values, "key": ids.new().hex, "seen_at": self.at, "mailbox": "user", **more})
            return row

    def users(self, count: int, **more: Any) -> list[User]:
        return [self.user(f"User {n:03}", **more) for n in range(1, count + 1)]

    def group(self, name: str, members: Iterable[User] = (), **more: Any) -> Group:
        values = {"key": ids.new().hex, "kind": "security", "expanded": True, "seen_at": self.at}
        with self.acting():
            row: Group = Group.objects.create(name=name, **{**values, **more})
        for user in members:
            self.join(row, user)
        return row

    def join(self, group: Group, user: User) -> None:
        with self.acting():
            Member.objects.create(group=group, user=user)

    def leave(self, group: Group, user: User) -> None:
        with self.acting():
            Member.objects.filter(group=group, user=user).delete()

    def change(self, user: User, **values: Any) -> None:
        with self.acting():
            User.objects.filter(pk=user.pk).update(**values)

    def collection(self, name: str = "Staff", **wanted: Any) -> UUID:
        """A collection of these users and groups (ids or rows)."""
        things = {
            key: tuple(getattr(one, "pk", one) for one in value) if isinstance(value, list | tuple) else value
            for key, value in wanted.items()
        }
        with self.acting():
            found: UUID = collections.make(self.actor, collections.Draft(name, **things), now=self.clock()).pk
            return found

    def follow(self, *chosen: UUID, **rules: Any) -> None:
        """Auto-License follows these collections."""
        with self.acting():
            version = auto.settings().version
            auto.save(self.actor, auto.Rules(**rules), chosen, version=version, now=self.clock())

    def ask(self, *, dry: bool = False) -> UUID:
        with self.acting():
            found: UUID = licensing_runs.ask(self.actor, dry=dry, now=self.clock())[0].pk
            return found

    def scheduled(self) -> LicensingRun:
        with self.acting():
            row = licensing_runs.begin_scheduled(now=self.clock())
        return self.work(row.pk)

    def work(self, run: UUID) -> LicensingRun:
        """What the worker does with a run."""
        return flow.run(tenant=self.tenant, run_id=run, clock=self.clock)

    def run(self, *, dry: bool = False) -> LicensingRun:
        """RUN, and the worker's part of it."""
        return self.work(self.ask(dry=dry))

    def again(self, run: LicensingRun) -> LicensingRun:
        with self.acting():
            return licensing_runs.one(run.pk)

    def approve(self, run: LicensingRun) -> LicensingRun:
        with self.acting():
            licensing_runs.approve(self.actor, run.pk, digest=self.again(run).digest, now=self.clock())
        return self.work(run.pk)

    def licensed(self) -> set[str]:
        """Names of the users with an open licence."""
        with self.acting():
            return set(Licence.objects.filter(until=None).values_list("user__display_name", flat=True))

    def runs(self) -> list[LicensingRun]:
        with self.acting():
            return list(LicensingRun.objects.order_by("started_at", "id"))
