"""The true-up adviser: who, why, what it saves exactly, doing it on behalf of customers, undoing it. Source: issue 4, 6."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from purser.access import verbs
from purser.billing.models import AdvicePlan, AdviceState, AdviceStep, Reason
from purser.billing.usage import advising, taking
from purser.directory import licences
from purser.directory.models import Cause, Chosen, Collection, Item, Licence
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.rating import ratchet
from purser.rating.policy import DSU
from tests.access import kit as people
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk

FIRST = date(2026, 10, 1)
NOW = datetime(2026, 10, 22, 12, tzinfo=UTC)
BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def desk() -> Desk:
    """October closed to the 21st. Alder, who agreed, has six licensed users of whom four are idle; Birch two, of whom one."""
    made = kit.desk()
    made.begin(FIRST)
    made.closed(FIRST, [{made.alder.pk: 6, made.birch.pk: 2}] * 21)
    kit.read_whole(made.alder)
    ann = kit.user(made.alder, "Ann Active")
    kit.user(made.alder, "Bo Busy")
    kit.user(made.alder, "Dan Disabled", enabled=False)
    kit.user(made.alder, "Gus Gone", gone_at=NOW - timedelta(days=40), enabled=False)
    kit.user(made.alder, "Mo Mailless", mailbox="")
    kit.user(made.alder, "Ola Outside", cause=Cause.HAND)
    kit.user(made.birch, "Bea Busy")
    kit.user(made.birch, "Dee Disabled", enabled=False)
    with tenancy.acting_in(made.alder.pk):
        chosen = Collection.objects.create(name="Office", created_at=NOW)
        Item.objects.create(collection=chosen, user=ann)
        for name in ("Bo Busy",):
            Item.objects.create(collection=chosen, user=_user(name))
        Chosen.objects.create(collection=chosen)
    made.agrees(NOW - timedelta(days=2))
    return made


def _user(name: str) -> Any:
    return Licence.objects.select_related("user").get(user__display_name=name).user


IDLE = {
    "Dan Disabled": Reason.DISABLED,
    "Gus Gone": Reason.GONE,
    "Mo Mailless": Reason.NO_MAILBOX,
    "Ola Outside": Reason.OUTSIDE,
}


def look(desk: Desk, who: Any = None, now: datetime = NOW) -> advising.Plan:
    actor = who or desk.agent
    return advising.one(actor, advising.look(actor, now=now).pk, now=now)


def test_it_names_the_idle_with_the_reason_where_the_customer_agreed(desk: Desk) -> None:
    found = look(desk)
    assert {row.name: row.step.reason for row in found.rows} == IDLE
    assert [(one.name, count) for one, count in found.others] == [("Birch Law", 1)]


def test_nobody_is_unlicensed_by_looking(desk: Desk) -> None:
    before = kit.licensed(desk.alder) | kit.licensed(desk.birch)
    look(desk)
    assert kit.licensed(desk.alder) | kit.licensed(desk.birch) == before


def test_without_consent_there_are_numbers_and_no_people(desk: Desk) -> None:
    desk.made.end(NOW - timedelta(days=1))
    found = look(desk)
    assert list(found.rows) == []
    assert {one.name: count for one, count in found.others} == {"Alder Dental": 4, "Birch Law": 1}
    with tenancy.acting_in(desk.partner):
        assert not AdviceStep.objects.exists()


def test_a_consent_without_licences_is_none_here(desk: Desk) -> None:
    desk.agrees(NOW - timedelta(hours=1), scopes=["domain", "users"])
    assert {one.name: count for one, count in look(desk).others} == {"Alder Dental": 4, "Birch Law": 1}


def test_who_is_no_partner_administrator_sees_numbers(desk: Desk) -> None:
    mine = advising.look(desk.agent, now=NOW)
    seen = advising.one(desk.owner, mine.pk, now=NOW)
    assert {row.name for row in seen.rows} == {""}
    assert {row.account for row in seen.rows} == {""}
    assert [row.tenant.name for row in seen.rows] == ["Alder Dental"] * 4
    own = look(desk, desk.owner)
    assert list(own.rows) == []


def test_names_are_gone_from_the_plan_once_the_consent_is(desk: Desk) -> None:
    plan = advising.look(desk.agent, now=NOW)
    desk.made.end(NOW + timedelta(hours=1))
    seen = advising.one(desk.agent, plan.pk, now=NOW + timedelta(hours=2))
    assert {row.name for row in seen.rows} == {""}


def test_no_row_of_the_partner_bears_a_name(desk: Desk) -> None:
    advising.look(desk.agent, now=NOW)
    stored = people.everything_stored().splitlines()
    mine = [row for row in stored if str(desk.partner) in row]
    assert mine
    assert not [row for row in mine if any(name in row for name in IDLE)]


def test_the_saving_is_exact_to_the_unit_and_priced(desk: Desk) -> None:
    """Against the engine run twice over the days left of October and all of November."""
    plan = look(desk).plan
    keep = [8] * 10 + [8] * 30
    then = [8] * 9 + [4] + [4] * 30

    def units(users: list[int]) -> int:
        return sum(day.units for day in ratchet.history(users, first=NOW.date(), policy=DSU, opening_peak=8))

    assert plan.units == units(keep) - units(then) == 4 * 25
    late = [8] * 10 + [4] * 30
    assert plan.late == units(keep) - units(late) == 0
    assert (plan.carry, plan.carry_then) == (8, 4)
    assert (plan.before, str(plan.money), plan.currency, plan.package) == (BEFORE, "4.20", "USD", "CPP-DSU-2")


def test_without_mailboxes_or_collections_they_speak_for_nobody(desk: Desk) -> None:
    """A directory that knows no mailboxes, a tenant that chose no collection, and one that was not read as a whole."""
    with tenancy.acting_in(desk.alder.pk):
        from purser.directory.models import Source, User

        assert {one.reason for one in advising.idle()} == set(Reason)
        Source.objects.update(whole=False, cut="The reading was cut short.")
        assert Reason.OUTSIDE not in {one.reason for one in advising.idle()}
        Source.objects.update(whole=True)
        User.objects.update(mailbox="")
        assert Reason.NO_MAILBOX not in {one.reason for one in advising.idle()}
        Chosen.objects.all().delete()
        assert {one.reason for one in advising.idle()} == {Reason.GONE, Reason.DISABLED}


def test_before_the_20th_there_is_no_advice(desk: Desk) -> None:
    with pytest.raises(Refused, match="Advice opens on day 20") as refusal:
        advising.look(desk.agent, now=datetime(2026, 11, 19, 23, 59, tzinfo=UTC))
    assert refusal.value.code == "early"


def test_with_nobody_idle_there_is_nothing_to_plan() -> None:
    made = kit.desk()
    made.begin(FIRST)
    made.closed(FIRST, [{made.alder.pk: 1}] * 21)
    kit.user(made.alder, "Ann Active")
    with pytest.raises(Refused) as refusal:
        advising.look(made.agent, now=NOW)
    assert refusal.value.code == "nothing"


def test_taking_ends_the_licences_there_by_an_act_on_behalf(desk: Desk) -> None:
    plan = look(desk)
    done = taking.take(desk.agent, plan.plan.pk, now=NOW)
    assert (done.done, done.refused) == (4, 0)
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy"}
    (act,) = people.acts_of(desk.alder, "licences.write")
    assert (act.person_id, act.home, act.grant_id is not None) == (desk.made.agent.pk, desk.partner, True)
    assert sorted(act.after["users"]) == sorted(IDLE)
    seen = advising.one(desk.agent, plan.plan.pk, now=NOW)
    assert {row.step.state for row in seen.rows} == {AdviceState.TAKEN}
    assert kit.licensed(desk.birch) == {"Bea Busy", "Dee Disabled"}


def test_only_those_chosen_are_taken_and_undo_gives_them_back_as_they_were(desk: Desk) -> None:
    plan = look(desk)
    chosen = [row.step.pk for row in plan.rows if row.name in ("Mo Mailless", "Ola Outside")]
    taking.take(desk.agent, plan.plan.pk, chosen, now=NOW)
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy", "Dan Disabled", "Gus Gone"}
    back = taking.give_back(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=5))
    assert (back.done, back.refused) == (2, 0)
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy", *IDLE}
    with tenancy.acting_in(desk.alder.pk):
        causes = dict(Licence.objects.filter(until=None).values_list("user__display_name", "cause"))
    assert (causes["Mo Mailless"], causes["Ola Outside"]) == (Cause.AUTO, Cause.HAND)
    assert len(people.acts_of(desk.alder, "licences.write")) == 3
    with pytest.raises(Refused):
        taking.give_back(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=6))


def test_undo_leaves_alone_who_is_licensed_again_or_gone(desk: Desk) -> None:
    plan = look(desk)
    taking.take(desk.agent, plan.plan.pk, now=NOW)
    with tenancy.acting_in(desk.alder.pk):
        mo = Licence.objects.get(user__display_name="Mo Mailless").user_id
        licences.give(desk.made.as_admin(), [mo], now=NOW + timedelta(minutes=1))
    done = taking.give_back(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=5))
    assert (done.done, done.refused) == (3, 1)
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy", "Dan Disabled", "Mo Mailless", "Ola Outside"}
    texts = {row.name: row.step.text for row in advising.one(desk.agent, plan.plan.pk, now=NOW).rows}
    assert texts["Gus Gone"] == "Has left the directory."
    with tenancy.acting_in(desk.alder.pk):
        assert Licence.objects.filter(user_id=mo, until=None).count() == 1


def test_a_licence_that_changed_since_is_left_alone(desk: Desk) -> None:
    plan = look(desk)
    with tenancy.acting_in(desk.alder.pk):
        dan, mo = (Licence.objects.get(user__display_name=name).user_id for name in ("Dan Disabled", "Mo Mailless"))
        licences.take(desk.made.as_admin(), [dan, mo], now=NOW + timedelta(minutes=1))
        licences.give(desk.made.as_admin(), [mo], now=NOW + timedelta(minutes=2))
    done = taking.take(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=3))
    assert (done.done, done.refused) == (2, 2)
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy", "Mo Mailless"}


@pytest.mark.parametrize("at", ["before", "after"])
def test_cut_off_at_the_customer_it_goes_on_where_it_was(desk: Desk, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies right before, or right after, the customer's licences were ended."""
    plan = look(desk)
    there = taking._take_there
    with monkeypatch.context() as broken:
        if at == "before":
            broken.setattr(taking, "_take_there", lambda *_: 1 / 0)
        else:
            kept = tenancy.acting_in
            ended: list[int] = []

            def die_after(tenant: UUID) -> Any:
                if ended and tenant == desk.partner:
                    raise ZeroDivisionError
                return kept(tenant)

            def remember(*of: Any) -> None:
                there(*of)
                ended.append(1)

            broken.setattr(taking, "_take_there", remember)
            broken.setattr(taking.tenancy, "acting_in", die_after)
        with pytest.raises(ZeroDivisionError):
            taking.take(desk.agent, plan.plan.pk, now=NOW)
    with tenancy.acting_in(desk.partner):
        assert set(AdviceStep.objects.values_list("state", flat=True)) == {AdviceState.INTENDED}
    done = taking.take(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=1))
    assert (done.done, done.refused) == (4, 0)
    assert len(people.acts_of(desk.alder, "licences.write")) == 1
    back = taking.give_back(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=2))
    assert back.done == 4 - 1  # who has left stays away


