"""Settings of billing, the operator's price lists, support. Source: acceptance CS-3, CS-55 to CS-57, CS-63, CS-67, CS-70."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from tests.access import kit
from tests.billing.buying.kit import BILLED, Buyer
from tests.portal.buying import client as client
from tests.portal.buying import made as made
from tests.portal.buying import post, shown

# Settings.


def test_settings_has_its_three_entries(client: Client, made: Buyer) -> None:
    for path in ("settings/", "settings/billing/", "settings/package/"):
        text = shown(client, made, path)
        assert all(words in text for words in ("Manage Roles", "Billing Info", "Default Package"))


def chosen(client: Client, made: Buyer) -> list[str]:
    html = client.get(kit.url(made.partner, "settings/package/")).content.decode()
    return re.findall(r'<input[^>]*type="radio"[^>]*value="([^"]+)"[^>]* checked', html)


def test_one_package_is_the_default_and_choosing_another_clears_it(client: Client, made: Buyer) -> None:
    assert chosen(client, made) == ["CPP-DSU-2"]
    assert post(client, made, "settings/package/choose/", package="CPP-DSU-10").status_code == 302
    assert chosen(client, made) == ["CPP-DSU-10"]
    (act,) = kit.acts_of(made.partner, "billing.configure")[1:]
    assert (act.before, act.after) == ({"default_package": "CPP-DSU-2"}, {"default_package": "CPP-DSU-10"})
    assert post(client, made, "settings/package/choose/", package="CPP-DSU-3").status_code == 422
    assert chosen(client, made) == ["CPP-DSU-10"]


def test_only_an_owner_chooses(made: Buyer) -> None:
    client = kit.sign_in(kit.member(made.partner, verbs.BOOKKEEPER, factor=False))
    assert client.post(kit.url(made.partner, "settings/package/choose/"), {"package": "CPP-DSU-1"}).status_code == 403
    assert client.post(kit.url(made.partner, "settings/billing/edit/"), BILLED).status_code == 403


def test_ok_stores_the_billing_information(client: Client, made: Buyer) -> None:
    assert "Munster" in shown(client, made, "settings/billing/")
    changed = {**BILLED, "street": "2 Quay Street", "tax_number": ""}
    assert post(client, made, "settings/billing/edit/", **changed, version="1").status_code == 302
    assert "2 Quay Street" in shown(client, made, "settings/billing/")
    late = post(client, made, "settings/billing/edit/", **BILLED, version="1")
    assert late.status_code == 422
    assert "Somebody else changed it" in kit.text(late)


@pytest.mark.parametrize("name", [name for name in BILLED if name != "tax_number"])
def test_every_field_but_the_tax_number_is_needed(client: Client, made: Buyer, name: str) -> None:
    wrong = post(client, made, "settings/billing/edit/", **{**BILLED, name: " "}, version="1")
    assert wrong.status_code == 422
    assert "This field is required" in kit.text(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("street", "4111 1111 1111 1111"),
        ("tax_number", "4111111111111111"),
        ("company", "378282246310005 Ltd"),
        ("country", "Germany"),
        ("country", "1x"),
        ("contact_email", "nobody"),
        ("postal_code", "x" * 21),
        ("city", "Co\u200brk"),
    ],
)
def test_it_refuses_what_a_field_cannot_hold(client: Client, made: Buyer, name: str, value: str) -> None:
    wrong = post(client, made, "settings/billing/edit/", **{**BILLED, name: value}, version="1")
    assert wrong.status_code == 422
    assert "Munster" in shown(client, made, "settings/billing/")
    assert value not in shown(client, made, "settings/billing/")


def test_a_customer_sees_none_of_it(made: Buyer) -> None:
    customer = kit.customer(under=made.partner)
    client = kit.sign_in(kit.member(customer, verbs.ADMINISTRATOR, factor=False))
    for path in ("packages/", "quotes/", "documents/", "settings/billing/", "settings/package/", "prices/"):
        assert client.get(kit.url(customer, path)).status_code == 403, path
    assert not re.search("packages|DSU|Quotes", client.get(kit.url(customer, "overview/")).content.decode())


# The operator's prices.


@pytest.fixture
def desk(made: Buyer) -> Client:
    return kit.sign_in(kit.member(made.operator, factor=False))


def rows(*every: tuple[str, str, str, str], **more: str) -> dict[str, Any]:
    columns = list(zip(*every, strict=True))
    return {**dict(zip(("code", "units", "unit_price", "price"), map(list, columns), strict=True)), **more}


def test_the_operator_sees_and_exports_its_lists(desk: Client, made: Buyer) -> None:
    answer = desk.get(kit.url(made.operator, "prices/"))
    assert "CPP-DSU-5 5,000 $0.041 $205" in kit.text(answer)
    assert "Who sells is not filled in" in kit.text(answer)
    href = re.search(r'href="(/t/[^"]+/prices/[0-9a-f-]{36}/)"', answer.content.decode())
    assert href
    assert "In force from" in kit.text(desk.get(href[1]))
    lines = desk.get(f"{href[1]}file/").content.decode().splitlines()
    assert lines[0] == "Package code,DSU quantity,Single DSU price,Package price"
    assert lines[3].startswith("CPP-DSU-5,5000,")


def test_it_previews_then_publishes(desk: Client, made: Buyer) -> None:
    path = kit.url(made.operator, "prices/publish/")
    wanted = rows(("CPP-DSU-1", "1,000", "0.05", "50"), ("", "", "", ""), ("CPP-DSU-2", "2000", ".042", "$84"))
    wanted |= {"currency": "USD", "after": "1", "from_at": ""}
    preview = desk.post(path, wanted | {"do": "preview"})
    assert preview.status_code == 200
    assert kit.acts_of(made.operator, "operator.prices.publish") == []
    assert "was 1000 x 0.043 = 43" in kit.text(preview)
    assert "becomes 1000 x 0.05 = 50" in kit.text(preview)
    assert desk.post(path, wanted | {"do": "publish"}).status_code == 302
    assert "list 2 meanwhile" in kit.text(desk.post(path, wanted | {"do": "publish"}))


def test_it_takes_a_pasted_sheet_into_the_table(desk: Client, made: Buyer) -> None:
    path = kit.url(made.operator, "prices/publish/")
    text = "A\t1,000\t$0.05\t$50\nB\t2,000\t$0.04\t$80"
    answer = desk.post(path, {"do": "read", "text": text, "currency": "EUR", "after": "1"})
    html = answer.content.decode()
    assert re.findall(r'name="price" value="([^"]*)"', html)[:3] == ["50", "80", ""]
    assert 'value="EUR"' in html
    assert kit.acts_of(made.operator, "operator.prices.publish") == []


def test_it_names_all_three_numbers_of_a_row_that_does_not_multiply_out(desk: Client, made: Buyer) -> None:
    wanted = rows(("CPP-DSU-3", "3000", "0.041", "205"), currency="USD", after="1", do="publish")
    answer = desk.post(kit.url(made.operator, "prices/publish/"), wanted)
    assert answer.status_code == 422
    assert all(number in kit.text(answer) for number in ("3000 x 0.041", "123.000", "205"))
    assert 'value="0.041"' in answer.content.decode()  # what was typed is still there


def test_the_operator_says_as_whom_it_sells(desk: Client, made: Buyer) -> None:
    sold = {**BILLED, "company": "Northern Cloud GmbH", "version": "0"}
    assert desk.post(kit.url(made.operator, "prices/seller/"), sold).status_code == 302
    assert "Sold by Northern Cloud GmbH" in kit.text(desk.get(kit.url(made.operator, "prices/")))
    (act,) = kit.acts_of(made.operator, "operator.prices.publish")
    assert act.after["company"] == "Northern Cloud GmbH"


def test_support_of_the_operator_publishes_nothing(made: Buyer) -> None:
    client = kit.sign_in(kit.member(made.operator, verbs.SUPPORT, factor=False))
    assert client.get(kit.url(made.operator, "prices/")).status_code == 200
    assert client.post(kit.url(made.operator, "prices/publish/"), {"do": "preview"}).status_code == 403
    assert client.get(kit.url(made.operator, "prices/seller/")).status_code == 403


# Support. Source: acceptance CS-70.


@pytest.mark.parametrize("path", ["support/", "support/security/", "support/privacy/"])
def test_support_links_to_its_home_the_faq_the_policy_and_contact(client: Client, made: Buyer, path: str) -> None:
    answer = client.get(kit.url(made.partner, path))
    links = dict(re.findall(r'<li class="list-group-item[^>]*><a href="([^"]+)"[^>]*>([^<]+)</a>', answer.content.decode()))
    assert list(links.values()) == ["Support home", "Security FAQ", "Privacy policy", "Contact us"]
    assert all(client.get(href).status_code == 200 for href in links)
    assert kit.url(made.partner, "support/") in client.get(kit.url(made.partner, "")).content.decode()
