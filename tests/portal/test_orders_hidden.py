"""A customer never sees what anybody above it pays or makes: in no page, answer of the API, file or mail of ordering.

The costs in the lists of those who sell are numbers that stand nowhere else (tests/subscriptions/shop.py), so that one seen
in a customer's tenant has leaked. Source: acceptance CM-2.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail

from purser.access import verbs
from purser.portal.pages.orders import shop as pages
from purser.postgres import ids
from purser.subscriptions import deciding
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, token_of
from tests.portal.customers import inside
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import BUYS, COST, SELLS, Shop

pytestmark = pytest.mark.usefixtures("site")
# What the sellers pay and make of a unit and of all that is ordered here, and the reseller's margin in percent, not as a part
# of another number or of a time; and the words with them.
OF = (3, 4, 5)
AMOUNTS = [(each * count).quantize(Decimal("0.01")) for each in (COST, BUYS, SELLS - BUYS, BUYS - COST) for count in OF]
EXACT = [COST, BUYS, SELLS - BUYS, Decimal("37.98"), *AMOUNTS]
NUMBERS = "|".join(str(one).replace(".", "[.,]") for one in EXACT)
SECRET = re.compile(rf"(?<![\d:.])(?:{NUMBERS})(?!\d)|\bmargins?\b|\bconfirmed\b", re.IGNORECASE)


@pytest.fixture
def made() -> Shop:
    """With an order that was carried out, one that waits, one that was rejected, and everything put into the basket."""
    made = shops.shop()
    made.live()
    made.live("YEAR", 5)
    shops.approving(made)
    made.place(made.admin(), made.new())
    rejected = made.place(made.admin(), made.new("TRY", 1))
    deciding.reject(made.owner(), rejected.pk, comment="Too dear", now=kit.now())
    approved = made.place(made.admin(), made.new())
    deciding.approve(made.owner(), approved.pk, now=kit.now())
    made.publish(made.reseller, {"TRY": Decimal("5.30")}, buyer=made.customer.pk, floor=Decimal(20))
    made.place(made.owner(), made.new("TRY", 1), confirmed=["floor"])
    return made


def told(made: Shop) -> Iterator[tuple[str, str]]:
    """Every page, file and answer of ordering that the customer's administrator can open, with its text."""
    client, person = inside(made.chain.admin), made.chain.admin
    bearer = token_of(made.customer, person, verbs.ADMINISTRATOR)
    api = Caller(made.customer.pk, person, kit.browser(), bearer)
    own = f"sales-orders/for/{made.customer.pk}/"
    for code in ("BASE", "ADD", "YEAR"):
        sent = {"offer": str(made.offers[code].pk), "quantity": "5", "price": "8.50"}
        assert client.post(kit.url(made.customer, f"{own}basket/"), sent).status_code == 302
    rows = made.subscriptions()
    asks = ("quantity", "addon", "cancel", "suspend", "renewal")
    kinds = [f"sales-orders/change/{rows[0].pk}/?kind={kind}" for kind in asks]
    placed = [row["id"] for row in api_rows(api, "/sales-orders")]
    acts = [row["id"] for row in api_rows(api, "/acts")]
    choices = ("", "?category=Backup&cycle=monthly&group=Workloads", "?category=Backup&cycle=monthly&group=Add-ons")
    prices = [f"{own}price/?offer={made.offers['BASE'].pk}&quantity={count}" for count in (0, 4)]
    held = ["services/", "services/commitments/", "services/charges/", *(f"services/{row.pk}/" for row in rows)]
    lists = ["my-services/", "sales-orders/", "acts/", "notices/", *held, *(f"{own}{one}" for one in choices)]
    ones = [*(f"sales-orders/{id}/" for id in placed), *(f"acts/{id}/" for id in acts)]
    for path in (*lists, *ones, *prices, *kinds, f"{own}check/", "sales-orders/export/?format=csv&all=1"):
        answer = client.get(kit.url(made.customer, path))
        assert answer.status_code == 200, path
        yield path, b"".join(answer).decode() if answer.streaming else answer.content.decode()
    file = b"".join(client.get(kit.url(made.customer, "sales-orders/export/?format=xlsx&all=1")))
    with zipfile.ZipFile(io.BytesIO(file)) as book:
        yield "xlsx", " ".join(book.read(name).decode() for name in book.namelist())
    asked = {"lines": [{"offer": str(made.offers["BASE"].pk), "quantity": 4}]}
    calls = ("/sales-orders", f"/sales-orders/for/{made.customer.pk}", "/acts", "/subscriptions", "/commitments")
    for path in (*calls, *(f"/sales-orders/{id}" for id in placed), *(f"/subscriptions/{row.pk}" for row in rows)):
        yield f"API {path}", without_names(api.get(path).content.decode())
    yield "API review", without_names(api.post("/sales-orders/review", asked).content.decode())
    yield "API order", without_names(api.post("/sales-orders", {**asked, "once": ids.new().hex}).content.decode())
    address = json.loads(api.post("/commitments/addresses", {}).content)["address"]
    yield "calendar", client.get(address).content.decode()
    for letter in mail.outbox:
        if person.email in letter.to:
            yield f"mail {letter.subject}", str(letter.body)


def without_names(text: str) -> str:
    """The API has the same shape for who sells: its field for their margin is there, and empty."""
    return text.replace('"margin_percent":null', "").replace('"margin_percent": null', "")


def api_rows(api: Caller, path: str) -> list[dict[str, Any]]:
    answer = api.get(path)
    assert answer.status_code == 200
    rows: list[dict[str, Any]] = json.loads(answer.content)["rows"]
    return rows


def leaks(made: Shop) -> list[str]:
    return [f"{where}: {found.group()}" for where, text in told(made) if (found := SECRET.search(text))]


def test_no_page_answer_file_or_mail_of_a_customer_has_a_cost_or_a_margin(made: Shop) -> None:
    found = list(told(made))
    assert len(found) > 40
    assert any(where.startswith("mail") for where, _ in found)
    assert leaks(made) == []


def test_who_sells_sees_its_own_margin_and_nobody_elses_cost(made: Shop) -> None:
    """The reseller pays what the distributor asks, and must not learn what the distributor pays."""
    client = inside(made.chain.owner)
    own = f"sales-orders/for/{made.customer.pk}/"
    text = client.get(kit.url(made.reseller, f"{own}price/?offer={made.offers['BASE'].pk}&quantity=4")).content.decode()
    assert "37.98" in text
    text += client.get(kit.url(made.reseller, f"{own}?category=Backup&cycle=monthly&group=Workloads")).content.decode()
    assert str(COST) not in text


# A breach, planted.


def test_it_finds_a_page_that_shows_a_margin_to_its_buyer(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(actor: Any, offer: Any, quantity: int) -> dict[str, Any]:
        seen = offer.seen_by(offer.tiers[-1].seller)
        return {"offer": offer, "seen": seen, "total": seen.price, "quantity": quantity}

    monkeypatch.setattr(pages, "_cost", cost)
    found = leaks(made)
    assert any("price/" in one for one in found)
