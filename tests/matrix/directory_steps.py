"""The steps of steps.py for the users and groups of a directory, and their source."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from purser.access import vault
from purser.directory.models import Source, Upload
from purser.flows import ports
from purser.flows.vendor_to_mirror import upload
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, sent
from tests.tenancy.planting import another

STAFF = b"Mail,Display name\nada@alder.example,Ada\n"


def group(body: dict[str, Any], *, versioned: bool = False) -> Find:
    """A dynamic group of its own, at its first version."""

    def find(g: Ground, who: str) -> Said:
        row = another(g.customer, "directory_group", key="", expression="enabled = true", name=ids.new().hex, kind="dynamic")
        return sent({**body, "version": 1} if versioned else body, user_group=row.pk)

    return find


def source(kind: str, body: dict[str, Any], *, secret: bool = False) -> Find:
    """The tenant's source, of this kind, ready, with the version it is at."""

    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.customer.pk):
            Source.objects.update(kind=kind, state="ready", settings={}, tokens={}, paused_text="")
            row = Source.objects.get()
            if secret:
                vault.keep("directory_source", row.pk, "client_secret", "secret", kit.now())
        return sent({**body, "version": row.version} if body else {})

    return find


def of_file(g: Ground, who: str) -> Said:
    source("file", {})(g, who)
    return sent({})


def to_load(g: Ground, who: str) -> Said:
    of_file(g, who)
    return sent({"file": SimpleUploadedFile("staff.csv", STAFF, "text/csv")})


def brought(*, digest: bool) -> Find:
    """A file that waits."""

    def find(g: Ground, who: str) -> Said:
        of_file(g, who)
        with tenancy.acting_in(g.made.customer.pk):
            Upload.objects.all().delete()
        shown = upload.bring(g.actor(who), name="staff.csv", content=STAFF, read=ports.table, now=kit.now())
        return sent({"digest": shown.digest} if digest else {})

    return find


GRAPH = {"tenant": "alder.example", "client_id": "app", "client_secret": "secret"}
STEPS: list[Step] = [
    ("agent", "users/groups/new/", {"name": "Sellers", "expression": 'department = "Sales"'}),
    ("agent", "POST user-groups", {"name": "Nurses", "expression": 'department = "Surgery"'}),
    ("agent", "users/groups/<user_group>/change/", group({"name": "East", "expression": "guest = true"}, versioned=True)),
    ("agent", "PUT user-groups/<user_group>", group({"name": "West", "expression": "guest = true"}, versioned=True)),
    ("agent", "users/groups/<user_group>/drop/", group({})),
    ("agent", "DELETE user-groups/<user_group>", group({})),
    ("agent", "users/source/<source_kind>/", source("file", GRAPH)),
    ("agent", "PUT user-source", source("file", {"kind": "graph", "values": GRAPH})),
    ("agent", "users/source/read/", source("graph", {}, secret=True)),
    ("agent", "POST user-source/readings", source("graph", {}, secret=True)),
    ("agent", "users/source/file/load/", to_load),
    ("agent", "users/source/file/apply/", brought(digest=True)),
    ("agent", "POST user-source/file/apply", brought(digest=True)),
    ("agent", "users/source/file/drop/", brought(digest=False)),
    ("agent", "DELETE user-source/file", brought(digest=False)),
]
_TEST = "it needs a directory that answers: tests/portal/test_directory_sources.py has one, and sees the act"
QUIET = {
    "users/source/test/": _TEST,
    "POST user-source/test": _TEST,
    "users/groups/preview/": "who an expression matches; it changes nothing",
    "POST user-groups/matches": "who an expression matches; it changes nothing",
    "POST user-source/file": "a body in parts; tests/portal/test_directory_files.py sends one, and sees the act",
}
