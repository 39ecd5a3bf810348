"""One tenant whose turn fails does not keep the others waiting; operations hear of it once. Source: architecture, Jobs."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections

from purser.directory import auto, sources
from purser.directory.models import Source, SourceKind, SourceState
from purser.jobs import directory as reading
from purser.jobs import licensing
from purser.notices.models import Notice
from purser.postgres import tenancy
from purser.tenants import organisations
from tests.access import kit
from tests.directory.licensing import Here
from tests.notices.kit import jobs
from tests.partners.kit import chain


def two() -> tuple[Here, Here]:
    """Tenants of two operators."""
    one, other = chain(), chain()
    return Here(one.customer), Here(other.customer)


def notices(here: Here) -> list[Notice]:
    operator = organisations.operator_over(here.tenant)
    assert operator is not None
    with tenancy.acting_in(operator):
        return list(Notice.objects.filter(kind="job_failed").order_by("at"))


def zone(tenant: UUID, name: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE tenants_organisation SET zone = %s WHERE id = %s", [name, tenant])
        cursor.execute("RESET session_replication_role")


def test_a_scheduled_run_begins_though_that_of_another_tenant_fails() -> None:
    lost, here = two()
    for n, one in enumerate((lost, here)):
        one.follow(one.collection(users=one.users(2)), on=True)
        with one.acting():
            auto.AutoLicensing.objects.update(next_at=kit.now() - timedelta(minutes=2 - n))
    zone(lost.tenant, "Aaa/Atlantis")
    for _ in range(2):
        licensing.licensing_due(0)
    assert (len(lost.runs()), len(here.runs())) == (0, 1)
    (told,) = notices(lost)
    assert organisations.card(lost.tenant).name in told.subject
    assert notices(here) == []
    zone(lost.tenant, "UTC")
    licensing.licensing_due(0)
    assert len(lost.runs()) == 1, "tried again"


def test_a_directory_is_asked_for_though_that_of_another_tenant_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    lost, here = two()
    for one in (lost, here):
        with one.acting():
            Source.objects.all().delete()
            Source.objects.create(
                kind=SourceKind.LDAP, state=SourceState.READY, next_at=kit.now() - timedelta(minutes=1), created_at=kit.now()
            )  # fmt: skip
    due = sources.due

    def breaks(**more: object) -> bool:
        if tenancy.tenant() == lost.tenant:
            raise ZeroDivisionError
        return due(**more)  # type: ignore[arg-type]

    monkeypatch.setattr(sources, "due", breaks)
    reading.read_directories(timestamp=0)
    asked = [jobs("purser.read_directory", tenant=str(one.tenant), cause="rhythm", by=None) for one in (lost, here)]
    assert [len(one) for one in asked] == [0, 1]
    (told,) = notices(lost)
    assert told.lines[0] == "A fault of ours (ZeroDivisionError)."
