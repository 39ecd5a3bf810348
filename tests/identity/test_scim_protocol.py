"""It speaks SCIM 2.0 as the standard and its testers do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import ScimProvider
from scim2_server.storage import ScimStorage
from scim2_server.testing import ScimStorageContract
from scim2_tester import Status, check_server

from purser.access.directory import service
from purser.access.directory.storage import Storage
from purser.access.models import Person
from purser.api import limits
from purser.postgres import tenancy
from tests.access import kit
from tests.identity import kit as identity


class TestStorage(ScimStorageContract):
    """The library's own rules of a storage, on ours."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        return service.provider()

    @pytest.fixture
    def storage(self) -> Iterator[ScimStorage]:
        organisation = kit.customer()
        row, _ = identity.token(organisation)
        with tenancy.acting_in(organisation.pk), service.provider():
            actor = service.directory(row, address="", request_id="")
            yield Storage(service.provider(), actor=actor, now=kit.now())


def test_it_passes_the_whole_of_scim2_tester(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_CALLER", 10**9)
    monkeypatch.setattr(limits, "PER_TENANT", 10**9)
    people = Person.objects.count()
    found = identity.directory()
    client = WSGISCIMClient(
        get_wsgi_application(),
        base_url=f"http://testserver/scim/v2/{found.organisation.pk}",
        environ={"HTTP_AUTHORIZATION": f"Bearer {found.bearer}", "HTTP_HOST": "testserver"},
    )
    results = check_server(client)
    failed = [(one.title, one.status.name, one.reason) for one in results if one.status not in _WELL]
    assert failed == []
    assert sum(one.status == Status.SUCCESS for one in results) > 100  # else it found nothing to test
    assert Person.objects.count() == people + 1  # addresses of nobody's domain let nobody in: only the administrator is new


_WELL = {Status.SUCCESS, Status.SKIPPED}


def test_it_says_what_it_supports_and_nothing_more() -> None:
    found = identity.directory()
    config: Any = identity.said(found("GET", "/ServiceProviderConfig"))
    assert {name: config[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")} == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "sort": True,
        "etag": True,
    }
    assert found("POST", "/Bulk", {}).status_code == 501
