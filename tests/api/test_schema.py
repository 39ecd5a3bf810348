"""The API keeps its own description: every answer fits it, bad input is refused, and no call works without saying who calls.

The description itself is kept in openapi.json beside this file, so that a change of the interface is seen where it is made.
After a wanted change: `PURSER_RENEW=1 pytest tests/api/test_schema.py -k kept`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, settings
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from purser.api import limits
from purser.api.schemas.common import Out, Sent
from purser.api.site import api
from purser.links.models import Connection, Drift, Link, Receipt, SourceCustomer, TargetAgreement
from purser.postgres import tenancy
from tests import make
from tests.api.kit import Caller, caller

KEPT = Path(__file__).parent / "openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


def described() -> str:
    return json.dumps(api.get_openapi_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_its_description_is_the_one_that_is_kept() -> None:
    if os.environ.get("PURSER_RENEW"):
        KEPT.write_text(described(), encoding="utf-8")
    assert described() == KEPT.read_text(encoding="utf-8"), "The interface changed: see the head of this file."


def test_every_call_says_what_it_is_and_what_it_needs() -> None:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert "Needs the right `" in operation["description"], where
            assert {"401", "403", "404", "422", "429"} <= set(operation["responses"]), where
            assert operation["security"], where


def test_no_two_shapes_share_a_name() -> None:
    names = [shape.__name__ for shape in shapes(Out) + shapes(Sent) if "[" not in shape.__name__]
    assert sorted(names) == sorted(set(names))


def shapes(of: type[BaseModel]) -> list[type[BaseModel]]:
    return [found for shape in of.__subclasses__() for found in (shape, *shapes(shape))]


@pytest.fixture(scope="module")
def owner() -> Iterator[tuple[Caller, dict[str, list[str]]]]:
    """An owner whose reseller has a relation, a posting and a hand edit, and known ids by the names of the path's parameters.
    Those of members and tokens are not among them: a call would remove the caller.
    """
    keep = limits.PER_CALLER, limits.PER_TENANT
    limits.PER_CALLER = limits.PER_TENANT = 10**9
    with make.world("autotask") as world:
        link = world.link("S1/EXO1", "9/service:12")
        world.step(cause="link")
        with tenancy.acting_in(world.tenant):
            edit = Drift.objects.create(
                link=link, seen_at=world.clock(), marketplace_units=8, expected_units=8, psa_units=9, policy="ask"
            )
            known = {
                "agreement": [str(id) for id in TargetAgreement.objects.values_list("pk", flat=True)],
                "drift": [str(edit.pk)],
                "pair": [str(world.sync.pk)],
                "link": [str(link.pk)],
                "posting": [str(id) for id in Receipt.objects.values_list("pk", flat=True)],
                "plan": [str(id) for id in Receipt.objects.values_list("plan_id", flat=True)],
                "run": [str(id) for id in Receipt.objects.values_list("run_id", flat=True)],
                "customer": [str(id) for id in SourceCustomer.objects.values_list("pk", flat=True)],
                "connection": [str(id) for id in Connection.objects.values_list("pk", flat=True)],
                "kind": ["autotask", "marketplace"],
                "relation": [str(pk) for pk in Link.objects.values_list("subscription_link__company_link_id", flat=True)],
            }
        yield caller(world.organisation), known
    limits.PER_CALLER, limits.PER_TENANT = keep


EXAMPLES = 10 if os.environ.get("PURSER_SWEEPS") == "all" else 3  # of each operation


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_keeps_its_description(case: schemathesis.Case, owner: tuple[Caller, dict[str, list[str]]]) -> None:
    who, known = owner
    wrong = {str(place.value) for place, part in case.meta.components.items() if part.mode.is_negative}
    if "path" not in wrong:  # else what is wrong there must reach the API
        given: dict[str, Any] = dict(case.path_parameters or {})
        case.path_parameters = {name: known.get(name, [value])[0] for name, value in given.items()}
        case.path_parameters["tenant"] = str(who.tenant)
    headers = {} if {"header", "cookie"} & wrong else {"Authorization": f"Bearer {who.bearer}"}
    case.call_and_validate(headers=headers, checks=CHECKS)
