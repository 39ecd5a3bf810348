"""The steps of steps.py for instances of vendors and accounts there."""

from __future__ import annotations

from typing import Any

from purser.postgres import ids, tenancy
from purser.provisioning.models import Account, Finding
from purser.provisioning.models import Step as Step_
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, sent
from tests.tenancy.planting import another

VALUES = {"url": "", "client_id": "client", "client_secret": "secret"}
FORM = VALUES | {"roles_partner": "", "roles_customer": "", "drift_policy": "ask", "version": "0"}


def instance(body: dict[str, Any], *, named: bool = False) -> Find:
    """An instance of its own, at its first version."""

    def find(g: Ground, who: str) -> Said:
        name = ids.new().hex
        row = another(g.planted(who), "provisioning_instance", kind="acronis", name=name, settings={}, roles={}, state="ready")
        return sent({**body, "name": f"{name}, new", "version": 1} if named else body, instance=row.pk)

    return find


def new(body: dict[str, Any]) -> Find:
    """With a name that no instance has."""
    return lambda g, who: sent({**body, "name": ids.new().hex})


def account(body: dict[str, Any], state: str, *, step: str = "", finding: bool = False) -> Find:
    """The second customer at an instance of the reseller's own, in this state; with a step that waits for a person, or with
    something that was changed at the vendor."""

    def find(g: Ground, who: str) -> Said:
        at = another(g.planted(who), "provisioning_instance", kind="acronis", name=ids.new().hex, settings={}, roles={})
        named = {name: ids.new().hex for name in ("username", "reference")}
        chain = {"partner_id": g.made.reseller.pk, "distributor_id": g.made.distributor.pk}
        made: dict[str, Any] = {}
        with tenancy.acting_in(g.second.pk):
            row = Account.objects.create(
                **chain, **named, name=g.second.name, provider=g.made.reseller.pk, instance=at.pk, instance_name=at.name,
                kind="acronis", role="user", email=kit.address(), state=state, synced_at=kit.now(), remote="tenant-1",
            )  # fmt: skip
            if step:
                moment = {"first_at": kit.now(), "intended_at": kit.now()}
                Step_.objects.create(**chain, **moment, account=row, what=step, state="asked")
            if finding:
                told = {"what": "name", "ours": "Birch Law", "theirs": "Birch & Sons"}
                made["finding"] = Finding.objects.create(**chain, **told, account=row, seen_at=kit.now()).pk
        return sent(body, organisation=g.second.pk, instance=at.pk, **made)

    return find


def stranger(body: dict[str, Any]) -> Find:
    """A tenant that no account has."""

    def find(g: Ground, who: str) -> Said:
        at = another(g.planted(who), "provisioning_instance", kind="acronis", name=ids.new().hex, settings={}, roles={})
        row = another(g.planted(who), "provisioning_stranger", instance=at, remote=ids.new().hex, state="open")
        return sent(body, stranger=row.pk)

    return find


STRANGER = "vendor-strangers/<stranger>/"
AT, FOUND = "vendor-accounts/of/<organisation>/<instance>/", "vendor-findings/<organisation>/<finding>/"
GONE = {"name": "Birch Law", "why": "They left"}
DECIDED = {"stage": "mail", "note": "They have it"}
STEPS: list[Step] = [
    ("owner", "instances/add/<vendor_kind>/", new(FORM)),
    ("owner", "POST instances", new({"kind": "acronis", "values": VALUES})),
    ("owner", "instances/<instance>/change/", instance(FORM, named=True)),
    ("owner", "PUT instances/<instance>", instance({"values": VALUES}, named=True)),
    ("owner", "instances/<instance>/pause/", instance({"why": "Audit"})),
    ("owner", "POST instances/<instance>/pause", instance({"why": "Audit"})),
    ("owner", "instances/<instance>/push/", instance({})),
    ("owner", "POST instances/<instance>/push", instance({})),
    ("owner", f"{AT}retry/", account({}, "failed")),
    ("owner", f"POST {AT}retry", account({}, "failed")),
    ("owner", f"{AT}decide/", account({**DECIDED, "happened": "yes"}, "provisioned", step="mail")),
    ("owner", f"POST {AT}decide", account({**DECIDED, "happened": False}, "provisioned", step="mail")),
    ("owner", f"{AT}take-back/", account({"why": "By mistake"}, "failed")),
    ("owner", f"POST {AT}take-back", account({"why": "By mistake"}, "failed")),
    ("owner", f"{AT}give-up/", account({"why": "It stays"}, "removing")),
    ("owner", f"POST {AT}give-up", account({"why": "It stays"}, "removing")),
    ("owner", f"{AT}remove/", account(GONE, "provisioned")),
    ("owner", f"POST {AT}remove", account(GONE, "prepared")),
    ("owner", f"{STRANGER}ignore/", stranger({"why": "It is a test of ours"})),
    ("owner", f"POST {STRANGER}ignore", stranger({"why": "It is a test of ours"})),
    ("owner", f"{FOUND}heal/", account({}, "provisioned", finding=True)),
    ("owner", f"POST {FOUND}heal", account({}, "provisioned", finding=True)),
    ("owner", f"{FOUND}accept/", account({"why": "It is their name now"}, "provisioned", finding=True)),
    ("owner", f"POST {FOUND}accept", account({"why": "It is their name now"}, "provisioned", finding=True)),
]
_VENDOR = "it needs a vendor that answers: tests/portal/test_provisioning.py has one, and sees the acts"
_DESK = "it needs a vendor that answers: tests/portal/test_provisioning_desk.py has one, and sees the acts"
QUIET = {
    "instances/<instance>/test/": _VENDOR,
    "POST instances/<instance>/test": _VENDOR,
    "instances/<instance>/compare/": "a reading; what it finds is shown, and what is done of it leaves acts",
    "POST instances/<instance>/compare": "a reading, as the page's",
    f"{AT}options/": _VENDOR,
    f"PUT {AT}options": _VENDOR,
    f"{AT}adopt/": _DESK,
    f"{STRANGER}adopt/": _DESK,
    f"POST {AT}adopt": _DESK,
    f"{AT}mail/": _DESK,
    f"POST {AT}activation": _DESK,
}
