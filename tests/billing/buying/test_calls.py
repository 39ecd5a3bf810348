"""Buying through the API: what the pages do, the same verbs do here. Source: acceptance CS-55 to CS-63."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from purser.access import verbs
from purser.billing.buying import basket
from purser.billing.models import Document, Sending
from purser.postgres import tenancy
from tests.access import kit
from tests.api.kit import Caller, caller, code, data, signed_in
from tests.billing.buying.kit import BILLED, Buyer, buyer


@pytest.fixture
def made() -> Buyer:
    return buyer(now=kit.now() - timedelta(days=1))


@pytest.fixture
def owner(made: Buyer) -> Caller:
    return signed_in(made.partner)


@pytest.fixture
def desk(made: Buyer) -> Caller:
    return signed_in(made.operator)


def test_it_has_the_packages(owner: Caller) -> None:
    found = data(owner.get("/dsu-packages"))
    assert (found["number"], found["currency"], len(found["packages"])) == (1, "USD", 10)
    assert found["packages"][2] == {"code": "CPP-DSU-5", "units": 5000, "unit_price": "0.041", "price": "205"}


def test_it_reads_and_changes_the_default(owner: Caller) -> None:
    assert data(owner.get("/dsu-packages/default")) == {"package": "CPP-DSU-2"}
    assert data(owner("PUT", "/dsu-packages/default", {"package": "CPP-DSU-10"})) == {"package": "CPP-DSU-10"}
    assert code(owner("PUT", "/dsu-packages/default", {"package": "CPP-DSU-3"}), 422) == "package"
    assert data(owner.get("/dsu-packages/default")) == {"package": "CPP-DSU-10"}


def test_a_token_changes_no_default(made: Buyer) -> None:
    assert code(caller(made.partner)("PUT", "/dsu-packages/default", {"package": "CPP-DSU-10"}), 401) == "step_up"


def test_it_fills_the_basket_and_quotes_it(owner: Caller) -> None:
    filled = data(owner("PUT", "/basket", {"counts": {"CPP-DSU-1": 1, "CPP-DSU-10": 2, "CPP-DSU-2": 0}}))
    assert (filled["total"], filled["units"]) == ("843", 21_000)
    assert len(filled["lines"]) == 2
    assert data(owner.get("/basket")) == filled
    quote = data(owner.post("/quotes"), 201)
    assert (quote["total"], quote["good"], quote["number"][:2]) == ("843", True, "Q-")
    assert quote["lines"][1] == {"code": "CPP-DSU-10", "count": 2, "units": 10_000, "unit_price": "0.04", "price": "800"}
    assert data(owner.get(f"/quotes/{quote['id']}")) == quote
    assert [row["number"] for row in data(owner.get("/quotes?state.is=good"))["rows"]] == [quote["number"]]


@pytest.mark.parametrize(
    ("counts", "status", "wanted"),
    [
        ({}, 422, "empty"),
        ({"CPP-DSU-1": 0}, 422, "empty"),
        ({"CPP-DSU-1": 10_001}, 422, "invalid"),
        ({"CPP-DSU-1": -1}, 422, "invalid"),
        ({"CPP-DSU-3": 1}, 422, "package"),
    ],
)
def test_it_refuses_a_quote_of(owner: Caller, counts: dict[str, int], status: int, wanted: str) -> None:
    assert code(owner.post("/quotes", {"counts": counts}), status) == wanted


def test_it_ignores_no_price_that_is_sent_along(owner: Caller) -> None:
    assert code(owner.post("/quotes", {"counts": {"CPP-DSU-1": 1}, "total": "1"}), 422) == "invalid"


def test_it_takes_ten_thousand_of_one(owner: Caller) -> None:
    quote = data(owner.post("/quotes", {"counts": {"CPP-DSU-1000": 10_000}}), 201)
    assert (quote["total"], quote["units"]) == ("330000000", 10**10)


def test_the_same_key_gives_the_same_quote(owner: Caller) -> None:
    headers = {"Idempotency-Key": "one"}
    answers = [owner("POST", "/quotes", {"counts": {"CPP-DSU-1": 1}}, **headers) for _ in range(2)]
    assert data(answers[0], 201) == data(answers[1], 201)


def test_it_has_the_quote_as_pdf_and_mails_it(made: Buyer, owner: Caller) -> None:
    id = data(owner.post("/quotes", {"counts": {"CPP-DSU-1": 1}}), 201)["id"]
    file = owner.get(f"/quotes/{id}/pdf")
    assert (file.status_code, file.headers["Content-Type"], file.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert data(owner.post(f"/quotes/{id}/mail"), 202) == {"email": BILLED["contact_email"]}
    assert data(owner.post(f"/quotes/{id}/mail", {"email": "Boss@harbour.example"}), 202) == {"email": "boss@harbour.example"}
    assert code(owner.post(f"/quotes/{id}/mail", {"email": "nobody"}), 422) == "email"
    (row,) = data(owner.get("/documents"))["rows"]
    assert owner.get(f"/documents/{row['id']}").content == file.content
    with tenancy.acting_in(made.partner.pk):
        assert (Document.objects.count(), Sending.objects.count()) == (1, 2)


def test_mails_are_limited(made: Buyer, owner: Caller) -> None:
    id = data(owner.post("/quotes", {"counts": {"CPP-DSU-1": 1}}), 201)["id"]
    answers = [owner.post(f"/quotes/{id}/mail", {"email": f"p{n}@harbour.example"}).status_code for n in range(21)]
    assert answers == [202] * 20 + [422]


def test_it_reads_and_stores_whom_to_bill(owner: Caller) -> None:
    assert data(owner.get("/billing-profile")) == {**BILLED, "version": 1}
    changed = {**BILLED, "city": "Galway", "version": 1}
    assert data(owner("PUT", "/billing-profile", changed)) == {**BILLED, "city": "Galway", "version": 2}
    assert code(owner("PUT", "/billing-profile", changed), 422) == "changed"
    assert code(owner("PUT", "/billing-profile", {**BILLED, "street": ""}), 422) == "street"
    assert code(owner("PUT", "/billing-profile", {**BILLED, "street": "4111 1111 1111 1111"}), 422) == "street"


ROWS = [
    {"code": "A", "units": 1000, "unit_price": "0.05", "price": "50"},
    {"code": "B", "units": 2000, "unit_price": "0.04", "price": "80"},
]


def test_the_operator_publishes_a_list(desk: Caller) -> None:
    made = data(desk.post("/price-lists", {"packages": ROWS, "after": 1}), 201)
    assert (made["number"], [one["code"] for one in made["packages"]]) == (2, ["A", "B"])
    assert data(desk.get(f"/price-lists/{made['id']}")) == made
    assert [row["number"] for row in data(desk.get("/price-lists"))["rows"]] == ["2", "1"]
    assert code(desk.post("/price-lists", {"packages": ROWS, "after": 1}), 422) == "changed"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"price": "51"}, "1000 x 0.05 USD = 50.00 USD, not 51 USD"),
        ({"unit_price": "0.03", "price": "30"}, "B at 0.04, A at 0.03"),
        ({"unit_price": "0.0500001"}, ""),
        ({"units": 0}, ""),
        ({"price": "0.001"}, "2 decimals"),
    ],
)
def test_it_refuses_a_list_with(desk: Caller, change: dict[str, Any], wanted: str) -> None:
    answer = desk.post("/price-lists", {"packages": [{**ROWS[0], **change}, ROWS[1]]})
    assert answer.status_code == 422
    assert wanted in data(answer, 422)["error"]["text"]


def test_it_reads_and_stores_who_sells(desk: Caller) -> None:
    assert data(desk.get("/seller"))["version"] == 0
    assert data(desk("PUT", "/seller", {**BILLED, "version": 0}))["company"] == BILLED["company"]


def test_a_customer_gets_none_of_it(made: Buyer) -> None:
    customer = signed_in(kit.customer(under=made.partner), verbs.ADMINISTRATOR)
    lists = ("/quotes", "/documents", "/price-lists")
    for path in ("/dsu-packages", "/dsu-packages/default", "/basket", "/billing-profile", *lists):
        assert code(customer.get(path), 403) == "denied", path


def test_what_was_bought_leaves_the_basket_and_a_changed_one_stays(made: Buyer, owner: Caller) -> None:
    with tenancy.acting_in(made.partner.pk):
        actor = kit.actor(made.partner, owner.person)
        basket.put(actor, {"CPP-DSU-1": 1}, kit.now())
        basket.bought(actor, {"CPP-DSU-1": 2})
        assert basket.filled(actor, kit.now()).counts == {"CPP-DSU-1": 1}
        basket.bought(actor, {"CPP-DSU-1": 1})
        assert basket.filled(actor, kit.now()).counts == {}
