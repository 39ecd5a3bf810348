"""A reseller at its desk: two sandboxes, a pair, somebody signed in, all on one clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from purser.access import verbs
from purser.access.models import Person
from purser.links.models import Link, Receipt, StoredPlan
from purser.postgres import tenancy
from tests import make
from tests.access import kit
from tests.make import World
from tests.portal import sample

SERVICE = "9/service:12"  # Exchange Online on Hall's contract: 1 unit in the PSA, 8 at the marketplace
OTHER = "10/service:13"  # Office 365 E3 on Alder's contract: 5 and 5


@dataclass
class Desk:
    world: World
    person: Person
    client: Client
    time: Any

    @property
    def tenant(self) -> UUID:
        return self.world.tenant

    def url(self, name: str, query: str = "", **more: Any) -> str:
        return reverse(name, kwargs={"tenant": self.tenant, **more}) + query

    def get(self, name: str, query: str = "", **more: Any) -> Any:
        """The answer of a page that must be there."""
        answer = self.client.get(self.url(name, query, **more))
        assert answer.status_code == 200, kit.text(answer)[-1500:]
        return answer

    def text(self, name: str, query: str = "", **more: Any) -> str:
        return kit.text(self.get(name, query, **more))

    def post(self, name: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.client.post(self.url(name, **more), data or {})

    def file(self, name: str, query: str = "") -> str:
        answer = self.get(name, query)
        return b"".join(answer.streaming_content).decode("utf-8-sig")

    def as_a(self, role: str) -> Client:
        return sample.sign_in(role, self.world.organisation).client

    def go(self, **by: float) -> None:
        """Time passes for everybody."""
        self.world.clock.go(**by)
        self.time.move_to(self.world.clock.at)
        self.client = kit.sign_in(self.person)  # a session does not outlive a day

    def pass_over(self, **options: Any) -> Any:
        return self.world.step(**options)

    def linked(self) -> Link:
        """Hall's resource, linked and posted: 8 on both sides."""
        link = self.world.link("S1/EXO1", SERVICE)
        assert self.pass_over(cause="link").posted == 1
        return link

    def receipt(self, **wanted: Any) -> Receipt:
        with tenancy.acting_in(self.tenant):
            return Receipt.objects.order_by("-intended_at", "-id").filter(**wanted)[0]

    def plan(self, **wanted: Any) -> StoredPlan:
        with tenancy.acting_in(self.tenant):
            return StoredPlan.objects.order_by("-made_at", "-id").filter(**wanted)[0]

    def jobs(self) -> list[tuple[str, dict[str, str]]]:
        """What was enqueued for this tenant, oldest first."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT task_name, args::text FROM procrastinate_jobs WHERE args->>'tenant' = %s ORDER BY id",
                [str(self.tenant)],
            )
            return [(name, json.loads(args)) for name, args in cursor.fetchall()]


@contextmanager
def at(psa: str = "autotask", *, role: str = verbs.OWNER, **options: Any) -> Iterator[Desk]:
    """At noon of 11 July 2026, which stands still but for `go`."""
    with time_machine.travel(make.NOON, tick=False) as time, make.world(psa, **options) as world:
        signed = sample.sign_in(role, world.organisation)
        yield Desk(world, signed.person, signed.client, time)
