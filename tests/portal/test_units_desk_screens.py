"""The operator's pages of daily units in a real browser."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from purser.billing.usage import correcting, programme, terms
from purser.postgres import tenancy
from purser.rating.policy import DSU
from purser.tenants.models import Organisation
from tests.access import kit as access
from tests.access.kit import site as site
from tests.billing.usage import kit
from tests.portal.browser import Open, assets, browser, live, screen, sound

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]

PAGES = ("", "admit/", "end/", "zone/", "days/{day}/correct/")


def worked(house: kit.House) -> tuple[Organisation, date]:
    """A partner of a month, one day of it corrected; and that day."""
    begun = access.now() - timedelta(days=30)
    partner = house.partner("Europe/Berlin", since=begun - timedelta(days=2))
    programme.admit(house.desk, partner.pk, on=begun.date(), now=begun)
    customers = [kit.customer(partner, since=begun, name=name) for name in ("Alder Dental", "Birch Law")]
    kit.plant(partner, begun.date(), [{customers[0].pk: 40 + n, customers[1].pk: 7} for n in range(29)], zone="Europe/Berlin")
    on = begun.date() + timedelta(days=3)
    correcting.amend(
        house.desk, partner.pk, on=on, counts={customers[1].pk: 90}, reason="Licences told late", now=access.now()
    )
    return partner, on


@pytest.mark.parametrize("path", PAGES)
def test_it_shows_a_partners_daily_units_soundly(screen: Open, path: str) -> None:
    house = kit.House(access.operator())
    partner, day = worked(house)
    window = screen(access.sign_in(access.member(house.operator)))
    window.go(access.url(house.operator, f"organisations/{partner.pk}/units/{path.format(day=day)}"))
    assert sound(window, f"units-desk-{path.partition('/')[0] or 'one'}") == []
    kit.owner("UPDATE billing_stint SET until_on = from_on WHERE tenant_id = %(p)s", {"p": partner.pk})


@pytest.mark.parametrize("path", ["terms/", "terms/publish/"])
def test_it_shows_the_terms_soundly(screen: Open, path: str) -> None:
    house = kit.House(access.operator())
    with tenancy.acting_in(house.operator.pk):
        terms.publish(house.desk, DSU.versions[0].terms, from_on=date(2099, 1, 1), now=access.now())
    window = screen(access.sign_in(access.member(house.operator)))
    window.go(access.url(house.operator, path))
    assert sound(window, f"units-{path.strip('/').replace('/', '-')}") == []
