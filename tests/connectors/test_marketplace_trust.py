"""The marketplace connector: access that ends, and lists that cannot be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from purser.kernel.errors import Busy, Failure, Refused
from sandboxes.kit import Fault, Request, Response
from tests.connectors.test_marketplace import CREDENTIALS, SECRETS, House, many, opened, seed


@pytest.fixture(params=["1.1", "21"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Both versions of the interface: what is promised of one is promised of the other."""
    with opened(seed(request.param)) as built:
        yield built


@pytest.fixture
def old() -> Iterator[House]:
    with opened(seed("1.1")) as built:
        yield built


@pytest.fixture
def new() -> Iterator[House]:
    with opened(seed("21")) as built:
        yield built


# Signing in


def test_it_renews_the_token_before_it_ends(house: House) -> None:
    connector = house.connector()
    connector.products()
    house.app.clock.advance(timedelta(seconds=1400))
    house.calls()
    assert connector.products().whole
    assert [c.rpartition("/")[2] for c in house.calls()] == ["token", "products"]


def test_it_signs_in_again_once_when_the_token_ended_early(house: House) -> None:
    connector = house.connector()
    connector.products()
    house.control("credentials", expire=True)
    house.calls()
    assert connector.products().whole
    assert [c.rpartition("/")[2] for c in house.calls()] == ["products", "token", "products"]


def test_it_is_refused_with_the_vendors_words_when_access_is_revoked(house: House) -> None:
    connector = house.connector()
    connector.products()
    house.control("credentials", revoke=True)
    with pytest.raises(Refused, match=r"(?i)user name or password|Invalid user credentials") as e:
        connector.products()
    assert e.value.code == "credentials"
    assert e.value.hint
    house.control("credentials", revoke=False)
    assert connector.products().whole


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("user", "user"),
        ("password", "user"),
        ("subscription_key", "subscription key"),
        ("client_secret", "client"),
    ],
)
def test_it_is_refused_for_each_wrong_part_of_the_credentials(house: House, field: str, words: str) -> None:
    if field == "client_secret" and house.app.state["version"] == "1.1":
        field, words = "password", "user"
    wrong = house.connector(secrets=replace(SECRETS, **{field: "wrong-value"}))
    tested = wrong.test()
    assert (tested.ok, tested.code) == (False, "credentials")
    assert words in tested.text
    house.calls()
    with pytest.raises(Refused):
        wrong.customers()
    assert len(house.calls()) <= 4


def test_it_refuses_a_key_that_cannot_be_a_header(house: House) -> None:
    with pytest.raises(Refused) as e:
        house.connector(secrets=replace(SECRETS, subscription_key="schlüssel\n")).customers()
    assert e.value.code == "credentials"


def test_it_tests_a_connection_with_two_calls(house: House) -> None:
    tested = house.connector().test()
    assert (tested.ok, tested.text) == (
        True,
        "The marketplace accepted the gateway user. It lists 2 customers.",
    )
    assert len(house.calls()) == 2


def test_it_shows_no_secret_in_reprs_or_errors(house: House) -> None:
    secrets = [v for k, v in CREDENTIALS.items() if k not in ("realm", "client_id", "user")]
    house.app.faults.arm(Fault("status", status=401, times=9, body={"message": f"Not {' '.join(secrets)}!"}))
    shown = repr(SECRETS) + house.connector().test().text
    with pytest.raises(Failure) as e:
        house.connector().customers()
    shown += str(e.value) + repr(e.value) + e.value.hint
    assert not any(s in shown for s in secrets)
    assert "***" in shown


# A day on which lists cannot be trusted


def test_it_cannot_tell_an_emptied_list_from_an_empty_one(house: House) -> None:
    """List and total lie together: whole as far as can be seen. The bound of a run has to stop it (P13)."""
    house.control("truncate", entity="subscriptions", keep=0)
    reading = house.connector().subscriptions()
    assert (reading.whole, len(reading.items)) == (True, 0)
    house.control("truncate", entity="subscriptions", drop_half=True)
    assert len(house.connector().subscriptions().items) == 1
    house.control("truncate", entity="subscriptions")
    assert len(house.connector().subscriptions().items) == 2


def test_it_is_not_whole_when_a_later_page_fails(house: House) -> None:
    house.app.state["max_limit"] = 1
    house.app.faults.arm(Fault("status", path="/customers", skip=1, status=503, body={"message": "Down."}))
    reading = house.connector().customers()
    assert not reading.whole
    assert len(reading.items) == 1
    assert "503" in reading.cut
    assert "Down." in reading.cut


