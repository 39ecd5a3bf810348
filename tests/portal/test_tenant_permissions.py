"""What a partner keeps to itself: the four groups of tenant permissions. Rows CS-12 to CS-17."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from purser.access import actors, permit, verbs
from purser.partners import domain
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, enters
from tests.portal.customers import GROUPED, agent_in, at, inside, page
from tests.portal.customers import made as made
from tests.portal.customers import now as now

pytestmark = pytest.mark.usefixtures("site")


def test_the_window_has_four_boxes_and_save_works_at_once(made: Chain, now: datetime) -> None:
    agent, admin = agent_in(made, now), inside(made.admin)
    shown = page(agent, at(made, "overview/"))
    window = shown[shown.index('<dialog id="tenant-permissions"') : shown.index("</dialog>")]
    assert re.findall(r'name="group" value="(.)" checked', window) == ["a", "b", "c", "d"]
    assert "SAVE" in window
    assert '<dialog id="tenant-permissions"' not in page(admin, at(made, "overview/"))
    saved = agent.post(at(made, "overview/permissions/"), {"group": ["a", "c"]})
    assert saved.status_code == 302, kit.text(saved)
    [act] = kit.acts_of(made.customer, "tenant.permit")
    assert (act.before, act.after) == ({"groups": ["a", "b", "c", "d"]}, {"groups": ["a", "c"]})
    assert act.home_name == made.reseller.name
    left = page(admin, at(made, "overview/"))
    assert left.count("Left to the tenant") == 2
    assert admin.post(at(made, "overview/permissions/"), {"group": ["a", "b"]}).status_code == 403


def test_an_unknown_tenant_permission_is_refused_and_nothing_kept(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    assert agent.post(at(made, "overview/permissions/"), {"group": ["a", "z"]}).status_code == 422
    assert kit.acts_of(made.customer, "tenant.permit") == []


def test_each_verb_of_a_group_is_allowed_and_refused_with_its_group(made: Chain, now: datetime) -> None:
    made.give(now)
    assert {verb.group for verb in verbs.VERBS.values() if verb.group} == set("abcd")
    for gone in ("", *verbs.GROUPS):
        kept = [name for name in verbs.GROUPS if name != gone]
        with tenancy.acting_in(made.customer.pk):
            domain.permit(kit.actor(made.customer, made.agent, verbs.PARTNER), kept, now=now)
        admin, agent = enters(made.admin, made.customer, now), enters(made.agent, made.customer, now)
        for name in GROUPED:
            assert permit.allows(agent, name), name
            if verbs.find(name).group == gone:
                with pytest.raises(permit.Denied, match="Your partner keeps it to itself") as refusal:
                    permit.check(admin, name)
                assert refusal.value.code == "tenant_permission"
            else:
                assert permit.allows(admin, name), name
        for name in ("licences.read", "tunnels.read", "collections.read"):
            assert permit.allows(admin, name), name


def test_what_purser_runs_by_itself_is_not_bound_by_tenant_permissions(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.customer.pk):
        domain.permit(kit.actor(made.customer, made.agent, verbs.PARTNER), [], now=now)
    job = actors.system("sync", tenant=made.customer.pk, organisation=made.customer.name)
    assert job.allowed is None
    assert job.role == verbs.SYSTEM
