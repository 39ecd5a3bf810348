"""Receipts of what is changed at a vendor move as STEP_STEPS names, and no other way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from django.db import IntegrityError

from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from purser.provisioning import steps
from purser.provisioning.models import OPEN_STEPS, STEP_STEPS, Account, Step
from purser.reconcile.model import Delay, Done, Doubtful, Outcome, Refusal
from tests.access import kit

NOW = datetime(2026, 7, 11, 9, 0, tzinfo=UTC)
LAG = timedelta(minutes=2)


@pytest.fixture
def account() -> Account:
    customer = kit.customer()
    with tenancy.acting_in(customer.pk):
        made: Account = Account.objects.create(
            name="Alder", provider=ids.new(), instance=ids.new(), instance_name="Acronis", kind="acronis", role="user",
            username=f"u-{customer.pk}", email="it@alder.example", reference="r", synced_at=NOW, state="provisioning",
        )  # fmt: skip
    return made


def owner(account: Account) -> UUID:
    return UUID(str(account.tenant_id))


@pytest.mark.parametrize(("before", "after"), list(product(STEP_STEPS, STEP_STEPS)))
def test_a_receipt_moves_only_as_the_table_names(account: Account, before: str, after: str) -> None:
    with tenancy.acting_in(owner(account)):
        row = Step.objects.create(account=account, what="tenant", state=before, first_at=NOW, intended_at=NOW)
        if after in STEP_STEPS[before]:
            steps.step(row, after, now=NOW)
        else:
            with pytest.raises(Refused):
                steps.step(row, after, now=NOW)
        assert Step.objects.get(pk=row.pk).state == (after if after in STEP_STEPS[before] else before)


@pytest.mark.parametrize(
    ("what", "outcome", "state", "again"),
    [
        ("user", Done("u-1"), "done", None),
        ("user", Refusal("no", "login_taken"), "refused", None),
        ("user", Refusal("no", "credentials"), "busy", 1),
        ("user", Delay("later", "throttled", timedelta(minutes=7)), "busy", 7),
        ("user", Delay("later", "network"), "busy", 1),
        ("user", Doubtful("lost"), "unsure", 2),
        ("mail", Doubtful("lost"), "asked", None),
    ],
)
def test_an_answer_settles_the_receipt_and_says_when_to_go_on(
    account: Account, what: str, outcome: Outcome, state: str, again: int | None
) -> None:
    with tenancy.acting_in(owner(account)):
        receipt = steps.intend(account, what, before="", after="x", now=NOW)
        steps.settle(receipt, outcome, lag=LAG, now=NOW)
        row = Step.objects.get(pk=receipt.id)
        assert (row.state, row.retry_at) == (state, NOW + timedelta(minutes=again) if again else None)
        assert Account.objects.get(pk=account.pk).remote_user == ("u-1" if state == "done" else "")
        with pytest.raises(Refused, match="settled already"):
            steps.settle(receipt, Done(), lag=LAG, now=NOW)


def test_a_stage_has_one_open_receipt_and_tries_go_into_it(account: Account) -> None:
    with tenancy.acting_in(owner(account)):
        first = steps.intend(account, "user", before="", after="x", now=NOW)
        steps.settle(first, Delay("later"), lag=LAG, now=NOW)
        second = steps.intend(account, "user", before="", after="y", now=NOW)
        assert (second.id, second.attempts) == (first.id, 2)
        steps.settle(second, Delay("later"), lag=LAG, now=NOW)
        assert Step.objects.get(pk=first.id).retry_at == NOW + timedelta(minutes=2)
        assert Step.objects.filter(account=account, state__in=OPEN_STEPS).count() == 1
    with pytest.raises(IntegrityError), tenancy.acting_in(owner(account)):
        steps.intend(account, "user", before="", after="y", again=False, now=NOW)


def test_waiting_grows_and_ends_at_an_hour() -> None:
    waits = [steps._wait(n).total_seconds() / 60 for n in range(1, 12)]
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert waits[-1] == 60
