"""The steps of steps.py for collections, licences and Auto-License."""

from __future__ import annotations

from typing import Any

from purser.access import verbs
from purser.directory import auto, collections, licences
from purser.directory.models import LicensingRun, User
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, sent
from tests.tenancy.planting import another

DIGEST = "7" * 64


def collection(body: dict[str, Any], *, versioned: bool = True) -> Find:
    """A collection of its own, at its first version."""

    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.customer.pk):
            row = collections.make(g.actor(who), collections.Draft(ids.new().hex), now=kit.now())
        return sent({**body, "version": 1} if versioned else body, collection=row.pk)

    return find


def user(name: str, *, licensed: bool = False) -> Find:
    """A user of their own, licensed or not."""

    def find(g: Ground, who: str) -> Said:
        row: User = another(g.customer, "directory_user", key=ids.new().hex)
        if licensed:
            with tenancy.acting_in(g.made.customer.pk):
                licences.give(kit.actor(g.made.customer, role=verbs.SYSTEM), [row.pk], now=kit.now())
        return sent({name: [str(row.pk)]})

    return find


def rules(name: str, body: dict[str, Any]) -> Find:
    """Auto-License at its version, with a collection chosen."""

    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.customer.pk):
            version = auto.settings().version
        return sent({**body, "version": version, name: [str(g.customer.one("directory_collection"))]})

    return find


def at_rest(body: dict[str, Any]) -> Find:
    """No run is under way."""

    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.customer.pk):
            LicensingRun.objects.filter(state="running").update(state="done")
        return sent(body)

    return find


def waiting(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        row = another(g.customer, "directory_licensingrun", state="waits", dry=False, digest=DIGEST)
        return sent(body, licensing_run=row.pk)

    return find


RULES = {"hour": 3, "limit_percent": 20, "limit_least": 5}
STEPS: list[Step] = [
    ("agent", "collections/new/", {"name": "Staff", "save": "1"}),
    ("agent", "POST collections", {"name": "Office"}),
    ("agent", "collections/<collection>/edit/", collection({"name": "Night shift", "save": "1"})),
    ("agent", "PUT collections/<collection>", collection({"name": "Day shift"})),
    ("agent", "collections/<collection>/drop/", collection({})),
    ("agent", "DELETE collections/<collection>?version=1", collection({}, versioned=False)),
    ("agent", "licences/give/", user("row")),
    ("agent", "POST licences/give", user("users")),
    ("agent", "licences/take/", user("row", licensed=True)),
    ("agent", "POST licences/take", user("users", licensed=True)),
    ("agent", "auto-license/", rules("collection", RULES)),
    ("agent", "PUT auto-licence", rules("collections", RULES)),
    ("agent", "auto-license/run/", at_rest({})),
    ("agent", "POST auto-licence/runs", at_rest({"dry": False})),
    ("agent", "auto-license/runs/<licensing_run>/approve/", waiting({"digest": DIGEST})),
    ("agent", "POST auto-licence/runs/<licensing_run>/approve", waiting({"digest": DIGEST})),
    ("agent", "auto-license/runs/<licensing_run>/set-aside/", waiting({"reason": "No"})),
    ("agent", "POST auto-licence/runs/<licensing_run>/set-aside", waiting({"reason": "No"})),
]
