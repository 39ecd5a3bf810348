"""A partner's settings: its owners, and the administrators of its tenants. Rows CS-3 to CS-6, CS-18."""

from __future__ import annotations

from purser.access import verbs
from tests.access import kit
from tests.partners.kit import Chain
from tests.portal.partners import made as made
from tests.portal.partners import said


def test_settings_has_roles_billing_and_package_at_its_left(made: Chain) -> None:
    owner = kit.sign_in(made.owner)
    for path, words in (
        ("", "Partner Portal"),
        ("billing/", "Credit Card and Billing Address"),
        ("package/", "No packages yet"),
    ):
        page = said(owner.get(kit.url(made.reseller, f"settings/{path}")))
        assert words in page
        for entry in ("Manage Roles", "Billing Info", "Default Package"):
            assert entry in page


def test_owners_are_chosen_from_those_who_have_signed_in(made: Chain) -> None:
    owner, new = kit.sign_in(made.owner), kit.member(made.reseller, verbs.READER)
    members = [str(kit.membership(made.reseller, who).pk) for who in (made.owner, new)]
    page = said(owner.get(kit.url(made.reseller, "heads/")))
    assert "Never signed in" in page
    assert "must do so once" in page
    answer = owner.post(kit.url(made.reseller, "heads/"), {"member": members})
    assert "has never signed in here" in said(answer)
    theirs = kit.sign_in(new)
    assert theirs.get(kit.url(made.reseller, "heads/")).status_code == 403
    assert owner.post(kit.url(made.reseller, "heads/"), {"member": members}).status_code == 302
    assert theirs.get(kit.url(made.reseller, "heads/")).status_code == 200  # at once, in the session they have
    assert new.email in said(owner.get(kit.url(made.reseller, "settings/")))
    assert "Choose at least one owner" in said(owner.post(kit.url(made.reseller, "heads/"), {}))


def test_the_administrators_of_a_tenant_are_chosen_on_its_behalf(made: Chain) -> None:
    client = kit.sign_in(made.agent)
    settings = kit.url(made.reseller, "settings/")
    assert made.customer.number not in said(client.get(settings))
    picked = client.get(f"{settings}tenant/?tenant={made.customer.pk}")
    assert picked.headers["Location"] == settings
    made.give(kit.now())
    assert made.customer.number in said(client.get(settings))
    edit = client.get(f"{settings}tenant/?tenant={made.customer.pk}").headers["Location"]
    assert "Select Admins" in said(client.get(edit))
    readers = [kit.member(made.customer, verbs.READER) for _ in range(2)]
    chosen = [str(kit.membership(made.customer, who).pk) for who in (made.admin, *readers)]
    assert client.post(edit, {"member": chosen}).status_code == 302
    assert {kit.membership(made.customer, who).role for who in (made.admin, *readers)} == {verbs.ADMINISTRATOR}
    made.end(kit.now())
    assert client.get(edit).status_code == 404
