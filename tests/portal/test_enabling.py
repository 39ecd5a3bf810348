"""A partner asks to administer its tenants, and the operator's people answer. Rows UC-5 to UC-7."""

from __future__ import annotations

import re

from django.core import mail

from purser.partners import enabling
from purser.postgres import tenancy
from purser.tenants.models import PackageStock
from tests.access import kit
from tests.partners.kit import PAID, chain
from tests.portal.partners import ASK, grants_of, open_as, said
from tests.portal.partners import made as made


def test_the_request_is_shown_sent_answered_and_both_sides_hear_of_it() -> None:
    made = chain(enabled=False)
    operations = kit.member(made.operator)
    owner, desk = kit.sign_in(made.owner), kit.sign_in(operations)
    page = said(owner.get(kit.url(made.reseller, "administration/request/")))
    subject, body = enabling.message(made.reseller, made.owner.name)
    for line in filter(None, [subject, *body.splitlines()]):
        assert line in page
    assert owner.post(kit.url(made.reseller, "administration/request/"), {"signature": "Olive Owner"}).status_code == 302
    assert "Requested" in said(owner.get(kit.url(made.reseller, "administration/")))
    told = {to for one in mail.outbox for to in one.to if "Please enable" in one.subject}
    assert {operations.email, made.owner.email} <= told
    queue = desk.get(kit.url(made.operator, "requests/")).content.decode()
    (answer,) = re.findall(r'href="(\S+/requests/[0-9a-f-]{36}/)"', queue)
    assert "Olive Owner" in said(desk.get(answer))
    refused = desk.post(answer, {"approve": "yes", "why": "Contract signed"})
    assert "has no commercial subscription" in said(refused)
    assert desk.post(answer, {"approve": "no", "why": ""}).status_code == 422
    with tenancy.acting_in(made.reseller.pk):
        PackageStock.objects.create(package=PAID, total=1)
    assert desk.post(answer, {"approve": "yes", "why": "Contract signed"}).status_code == 302
    assert "Enabled" in said(owner.get(kit.url(made.reseller, "administration/")))
    assert any(one.to == [made.owner.email] and "Contract signed" in str(one.body) for one in mail.outbox)
    assert desk.get(answer).status_code == 404


def test_a_refusal_reaches_the_partner_with_its_reason() -> None:
    made = chain(enabled=False)
    with tenancy.acting_in(made.reseller.pk):
        row = enabling.request(kit.actor(made.reseller, made.owner), signature="", email=made.owner.email, now=kit.now())
    desk = open_as(made.operator)
    path = kit.url(made.operator, f"requests/{row.pk}/")
    assert desk.post(path, {"approve": "no", "why": "No contract yet"}).status_code == 302
    page = said(kit.sign_in(made.owner).get(kit.url(made.reseller, "administration/")))
    assert "No contract yet" in page
    assert "Request enabling" in page


def test_before_operations_agree_there_is_nothing_to_ask_or_invite_with() -> None:
    made = chain(enabled=False)
    owner = kit.sign_in(made.owner)
    page = owner.get(kit.url(made.reseller, "tenants/"))
    assert "not enabled" in said(page)
    assert "tenants/invite/" not in page.content.decode()
    assert f"{made.customer.pk}/ask/" not in owner.get(kit.url(made.reseller, f"tenants/{made.customer.pk}/")).content.decode()
    answer = owner.post(kit.url(made.reseller, f"tenants/{made.customer.pk}/ask/"), ASK)
    assert "not enabled" in said(answer)
    assert "not enabled" in said(owner.post(kit.url(made.reseller, "tenants/invite/"), {"email": made.admin.email}))
    assert grants_of(made) == []
