"""A run of Auto-License killed at any instant is made good by doing it again: every change once, each with one receipt.

And over random directories and collections, what is licensed after a run is what a model says, written apart from the flow.
Source: reliability P9 and section 3; acceptance CS-26.
"""

from __future__ import annotations

import random
import time
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Count

from purser.directory.models import Cause, Licence, LicensingRun, LicensingStep, StepState
from purser.flows.directory_to_licences import run as flow
from purser.flows.directory_to_licences.target import Journal, Licences
from purser.kernel.errors import Busy
from purser.postgres import tenancy
from purser.reconcile.model import Change, Done, Outcome
from tests.access import kit
from tests.directory.licensing import Here
from tests.flows import crashing

AT_LEAST = 60  # a run that gives and takes has more instants than this, or the watch is broken


class Trial:
    """A tenant where each run has one licence to give and one to take back."""

    def __init__(self) -> None:
        self.here = Here()
        self.all = self.here.users(4)
        self.group = self.here.group("Staff", self.all[:2])
        self.here.follow(self.here.collection(groups=[self.group]), take_back=True)
        self.here.run()

    def change(self) -> UUID:
        """The first of the two leaves, the next one joins; a run is asked for."""
        self.here.leave(self.group, self.all[0])
        self.here.join(self.group, self.all[2])
        self.all = [*self.all[1:], self.all[0]]
        return self.here.ask()

    def work(self, run: UUID) -> LicensingRun:
        """A new process; the lock of the dead one may take a moment to fall."""
        for _ in range(50):
            try:
                return self.here.work(run)
            except Busy:
                time.sleep(0.1)
        raise AssertionError("the tenant stays locked")

    def violations(self, run: UUID) -> list[str]:
        found = []
        wanted = {user.display_name for user in self.all[:2]}
        if self.here.licensed() != wanted:
            found.append(f"licensed are {self.here.licensed()}, not {wanted}")
        with self.here.acting():
            row = LicensingRun.objects.get(pk=run)
            steps = list(LicensingStep.objects.filter(run=run).values_list("after", "state"))
            begun = {licence.pk for licence in Licence.objects.filter(since__gte=row.started_at)}
            ended = {licence.pk for licence in Licence.objects.filter(until__gte=row.started_at)}
            doubled = Licence.objects.values("user").annotate(n=Count("id")).filter(until=None, n__gt=1)
            if (row.state, row.added, row.already, row.removed, row.failed) != ("done", 1, 1, 1, 0):
                found.append(f"it says {row.state}: {row.added} {row.already} {row.removed} {row.failed}")
            if sorted(steps) != [(False, "done"), (True, "done")]:
                found.append(f"receipts {steps}")
            if (len(begun), len(ended), list(doubled)) != (1, 1, []):
                found.append(f"{len(begun)} given, {len(ended)} taken, {list(doubled)}")
        return found


def enumerate_crashes(*, every: int = 1) -> tuple[dict[int, str], int]:
    """Kill at one instant after the other; what was violated at which, and how many were tried."""
    trial, n, tried = Trial(), 1, 0
    while n < 1000:
        run = trial.change()
        at = crashing.run_until(n, lambda run=run: trial.work(run))  # type: ignore[misc]
        if at.ended:
            trial.work(run)
            trial.work(run)
        if found := trial.violations(run):
            return {n: f"{at.ended}: {'; '.join(found)}"}, tried
        if not at.ended:
            return {}, tried
        n, tried = n + every, tried + 1
    raise AssertionError(f"no run survived {tried} instants")


def test_a_run_killed_at_any_instant_changes_each_licence_once() -> None:
    wrong, instants = enumerate_crashes()
    assert wrong == {}
    assert instants > AT_LEAST


class MarksFirst(Journal):
    """The planted breach: the receipt says done, and then the licence is changed."""

    def intend(self, change: Change[bool]) -> UUID:
        receipt = super().intend(change)
        super().settle(receipt, Done())
        return receipt

    def settle(self, receipt: UUID, outcome: Outcome) -> None:
        """It is settled already."""


