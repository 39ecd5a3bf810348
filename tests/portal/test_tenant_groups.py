"""Groups of tenants, and asking everybody in one for consent. Source: ux 6."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.test import Client

from purser.postgres import ids, tenancy
from purser.tenants import tree
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain

if TYPE_CHECKING:
    pass


from tests.portal.finding import closed, made, now

__all__ = ["closed", "made", "now"]  # fixtures


def groups_of(made: Chain) -> str:
    return f"/t/{made.reseller.pk}/tenants/groups/"


def grouped(made: Chain, client: Client, *customers: Organisation) -> str:
    """The address of a new group with these in it."""
    where = str(client.post(f"{groups_of(made)}make/", {"name": f"Gold {ids.new().hex[-6:]}"}).headers["Location"])
    assert client.post(f"{where}put/", {"place": [str(one.pk) for one in customers]}).status_code == 302
    return where


def test_a_group_holds_customers_that_are_found_by_typing(made: Chain, closed: Organisation) -> None:
    client = kit.sign_in(made.owner)
    where = grouped(made, client, made.customer)
    assert "Birch Law" in kit.text(client.get(where, {"q": "birch"}))
    client.post(f"{where}put/", {"place": [str(closed.pk), str(made.customer.pk)]})
    seen = kit.text(client.get(where))
    assert seen.index("Alder Dental") < seen.index("Birch Law")
    assert "2 tenants" in kit.text(client.get(groups_of(made)))
    client.post(f"{where}change/", {"do": "take_out", "place": str(made.customer.pk)})
    assert "Alder Dental" not in kit.text(client.get(where))
    client.post(f"{where}change/", {"do": "drop"})
    assert client.get(where).status_code == 404
    said = [act.summary for act in kit.acts_of(made.reseller, "tenants.group")]
    assert [line.split()[0] for line in said] == ["Made", "Put", "Put", "Took", "Dropped"]


def test_a_group_takes_no_customer_of_another(made: Chain) -> None:
    client, other = kit.sign_in(made.owner), kit.customer("Elsewhere")
    where = grouped(made, client, made.customer)
    for id in (other.pk, ids.new(), "x"):
        assert client.post(f"{where}put/", {"place": str(id)}).status_code == 404
    assert "Elsewhere" not in kit.text(client.get(where))


def test_a_customer_that_moved_away_is_in_the_group_no_longer(made: Chain, closed: Organisation, now: datetime) -> None:
    client = kit.sign_in(made.owner)
    where = grouped(made, client, made.customer, closed)
    to = kit.reseller(under=made.distributor)
    with tenancy.acting_in(closed.pk):
        tree.move(to, by="operations", now=now)
    seen = kit.text(client.get(where))
    assert "Alder Dental" in seen
    assert "Birch Law" not in seen


def test_asking_a_group_asks_each_that_has_neither_agreed_nor_been_asked(
    made: Chain, closed: Organisation, now: datetime
) -> None:
    from purser.tenants.models import Grant

    client, third = kit.sign_in(made.owner), kit.customer("Cedar Foods", under=made.reseller)
    where = grouped(made, client, made.customer, closed, third)
    wanted = {"scopes": ["users"], "days": "30", "reason": "Managed service contract 7"}
    assert "2 of 3 will be asked: Birch Law, Cedar Foods" in kit.text(client.get(f"{where}ask/"))
    seen = kit.text(client.post(f"{where}ask/", wanted))
    assert "2 of 3 asked" in seen
    assert "Not asked: Has given its consent" in seen
    for customer, count in ((closed, 1), (third, 1), (made.customer, 0)):
        with tenancy.acting_in(customer.pk):
            assert Grant.objects.filter(approved_at=None).count() == count
    assert "0 of 3 asked" in kit.text(client.post(f"{where}ask/", wanted))