def test_it_is_not_whole_when_the_list_grows_while_it_is_read(old: House) -> None:
    old.app.state["max_limit"] = 1
    connector = old.connector()
    truth = old.app._customers

    def growing(request: Request) -> Response:
        response = truth(request)
        many(old, 1)
        return response

    old.app._routes = [(m, p, growing if h == truth else h) for m, p, h in old.app._routes]
    reading = connector.customers()
    assert not reading.whole
    assert "changed its length" in reading.cut


def test_it_is_not_whole_when_a_row_is_listed_twice(house: House) -> None:
    row = house.app.state["customers"]["C1"]
    house.app.state["customers"]["again"] = {**row, "name": "Acme, otherwise"}
    reading = house.connector().customers()
    assert not reading.whole
    assert "C1 is listed twice" in reading.cut
    assert set(reading.items) == {"C2"}, "which of the two rows is true is not known"


@pytest.mark.parametrize("path", ["/customers", "/products", "/subscriptions"])
def test_it_stops_at_pages_that_repeat(old: House, path: str) -> None:
    old.app.state["max_limit"] = 1
    page = Fault("mangle", path=path, times=99, body={"pagination": None})
    old.app.faults.arm(page)
    truth = old.app.handle

    def stuck(request: Request) -> Response:
        request.query["offset"] = "0"
        return truth(request)

    old.app.handle = stuck  # type: ignore[method-assign]
    connector = old.connector()
    reads = (connector.customers, connector.products, connector.subscriptions)
    read: dict[str, Callable[[], Any]] = {f"/{r.__name__}": r for r in reads}
    reading = read[path]()
    assert not reading.whole
    assert "repeat" in reading.cut
    assert len(reading.items) == 1


def test_it_leaves_a_malformed_row_out_and_says_which(house: House) -> None:
    house.control("subscription", id="S1", status="unknown")
    reading = house.connector().subscriptions()
    assert not reading.whole
    assert set(reading.items) == {"S2"}
    assert "subscription 'S1': status is 'unknown'" in reading.cut


@pytest.mark.parametrize(
    "patch",
    [
        {"products": None},
        {"products": {"quantity": None}},
        {"products": {"quantity": True}},
        {"products": {"quantity": -1}},
        {"products": {"quantity": "1e3"}},
        {"products": {"quantity": 10**20}},
        {"products": {"quantity": "5.0000001"}},
        {"products": {"mpn": 7}},
        {"products": {"mpn": "\u0007"}},
        {"products": {"unitPrice": {"amount": "NaN"}}},
        {"products": {"unitPrice": {"currency": "dollars"}}},
        {"products": {"unitPrice": "7.50"}},
        {"status": "asleep"},
        {"customerId": None},
        {"id": "S2"},
        {"renewalStatus": "yes"},
        {"creationDate": "2026-02-30"},
    ],
    ids=str,
)
def test_it_takes_no_count_from_a_malformed_detail(house: House, patch: dict[str, Any]) -> None:
    house.app.faults.arm(Fault("mangle", path="/subscriptions/", body=patch))
    with pytest.raises(Busy) as e:
        house.connector().subscription("S1")
    assert e.value.code == "malformed"


def test_it_does_not_add_up_two_lines_of_one_product(old: House) -> None:
    lines = old.app.state["subscriptions"]["S1"]["products"]
    lines.append(dict(lines[0]))
    with pytest.raises(Busy, match="more than one of them is 'E1'"):
        old.connector().subscription("S1")


def test_it_keeps_two_lines_of_one_product_apart_by_their_ids(new: House) -> None:
    lines = new.app.state["subscriptions"]["S1"]["products"]
    lines.append({**lines[0], "id": "S1-9"})
    found = new.connector().subscription("S1").lines
    assert found is not None
    assert [(line.resource_id, line.mpn) for line in found] == [
        ("S1-1", "E1"),
        ("S1-2", "BACKUP"),
        ("S1-9", "E1"),
    ]


def test_it_does_not_rename_a_line_of_21_that_lost_its_id(new: House) -> None:
    new.app.faults.arm(Fault("mangle", path="/subscriptions/", body={"products": {"id": None}}))
    with pytest.raises(Busy, match="id is missing or null"):
        new.connector().subscription("S1")


def test_it_passes_on_how_long_to_wait(old: House) -> None:
    old.control("rate", requests=2, seconds=60)
    connector = old.connector()
    connector.customers()
    with pytest.raises(Busy) as e:
        connector.products()
    assert e.value.code == "throttled"
    assert e.value.retry_after is not None
    assert timedelta(seconds=55) < e.value.retry_after <= timedelta(seconds=61)


def test_it_calls_no_host_that_is_not_the_vendors(old: House) -> None:
    for gateway in (
        "https://evil.example/marketplace/us",
        "https://evil.azure-api.net/marketplace",
        "not a url",
    ):
        with pytest.raises(Refused) as e:
            old.connector(gateway=gateway).customers()
        assert e.value.code == "address"