class NeverIntends(Journal):
    """The planted breach: the receipt is written after the change only."""

    def intend(self, change: Change[bool]) -> Any:
        return change

    def once(self, receipt: Any) -> str:
        return ""

    def settle(self, receipt: Any, outcome: Outcome) -> None:
        super().settle(super().intend(receipt), outcome)


class Forgets(Licences):
    """The planted breach: it changes something else than it was told."""

    def apply(self, change: Change[bool], *, once: str) -> Outcome:
        if change.after is None:
            return Done()
        return super().apply(change, once=once)


@pytest.mark.parametrize(("name", "planted"), [("Journal", NeverIntends), ("Licences", Forgets)])
def test_a_journal_or_target_that_breaks_a_law_is_found(name: str, planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, name, planted)
    wrong, _ = enumerate_crashes()
    assert wrong


def test_a_receipt_that_says_done_before_it_is_is_seen_where_the_change_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doing it again heals the licences, so only a change that is refused shows this one."""

    def failed(journal: Any) -> int:
        monkeypatch.setattr(flow, "Journal", journal)
        monkeypatch.setattr(flow, "Licences", Refuses)
        here = Here()
        here.follow(here.collection(users=here.users(1)))
        return here.run().failed

    assert failed(Journal) == 1
    assert failed(MarksFirst) == 0


class Refuses(Licences):
    def apply(self, change: Change[bool], *, once: str) -> Outcome:
        from purser.reconcile.model import Refusal

        return Refusal("No", "left")


def test_a_step_refuses_to_run_inside_a_transaction() -> None:
    here = Here()
    with here.acting(), pytest.raises(tenancy.InsideTransaction), tenancy.committing_in(here.tenant):
        pass


def test_an_approved_run_killed_half_way_goes_on_with_the_rest_of_its_plan() -> None:
    here = Here()
    here.follow(here.collection(users=here.users(8)), on=True)
    run = here.scheduled()
    assert run.state == "waits"
    with here.acting():
        flow.licensing_runs.approve(here.actor, run.pk, digest=run.digest, now=here.clock())
    with pytest.raises(RuntimeError, match="halfway"), crashing.watched(_end_at("drive:settled", 3)):
        here.work(run.pk)
    assert len(here.licensed()) == 3
    here.work(run.pk)
    done = here.again(run)
    assert (done.state, done.added, done.failed, len(here.licensed())) == ("done", 8, 0, 8)
    assert [one.state for one in here.runs()] == ["done"]


def test_what_is_left_of_an_approved_run_is_not_done_when_something_else_came_up() -> None:
    here = Here()
    everybody = here.users(8)
    group = here.group("Staff", everybody)
    here.follow(here.collection(groups=[group]), on=True)
    run = here.scheduled()
    with here.acting():
        flow.licensing_runs.approve(here.actor, run.pk, digest=run.digest, now=here.clock())
    with pytest.raises(RuntimeError, match="halfway"), crashing.watched(_end_at("drive:settled", 3)):
        here.work(run.pk)
    here.join(group, here.user("New Comer"))
    here.work(run.pk)
    assert [(one.state, one.added, len(one.changes)) for one in here.runs()] == [("dropped", 3, 8), ("waits", 0, 6)]
    assert len(here.licensed()) == 3


def _end_at(name: str, count: int) -> Any:
    names: list[str] = []

    def reach(at: str) -> None:
        names.append(at)
        if at == name and names.count(name) == count:
            raise RuntimeError("halfway")

    return reach


# Whatever the directory and the collections are


def a_world(seed: int) -> tuple[Here, set[str], set[str]]:
    """A random tenant that follows some of its collections; who is to be licensed, and who already was."""
    dice, here = random.Random(seed), Here()
    people = [
        here.user(
            f"User {n:03}",
            enabled=dice.random() > 0.15,
            gone_at=here.at if dice.random() < 0.15 else None,
            mailbox=dice.choice(["user", "user", "shared", ""]),
        )
        for n in range(dice.randint(1, 14))
    ]
    groups = [(dice.sample(people, dice.randint(0, len(people)))) for _ in range(3)]
    rows = [here.group(f"Group {n}", members) for n, members in enumerate(groups)]
    by_hand = dice.sample([one for one in people if one.gone_at is None], min(2, sum(one.gone_at is None for one in people)))
    with here.acting():
        flow.licences.give(here.actor, [one.pk for one in by_hand], now=here.clock())
        earlier = dice.sample(people, min(3, len(people)))
        for one in earlier:
            flow.licences.open_one(one, by="Auto-License", now=here.clock())
    take_back, chosen, wanted = dice.random() < 0.6, [], set()
    for n in range(dice.randint(1, 3)):
        inside, outside = _pick(dice, people), _pick(dice, people)
        outside = [one for one in outside if one not in inside]
        into, out = dice.sample([0, 1, 2], 2)
        every = dice.random() < 0.3
        made = here.collection(
            f"C{n}", users=inside, groups=[rows[into]], no_users=outside, no_groups=[rows[out]], all_mailboxes=every
        )
        if n == 0 or dice.random() < 0.7:
            chosen.append(made)
            members = [one for one in people if one in inside or one in groups[into] or (every and one.mailbox)]
            wanted |= {
                one.display_name
                for one in members
                if one not in outside and one not in groups[out] and one.enabled and one.gone_at is None
            }
    here.follow(*chosen, take_back=take_back, limit_percent=100)
    held = {one.display_name for one in (*by_hand, *earlier)}
    stay = {one.display_name for one in by_hand} if take_back else held
    return here, wanted | stay, held


def _pick(dice: random.Random, people: list[Any]) -> list[Any]:
    return [one for one in people if dice.random() < 0.3]


@pytest.mark.parametrize("seed", range(25))
def test_after_a_run_exactly_those_are_licensed_whom_the_model_names(seed: int) -> None:
    here, wanted, held = a_world(seed)
    run = here.run()
    assert (run.state, here.licensed()) == ("done", wanted)
    assert (run.added, run.removed, run.failed) == (len(wanted - held), len(held - wanted), 0)
    second = here.run()
    assert (second.added, second.removed, here.licensed()) == (0, 0, wanted)
    with here.acting():
        assert not LicensingStep.objects.exclude(state=StepState.DONE).exists()
        assert Licence.objects.filter(until=None, cause=Cause.HAND).count() == len([n for n in held if n in hands(here)])


def hands(here: Here) -> set[str]:
    rows = Licence.objects.filter(cause=Cause.HAND)
    return set(rows.values_list("user__display_name", flat=True))


def test_the_model_finds_a_run_that_forgets_who_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breach, planted: exclusions are not read."""
    real = flow.collections._inside

    def careless(parts: Any) -> Any:
        return real([(every, [thing for thing in things if not thing[2]]) for every, things in parts])

    monkeypatch.setattr(flow.collections, "_inside", careless)
    wrong = 0
    for seed in range(8):
        here, wanted, _ = a_world(seed)
        here.run()
        wrong += here.licensed() != wanted
    assert wrong


def test_two_workers_never_do_one_run_at_once() -> None:
    """The lock is the connection's: the second is told to come later, and nothing is given twice."""
    here = Here()
    here.follow(here.collection(users=here.users(6)))
    run = here.ask()

    def work() -> str:
        try:
            return here.work(run).state
        except Busy as failure:
            return failure.code

    answers = kit.at_once(work, work)
    assert "done" in answers
    assert set(answers) <= {"done", "running"}
    with here.acting():
        assert Licence.objects.count() == 6
