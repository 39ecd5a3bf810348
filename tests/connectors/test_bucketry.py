"""The Bucketry connector against its sandbox, in what differs from other vendors; the rest is test_conformance.py's.

Source: acceptance AC-36, AC-37.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.connectors.bucket import wire
from purser.connectors.bucket.connector import POLLS
from purser.connectors.ports.offerings import Offering, Quota
from purser.connectors.shared.rows import Malformed
from purser.kernel.errors import Busy, Failure, Refused, Unsure
from sandboxes.bucketry import Bucketry
from sandboxes.kit import Request
from tests.connectors.bucketry import CUSTOMER, KEY, OWN, RESELLER, STRANGER, World, fresh, new, person, served


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Bucketry, str]]:
    with served() as made:
        yield made


@pytest.fixture
def world(server: tuple[Bucketry, str]) -> Iterator[World]:
    with fresh(*server) as made:
        yield made


def code(of: type[Failure], call: Any) -> str:
    with pytest.raises(Failure) as caught:
        call()
    assert type(caught.value) is of, repr(caught.value)
    return caught.value.code


# Creating takes a while


def test_the_operation_is_asked_after_until_the_account_is_there(world: World) -> None:
    world.tell("set", create_seconds=3)
    bucketry = world.connector()
    world.app.requests.clear()
    made = bucketry.create(new())
    assert (made.name, made.version, made.enabled) == ("Birch Legal", "1", True)
    assert world.waited == [1.0, 1.0, 1.0], "as Bucketry says in Retry-After"
    assert [call.split()[0] for call in world.asked()] == ["POST", "GET", "GET", "GET"]


def test_what_takes_longer_is_unsure_and_found_once_its_time_is_over(world: World) -> None:
    world.tell("set", create_seconds=300, list_lag=60)
    bucketry = world.connector()
    assert code(Unsure, lambda: bucketry.create(new())) == "under_way"
    assert len(world.waited) == POLLS
    assert bucketry.find("account-9") is None
    world.go(seconds=bucketry.traits.lag.total_seconds())
    assert bucketry.find("account-9") is not None
    assert len(world.done("account")) == 1


def test_a_repeat_within_a_day_is_the_first_one_even_under_way(world: World) -> None:
    world.tell("set", create_seconds=30)
    bucketry = world.connector()
    code(Unsure, lambda: bucketry.create(new()))
    world.go(seconds=60)
    made = bucketry.create(new())
    world.tell("set", create_seconds=0)
    assert bucketry.create(new()).id == made.id
    world.go(hours=23)
    assert bucketry.create(new()).id == made.id
    assert len(world.done("account")) == 1
    world.go(hours=2)
    assert code(Refused, lambda: bucketry.create(new())) == "name_taken"
    assert len(world.done("account")) == 1


def test_a_key_of_an_account_that_was_deleted_since_is_not_its_successors(world: World) -> None:
    bucketry = world.connector()
    ids = set()
    for _ in range(3):
        made = bucketry.create(new())
        ids.add(made.id)
        bucketry.delete(bucketry.suspend(made))
    assert len(ids) == 3
    assert bucketry.find("account-9") is None


def test_an_order_that_fails_later_says_why_and_can_be_given_again(world: World) -> None:
    world.tell("set", create_seconds=2)
    bucketry = world.connector()
    world.app.clock.set(world.at[0], frozen=True)
    taken = iter([lambda: world.tell("account", parent=100, name="birch legal", type="tenant", id=777)])
    pause = bucketry._pause
    bucketry._pause = lambda seconds: (next(taken, lambda: None)(), pause(seconds))[1]  # somebody is faster
    assert code(Refused, lambda: bucketry.create(new())) == "name_taken"
    world.tell("remove", account=777)
    assert bucketry.create(new()).name == "Birch Legal"


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 500}, {"kind": "garbage"}, {"kind": "throttle"}, {"kind": "reset"}]
)
def test_a_failure_while_asking_after_an_operation_says_nothing_of_it(world: World, fault: dict[str, Any]) -> None:
    world.tell("set", create_seconds=2)
    world.fail(**fault, path="/operations/")
    assert code(Unsure, lambda: world.connector().create(new())) in ("server", "malformed", "throttled", "network")
    world.go(seconds=5)
    assert world.connector().find("account-9") is not None


# Lists by offset


def test_a_list_that_moves_while_it_is_read_is_cut(world: World) -> None:
    for n in range(5):
        world.tell("account", parent=100, type="tenant", name=f"Tenant {n}")
    bucketry = world.connector(page_size=2)
    assert (len(bucketry.tenants().items), bucketry.tenants().whole) == (7, True)
    page, seen = world.app.page, []

    def moving(*args: Any) -> Any:
        seen.append(1)
        if len(seen) == 2:
            world.tell("remove", account=101)
            args = (args[0], world.app.listed(r for r in world.app.state["accounts"].values()
                                              if r["status"] == "active" and r["id"] not in (100, 200)), args[2])  # fmt: skip
        return page(*args)

    world.app.page = moving  # type: ignore[method-assign]
    try:
        read = bucketry.tenants()
    finally:
        del world.app.page  # type: ignore[method-assign]
    assert (read.whole, read.cut) == (False, "The list changed while it was read.")


def test_only_what_is_below_us_is_seen(world: World) -> None:
    bucketry = world.connector()
    assert set(bucketry.tenants().items) == {RESELLER, CUSTOMER}
    assert set(bucketry.tenants(RESELLER).items) == {CUSTOMER}
    assert bucketry.root() == OWN
    with pytest.raises(Failure, match="404"):
        bucketry.tenant(STRANGER)


# What it may use


def test_a_customer_gets_what_its_reseller_has_and_no_more(world: World) -> None:
    bucketry = world.connector()
    assert {o.place for o in bucketry.available(RESELLER, "customer").items.values()} == {"eu-1", "eu-2"}
    us = Offering("hot", "storage", "place", unit="bytes", place="us-1", enabled=True)
    assert code(Refused, lambda: bucketry.switch(CUSTOMER, [us])) == "unavailable"
    warned = replace(us, place="eu-2", quota=Quota(10, None))
    assert code(Refused, lambda: bucketry.switch(CUSTOMER, [warned])) == "quota"
    bucketry.switch(CUSTOMER, [replace(us, place="eu-2", quota=Quota(10, 5))])
    assert bucketry.offerings(CUSTOMER).items["hot/storage/eu-2"].quota == Quota(15, 0)
    world.tell("use", account=102, bucket="b", product="hot", region="eu-2", bytes=12)
    assert code(Refused, lambda: bucketry.switch(CUSTOMER, [replace(us, place="eu-2", quota=Quota(10, 0))])) == "quota"


def test_buckets_are_added_up_where_they_are_priced(world: World) -> None:
    """Source: acceptance AC-37."""
    for n, (region, size, average) in enumerate((("eu-1", 5, 4), ("eu-1", 3, 1), ("eu-2", 7, 7))):
        world.tell("use", account=102, bucket=f"b{n}", product="hot", region=region, bytes=size, average_bytes=average)
    read = world.connector(page_size=1).usages([CUSTOMER, CUSTOMER])
    assert read.whole
    told = {u.place: (u.service, u.name, u.unit, u.value, u.total) for u in read.items.values()}
    assert told == {"eu-1": ("hot", "storage", "bytes", 5, 8), "eu-2": ("hot", "storage", "bytes", 7, 7)}
    assert {u.counts for u in read.items.values()} == {"average"}
    assert {u.since.isoformat() for u in read.items.values() if u.since} == {"2025-07-01T00:00:00+00:00"}
    world.fail("mangle", path="/usage$", body={"entries": [{"bucket": "b"}], "total": 1})
    assert not world.connector().usages([CUSTOMER]).whole


# Refusals


def test_each_of_its_refusals_has_our_word(world: World) -> None:
    bucketry = world.connector()
    world.tell("account", id=102, on_hold=True)
    assert code(Refused, lambda: bucketry.rename(bucketry.tenant(CUSTOMER), "Held")) == "locked"
    world.tell("account", id=102, on_hold=False)
    world.tell("account", id=101, status="suspended")
    assert code(Refused, lambda: bucketry.create(new(parent=RESELLER))) == "parent_disabled"
    assert code(Refused, lambda: bucketry.delete(bucketry.tenant(RESELLER))) == "rules"
    assert code(Refused, lambda: bucketry.create_user(person(RESELLER))) == "disabled"
    assert code(Refused, lambda: bucketry.create_user(person(CUSTOMER, "TAKEN"))) == "login_taken"
    user = next(iter(bucketry.users(CUSTOMER).items.values()))
    world.tell("member", id=int(user.id), blocked=True)
    assert code(Refused, lambda: bucketry.mail_activation(user.id)) == "user_disabled"
    world.tell("key", key=KEY)
    assert code(Refused, lambda: bucketry.tenant(CUSTOMER)) == "credentials"


def test_too_many_calls_are_told_with_the_time_to_wait(world: World) -> None:
    world.tell("set", calls=2)
    bucketry = world.connector()
    bucketry.tenant(CUSTOMER)
    bucketry.tenant(CUSTOMER)
    with pytest.raises(Busy) as caught:
        bucketry.create(new())
    assert (caught.value.code, caught.value.retry_after) == ("throttled", timedelta(minutes=1))
    world.go(seconds=61)
    assert bucketry.create(new()).name == "Birch Legal"


def test_no_text_shows_the_key(world: World) -> None:
    world.fail("status", status=400, body={"errors": [{"type": "invalid", "title": f"bad key {KEY}"}]})
    with pytest.raises(Refused) as caught:
        world.connector().tenant(CUSTOMER)
    assert KEY not in caught.value.text
    assert KEY not in repr(world.connector().__dict__)


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_fields = ("id", "parent", "type", "name", "status", "revision", "on_hold", "roles", "login", "account", "blocked", "product",
           "region", "quota_bytes", "bytes", "average_bytes", "bucket", "since", "operation")  # fmt: skip


@given(row=st.dictionaries(st.sampled_from(_fields), _junk))
def test_a_row_that_is_not_as_documented_is_malformed_and_nothing_else(row: dict[str, Any]) -> None:
    for parse in (wire.tenant, wire.user, wire.service, wire.offering, wire.stored, wire.operation):
        try:
            parse(row)
        except Malformed:
            pass


def test_an_amount_is_exact(world: World) -> None:
    assert wire.amount({"bytes": Decimal("12345678901234567.25")}, "bytes") == Decimal("12345678901234567.25")


# The sandbox itself


def test_its_portal_shows_what_stands_and_no_markup_of_others(world: World) -> None:
    world.tell("account", parent=100, type="tenant", name="<b>Bold</b>")
    world.tell("use", account=102, bucket="backups", product="hot", region="eu-1", bytes=1234)
    page = world.app.handle(Request("GET", "/_panel", {}, {}, b"")).payload().decode()
    for words in ("Harbour IT (100)", "Alder Dental (102)", "ada", "owner", "backups", "1,234", "&lt;b&gt;Bold"):
        assert words in page
    assert "<b>Bold" not in page


def test_it_goes_on_where_it_stopped(world: World) -> None:
    world.tell("set", create_seconds=30)
    code(Unsure, lambda: world.connector().create(new()))
    kept = json.loads(json.dumps(world.app.state))
    world.app.load_seed(kept)
    assert world.app.state == kept
    world.go(seconds=60)
    assert world.connector().create(new()).reference == "account-9", "the key is kept, too"
    assert sum(row["reference"] == "account-9" for row in world.app.state["accounts"].values()) == 1


def test_a_key_sees_only_its_own_and_a_stale_revision_changes_nothing(world: World) -> None:
    def call(method: str, path: str, body: Any = None, **headers: str) -> int:
        content = json.dumps(body).encode() if body is not None else b""
        return world.app.handle(Request(method, f"/v1{path}", {}, headers, content)).status

    mine, others = {"x-api-key": KEY}, {"x-api-key": "bk_other"}
    assert [call("GET", "/accounts/102", None, **who) for who in (mine, others, {})] == [200, 404, 401]
    assert call("PATCH", "/accounts/102", {"name": "X"}, **mine) == 428
    assert call("PATCH", "/accounts/102", {"name": "X"}, **mine, **{"if-match": '"7"'}) == 412
    assert call("PATCH", "/accounts/102", {"name": "X", "colour": 1}, **mine, **{"if-match": '"1"'}) == 400
    assert world.app.state["accounts"]["102"]["name"] == "Alder Dental"
