"""From an instance's row to its vendor: settings, the secret in the vault, the addresses that may be called; and the jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from procrastinate.contrib.django import app as tasks
from procrastinate.contrib.django.models import ProcrastinateJob

from purser.access import vault
from purser.config import vendors, wiring
from purser.flows import ports
from purser.flows.accounts_to_vendor import states
from purser.jobs import provisioning as jobs
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.provisioning import desk, kinds
from purser.provisioning.models import Finding, Instance
from tests.flows.vendor import CLIENT, SECRET, Rig, served


@pytest.fixture
def rig() -> Iterator[Rig]:
    """With the port that production has."""
    with served() as made:
        host = made.url.removeprefix("http://")
        made.at = datetime.now(UTC)
        made.app.clock.set(made.at)
        with override_settings(SANDBOX_HOSTS=frozenset({host})):
            ports.use(wiring.vendors)
            with tenancy.acting_in(made.distributor.pk):
                vault.keep(vendors.OF_TABLE, made.instance.pk, "client_secret", SECRET, made.at)
            yield made


def row(rig: Rig) -> Instance:
    with tenancy.acting_in(rig.distributor.pk):
        return Instance.objects.get(pk=rig.instance.pk)


def test_an_instance_signs_in_with_its_secret_of_the_vault(rig: Rig) -> None:
    tested = ports.accounts(row(rig)).test()
    assert (tested.ok, tested.text) == (True, "Acronis: partner tenant Broad Supply.")


def test_another_secret_counts_from_the_next_version_on(rig: Rig) -> None:
    before = ports.accounts(row(rig))
    assert ports.accounts(row(rig)) is before
    with tenancy.acting_in(rig.distributor.pk):
        vault.keep(vendors.OF_TABLE, rig.instance.pk, "client_secret", "another", rig.at)
        Instance.objects.filter(pk=rig.instance.pk).update(version=2)
    assert ports.accounts(row(rig)).test().code == "credentials"


@pytest.mark.parametrize("url", ["https://169.254.169.254", "http://us-cloud.acronis.com", "https://acronis.com.evil.example"])
def test_an_address_of_nobody_we_know_is_refused_before_it_is_kept(url: str) -> None:
    with pytest.raises(Refused):
        kinds.current().check("acronis", {"url": url, "client_id": CLIENT})
    kinds.current().check("acronis", {"url": "https://eu2-cloud.acronis.com", "client_id": CLIENT})


def test_an_unknown_kind_is_refused(rig: Rig) -> None:
    with pytest.raises(Refused, match="not known"):
        ports.accounts(Instance(kind="nobody", name="X", settings={}))


def waiting(name: str, **arguments: str) -> list[dict[str, Any]]:
    rows = ProcrastinateJob.objects.filter(task_name=name, status="todo")
    return [job.args for job in rows if arguments.items() <= job.args.items()]


def test_the_jobs_make_a_resellers_tenant_and_wake_who_waited_for_it(rig: Rig) -> None:
    """Source: acceptance AC-8, AC-25, AC-28."""
    below, above = rig.synced(rig.customer), rig.synced(rig.reseller)
    subscription = rig.ordered(below)
    jobs.account(str(rig.customer.pk), str(below.pk))
    assert rig.state_of(subscription)[0] == "waiting"
    assert not waiting("purser.account", account=str(below.pk))
    jobs.account(str(rig.reseller.pk), str(above.pk))
    assert rig.again(above).state == "provisioned"
    assert waiting("purser.account", account=str(below.pk)) == [{"tenant": str(rig.customer.pk), "account": str(below.pk)}]
    jobs.account(str(rig.customer.pk), str(below.pk))
    assert rig.state_of(subscription)[0] == "active"


def test_a_run_that_has_to_wait_is_asked_for_again_at_its_time(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("throttle", retry_after="90", method="POST", path=r"/tenants$")
    jobs.account(str(rig.direct.pk), str(account.pk))
    job = ProcrastinateJob.objects.filter(task_name="purser.account", status="todo", args__account=str(account.pk)).get()
    assert 60 < (job.scheduled_at - datetime.now(UTC)).total_seconds() <= 90


def test_who_asks_for_a_run_does_not_wait_for_a_later_one(rig: Rig) -> None:
    """A person's "Retry now", a new order, a suspension: the job that waits already comes forward, and never goes back."""
    account = rig.synced(rig.direct)
    now = datetime.now(UTC)

    def asked(at: datetime | None) -> datetime | None:
        with tenancy.acting_in(rig.direct.pk):
            states.later(rig.direct.pk, account.pk, at=at)
        jobs_ = ProcrastinateJob.objects.filter(task_name="purser.account", status="todo", args__account=str(account.pk))
        scheduled: datetime | None = jobs_.get().scheduled_at
        return scheduled

    hour, minute = now + timedelta(hours=1), now + timedelta(minutes=1)
    assert [asked(at) for at in (hour, minute, hour, None, minute)] == [hour, minute, minute, None, None]


def test_two_asks_are_one_job_and_one_that_heals_is_another(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    with tenancy.acting_in(rig.direct.pk):
        for heal in (False, False, True, True):
            states.later(rig.direct.pk, account.pk, heal=heal)
    assert [job.get("heal", False) for job in waiting("purser.account", account=str(account.pk))] == [False, True]


def test_the_comparison_is_asked_for_and_keeps_what_it_finds(rig: Rig) -> None:
    account = rig.standing_reseller()
    rig.tell("tenant", id=rig.again(account).remote, name="Renamed")
    jobs.compare_vendors(0)
    found = waiting("purser.compare", instance=str(rig.instance.pk))
    assert [job["provider"] for job in found] == [str(rig.distributor.pk)]
    jobs.compare(str(rig.distributor.pk), str(rig.instance.pk))
    with tenancy.acting_in(rig.reseller.pk):
        assert list(Finding.objects.values_list("what", "theirs", "state")) == [("name", "Renamed", "open")]


@pytest.mark.parametrize(
    ("at", "deep"),
    [
        ("2026-07-11T02:23+00:00", True), ("2026-07-11T03:23+00:00", False), ("2026-07-31T22:23+00:00", True),
        ("2026-07-31T21:23+00:00", False), ("2026-08-01T01:23+02:00", True), ("2026-08-01T02:23+02:00", False),
        ("2026-02-28T23:23+00:00", True), ("2028-02-28T23:23+00:00", False),
    ],
)  # fmt: skip
def test_usage_is_read_every_day_and_in_the_last_hours_of_vendors_months(at: str, deep: bool) -> None:
    assert jobs.is_deep(datetime.fromisoformat(at)) is deep


def test_every_job_is_registered() -> None:
    names = {"purser.accounts_due", "purser.compare_vendors", "purser.compare", desk.JOB}
    assert names <= tasks.tasks.keys()
