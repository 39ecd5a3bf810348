"""A partner's tenants: the list, one of them, and what it is asked for. Rows UC-8, UC-14, UC-19, UC-20; reliability P18."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from purser.access import verbs
from purser.partners import consent
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.partners.kit import Chain, chain
from tests.portal.partners import ASK, grants_of, open_as, said
from tests.portal.partners import made as made


def test_it_shows_all_own_customers_and_opens_only_those_who_agreed(made: Chain) -> None:
    kit.customer("Birch Law", under=made.reseller, contact_name="Bea Birch", domain="birch.example")
    made.give(kit.now())
    page = kit.sign_in(made.agent).get(kit.url(made.reseller, "tenants/"))
    words, text = said(page), page.content.decode()
    assert [head for head in ("Tenant name", "Tenant ID", "Main contact", "Domain", "Until") if head not in words] == []
    assert "Bea Birch" in words
    assert f'href="/t/{made.customer.pk}/' in text
    with tenancy.listing_customers_of(made.reseller.pk):
        birch = Organisation.across.get(name="Birch Law", parent_id=made.reseller.pk).pk
    assert f'href="/t/{birch}/' not in text
    assert f"/tenants/{birch}/" in text


def test_it_sorts_and_searches_the_tenants(made: Chain) -> None:
    for name in ("Birch Law", "Cedar Foods"):
        kit.customer(name, under=made.reseller)
    client = kit.sign_in(made.agent)

    def names(query: str) -> list[str]:
        text = client.get(kit.url(made.reseller, f"tenants/?{query}")).content.decode()
        return re.findall(">(Alder Dental|Birch Law|Cedar Foods)<", text)

    assert names("sort=-name") == ["Cedar Foods", "Birch Law", "Alder Dental"]
    assert names("q=cedar") == ["Cedar Foods"]
    assert names(f"number.is={made.customer.number}") == ["Alder Dental"]


def test_its_views_and_its_file_work_like_those_of_any_list(made: Chain) -> None:
    client = kit.sign_in(made.agent)
    saved = {"name": "Mine", "query": "sort=-number&q=alder"}
    assert client.post(kit.url(made.reseller, "lists/tenants/views/"), saved).status_code == 302
    assert "Alder Dental" in said(client.get(kit.url(made.reseller, "tenants/?view=mine")))
    file = client.get(kit.url(made.reseller, "tenants/export/?view=mine&format=csv"))
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in lines] == ["Tenant name", "Alder Dental"]


def test_who_may_order_orders_for_the_customer_from_its_page(made: Chain) -> None:
    page, order = f"tenants/{made.customer.pk}/", f"/t/{made.reseller.pk}/sales-orders/for/{made.customer.pk}/"
    held = f"/t/{made.reseller.pk}/services/?customer.is=Alder%20Dental"
    client = kit.sign_in(made.owner)
    text = client.get(kit.url(made.reseller, page)).content.decode()
    assert f'href="{order}"' in text
    assert f'href="{held}"' in text
    assert client.get(order).status_code == 200
    assert "New order" in said(client.get(held))
    reader = kit.sign_in(kit.member(made.reseller, verbs.READER, factor=False))
    text = reader.get(kit.url(made.reseller, page)).content.decode()
    assert f'href="{order}"' not in text
    assert f'href="{held}"' in text
    assert "New order" not in said(reader.get(held))
    with tenancy.acting_in(made.customer.pk):
        Organisation.objects.update(suspended_at=kit.now())
    assert order not in client.get(kit.url(made.reseller, page)).content.decode()


def test_it_asks_for_consent_and_takes_it_back(made: Chain) -> None:
    client, one = kit.sign_in(made.agent), f"tenants/{made.customer.pk}/"
    assert "has not agreed" in said(client.get(kit.url(made.reseller, one)))
    assert client.post(kit.url(made.reseller, one + "ask/"), ASK).status_code == 302
    (grant,) = grants_of(made)
    assert (set(grant.scopes), grant.approved_at) == ({"domain", "users"}, None)
    page = client.get(kit.url(made.reseller, one))
    assert "Withdraw the request" in said(page)
    assert client.post(kit.url(made.reseller, one + "take-back/")).status_code == 302
    assert grants_of(made)[0].closed_as == "withdrawn"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"scopes": []}, "required"),
        ({"days": "731"}, "730"),
        ({"reason": " "}, "required"),
        ({"scopes": ["kitchen"]}, "kitchen"),
    ],
)
def test_a_wrong_question_says_why_and_is_not_asked(made: Chain, more: dict[str, Any], words: str) -> None:
    answer = kit.sign_in(made.agent).post(kit.url(made.reseller, f"tenants/{made.customer.pk}/ask/"), {**ASK, **more})
    assert answer.status_code == 422
    assert words in said(answer)
    assert grants_of(made) == []


def test_the_partner_confirms_the_agreement_with_its_paper(made: Chain) -> None:
    owner, one = kit.sign_in(made.owner), f"tenants/{made.customer.pk}/agreement/"
    wrong = SimpleUploadedFile("x.pdf", b"MZ not a pdf")
    assert owner.post(kit.url(made.reseller, one), {"paper": wrong}).status_code == 422
    paper = SimpleUploadedFile("../our agreement.pdf", b"%PDF-1.7 agreed")
    assert owner.post(kit.url(made.reseller, one), {"paper": paper}).status_code == 302
    assert "Confirmed" in said(owner.get(kit.url(made.reseller, f"tenants/{made.customer.pk}/")))
    file = owner.get(kit.url(made.reseller, one + "partner/"))
    assert b"".join(file.streaming_content) == b"%PDF-1.7 agreed"  # type: ignore[attr-defined]
    assert file.headers["Content-Type"] == "application/pdf"
    assert owner.get(kit.url(made.reseller, one + "customer/")).status_code == 404
    assert kit.sign_in(made.agent).post(kit.url(made.reseller, one)).status_code == 403


def test_a_distributor_reads_its_resellers_customers_and_opens_none(made: Chain) -> None:
    made.give(kit.now())
    owner = open_as(made.distributor)
    page = owner.get(kit.url(made.distributor, "tenants/below/"))
    assert made.customer.name in said(page)
    assert made.reseller.name in said(page)
    assert f"/t/{made.customer.pk}/" not in page.content.decode()
    assert made.customer.name not in said(owner.get(kit.url(made.distributor, "tenants/")))
    assert owner.get(kit.url(made.distributor, f"tenants/{made.customer.pk}/")).status_code == 404
    assert owner.get(f"/t/{made.customer.pk}/").status_code == 404


def test_a_call_of_the_partner_for_anothers_customer_finds_nothing(made: Chain) -> None:
    other = chain(operator=made.operator)
    client = kit.sign_in(made.owner)
    for path in ("", "ask/", "agreement/customer/"):
        assert client.get(kit.url(made.reseller, f"tenants/{other.customer.pk}/{path}")).status_code == 404
    for path in ("ask/", "take-back/", "agreement/"):
        assert client.post(kit.url(made.reseller, f"tenants/{other.customer.pk}/{path}"), ASK).status_code == 404
    assert consent.standing(other.customer.pk, now=kit.now()).request is None
