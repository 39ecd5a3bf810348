"""Both sides' traffic against the vendor's own description, where it is at hand: names, types and paths are known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from purser.reconcile.model import Done
from sandboxes.kit import Request, Response
from tests.connectors.autotask import TODAY, change, opened

SPEC = Path(__file__).parents[2].parent / "shared" / "specs" / "autotask" / "contracts-subset.json"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the vendor's description is not at hand")

# Seen in use and in newer descriptions, not in this one.
NEWER = {
    "ContractServiceModel": {"adjustedprice"},
    "ServiceModel": {"sku"},
    "ServiceBundleModel": {"sku"},
}
SINGULAR = {"Companies": "Company"}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SPEC.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def traffic() -> Iterator[list[tuple[Request, Response]]]:
    """Everything that goes over the line when each call of the connector is made once."""
    with opened() as house:
        kept: list[tuple[Request, Response]] = []
        original = house.app.handle

        def handle(request: Request) -> Response:
            response = original(request)
            kept.append((request, response))
            return response

        house.app.handle = handle  # type: ignore[method-assign]
        psa = house.psa
        assert psa.test().ok
        assert psa.accounts().whole
        assert psa.agreements().whole
        priced = change(1, 8, unit_price=Decimal("4.5"), unit_cost=Decimal("3.5"))
        assert isinstance(psa.adjust(priced, once="a"), Done)
        assert isinstance(psa.adjust(change(5, 6, service="bundle:7"), once="b"), Done)
        house.control("post_period", contractID=9, through="2026-06-30")
        assert psa.services(["9"], since=date(2026, 1, 1)).whole
        assert psa.service("9", "service:12", since=TODAY)
        assert psa.service("9", "bundle:7", since=TODAY)
        yield kept


def model(spec: Mapping[str, Any], entity: str) -> str:
    return f"{SINGULAR.get(entity, entity.removesuffix('s'))}Model"


def fits(spec: Mapping[str, Any], name: str, row: Mapping[str, Any]) -> None:
    """Each field of the row is one of the model's and has its type."""
    properties = {k.lower(): v for k, v in spec["definitions"][name]["properties"].items()}
    for field, value in row.items():
        if field.lower() in NEWER.get(name, ()) or value is None:
            continue
        assert field.lower() in properties, f"{name} has no {field}"
        match properties[field.lower()].get("type"):
            case "integer":
                assert isinstance(value, int), field
                assert not isinstance(value, bool), field
                if properties[field.lower()].get("format") == "int32":
                    assert -(2**31) <= value < 2**31
            case "number":
                assert isinstance(value, (int, float, Decimal)), field
            case "boolean":
                assert isinstance(value, bool), field
            case "array":
                assert isinstance(value, list), field
            case "string":
                assert isinstance(value, str), field
                if properties[field.lower()].get("format") == "date-time":
                    datetime.fromisoformat(value)


def path_of(request: Request) -> str:
    return re.sub("^/atservicesrest", "", request.path, flags=re.IGNORECASE)


def entity_of(request: Request) -> str:
    return path_of(request).split("/")[2]


def described(spec: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
    path = path_of(request).removesuffix("/next")
    for pattern, methods in spec["paths"].items():
        regex = re.sub(r"\{\w+\}", "[0-9]+", pattern)
        if re.fullmatch(regex, path, re.IGNORECASE) and request.method.lower() in methods:
            found: Mapping[str, Any] = methods[request.method.lower()]
            return found
    raise AssertionError(f"{request.method} {path} is not described")


def test_the_connector_sends_what_is_described(spec: Any, traffic: Any) -> None:
    seen = set()
    for request, response in traffic:
        assert response.status == 200
        described(spec, request)
        if "zoneinformation" not in request.path.lower():
            assert {"apiintegrationcode", "username", "secret"} <= request.headers.keys()
        if request.method != "POST":
            continue
        body = request.json()
        if request.path.endswith("/query"):
            fits(spec, "QueryModel", body)
            entity = model(spec, entity_of(request))
            known = {k.lower() for k in spec["definitions"][entity]["properties"]}
            for field in [*body.get("IncludeFields", ()), *(f["field"] for f in body["Filter"])]:
                assert field.lower() in known, (entity, field)
            for f in body["Filter"]:
                assert f.keys() <= set(spec["definitions"]["Filter"]["properties"])
                values = f["value"] if isinstance(f["value"], list) else [f["value"]]
                for value in values:
                    fits(spec, entity, {f["field"]: value})
        else:
            name = f"Contract{request.path.split('/')[-1].removesuffix('s')}Model"
            fits(spec, name, body)
            seen.add(name)
    assert seen == {"ContractServiceAdjustmentModel", "ContractServiceBundleAdjustmentModel"}


def test_the_sandbox_answers_what_is_described(spec: Any, traffic: Any) -> None:
    seen = set()
    for request, response in traffic:
        body, path = json.loads(response.payload()), request.path.lower()
        if path.endswith("/query"):
            assert body.keys() == {"items", "pageDetails"}
            for row in body["items"]:
                fits(spec, model(spec, entity_of(request)), row)
                seen.add(entity_of(request))
        elif path.endswith("zoneinformation"):
            fits(spec, "ZoneInformationResultModel", body)
        elif path.endswith("adjustments"):
            assert body == {"itemId": None}
        elif path.endswith("/entityinformation"):
            fits(spec, "EntityInformationModel", body["info"])
        elif path.endswith("/fields"):
            for field in body["fields"]:
                fits(spec, "FieldInformationModel", field)
                for value in field["picklistValues"] or ():
                    fits(spec, "PickListValue", value)
        else:
            fits(spec, model(spec, entity_of(request)), body["item"])
    assert seen == {
        "Companies", "Contracts", "ContractServices", "ContractServiceUnits", "ContractServiceBundles",
        "ContractServiceBundleUnits", "Services", "ServiceBundles",
    }  # fmt: skip
