"""Managing relations one by one and in bulk, and their terms, at the page. Source: acceptance ID-16, ID-56 to ID-63."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from purser.links.models import (
    Link,
    SourceResource,
)
from purser.postgres import tenancy
from tests import make
from tests.access import kit
from tests.portal import desk
from tests.portal.desk import Desk
from tests.portal.mapping import at, card, id_of, open_links, seeded, set_company, set_resource, set_subscription, vendors

pytestmark = pytest.mark.usefixtures("pages")

__all__ = ["at", "vendors"]  # fixtures


@pytest.mark.parametrize("psa", ["autotask", "connectwise"])
def test_it_manages_relations_of_both_psas_by_context(psa: str) -> None:
    with desk.at(psa) as at:
        text = at.text("relations", f"?context={psa}")
        for title in ("Company", "Subscription", "Resource", "Account", "Contract", "Service", "Set Relations", "Go Back"):
            assert title in text
        other = {"autotask": "connectwise", "connectwise": "autotask"}[psa]
        assert "Set-up" in at.text("relations", f"?context={other}")


def test_it_sets_many_each_alone_and_says_so_row_by_row(at: Desk) -> None:
    good, bad = id_of(at, "resource", "S2/E3"), id_of(at, "resource", "S1/EXO1")
    wanted = str(id_of(at, "service", "10/service:13"))
    answer = at.post("relations_set", {"row": [str(good), str(bad)], f"service-{good}": wanted, f"service-{bad}": wanted})
    text = kit.text(answer)
    assert answer.status_code == 200
    assert "Linked; the next pass reconciles it." in text
    assert "is linked to Office 365 E3 already" in text
    assert open_links(at) == 1


def test_it_preselects_only_a_sure_service_and_clears_mapped_ones_in_bulk(at: Desk) -> None:
    page = at.get("relations").content.decode()
    assert f'value="{id_of(at, "service", "10/service:13")}" selected' in page
    answer = at.post("relations_set", {"all": "1"})
    assert "Linked; the next pass" in kit.text(answer)
    mapped = at.text("relations", "?mapped=1")
    assert "Office 365 E3" in mapped
    assert "Clear Relations" in mapped
    with tenancy.acting_in(at.tenant):
        link = Link.objects.get(cleared_at=None)
    assert "the PSA keeps its quantity" in kit.text(at.post("relations_clear", {"row": [str(link.pk)]}))
    assert open_links(at) == 0


def many(count: int) -> dict[str, Any]:
    """Two seeds of one company with this many resources of different names on one contract."""
    shop = {
        **copy.deepcopy(make.MARKETPLACE_SEED),
        "products": [{"mpn": f"P{n}", "name": f"Product {n}"} for n in range(count)],
        "subscriptions": [
            {"id": "S1", "customerId": "C1", "products": [{"mpn": f"P{n}", "quantity": 1} for n in range(count)]}
        ],
    }
    theirs = seeded(
        Services=[{"id": n + 1, "name": f"Product {n}", "unitPrice": 1.0, "periodType": 2} for n in range(count)],
        ContractServices=[
            {"id": n + 1, "contractID": 9, "serviceID": n + 1, "adjustedPrice": 1.0, "units": 1} for n in range(count)
        ],
    )
    return {"marketplace_seed": shop, "psa_seed": theirs}


def test_it_sets_500_in_steps_of_100_with_progress() -> None:
    with desk.at(**many(230)) as at:
        set_company(at)
        first = at.post("relations_set", {"all": "1"}).content.decode()
        assert "100 of 230" in first
        assert open_links(at) == 100
        second = at.post("relations_set", step_of(first)).content.decode()
        assert "200 of 230" in second
        third = at.client.post(at.url("relations_set"), step_of(second), headers={"HX-Request": "true"})
        assert "All 230 rows are through." in third.content.decode()
        assert "<html" not in third.content.decode()
        assert open_links(at) == 230


def step_of(page: str) -> dict[str, Any]:
    """The form that a step's answer sends next."""
    form = page[page.index('name="part"') :]
    data: dict[str, Any] = {"part": "1", "done": re.search(r'name="done" value="(\d+)"', form)[1], "row": []}  # type: ignore[index]
    for name, value in re.findall(r'name="(row|service-[\w-]+)" value="([^"]+)"', form):
        if name == "row":
            data["row"].append(value)
        else:
            data[name] = value
    return data


def test_it_refuses_more_than_500_and_nothing_at_all(at: Desk) -> None:
    assert at.post("relations_set", {}).status_code == 422
    assert at.post("relations_clear", {"row": [str(at.tenant)] * 501}).status_code == 422


def test_it_keeps_the_terms_of_a_link_and_refuses_an_old_version(at: Desk) -> None:
    link = at.linked()
    wanted = {"version": "1", "decrease": "today", "drift_policy": "psa", "price_source": "custom", "custom_price": "4.25"}
    assert at.post("mapping_terms", wanted, link=link.pk).status_code == 302
    with tenancy.acting_in(at.tenant):
        kept = Link.objects.get(pk=link.pk)
    assert (kept.decrease, kept.drift_policy, kept.price_source, str(kept.custom_price)) == (
        "today", "psa", "custom", "4.250000",
    )  # fmt: skip
    assert b'value="4.25"' in at.get("mapping_terms", link=link.pk).content
    before = len(kit.acts_of(at.world.organisation, "links.write"))
    again = at.post("mapping_terms", wanted, link=link.pk)
    assert again.status_code == 422
    assert "Somebody changed this link meanwhile" in kit.text(again)
    assert len(kit.acts_of(at.world.organisation, "links.write")) == before
    blank = at.post("mapping_terms", {"version": "2", "price_source": "agreement"}, link=link.pk)
    assert blank.status_code == 302
    with tenancy.acting_in(at.tenant):
        assert Link.objects.get(pk=link.pk).decrease == ""


def test_it_refuses_a_custom_price_source_without_a_price(at: Desk) -> None:
    link = at.linked()
    answer = at.post("mapping_terms", {"version": "1", "price_source": "custom"}, link=link.pk)
    assert answer.status_code == 422
    assert "needs a price" in kit.text(answer)


def test_it_refuses_a_resource_billed_by_use_without_a_rule(at: Desk) -> None:
    with tenancy.acting_in(at.tenant):
        SourceResource.objects.filter(external_id="S1/EXO1").update(usage_based=True)
    set_company(at)
    set_subscription(at)
    refused = set_resource(at)
    assert refused.status_code == 422
    assert "billed by use" in kit.text(refused)
    assert set_resource(at, usage_divisor="nonsense").status_code == 422
    assert set_resource(at, usage_divisor="-1").status_code == 422
    assert set_resource(at, usage_divisor="1000").status_code == 302


def test_it_offers_a_bundle_like_a_service() -> None:
    seed = seeded(
        ServiceBundles=[{"id": 5, "name": "Cloud bundle", "unitPrice": 9.0, "periodType": 2}],
        ContractServiceBundles=[{"id": 20, "contractID": 9, "serviceBundleID": 5, "adjustedPrice": 9.0, "units": 1}],
    )
    with desk.at(psa_seed=seed) as at:
        set_company(at)
        set_subscription(at)
        assert "Cloud bundle (bundle)" in card(at)
        bundle = str(id_of(at, "service", "9/bundle:20"))
        resource = id_of(at, "resource", "S1/EXO1")
        assert at.post("mapping_set_resource", {"service": bundle}, resource=resource).status_code == 302
