"""Groups of tenants, as calls. Source: ux 6."""

from __future__ import annotations

from purser.access import verbs
from purser.postgres import ids
from purser.tenants.models import Organisation
from tests.access import kit
from tests.api.kit import Caller, code, data, token_of
from tests.partners.kit import Chain, chain


def caller(made: Chain) -> Caller:
    return Caller(made.reseller.pk, made.owner, kit.browser(), token_of(made.reseller, made.owner))


def members(call: Caller, where: str) -> list[str]:
    return [row["name"] for row in data(call.get(f"{where}/tenants"))["rows"]]


def test_it_makes_fills_names_and_drops_a_group() -> None:
    made = chain()
    birch: Organisation = kit.customer("Birch Law", under=made.reseller)
    call = caller(made)
    where = f"/tenant-groups/{data(call.post('/tenant-groups', {'name': 'Gold'}), 201)['id']}"
    assert code(call.post("/tenant-groups", {"name": "Gold"}), 422) == "name_taken"
    data(call.post(f"{where}/tenants", {"tenants": [str(birch.pk), str(made.customer.pk)]}))
    assert members(call, where) == ["Alder Dental", "Birch Law"]
    assert data(call("PUT", where, {"name": "Platinum"})) == {"id": where[-36:], "name": "Platinum", "size": 2}
    assert call("DELETE", f"{where}/tenants/{birch.pk}").status_code == 204
    assert members(call, where) == ["Alder Dental"]
    assert call("DELETE", where).status_code == 204
    assert data(call.get("/tenant-groups"))["rows"] == []


def test_it_asks_every_tenant_once_and_says_what_came_of_each() -> None:
    made = chain()
    birch = kit.customer("Birch Law", under=made.reseller)
    made.give(kit.now())
    call = caller(made)
    where = f"/tenant-groups/{data(call.post('/tenant-groups', {'name': 'Gold'}), 201)['id']}"
    data(call.post(f"{where}/tenants", {"tenants": [str(birch.pk), str(made.customer.pk)]}))
    body = {"scopes": ["users"], "reason": "Managed service contract"}
    first, second = (data(call.post(f"{where}/ask", body))["rows"] for _ in range(2))
    assert [(row["name"], row["asked"]) for row in first] == [("Alder Dental", False), ("Birch Law", True)]
    assert [row["why"] for row in second] == ["Has given its consent", "Has your request already"]


def test_it_takes_no_tenant_of_another_partner() -> None:
    made = chain()
    call = caller(made)
    where = f"/tenant-groups/{data(call.post('/tenant-groups', {'name': 'Gold'}), 201)['id']}"
    for id in (kit.customer("Elsewhere").pk, ids.new()):
        assert call.post(f"{where}/tenants", {"tenants": [str(id)]}).status_code == 404
    assert members(call, where) == []


def test_a_reader_sees_groups_and_changes_none() -> None:
    made = chain()
    reader = kit.member(made.reseller, verbs.READER)
    call = Caller(made.reseller.pk, reader, kit.browser(), token_of(made.reseller, reader, verbs.READER))
    assert data(call.get("/tenant-groups"))["rows"] == []
    assert code(call.post("/tenant-groups", {"name": "Gold"}), 403) == "denied"
