"""What a new tenant gets of what its parent may give, and what it lacks of it. Pure.

Source: acceptance AC-13, AC-14, AC-23, AC-28.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.connectors.acronis import AcronisConnector
from purser.connectors.ports.accounts import Ability, Accounts
from purser.connectors.ports.offerings import UNLIMITED, Offering, Quota, lacking, offered
from purser.kernel.errors import Refused

SERVERS = Offering("s1", "pg_servers", "count", "per_gigabyte")
WORK = Offering("s1", "pw_servers", "count", "per_workload")
SEATS = Offering("s2", "seats", "count")
HERE, THERE = (Offering("s1", "storage", "place", "per_gigabyte", place=place) for place in ("here", "there"))

OFFERINGS = st.builds(
    Offering,
    service=st.sampled_from(["s1", "s2"]),
    name=st.sampled_from(["a", "b", "c"]),
    kind=st.sampled_from(["count", "feature", "place"]),
    mode=st.sampled_from([None, "per_workload", "per_gigabyte"]),
    place=st.sampled_from(["", "here", "there"]),
    enabled=st.booleans(),
    locked=st.booleans(),
    quota=st.builds(Quota, st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)),
)


def test_all_of_both_modes_is_given_without_limits_but_what_is_locked() -> None:
    given = offered([SERVERS, replace(WORK, quota=Quota(5, 0)), replace(SEATS, locked=True), HERE, THERE])
    assert [o.key for o in given] == [SERVERS.key, WORK.key, HERE.key, THERE.key]
    assert all(o.enabled and o.quota == UNLIMITED for o in given)


def test_where_one_mode_is_admitted_it_has_to_be_named() -> None:
    with pytest.raises(Refused, match="2 are left: per_gigabyte, per_workload") as e:
        offered([SERVERS, WORK, SEATS], one_mode=True)
    assert e.value.code == "mode"
    assert [o.name for o in offered([SERVERS, WORK, SEATS], modes=["per_workload"], one_mode=True)] == ["pw_servers", "seats"]
    assert [o.name for o in offered([SERVERS, SEATS], one_mode=True)] == ["pg_servers", "seats"]


def test_where_one_place_is_admitted_the_first_is_taken() -> None:
    assert [o.place for o in offered([HERE, THERE], one_place=True)] == ["here"]
    assert [o.place for o in offered([replace(HERE, locked=True), THERE], one_place=True)] == ["there"]


def test_services_that_were_not_asked_for_are_left_out() -> None:
    assert [o.name for o in offered([SERVERS, SEATS], services=["s2"])] == ["seats"]


@given(available=st.lists(OFFERINGS, max_size=8), held=st.lists(OFFERINGS, max_size=8))
def test_what_was_switched_as_lacking_leaves_nothing_lacking(available: list[Offering], held: list[Offering]) -> None:
    has = {o.key: replace(o, version="7") for o in held}
    wanted = offered(available)
    assert {o.key for o in wanted} == {o.key for o in available if not o.locked}
    missing = lacking(wanted, has)
    assert all(o.version == "7" for o in missing if o.key in has)
    assert lacking(wanted, {**has, **{o.key: o for o in missing}}) == ()
    assert {o.key for o in missing} <= {o.key for o in wanted}


def test_the_connector_can_all_that_the_port_knows() -> None:
    port: type[Accounts] = AcronisConnector
    assert port.traits.can == frozenset(get_args(Ability))
    named = {name for name in vars(Accounts) if not name.startswith("_") and callable(getattr(Accounts, name))}
    assert len(named) > 20
    assert not [name for name in named if not callable(getattr(AcronisConnector, name, None))]
