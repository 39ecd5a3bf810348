"""No notice without the change, no change without the notice, and nobody is told twice. Source: ux 37; acceptance UC-13."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction

from purser.access import roles, verbs
from purser.access.models import Membership
from purser.jobs import entrypoints
from purser.kernel.errors import Missing, Refused
from purser.notices import following, outbox
from purser.notices.models import Delivery, Notice
from purser.partners import break_glass, consent, enabling, orders
from purser.postgres import tenancy
from tests.access import kit
from tests.notices.kit import body, dying_after_commit, jobs, kinds, letters, posted, reader, role, told
from tests.partners.kit import Chain, chain


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made(now: datetime) -> Chain:
    found = chain()
    found.give(now)
    mail.outbox.clear()
    return found


def test_it_tells_the_partner_that_a_consent_ended(made: Chain, now: datetime) -> None:
    """Source: acceptance UC-13."""
    made.end(now)
    for who in (made.owner, made.agent):
        assert letters(who) == ["Alder Dental ended its consent"]
        row = told(made.reseller, who)[-1]
        assert (row.kind, row.at, row.read_at) == ("consent_ended", now, None)
        assert row.path == f"/t/{made.reseller.pk}/tenants/{made.customer.pk}/"
        assert "Nobody of Acme IT gets into the tenant any more." in row.text
    assert told(made.customer, made.admin) == []


def test_a_change_that_is_rolled_back_tells_nobody(made: Chain, now: datetime) -> None:
    before = posted(made.customer)
    with tenancy.acting_in(made.customer.pk):
        consent.end(made.as_admin(), why="We parted", now=now)
        transaction.set_rollback(True)
    assert posted(made.customer) == before
    assert kinds(made.reseller, made.owner) == ["consent_given"]
    assert mail.outbox == []


def test_a_notice_that_cannot_be_kept_takes_the_change_back(made: Chain, now: datetime) -> None:
    def end_and_tell_nonsense() -> None:
        with tenancy.acting_in(made.customer.pk):
            consent.end(made.as_admin(), why="We parted", now=now)
            outbox.post("no_such", audience=None, subject="", lines=(), page="home", now=now)

    with pytest.raises(LookupError):
        end_and_tell_nonsense()
    assert kit.acts_of(made.customer, "consent.decide")[-1].summary.startswith("Let ")


def test_a_job_tells_what_a_dead_process_did_not_and_only_once(
    made: Chain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying_after_commit(monkeypatch):
        made.end(now)
    assert (mail.outbox, kinds(made.reseller, made.owner)) == ([], ["consent_given"])
    notice = posted(made.customer)[-1]
    assert notice.delivered_at is None
    [job] = jobs("purser.deliver", notice=str(notice.pk))
    assert job["at"] == now + outbox.GRACE
    for _ in range(3):
        entrypoints.deliver(origin=job["origin"], notice=job["notice"])
    assert letters(made.owner) == ["Alder Dental ended its consent"]
    assert kinds(made.reseller, made.owner) == ["consent_given", "consent_ended"]


def test_two_who_deliver_at_once_tell_it_once(made: Chain, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    with dying_after_commit(monkeypatch):
        made.end(now)
    notice = posted(made.customer)[-1]
    done = kit.at_once(*[lambda: outbox.deliver(made.customer.pk, notice.pk, now=now)] * 4)
    assert done == [None] * 4
    assert letters(made.owner) == letters(made.agent) == ["Alder Dental ended its consent"]
    assert kinds(made.reseller, made.owner) == ["consent_given", "consent_ended"]


def test_who_joins_later_sees_nothing_of_before(made: Chain, now: datetime) -> None:
    made.end(now)
    late = kit.member(made.reseller, verbs.OWNER, factor=False)
    assert told(made.reseller, late) == []


def test_the_customer_hears_that_its_partner_asks(now: datetime) -> None:
    made = chain()
    mail.outbox.clear()
    inside = reader(made.customer)
    made.ask(now)
    assert kinds(made.customer, made.admin) == ["consent_asked"]
    assert letters(made.admin) == ["Acme IT asks for your consent"]
    assert (told(made.customer, inside), letters(inside)) == ([], [])


def test_operations_and_the_partner_hear_of_a_request_and_its_answer(now: datetime) -> None:
    """Source: acceptance UC-6."""
    made = chain(enabled=False)
    desk, sees = kit.member(made.operator, factor=False), kit.member(made.operator, verbs.SUPPORT, factor=False)
    colleague = kit.member(made.reseller, verbs.OWNER, factor=False)
    mail.outbox.clear()
    owner = kit.actor(made.reseller, made.owner)
    with tenancy.acting_in(made.reseller.pk):
        row = enabling.request(owner, signature="", email=made.owner.email, now=now)
    assert kinds(made.operator, desk) == ["enabling_asked"]
    assert f"Our Circuit tenant ID is: {made.reseller.number}" in body(desk)
    assert told(made.operator, sees) == []
    assert (kinds(made.reseller, made.owner), kinds(made.reseller, colleague)) == (["enabling_sent"], [])
    enabling.answer(kit.actor(made.operator, desk), row.pk, approve=False, why="No contract", now=now)
    assert kinds(made.reseller, made.owner) == ["enabling_sent", "enabling_answered"]
    assert kinds(made.reseller, colleague) == ["enabling_answered"]
    assert "The reason: No contract" in body(colleague)


def test_the_organisation_hears_at_once_who_looks_in(made: Chain, now: datetime) -> None:
    """Source: reliability P20."""
    asker, desk = kit.member(made.operator, factor=False), kit.member(made.operator, factor=False)
    break_glass.ask(kit.actor(made.operator, asker), made.customer.pk, reason="They called us about it", now=now)
    assert kinds(made.customer, made.admin) == []
    break_glass.approve(kit.actor(made.operator, desk), made.customer.pk, now=now)
    break_glass.end(kit.actor(made.operator, desk), made.customer.pk, now=now)
    assert kinds(made.customer, made.admin) == ["look_in", "look_ended"]
    assert "The reason: They called us about it" in told(made.customer, made.admin)[0].text
    assert len(letters(made.admin)) == 2


# Following


def test_who_follows_a_tenant_hears_of_it(made: Chain, now: datetime) -> None:
    follower, other = reader(made.reseller), reader(made.reseller)
    following.follow(kit.actor(made.reseller, follower, verbs.READER), "tenant", made.customer.pk, now=now)
    made.end(now)
    assert kinds(made.reseller, follower) == ["consent_ended"]
    assert letters(follower) == ["Alder Dental ended its consent"]
    assert told(made.reseller, other) == []


def test_following_twice_is_once_and_letting_go_ends_it(made: Chain, now: datetime) -> None:
    follower = reader(made.reseller)
    as_reader = kit.actor(made.reseller, follower, verbs.READER)
    rows = [following.follow(as_reader, "tenant", made.customer.pk, now=now) for _ in range(2)]
    assert rows[0].pk == rows[1].pk
    with tenancy.acting_in(made.reseller.pk):
        assert [row.name for row in following.of(as_reader)] == ["Alder Dental"]
        with pytest.raises(Missing):
            following.unfollow(kit.actor(made.reseller, made.owner), rows[0].pk)
        following.unfollow(as_reader, rows[0].pk)
    made.end(now)
    assert told(made.reseller, follower) == []


@pytest.mark.parametrize("lost", ["the role's right", "the membership", "the account"])
def test_who_lost_the_right_to_read_it_hears_nothing(made: Chain, now: datetime, lost: str) -> None:
    """Asked when it is delivered: the right was there when it was followed."""
    follower = reader(made.reseller)
    following.follow(kit.actor(made.reseller, follower, verbs.READER), "tenant", made.customer.pk, now=now)
    with tenancy.acting_in(made.reseller.pk):
        row = Membership.objects.get(person=follower)
        if lost == "the role's right":
            owner = kit.actor(made.reseller, made.owner)
            row.own_role = roles.make(owner, name="Front desk", allowed=["organisation.read"], now=now)
            row.role = verbs.CUSTOM
        elif lost == "the membership":
            row.suspended_at = now
        row.save()
    if lost == "the account":
        follower.is_active = False
        follower.save()
    made.end(now)
    assert (told(made.reseller, follower), letters(follower)) == ([], [])


def test_it_hears_nothing_of_a_customer_that_moved_away(made: Chain, now: datetime) -> None:
    follower, other = reader(made.reseller), chain(operator=made.operator)
    following.follow(kit.actor(made.reseller, follower, verbs.READER), "tenant", made.customer.pk, now=now)
    desk = kit.actor(made.operator, kit.member(made.operator, factor=False))
    orders.move(desk, made.customer.pk, other.reseller.partner_number, now=now)
    mail.outbox.clear()
    made.give(now + timedelta(seconds=1))
    assert letters(other.owner) == ["Alder Dental gave its consent"]
    assert (letters(follower), letters(made.owner)) == ([], [])


def test_operations_follow_an_organisation_below_and_none_elsewhere(now: datetime) -> None:
    made, other = chain(enabled=False), chain()
    sees = kit.actor(made.operator, kit.member(made.operator, verbs.SUPPORT, factor=False), verbs.SUPPORT)
    with pytest.raises(Missing):
        following.follow(sees, "tenant", other.reseller.pk, now=now)
    following.follow(sees, "tenant", made.reseller.pk, now=now)
    with tenancy.acting_in(made.reseller.pk):
        enabling.request(kit.actor(made.reseller, made.owner), signature="", email=made.owner.email, now=now)
    with tenancy.acting_in(made.operator.pk):
        assert [row.kind for row in Delivery.objects.filter(person=sees.person)] == ["enabling_asked"]


def test_nobody_follows_what_they_may_not_read(made: Chain, now: datetime) -> None:
    other = chain()
    owner = kit.actor(made.reseller, made.owner)
    with pytest.raises(Missing):
        following.follow(owner, "tenant", other.customer.pk, now=now)
    with pytest.raises(Missing):
        following.follow(owner, "connection", other.customer.pk, now=now)
    with pytest.raises(Refused, match="Nothing of the kind"):
        following.follow(owner, "person", made.owner.pk, now=now)
    nothing = kit.actor(made.reseller, made.owner, allowed=frozenset({"organisation.read"}))
    with pytest.raises(Refused, match="does not let you"):
        following.follow(nothing, "tenant", made.customer.pk, now=now)


def test_a_role_changed_between_the_change_and_its_delivery_counts(
    made: Chain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying_after_commit(monkeypatch):
        made.end(now)
    role(made.reseller, made.owner, verbs.READER)
    with tenancy.acting_in(made.customer.pk):
        notice = Notice.objects.order_by("-at", "-id")[0]
    outbox.deliver(made.customer.pk, notice.pk, now=now)
    assert letters(made.owner) == []
    assert letters(made.agent) == ["Alder Dental ended its consent"]
