"""From what the vendor's sandbox says was used to what its cycle costs the customer. Source: acceptance AC-37."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from purser.flows.accounts_to_vendor import using
from purser.postgres import tenancy
from purser.provisioning.models import Account
from purser.subscriptions import keeping, lifecycle, metered
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription
from tests.flows.vendor import PROTECTION, Rig, served

GB = 1024**3
NOTARY = "f9c5744e-bd1a-36b6-b0f0-ecd7483e1796"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        yield made


def stored(rig: Rig, account: Account) -> Subscription:
    """Cloud storage by the gigabyte, at 0.05, from today on."""
    made = rig.ordered(account, meter="storage", name="Storage", metered=True, quantity=1, unit="GB", price=Decimal("0.05"))
    with tenancy.acting_in(rig.direct.pk):
        keeping.price(made, made.price, rig.at.date(), "List, version 1", lifecycle.By("Ada", keeping.Source.US), rig.at)
    rig.run(account)
    assert rig.state_of(made)[0] == "active"
    return made


def used(rig: Rig, account: Account, size: int) -> None:
    rig.tell("use", tenant=rig.again(account).remote, name="pg_base_storage", value=size)


def read(rig: Rig) -> None:
    using.read(provider=rig.distributor.pk, instance_id=rig.instance.pk, clock=rig.clock)


def kept(rig: Rig, model: Any, *fields: str) -> list[Any]:
    with tenancy.acting_in(rig.direct.pk):
        return list(model.objects.order_by("from_on" if model is CycleCharge else "read_at").values_list(*fields))


def close(rig: Rig) -> None:
    metered.run(rig.at, failed=lambda customer, failure: pytest.fail(f"{failure}"))


def test_the_vendors_usage_is_read_every_day_and_its_cycle_charged(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    row = stored(rig, account)
    with tenancy.acting_in(rig.direct.pk):
        started = lifecycle.of(row.pk).started_on
    assert started is not None
    for size in (3 * GB, 3 * GB, 40 * GB + GB // 4, 12 * GB):
        used(rig, account, size)
        read(rig)
        rig.go(days=1)
    values = [Decimal(3), Decimal(3), Decimal("40.25"), Decimal(12)]
    assert [value for (value,) in kept(rig, MeterReading, "value")] == values
    month = rig.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert {since for (since,) in kept(rig, MeterReading, "since")} == {month}
    with tenancy.acting_in(rig.direct.pk):
        assert Subscription.objects.get(pk=row.pk).consumed == 12
    close(rig)
    assert kept(rig, CycleCharge, "amount") == []
    rig.go(days=32)
    close(rig)
    close(rig)
    assert kept(rig, CycleCharge, "from_on", "quantity", "price", "amount", "readings", "currency") == [
        (started, Decimal("27.266129032"), Decimal("0.05"), Decimal("1.36"), 4, "EUR")  # 40.25 for 21 of 31 days
    ]


def test_what_acronis_counts_by_the_month_begins_from_nought_and_is_charged_by_its_last_word(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    made = rig.ordered(
        account, {"services": [PROTECTION, NOTARY], "mode": "per_gigabyte"}, meter="notarizations", metered=True, quantity=1
    )
    with tenancy.acting_in(rig.direct.pk):
        keeping.price(made, Decimal(2), rig.at.date(), "List, version 1", lifecycle.By("Ada", keeping.Source.US), rig.at)
    rig.run(account)
    for value, days in ((5, 10), (9, 12), (2, 5)):  # on July 11 and 21, and August 2
        rig.tell("use", tenant=rig.again(account).remote, name="notarizations", value=value)
        read(rig)
        rig.go(days=days)
    assert kept(rig, MeterReading, "value", "counts") == [(5, "sum"), (9, "sum"), (2, "sum")]
    rig.go(days=40)
    close(rig)
    assert kept(rig, CycleCharge, "quantity", "amount") == [(9, 18), (2, 4)]


def test_one_that_ended_is_read_until_its_last_cycle_is_charged(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    row = stored(rig, account)
    used(rig, account, 3 * GB)
    read(rig)
    rig.go(days=9)
    used(rig, account, 10 * GB)
    with tenancy.acting_in(rig.direct.pk):
        lifecycle.cancel(row.pk, on=None, by=lifecycle.By("Ada", keeping.Source.US), now=rig.at)
    rig.go(days=1)
    read(rig)
    assert kept(rig, MeterReading, "value", "on") == [
        (3, rig.at.date() - timedelta(days=10)), (10, rig.at.date() - timedelta(days=2)),
    ]  # fmt: skip
    rig.go(days=1)
    close(rig)
    assert kept(rig, CycleCharge, "quantity", "readings") == [(Decimal("2.903225806"), 2)]  # 10 for 9 of 31 days
    rig.asked()
    read(rig)
    assert rig.asked() == []


def test_an_answer_that_is_cut_or_fails_keeps_nothing_and_says_so(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = rig.synced(rig.direct)
    row = stored(rig, account)
    used(rig, account, 3 * GB)
    rig.fail("status", status=503, path=r"/usages$")
    with caplog.at_level(logging.WARNING, "purser.flows"):
        read(rig)
    assert "cannot be read" in caplog.text
    rig.app.faults.clear()
    with pytest.MonkeyPatch.context() as patch:
        from sandboxes.acronis import usages

        rows = usages._rows
        patch.setattr(usages, "_rows", lambda *given: [*rows(*given), {"name": "pg_base_storage"}])  # a row without an id
        with caplog.at_level(logging.WARNING, "purser.flows"):
            read(rig)
    assert "read in part, and not kept" in caplog.text
    assert kept(rig, MeterReading, "value") == []
    with tenancy.acting_in(rig.direct.pk):
        assert Subscription.objects.get(pk=row.pk).consumed is None
    read(rig)
    assert kept(rig, MeterReading, "value") == [(Decimal(3),)]


def test_a_size_is_kept_in_the_unit_of_the_offer() -> None:
    told = using.Usage("t", "s", "storage", "bytes", Decimal(5 * GB // 2), Decimal(0), None, "level")
    other = using.Usage("t", "s", "storage", "bytes", Decimal(GB), Decimal(0), None, "level", place="b")
    assert using.measured([told, other], "storage", "GB") == using.Measured(Decimal("3.5"), None, "level")
    assert using.measured([told, other], "storage", "MB") == using.Measured(Decimal(3584), None, "level")
    assert using.measured([told], "storage", "unit") == using.Measured(Decimal("2.5"), None, "level")
    assert using.measured([told], "servers", "GB") is None
