"""One's own notices: how many are unread, what they say, and how each kind comes. Source: ux 37."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from purser.access import verbs
from purser.kernel.errors import Missing, Refused
from purser.notices import choices, kinds, reading
from purser.notices.models import Choice, Mail
from purser.partners import break_glass
from purser.postgres import tenancy
from tests.access import kit
from tests.notices.kit import actor, choose, letters, made, now, role, told
from tests.partners.kit import Chain, enters

__all__ = ["made", "now"]  # fixtures


def unread(made: Chain) -> int:
    return reading.unread(actor(made.reseller, made.owner))


def test_the_count_comes_with_the_query_that_loads_the_member(made: Chain, now: datetime) -> None:
    with CaptureQueriesContext(connection) as seen:
        who = enters(made.owner, made.reseller, now)
    assert reading.unread(who) == 2
    assert sum("notices_delivery" in one["sql"] for one in seen.captured_queries) == 1
    assert sum("access_membership" in one["sql"] for one in seen.captured_queries) == 1


def test_reading_one_and_then_all_counts_down(made: Chain, now: datetime) -> None:
    owner = actor(made.reseller, made.owner)
    first, second = (row.pk for row in told(made.reseller, made.owner))
    with tenancy.acting_in(made.reseller.pk):
        assert reading.read(owner, [first, first], now=now) == 1
        assert reading.read(owner, [first], now=now) == 0
    assert unread(made) == 1
    with tenancy.acting_in(made.reseller.pk):
        assert reading.read_all(owner, until=now - timedelta(minutes=3), now=now) == 0, "it came after the list was shown"
        assert reading.read_all(owner, until=now, now=now) == 1
        assert reading.one(owner, second).read_at == now
    assert unread(made) == 0


def test_nobody_reads_or_settles_anothers(made: Chain, now: datetime) -> None:
    agent = kit.actor(made.reseller, made.agent, verbs.TECHNICIAN)
    ids = [row.pk for row in told(made.reseller, made.owner)]
    with tenancy.acting_in(made.reseller.pk):
        assert reading.read(agent, ids, now=now) == 0
        with pytest.raises(Missing):
            reading.one(agent, ids[0])
        reading.read_all(agent, until=now, now=now)
    assert unread(made) == 2


def test_what_one_may_not_read_any_more_is_neither_shown_nor_counted(made: Chain) -> None:
    role(made.reseller, made.owner, verbs.SUPPORT)  # which no reseller has: it allows nothing
    who = actor(made.reseller, made.owner)
    assert reading.unread(who) == 0
    with tenancy.acting_in(made.reseller.pk):
        assert list(reading.visible(who)) == []


def test_a_silent_kind_neither_counts_nor_is_mailed_until_its_day(made: Chain, now: datetime) -> None:
    later = now.date() + timedelta(days=2)
    choose(made.reseller, made.owner, "consent_ended", Mail.NOW, silent_until=later)
    assert unread(made) == 1
    made.give(now)
    made.end(now)
    assert letters(made.owner) == ["Alder Dental gave its consent"]
    assert unread(made) == 2
    with tenancy.acting_in(made.reseller.pk):
        Choice.objects.update(silent_until=now)  # its day has come
    assert unread(made) == 4
    made.give(now)
    made.end(now)
    assert letters(made.owner)[1:] == ["Alder Dental gave its consent", "Alder Dental ended its consent"]


def test_what_is_not_wanted_by_mail_is_still_in_the_list(made: Chain, now: datetime) -> None:
    choose(made.reseller, made.owner, "consent_given", Mail.NONE)
    made.give(now)
    assert letters(made.owner) == []
    assert letters(made.agent) == ["Alder Dental gave its consent"]
    assert unread(made) == 3


def test_the_look_of_the_operator_is_always_mailed_at_once(made: Chain, now: datetime) -> None:
    """Source: reliability P20."""
    admin = made.as_admin()
    with tenancy.acting_in(made.customer.pk):
        for mail_, until in ((Mail.NONE, None), (Mail.DIGEST, None), (Mail.NOW, now.date() + timedelta(days=1))):
            with pytest.raises(Refused, match="nobody may look in unseen"):
                choices.choose(admin, "look_in", mail=mail_, silent_until=until, now=now)
        Choice.objects.create(person=made.admin, kind="look_in", mail=Mail.NONE)  # as if it had been possible once
    asker, desk = kit.member(made.operator, factor=False), kit.member(made.operator, factor=False)
    break_glass.ask(kit.actor(made.operator, asker), made.customer.pk, reason="They called us about it", now=now)
    break_glass.approve(kit.actor(made.operator, desk), made.customer.pk, now=now)
    assert letters(made.admin) == [f"{made.operator.name} looks into Alder Dental"]


@pytest.mark.parametrize(
    ("kind", "how", "days", "words"),
    [
        ("no_such", "now", None, "There is no kind of notice"),
        ("plan_waits", "pigeon", None, "no way to be told"),
        ("consent_asked", "none", None, "do not reach you here"),
        ("plan_waits", "now", 0, "not a day from tomorrow"),
        ("plan_waits", "now", 367, "not a day from tomorrow"),
    ],
)
def test_it_refuses_a_choice_that_is_none(
    made: Chain, now: datetime, kind: str, how: str, days: int | None, words: str
) -> None:
    until = now.date() + timedelta(days=days) if days is not None else None
    with pytest.raises(Refused, match=words):
        choose(made.reseller, made.owner, kind, how, silent_until=until, now=now)
    with tenancy.acting_in(made.reseller.pk):
        assert Choice.objects.count() == 0


def test_each_kind_can_be_heard_and_chosen_by_those_it_concerns() -> None:
    """Every role that a kind concerns may read it; else it would concern them in vain."""
    for kind in kinds.KINDS.values():
        for organisation in kind.of:
            assert any(kind.reads in verbs.of_member(organisation, name) for name in verbs.ROLES[organisation]), kind.name
