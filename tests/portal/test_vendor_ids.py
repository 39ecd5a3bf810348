"""A vendor's id of a company leads to its page. Source: ux 2; reliability P16."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain

if TYPE_CHECKING:
    pass


from tests.portal.finding import made, now

__all__ = ["made", "now"]  # fixtures


def company(tenant: UUID, name: str, *, at_marketplace: str, at_psa: str = "", psa: str = "autotask") -> UUID:
    """A company of the marketplace; with `at_psa` linked to the PSA's of this id."""
    from purser.links.models import CompanyLink, Connection, SourceCustomer, Sync, TargetAccount

    now = kit.now()
    with tenancy.acting_in(tenant):
        source, target = (
            Connection.objects.get_or_create(kind=kind, defaults={"name": kind, "created_at": now})[0]
            for kind in ("marketplace", psa)
        )
        row = SourceCustomer.objects.create(
            connection=source, external_id=at_marketplace, name=name, status="active", seen_at=now
        )
        if at_psa:
            sync, _ = Sync.objects.get_or_create(source=source, target=target, defaults={"created_at": now})
            account, _ = TargetAccount.objects.get_or_create(
                connection=target, external_id=at_psa, defaults={"name": name, "seen_at": now}
            )
            CompanyLink.objects.create(sync=sync, customer=row, account=account, made_at=now)
        return UUID(str(row.pk))


@pytest.mark.parametrize("key", ["175", "autotask:175", "1000447", "marketplace:1000447"])
def test_it_leads_to_a_company_by_the_id_of_the_psa_or_the_marketplace(made: Chain, key: str) -> None:
    row = company(made.reseller.pk, "Gull Logistics", at_marketplace="1000447", at_psa="175")
    client = kit.sign_in(made.owner)
    answer = client.get(f"/go/tenant/{key}/")
    assert answer.headers["Location"] == f"/t/{made.reseller.pk}/billing/companies/{row}/"
    assert "Gull Logistics" in kit.text(client.get(answer.headers["Location"]))
    assert client.get(f"/go/tenant/{key}/people/").status_code == 404  # a company has no such page


def test_an_id_that_several_companies_bear_shows_a_choice(made: Chain) -> None:
    company(made.reseller.pk, "Gull Logistics", at_marketplace="1000447", at_psa="175")
    company(made.reseller.pk, "Heron Motors", at_marketplace="175")
    company(made.reseller.pk, "Ibis Foods", at_marketplace="1000448", at_psa="175")  # two companies, one account
    client = kit.sign_in(made.owner)
    answer = client.get("/go/tenant/175/")
    assert answer.status_code == 200
    shown = kit.text(answer)
    for name in ("Gull Logistics", "Heron Motors", "Ibis Foods"):
        assert name in shown
    assert client.get("/go/tenant/marketplace:175/").status_code == 302


def test_an_id_says_nothing_of_a_foreign_company_nor_to_whom_may_not_read_links(made: Chain) -> None:
    company(made.reseller.pk, "Gull Logistics", at_marketplace="1000447", at_psa="175")
    foreign = kit.reseller()
    stranger = kit.sign_in(kit.member(foreign))
    for key in ("175", "1000447", "autotask:175", "no-such-id", "autotask:"):
        answer = stranger.get(f"/go/tenant/{key}/", headers={"Accept": "application/json"})
        assert answer.status_code == 404, key
        assert answer.json()["text"] == stranger.get("/go/tenant/0/", headers={"Accept": "application/json"}).json()["text"]
    assert kit.sign_in(made.admin).get("/go/tenant/175/").status_code == 404  # the customer itself


def test_an_id_of_a_relation_that_was_cleared_leads_nowhere(made: Chain) -> None:
    from purser.links.models import CompanyLink

    company(made.reseller.pk, "Gull Logistics", at_marketplace="1000447", at_psa="175")
    with tenancy.acting_in(made.reseller.pk):
        CompanyLink.objects.update(cleared_at=kit.now())
    client = kit.sign_in(made.owner)
    assert client.get("/go/tenant/175/").status_code == 404
    assert client.get("/go/tenant/1000447/").status_code == 302
