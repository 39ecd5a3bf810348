"""The operator's pages: the tree, orders, moving and suspending, agreements by country, emergency looks.

Row UC-20; reliability P20.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from purser.access import verbs
from tests.access import kit
from tests.partners.kit import PAID, Chain, chain
from tests.portal.partners import made as made
from tests.portal.partners import open_as, said


def test_the_tree_shows_where_an_organisation_stands(made: Chain) -> None:
    page = said(open_as(made.operator, verbs.SUPPORT).get(kit.url(made.operator, f"organisations/{made.customer.pk}/")))
    places = [page.index(one.name) for one in (made.distributor, made.reseller)]
    assert places == sorted(places)
    assert made.reseller.partner_number in page
    assert "Suspend" not in page


def test_an_order_makes_a_customer_from_the_partner_ids_alone(made: Chain) -> None:
    desk = open_as(made.operator)
    order = {
        "number": "SO-10042",
        "reseller": made.reseller.partner_number,
        "distributor": made.distributor.partner_number,
        "name": "Cedar Foods",
        f"package-{PAID}": "5",
    }
    wrong = desk.post(kit.url(made.operator, "orders/"), {**order, "distributor": ""})
    assert "The order names no distributor" in said(wrong)
    assert "no tenant 000000000000" in said(desk.post(kit.url(made.operator, "orders/"), {**order, "customer": "0" * 12}))
    answer = desk.post(kit.url(made.operator, "orders/"), order)
    assert answer.status_code == 302
    assert "Cedar Foods" in said(desk.get(answer.headers["Location"]))
    owner = kit.sign_in(made.owner)
    assert "Cedar Foods" in said(owner.get(kit.url(made.reseller, "tenants/")))
    assert owner.get(kit.url(made.reseller, "orders/")).status_code == 403


def test_it_moves_and_suspends(made: Chain) -> None:
    other = chain(operator=made.operator)
    desk, one = open_as(made.operator), kit.url(made.operator, f"organisations/{made.customer.pk}/")
    made.give(kit.now())
    agent = kit.sign_in(made.agent)
    assert agent.get(f"/t/{made.customer.pk}/people/").status_code == 200
    assert desk.post(f"{one}move/", {"to": "P99999999"}).status_code == 422
    assert desk.post(f"{one}move/", {"to": other.reseller.partner_number.lower()}).status_code == 302
    assert agent.get(f"/t/{made.customer.pk}/people/").status_code == 404
    admin = kit.sign_in(made.admin)
    assert admin.get(f"/t/{made.customer.pk}/people/").status_code == 200
    assert desk.post(f"{one}suspend/", {"why": ""}).status_code == 422
    assert desk.post(f"{one}suspend/", {"why": "Unpaid"}).status_code == 302
    assert admin.get(f"/t/{made.customer.pk}/people/").status_code == 404
    assert "Suspended" in said(desk.get(one))
    assert desk.post(f"{one}resume/", {"why": "Paid"}).status_code == 302
    assert admin.get(f"/t/{made.customer.pk}/people/").status_code == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [("organisations/{}/move/", "to"), ("organisations/{}/suspend/", "why"), ("regions/require/", "region")],
)
def test_what_no_text_is_is_refused(made: Chain, path: str, name: str) -> None:
    answer = open_as(made.operator).post(kit.url(made.operator, path.format(made.customer.pk)), {name: "a\0"})
    assert answer.status_code == 422
    assert "Null characters are not allowed" in said(answer)


def test_what_moves_and_suspends_asks_who_you_are_again(made: Chain) -> None:
    desk, one = open_as(made.operator), kit.url(made.operator, f"organisations/{made.customer.pk}/")
    kit.age_proofs(desk, timedelta(minutes=6))
    for path, body in (("move/", {"to": "P1"}), ("suspend/", {"why": "x"}), ("break-glass/approve/", {})):
        assert "reauthenticate" in desk.post(one + path, body).headers["Location"]


def test_agreements_are_required_by_country_until_they_are_not(made: Chain) -> None:
    desk, path = open_as(made.operator), kit.url(made.operator, "regions/")
    assert desk.post(f"{path}require/", {"region": "de", "on": "yes"}).status_code == 302
    assert "DE" in said(desk.get(path))
    assert desk.post(f"{path}require/", {"region": "DEU", "on": "yes"}).status_code == 422
    assert desk.post(f"{path}require/", {"region": "DE"}).status_code == 302
    assert "Required nowhere" in said(desk.get(path))
    assert open_as(made.operator, verbs.SUPPORT).post(f"{path}require/", {"region": "de"}).status_code == 403


def test_staff_get_in_with_a_colleagues_leave_and_out_again(made: Chain) -> None:
    asker, colleague = open_as(made.operator, verbs.SUPPORT), open_as(made.operator)
    one = kit.url(made.operator, f"organisations/{made.customer.pk}/break-glass/")
    page = kit.url(made.operator, "break-glass/")
    inside = f"/t/{made.customer.pk}/people/"
    assert asker.post(one, {"reason": "short"}).status_code == 422
    assert asker.post(one, {"reason": "They cannot sign in and called us"}).status_code == 302
    assert "Approve" not in said(asker.get(page))
    assert asker.post(f"{one}approve/").status_code == 422
    assert asker.get(inside).status_code == 404
    assert colleague.post(f"{one}approve/").status_code == 302
    assert asker.get(inside).status_code == 200
    assert colleague.get(inside).status_code == 404
    assert asker.post(f"/t/{made.customer.pk}/people/invite/", {"email": kit.address()}).status_code == 403
    assert any(letter.to == [made.admin.email] and "looks into" in letter.subject for letter in mail.outbox)
    assert colleague.post(f"{one}end/").status_code == 302
    assert asker.get(inside).status_code == 404
    assert "Nobody looks in" in said(colleague.get(page))
