"""A partner and its tenants: invited, asked, in groups; the licence that it activates."""

from __future__ import annotations

from typing import Any

from purser.access import once
from purser.partners import consent, groups, joining
from purser.postgres import ids, tenancy
from purser.tenants import grants
from tests.access import kit
from tests.matrix.consent_steps import paper, written_paper
from tests.matrix.walk import AREAS, ASK, Find, Ground, Said, Step, new, sent

LICENCE = {
    "account_number": "4711",
    "gateway_secret": "secret",
    "license_customer": "Harbour IT",
    "license_key": "key",
    "gateway_url": "https://market.cloud.im/gateway/us",
    "gateway_user": "gateway",
    "gateway_password": "password",
    "version": "1.1",
}


def invited(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        return sent({}, invited=joining.invite(g.actor(who), email=kit.address(), now=kit.now()).invitation.pk)


def licence(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        return sent({}, token=once.issue("licence", LICENCE, made_by=g.actor(who), now=kit.now()).token)


def asked(g: Ground, who: str) -> Said:
    """A partner's question to its second customer."""
    with tenancy.acting_in(g.second.pk):
        grants.close(grants.open_requests(kit.now()), as_="withdrawn", by="test", why="", now=kit.now())
    if who == "owner":
        consent.ask(g.actor(who), g.second.pk, scopes=AREAS, days=9, reason="contract", now=kit.now())
    return sent({}, organisation=g.second.pk)


def to_ask(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.second.pk):
        grants.close(grants.open_requests(kit.now()), as_="withdrawn", by="test", why="", now=kit.now())
    return sent(ASK, organisation=g.second.pk)


def group(body: dict[str, Any], *, place: str = "") -> Find:
    """A group with the second customer in it."""

    def find(g: Ground, who: str) -> Said:
        to_ask(g, who)
        with tenancy.acting_in(g.made.reseller.pk):
            row = groups.make(g.actor(who), name=ids.new().hex, now=kit.now())
        if not place:
            groups.put(g.actor(who), row.pk, [g.second.pk], now=kit.now())
        return sent({**body, **({place: [str(g.second.pk)]} if place else {})}, tenant_group=row.pk, organisation=g.second.pk)

    return find


STEPS: list[Step] = [
    ("owner", "tenants/invite/", new("email", {})),
    ("owner", "POST tenants/invitations", new("email", {})),
    ("owner", "tenants/invitations/<invited>/again/", invited),
    ("owner", "tenants/invitations/<invited>/withdraw/", invited),
    ("owner", "POST tenants/invitations/<invited>/again", invited),
    ("owner", "DELETE tenants/invitations/<invited>", invited),
    ("owner", "tenants/<organisation>/ask/", to_ask),
    ("owner", "POST tenants/<organisation>/ask", to_ask),
    ("owner", "tenants/<organisation>/take-back/", asked),
    ("owner", "POST tenants/<organisation>/withdraw", asked),
    ("owner", "tenants/<organisation>/agreement/", paper),
    ("owner", "POST tenants/<organisation>/agreement", written_paper),
    ("owner", "tenants/groups/make/", {"name": "North"}),
    ("owner", "POST tenant-groups", {"name": "South"}),
    ("owner", "tenants/groups/<tenant_group>/put/", group({}, place="place")),
    ("owner", "POST tenant-groups/<tenant_group>/tenants", group({}, place="tenants")),
    ("owner", "tenants/groups/<tenant_group>/change/", group({"do": "rename", "name": "East"})),
    ("owner", "PUT tenant-groups/<tenant_group>", group({"name": "West"})),
    ("owner", "tenants/groups/<tenant_group>/ask/", group(ASK)),
    ("owner", "POST tenant-groups/<tenant_group>/ask", group(ASK)),
    ("owner", "DELETE tenant-groups/<tenant_group>/tenants/<organisation>", group({})),
    ("owner", "DELETE tenant-groups/<tenant_group>", group({})),
    ("owner", "activate/<tenant>/<token>/", licence),
]
