"""Pages that show or change what they must not: the sweep finds each, so it is not blind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, models
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import clear_url_caches, include, path

from purser.access.actors import Actor
from purser.links.models import SourceCustomer
from purser.portal.doors import page
from purser.postgres import ids
from tests.access.kit import site as site
from tests.tenancy.addresses import Address
from tests.tenancy.sweeping import Found, Stage, sweep, without_policies

pytestmark = pytest.mark.usefixtures("site", "unlimited")


@page("links.read")
def forgets(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A page that lists without the manager that filters."""
    rows = models.QuerySet(SourceCustomer).order_by("name").values_list("name", flat=True)
    return HttpResponse("\n".join(rows))


def trusts(request: HttpRequest, tenant: Any) -> HttpResponse:
    """A page that takes the seat of whichever tenant is named, for anybody."""
    from purser.postgres import tenancy

    with tenancy.acting_in(tenant):
        return HttpResponse("\n".join(SourceCustomer.objects.values_list("name", flat=True)))


def renames(request: HttpRequest, tenant: Any) -> HttpResponse:
    """A page that changes rows of whichever tenant is named."""
    from purser.postgres import tenancy

    with tenancy.acting_in(tenant):
        SourceCustomer.objects.update(contact_name=str(ids.new()))
    return HttpResponse()


def revokes(request: HttpRequest, tenant: Any, token: Any) -> HttpResponse:
    """A page that ends whichever API token is named, past both walls."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE access_apitoken SET revoked_at = now() WHERE id = %s", [token])
    return HttpResponse()


BREACH = "t/<uuid:tenant>/breach/"


@pytest.mark.parametrize(
    ("view", "route", "open_wall", "words"),
    [
        (forgets, BREACH, True, "CANARY-B-links_sourcecustomer-name"),
        (trusts, BREACH, False, "CANARY-B"),
        (renames, BREACH, False, "rows of B changed"),
        (revokes, f"{BREACH}<uuid:token>/", False, "rows of B changed in .*access_apitoken"),
    ],
)
def test_a_view_that_forgets_the_filter_is_found(
    stage: Stage, view: Callable[..., HttpResponse], route: str, open_wall: bool, words: str
) -> None:
    addresses = [Address(route, tuple(re.findall(r"<uuid:(\w+)>", route)))]
    urls = [path(route, view), path("", include("purser.config.urls"))]
    breach = type("urls", (), {"urlpatterns": urls})
    found = Found()
    with override_settings(ROOT_URLCONF=breach):
        clear_url_caches()
        if open_wall:
            sweep(stage, "reseller owner", addresses, found)
            assert found.leaks == []  # the second wall holds what the first forgot
            with without_policies():
                sweep(stage, "reseller owner", addresses, found)
        else:
            sweep(stage, "reseller owner", addresses, found)
    clear_url_caches()
    assert re.search(words, "\n".join(found.leaks))