def test_a_consent_that_ended_in_between_stops_it_and_says_so(desk: Desk) -> None:
    plan = look(desk)
    desk.made.end(NOW + timedelta(minutes=1))
    done = taking.take(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=2))
    assert (done.done, done.refused) == (0, 4)
    assert len(kit.licensed(desk.alder)) == 6
    with tenancy.acting_in(desk.partner):
        steps = list(AdviceStep.objects.values_list("state", "text"))
    assert {state for state, _ in steps} == {AdviceState.OFFERED}
    assert all(text for _, text in steps)


def test_a_tenant_permission_or_a_role_that_is_not_there_stops_it(desk: Desk) -> None:
    plan = look(desk)
    done = taking.take(desk.owner, plan.plan.pk, now=NOW)  # an owner, and no partner administrator
    assert (done.done, done.refused) == (0, 4)
    assert len(kit.licensed(desk.alder)) == 6


def test_after_its_midnight_a_plan_is_over(desk: Desk) -> None:
    plan = look(desk)
    with pytest.raises(Refused, match="was to be done before 2026-11-01 00:00") as refusal:
        taking.take(desk.agent, plan.plan.pk, now=BEFORE)
    assert refusal.value.code == "late"


def test_another_partners_plan_is_missing(desk: Desk) -> None:
    plan = look(desk).plan
    other = kit.desk()
    assert other.call(f"/adviser/plans/{plan.pk}").status_code == 404
    answer = other.send(f"/adviser/plans/{plan.pk}/take", {}, who=other.made.agent)
    assert answer.status_code == 404
    assert len(kit.licensed(desk.alder)) == 6


