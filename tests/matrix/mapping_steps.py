"""The steps of walk.py at a desk with both vendors behind it: relations, contracts, connections, the check list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from purser.links.models import CompanyLink, Connection, Link, SubscriptionLink
from purser.postgres import tenancy
from tests import make
from tests.portal.desk import Desk
from tests.portal.mapping import MODELS

Said = tuple[dict[str, Any], dict[str, Any]]
Find = Callable[[Desk], Said]
RESOURCE, SERVICE = "S1/EXO1", "9/service:12"
RENEWED = {
    **make.AUTOTASK_SEED,
    "Contracts": [
        *make.AUTOTASK_SEED["Contracts"],
        {
            "id": 19,
            "companyID": 101,
            "contractName": "2027",
            "startDate": "2027-01-01",
            "endDate": "2027-12-31",
            **make.RECURRING,
        },
    ],
    "ContractServices": [
        *make.AUTOTASK_SEED["ContractServices"],
        {"id": 22, "contractID": 19, "serviceID": 3, "adjustedPrice": 4.0, "units": 1},
    ],
}


def of(what: str, external_id: str) -> Callable[[Desk], str]:
    def find(here: Desk) -> str:
        with tenancy.acting_in(here.tenant):
            return str(MODELS[what].objects.get(external_id=external_id).pk)

    return find


def held(model: Any) -> Callable[[Desk], str]:
    """The relation that holds, which is one."""

    def find(here: Desk) -> str:
        with tenancy.acting_in(here.tenant):
            return str(model.objects.get(cleared_at=None).pk)

    return find


CUSTOMER, ACCOUNT = of("customer", "C1"), of("account", "101")
SUBSCRIPTION, AGREEMENT, SUCCESSOR = of("subscription", "S1"), of("agreement", "9"), of("agreement", "19")
RESOURCE_ID, SERVICE_ID = of("resource", RESOURCE), of("service", SERVICE)
LINK, CONTRACT, COMPANY = held(Link), held(SubscriptionLink), held(CompanyLink)


def with_(at: dict[str, Callable[[Desk], str]], body: dict[str, Any]) -> Find:
    """Addresses and values that are looked up when their turn comes."""

    def filled(value: Any, here: Desk) -> Any:
        if isinstance(value, list):
            return [filled(one, here) for one in value]
        if isinstance(value, dict):
            return {name: filled(one, here) for name, one in value.items()}
        return value(here) if callable(value) else value

    return lambda here: (filled(at, here), filled(body, here))


def psa(here: Desk) -> str:
    with tenancy.acting_in(here.tenant):
        return str(Connection.objects.get(kind="autotask").pk)


def version(here: Desk) -> int:
    with tenancy.acting_in(here.tenant):
        return int(Link.objects.get(cleared_at=None).version)


def by_text(here: Desk) -> Said:
    """The relation taken out as text, cleared, and compared."""
    pair = f"/api/v1/t/{here.tenant}/pairs/{here.world.sync.pk}"
    body = {"text": here.client.get(f"{pair}/text").json()["text"]}
    here.client.delete(f"/api/v1/t/{here.tenant}/relations/{LINK(here)}")
    compared = here.client.generic("POST", f"{pair}/text/compare", json.dumps(body), content_type="application/json")
    return {}, body | {"expect": compared.json()["digest"]}


def exact(here: Desk) -> tuple[str, str]:
    """The company and the account of one name."""
    return of("customer", "C2")(here), of("account", "102")(here)


def exact_call(here: Desk) -> Said:
    customer, account = exact(here)
    return {}, {"relations": [{"customer": customer, "account": account}]}


def accepted(here: Desk) -> Said:
    found = here.client.get(f"/api/v1/t/{here.tenant}/pairs/{here.world.sync.pk}/checklist").json()
    count = next(item["count"] for step in found["steps"] for item in step["items"] if item["name"] == "unlinked")
    return {"item": "unlinked"}, {"item": "unlinked", "count": count, "reason": "They pay elsewhere"}


WISH = {"resource": RESOURCE_ID, "service": SERVICE_ID}
RULE: dict[str, Any] = {"version": version, "price_source": "catalog"}
PAGES: list[tuple[str, Find]] = [
    ("billing/renewals/<relation>/accept/", with_({"relation": CONTRACT}, {"successor": SUCCESSOR})),
    ("billing/links/<link>/terms/", with_({"link": LINK}, RULE)),
    ("billing/relations/clear/", with_({}, {"row": [LINK]})),
    ("billing/subscription-relations/<relation>/unset/", with_({"relation": CONTRACT}, {})),
    ("billing/company-relations/<relation>/unset/", with_({"relation": COMPANY}, {})),
    ("billing/companies/<customer>/account/", with_({"customer": CUSTOMER}, {"account": ACCOUNT})),
    ("billing/subscriptions/<subscription>/contract/", with_({"subscription": SUBSCRIPTION}, {"agreement": AGREEMENT})),
    ("billing/resources/<resource>/service/", with_({"resource": RESOURCE_ID}, {"service": SERVICE_ID})),
    ("billing/text/apply/", by_text),
    ("billing/links/<link>/unset/", with_({"link": LINK}, {})),
    (
        "billing/relations/set/",
        lambda here: ({}, {"row": [RESOURCE_ID(here)], f"service-{RESOURCE_ID(here)}": SERVICE_ID(here)}),
    ),
    ("billing/exact/", lambda here: ({}, {"customer": [":".join(exact(here))]})),
    ("configuration/connections/<connection>/test/", with_({"connection": psa}, {})),
    ("check-list/<sync>/<item>/accept/", accepted),
]
CALLS: list[tuple[str, Find]] = [
    ("POST pairs/<pair>/renewals", with_({}, {"relation": CONTRACT, "successor": SUCCESSOR})),
    ("PATCH relations/<link>/terms", with_({"link": LINK}, RULE)),
    ("POST relations/clear", with_({}, {"ids": [LINK]})),
    ("DELETE subscription-relations/<relation>", with_({"relation": CONTRACT}, {})),
    ("DELETE company-relations/<relation>", with_({"relation": COMPANY}, {})),
    ("POST pairs/<pair>/company-relations", with_({}, {"customer": CUSTOMER, "account": ACCOUNT})),
    ("POST pairs/<pair>/subscription-relations", with_({}, {"subscription": SUBSCRIPTION, "agreement": AGREEMENT})),
    ("POST pairs/<pair>/relations", with_({}, WISH)),
    ("POST pairs/<pair>/text/import", by_text),
    ("DELETE relations/<link>", with_({"link": LINK}, {})),
    ("POST pairs/<pair>/relations/bulk", with_({}, {"relations": [WISH]})),
    ("POST pairs/<pair>/exact-companies", exact_call),
    ("POST connections/<connection>/test", with_({"connection": psa}, {})),
    ("POST pairs/<pair>/checklist", accepted),
]
