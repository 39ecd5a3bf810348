"""Links follow a contract that was renewed, at the page. Source: acceptance ID-60."""

from __future__ import annotations

from typing import Any

import pytest

from purser.links.models import (
    Link,
    SubscriptionLink,
)
from purser.postgres import tenancy
from tests import make
from tests.portal import desk
from tests.portal.mapping import at, id_of, open_links, seeded, vendors

pytestmark = pytest.mark.usefixtures("pages")

__all__ = ["at", "vendors"]  # fixtures


def renewed() -> dict[str, Any]:
    return seeded(
        Contracts=[
            *make.AUTOTASK_SEED["Contracts"],
            {"id": 19, "companyID": 101, "contractName": "2027 Cloud Services", "startDate": "2027-01-01",
             "endDate": "2027-12-31", **make.RECURRING},
        ],
        ContractServices=[
            *make.AUTOTASK_SEED["ContractServices"],
            {"id": 22, "contractID": 19, "serviceID": 3, "adjustedPrice": 4.0, "units": 1},
        ],
    )  # fmt: skip


def test_it_moves_the_links_of_a_renewed_contract_and_their_terms() -> None:
    with desk.at(psa_seed=renewed()) as at:
        link = at.linked()
        at.post("mapping_terms", {"version": "1", "price_source": "agreement", "decrease": "today"}, link=link.pk)
        assert "2027 Cloud Services" in at.text("mapping_renewals")
        with tenancy.acting_in(at.tenant):
            relation = SubscriptionLink.objects.get(cleared_at=None).pk
        successor = str(id_of(at, "agreement", "19"))
        assert at.post("mapping_renewal_accept", {"successor": successor}, relation=relation).status_code == 302
        with tenancy.acting_in(at.tenant):
            moved = Link.objects.select_related("service").get(cleared_at=None)
        assert (moved.service.external_id, moved.decrease) == ("19/service:22", "today")
        at.go(minutes=5)
        assert at.pass_over(cause="link").posted == 1
        assert at.post("mapping_renewal_accept", {"successor": successor}, relation=relation).status_code == 404


def test_it_moves_nothing_when_the_successor_lacks_a_service() -> None:
    seed = renewed()
    seed["ContractServices"] = make.AUTOTASK_SEED["ContractServices"]
    with desk.at(psa_seed=seed) as at:
        at.linked()
        assert "No free service of this product on it" in at.text("mapping_renewals")
        with tenancy.acting_in(at.tenant):
            relation = SubscriptionLink.objects.get(cleared_at=None).pk
        answer = at.post("mapping_renewal_accept", {"successor": str(id_of(at, "agreement", "19"))}, relation=relation)
        assert answer.status_code == 422
        assert open_links(at) == 1