def test_page_and_api_do_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=lambda: NOW)
    monkeypatch.setattr("purser.portal.pages.usage.adviser.timezone", clock)
    agent = desk.made.agent
    client = desk.client(agent)
    url = lambda path: people.url(desk.made.reseller, f"usage/adviser/{path}")  # noqa: E731
    assert "Look now" in people.text(client.get(url("")))
    answer = client.post(url("look/"))
    assert answer.status_code == 302, answer.content
    page = client.get(answer.headers["Location"])
    shown = people.text(page)
    for words in ("Dan Disabled", "The account is disabled", "100 units less", "4.20 USD", "Birch Law : 1"):
        assert words.replace(" :", ":") in shown.replace(" :", ":")
    with tenancy.acting_in(desk.partner):
        plan = AdvicePlan.objects.get()
        steps = [str(pk) for pk in AdviceStep.objects.values_list("pk", flat=True)]
    assert client.post(url(f"{plan.pk}/take/"), {}).status_code == 422  # nobody ticked
    assert client.post(url(f"{plan.pk}/take/"), {"step": ["x"]}).status_code == 422
    client.post(url(f"{plan.pk}/take/"), {"step": steps})
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy"}
    assert "Undo: license 4 again" in people.text(client.get(url(f"{plan.pk}/")))
    client.post(url(f"{plan.pk}/undo/"))
    assert kit.licensed(desk.alder) == {"Ann Active", "Bo Busy", "Dan Disabled", "Mo Mailless", "Ola Outside"}

    monkeypatch.setattr("purser.api.doors.timezone", clock)
    made = desk.send("/adviser/plans", None, who=agent)
    assert made.status_code == 200, made.content
    body = made.json()
    made_acts = [act for act in people.acts_of(desk.made.reseller, advising.VERB) if act.summary.startswith("Looked")]
    assert [(act.person_id, act.after["units"]) for act in made_acts] == [(agent.pk, 100), (agent.pk, 75)]
    assert made_acts[-1].request_id == made.headers["X-Request-ID"]
    assert {row["name"] for row in body["rows"]} == {"Dan Disabled", "Mo Mailless", "Ola Outside"}
    assert (body["units"], body["money"]) == (75, {"amount": "3.15", "currency": "USD"})
    taken = desk.send(f"/adviser/plans/{body['id']}/take", {"steps": [body["rows"][0]["id"]]}, who=agent)
    assert taken.json() == {"done": 1, "refused": 0}
    assert desk.send(f"/adviser/plans/{body['id']}/undo", {}, who=agent).json() == {"done": 1, "refused": 0}
    listed = desk.call("/adviser", who=agent).json()
    assert listed["plans"][0]["id"] == body["id"]
    assert listed["open"] is True


@pytest.mark.parametrize("role", [verbs.READER, verbs.BOOKKEEPER])
def test_only_owners_and_technicians_have_it_done(desk: Desk, role: str) -> None:
    who = people.member(desk.made.reseller, role, factor=False)
    assert desk.send("/adviser/plans", None, who=who).status_code == 403
    assert desk.call("/adviser", who=who).status_code == 200


def test_it_finds_a_taking_that_forgets_to_ask(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A breach, planted: the step is done in the customer's seat without entering on its behalf."""
    from contextlib import contextmanager

    plan = look(desk)

    @contextmanager
    def barging(actor: Any, *, customer: UUID, verb: str, now: datetime) -> Any:
        with tenancy.acting_in(customer):
            yield actor

    desk.made.end(NOW + timedelta(minutes=1))
    monkeypatch.setattr(taking.inside, "entering", barging)
    done = taking.take(desk.agent, plan.plan.pk, now=NOW + timedelta(minutes=2))
    with pytest.raises(AssertionError):
        assert (done.done, done.refused) == (0, 4)
