"""People, invitations and roles; a customer's own settings."""

from __future__ import annotations

from typing import Any

from purser.access import invitations, people, roles, verbs
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, new, sent
from tests.partners.kit import PAID


def member(body: dict[str, Any]) -> Find:
    """Somebody of the tenant who has a package."""

    def find(g: Ground, who: str) -> Said:
        tenant = g.walkers[who].tenant
        row = kit.membership(tenant, kit.member(tenant, verbs.READER, factor=False))
        with tenancy.acting_in(tenant.pk):
            if "on" in body:
                people.set_package(g.actor(who), row.pk, PAID, now=kit.now())
        return sent(body, membership=row.pk)

    return find


def invitation(g: Ground, who: str) -> Said:
    tenant = g.walkers[who].tenant
    with tenancy.acting_in(tenant.pk):
        made = invitations.invite(g.actor(who), email=kit.address(), role="reader", kind=str(tenant.kind), now=kit.now())
    return sent({}, invitation=made.invitation.pk)


def own_role(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.walkers[who].tenant.pk):
            row = roles.make(g.made.as_admin(), name=ids.new().hex, allowed=["people.read"], now=kit.now())
        return sent({**body, "version": row.version, "name": ids.new().hex} if body else {}, role=row.pk)

    return find


def heads(name: str) -> Find:
    def find(g: Ground, who: str) -> Said:
        tenant = g.walkers[who].tenant
        new = kit.membership(tenant, kit.member(tenant, verbs.ADMINISTRATOR, factor=False))
        return sent({name: [str(kit.membership(tenant, g.made.admin).pk), str(new.pk)]})

    return find


STEPS: list[Step] = [
    ("agent", "people/invite/", new("email", {"role": "reader"})),
    ("agent", "POST invitations", new("email", {"role": "reader"})),
    ("agent", "people/invitations/<invitation>/again/", invitation),
    ("agent", "people/invitations/<invitation>/withdraw/", invitation),
    ("agent", "POST invitations/<invitation>/again", invitation),
    ("agent", "DELETE invitations/<invitation>", invitation),
    ("agent", "people/<membership>/role/", member({"role": "administrator"})),
    ("agent", "PUT people/<membership>/role", member({"role": "administrator"})),
    ("agent", "people/<membership>/remove/", member({})),
    ("agent", "DELETE people/<membership>", member({})),
    ("agent", "people/<membership>/package/", member({"package": PAID})),
    ("agent", "PUT people/<membership>/package", member({"package": PAID})),
    ("agent", "people/<membership>/suspend/", member({"suspended": "1"})),
    ("agent", "PUT people/<membership>/suspension", member({"suspended": True})),
    ("owner", "people/<membership>/partner/", member({"on": "1"})),
    ("owner", "PUT people/<membership>/partner-administration", member({"on": True})),
    ("agent", "heads/", heads("member")),
    ("agent", "PUT heads", heads("members")),
    ("agent", "roles/make/", {"name": "Clerk", "verb": ["people.read"]}),
    ("agent", "POST roles", {"name": "Auditor", "verbs": ["people.read"]}),
    ("agent", "roles/<role>/", own_role({"verb": ["domain.read"]})),
    ("agent", "PUT roles/<role>", own_role({"verbs": ["domain.read"]})),
    ("agent", "roles/<role>/drop/", own_role({})),
    ("agent", "DELETE roles/<role>", own_role({})),
    ("agent", "domain/settings/", {"contact_name": "Ada", "contact_email": "", "zone": "UTC"}),
    ("agent", "PUT domain", {"contact_name": "Berta", "contact_email": "", "zone": "UTC"}),
    ("agent", "overview/permissions/", {"group": ["a", "b", "c"]}),
    ("agent", "PUT tenant-permissions", {"groups": ["a", "b", "c", "d"]}),
    ("agent", "lists/<screen>/views/", {"name": "Mine", "query": ""}),
    ("agent", "lists/<screen>/views/drop/", {"slug": "mine"}),
    ("agent", "POST views", {"list": "acts", "name": "Mine", "query": ""}),
    ("agent", "DELETE views?list=acts&view=mine", {}),
]
