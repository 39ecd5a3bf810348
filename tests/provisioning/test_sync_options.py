"""Sync Options: who stands under whom, which role, and who may have a username. Rows AC-2 to AC-8, AC-16 to AC-18, AC-24 to
AC-27, AC-32.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from purser.flows.accounts_to_vendor import sync_options
from purser.flows.accounts_to_vendor.run import alone, run
from purser.flows.accounts_to_vendor.sync_options import Wrong
from purser.kernel.errors import Busy, Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import accounts
from purser.provisioning.accounts import NotSynced
from purser.provisioning.models import ACCOUNT_STEPS, Account, AccountState, Role, Step
from purser.tenants.models import Organisation
from tests.access import kit
from tests.provisioning.kit import World, waiting
from tests.provisioning.kit import world as made_world


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        made.calls()
        yield made


def wrong(call: Callable[[], Any]) -> tuple[str, str]:
    """The field that is refused, and its code."""
    with pytest.raises(Wrong) as refused:
        call()
    return refused.value.field, refused.value.code


def test_a_reseller_stands_under_the_provider_as_a_reseller_and_work_is_asked_for_at_once(world: World) -> None:
    reseller = world.made.reseller
    assert wrong(lambda: world.save(world.provider, reseller, "rita", parent="Broad Supply")) == ("parent", "parent")
    assert wrong(lambda: world.save(world.provider, reseller, "rita", role="user")) == ("role", "role")
    assert world.account(reseller) is None
    saved = world.save(world.provider, reseller, "rita", role="Reseller")
    row = saved.account
    assert (row.role, row.bill_to, row.bill_to_name, row.state) == (Role.RESELLER, None, "", AccountState.PREPARED)
    assert (row.partner_id, row.distributor_id, row.provider) == (world.made.distributor.pk,) * 3
    assert saved.provisions
    assert waiting(row.pk) == 1


def test_a_direct_customer_has_no_parent_and_saving_writes_nothing_at_the_vendor(world: World) -> None:
    assert wrong(lambda: world.save(world.provider, world.direct, "bea", parent="Acme IT")) == ("parent", "parent")
    assert wrong(lambda: world.save(world.provider, world.direct, "bea", role="reseller")) == ("role", "role")
    world.calls()
    before = len(world.app.effects)
    saved = world.save(world.provider, world.direct, "bea")
    assert (saved.account.role, saved.account.bill_to, saved.provisions) == (Role.USER, None, False)
    assert world.calls() == ["GET /users/check_login"]
    assert len(world.app.effects) == before
    assert waiting(saved.account.pk) == 0
    assert accounts.sign(saved.account).words == "Synced; the tenant is created with the first subscription"
    assert "in production and not as a trial" in accounts.words(saved.account)


def test_a_resellers_customer_is_billed_to_the_reseller_which_must_be_synced_first(world: World) -> None:
    customer, reseller = world.made.customer, world.made.reseller
    with pytest.raises(NotSynced) as refused:
        world.save(world.reseller, customer, "amy")
    assert reseller.name in refused.value.text
    assert (refused.value.organisation, refused.value.instance) == (reseller.pk, world.instance.pk)
    assert world.calls() == []
    assert world.account(customer) is None
    world.save(world.provider, reseller, "rita")
    assert wrong(lambda: world.save(world.reseller, customer, "amy", parent="Somebody else")) == ("parent", "parent")
    row = world.save(world.reseller, customer, "amy", parent=reseller.number).account
    assert (row.bill_to, row.bill_to_name, row.role) == (reseller.pk, reseller.name, Role.USER)
    assert (row.partner_id, row.distributor_id) == (reseller.pk, world.made.distributor.pk)
    again = world.save(world.reseller, customer, "amy2", version=row.version).account
    assert (again.pk, again.bill_to, again.username) == (row.pk, reseller.pk, "amy2"), "filled by itself"
    assert waiting(row.pk) == 0


def test_a_username_that_the_vendor_has_is_refused_at_its_field_and_nothing_is_kept(world: World) -> None:
    assert wrong(lambda: world.save(world.provider, world.direct, "taken")) == ("username", "login_taken")
    assert world.account(world.direct) is None


def test_a_username_or_an_email_that_another_account_waits_with_is_taken_in_whatever_case(world: World) -> None:
    world.save(world.provider, world.made.reseller, "rita", email="rita@acme.example")
    assert wrong(lambda: world.save(world.provider, world.direct, "RITA")) == ("username", "login_taken")
    same = {"email": "Rita@Acme.example"}
    assert wrong(lambda: world.save(world.provider, world.direct, "bea", **same)) == ("email", "email_taken")
    assert world.account(world.direct) is None


def test_a_username_is_taken_at_every_instance_of_the_vendor_and_an_email_by_somebody_else(world: World) -> None:
    second = world.another("Acronis, Swiss data centre")
    world.save(world.provider, world.direct, "bea")
    assert wrong(lambda: world.save(world.provider, world.direct, "bea", instance=second)) == ("username", "login_taken")
    with pytest.raises(Refused, match="The username bea is that of another account here"):
        world.save(world.provider, world.made.reseller, "bea")
    reseller, email = world.made.reseller, "bea@mail.example"
    assert wrong(lambda: world.save(world.provider, reseller, "rita", email=email, instance=second))[1] == "email_taken"
    row = world.save(world.provider, world.direct, "bea.ch", email=email, instance=second).account
    assert row.email == email, "one person at two instances"


def test_of_two_that_save_one_username_at_the_same_moment_one_is_refused(world: World) -> None:
    second = kit.customer("Cedar Foods", under=world.made.distributor)
    outcomes = kit.at_once(
        lambda: world.save(world.provider, world.direct, "bea"), lambda: world.save(world.provider, second, "bea")
    )
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert [one.code for one in refused] == ["login_taken"], outcomes
    assert [world.account(one) is not None for one in (world.direct, second)].count(True) == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("username", {"username": ""}),
        ("username", {"username": "two words"}),
        ("username", {"username": "x" * 255}),
        ("username", {"username": "un\u200bseen"}),
        ("email", {"email": ""}),
        ("email", {"email": "no address"}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_before_the_vendor_is_asked(
    world: World, field: str, typed: dict[str, str]
) -> None:
    assert wrong(lambda: world.save(world.provider, world.direct, typed.get("username", "bea"), **{
        name: value for name, value in typed.items() if name != "username"
    }))[0] == field  # fmt: skip
    assert world.calls() == []


def test_a_username_that_equals_the_email_is_warned_of_and_kept(world: World) -> None:
    saved = world.save(world.provider, world.direct, "bea@birch.example", email="Bea@birch.example")
    assert saved.account.email == "bea@birch.example"
    (warning,) = saved.warnings
    assert "the same" in warning
    assert world.save(world.provider, world.made.reseller, "rita").warnings == ()


def test_it_keeps_nothing_while_the_vendor_cannot_say_whether_a_username_is_free(world: World) -> None:
    world.fail("status", status=503, times=1)
    with pytest.raises(Busy):
        world.save(world.provider, world.direct, "bea")
    assert world.account(world.direct) is None


def test_it_may_be_changed_until_the_vendor_has_the_tenant_and_then_username_parent_and_email_are_fixed(world: World) -> None:
    row = world.save(world.provider, world.direct, "bea").account
    row = world.save(world.provider, world.direct, "bea2", version=row.version).account
    with pytest.raises(Refused, match="meanwhile"):
        world.save(world.provider, world.direct, "bea3", version=row.version - 1)
    with tenancy.acting_in(world.direct.pk):
        held = accounts.locked(row.pk)
        accounts.step(held, "provisioning")
        accounts.step(held, "provisioned", remote="tenant-1", remote_user="user-1")
    world.calls()
    for typed in ({"username": "other"}, {"username": "bea2", "email": "new@birch.example"}):
        with pytest.raises(Refused) as refused:
            world.save(world.provider, world.direct, version=held.version, **typed)
        assert refused.value.code == "fixed"
    assert world.calls() == [], "a username that is in use is not asked for"


def half_done(world: World) -> Account:
    """The reseller's tenant stands, and its login was taken by somebody else in between."""
    row = world.save(world.provider, world.made.reseller, "rita").account
    world.app.control("take_login", {"login": "rita"})
    assert worked(world, row) == "failed"
    held = world.account(world.made.reseller)
    assert held is not None
    assert (bool(held.remote), held.remote_user) == (True, "")
    return held


def worked(world: World, row: Account) -> str:
    return run(tenant=world.made.reseller.pk, account_id=row.pk, clock=kit.now).state


def test_a_login_that_turns_out_to_be_taken_is_changed_though_the_tenant_stands(world: World) -> None:
    """Source: acceptance AC-30, AC-32."""
    held = half_done(world)
    _, line = sync_options.line(world.provider, world.made.reseller.pk, world.instance.pk)
    assert line.fixed == {"bill_to"}
    with pytest.raises(Refused) as refused:
        world.save(world.provider, world.made.reseller, "rita", version=held.version)
    assert refused.value.code == "login_taken"
    before = waiting(held.pk)
    world.save(world.provider, world.made.reseller, "rita.two", version=held.version)
    assert waiting(held.pk) >= max(before, 1)
    assert worked(world, held) == "provisioned"
    logins = [user["login"] for user in world.app.state["users"].values() if user["tenant_id"] == held.remote]
    assert logins == ["rita.two"]


@pytest.mark.parametrize(("state", "code"), [("unsure", "timeout"), ("busy", "task")])
def test_a_user_of_whom_nobody_knows_whether_it_was_made_keeps_its_name(world: World, state: str, code: str) -> None:
    """Also one that a person is to make: it may be made before that is confirmed, and a second name would be a second user."""
    held = half_done(world)
    with tenancy.acting_in(world.made.reseller.pk):
        Step.objects.filter(account=held.pk, what="user").update(state=state, code=code)
    with pytest.raises(Refused) as refused:
        world.save(world.provider, world.made.reseller, "rita.two", version=held.version)
    assert refused.value.code == "fixed"


def test_it_is_not_changed_while_a_run_is_making_it(world: World) -> None:
    held = half_done(world)
    gate, go = threading.Event(), threading.Event()

    def at_work() -> None:
        try:
            with alone(held.pk):
                gate.set()
                go.wait(10)
        finally:
            connection.close()

    other = threading.Thread(target=at_work)
    other.start()
    try:
        assert gate.wait(10)
        with pytest.raises(Busy, match="Another run"):
            world.save(world.provider, world.made.reseller, "rita.two", version=held.version)
    finally:
        go.set()
        other.join()
    after = world.account(world.made.reseller)
    assert after is not None
    assert after.username == "rita"


def test_after_its_tenant_was_removed_it_can_be_synced_anew(world: World) -> None:
    row = world.save(world.provider, world.direct, "bea").account
    with tenancy.acting_in(world.direct.pk):
        held = accounts.locked(row.pk)
        for state in ("provisioning", "removing", "removed"):
            accounts.step(held, state, remote="tenant-1", remote_user="user-1")
    again = world.save(world.provider, world.direct, "bee", version=held.version).account
    assert (again.pk, again.state, again.remote, again.remote_user) == (row.pk, "prepared", "", "")
    assert again.reference == row.reference


def test_several_instances_of_one_vendor_are_offered_by_their_names_each_with_its_own_status(world: World) -> None:
    second = world.another("Acronis, Swiss data centre")
    world.save(world.provider, world.direct, "bea", instance=second)
    _, lines = sync_options.lines(world.provider, world.direct.pk)
    assert [(line.instance.name, line.sign.words) for line in lines] == [
        ("Acronis", "Not synced"),
        ("Acronis, Swiss data centre", "Synced; the tenant is created with the first subscription"),
    ]


def test_who_does_not_sell_to_it_finds_nothing_and_nobody_syncs_himself(world: World) -> None:
    stranger = kit.actor(kit.reseller())
    for whom in (world.made.customer, world.made.reseller):
        with pytest.raises(Missing):
            sync_options.lines(stranger, whom.pk)
    with pytest.raises(Missing):
        world.save(stranger, world.made.customer, "amy")
    with pytest.raises(Refused) as refused:
        world.save(world.reseller, world.made.reseller, "rita")
    assert (refused.value.code, world.made.distributor.name in refused.value.text) == ("provider", True)
    _, lines = sync_options.lines(world.reseller, world.made.reseller.pk)
    assert len(lines) == 1, "but it sees how it stands"


def test_what_a_reseller_buys_by_itself_is_its_own_business(world: World) -> None:
    own = world.another("Our own Acronis", of=world.reseller)
    customer: Organisation = world.made.customer
    names = [line.instance.name for line in sync_options.lines(world.reseller, customer.pk)[1]]
    assert names == ["Our own Acronis", "Acronis"]
    row = world.save(world.reseller, customer, "amy", instance=own).account
    assert row.bill_to is None, "directly under the reseller, who is the provider there"
    assert [line.instance.name for line in sync_options.lines(world.provider, customer.pk)[1]] == ["Acronis"]
    with pytest.raises(Missing):
        world.save(world.provider, customer, "amy", instance=own)


def test_at_an_operators_instance_a_customer_stands_under_who_sells_to_it(
    world: World,
) -> None:
    desk = kit.actor(world.made.operator)
    own = world.another("The operator's", of=desk)
    row = world.save(desk, world.made.distributor, "dora", instance=own).account
    assert (row.role, row.bill_to, row.partner_id) == (Role.RESELLER, None, world.made.operator.pk)
    assert wrong(lambda: world.save(desk, world.made.reseller, "DORA", instance=own)) == ("username", "login_taken")
    with pytest.raises(NotSynced) as refused:
        world.save(desk, world.made.customer, "amy", instance=own)
    assert refused.value.organisation == world.made.reseller.pk, "not the distributor, though that is synced"
    world.save(desk, world.made.reseller, "rita", instance=own)
    row = world.save(desk, world.made.customer, "amy", instance=own).account
    assert (row.bill_to, row.provider) == (world.made.reseller.pk, world.made.operator.pk)
    row = world.save(world.provider, world.direct, "bea", instance=own).account
    assert row.bill_to == world.made.distributor.pk, "it is billed to the distributor"


def test_an_instance_that_is_untested_or_paused_is_not_used(world: World) -> None:
    fresh = world.another("Fresh", ready=False)
    world.calls()
    with pytest.raises(Refused) as refused:
        world.save(world.provider, world.direct, "bea", instance=fresh)
    assert (refused.value.code, world.calls()) == ("untested", [])


@pytest.mark.parametrize("begun", AccountState.values)
@pytest.mark.parametrize("end", AccountState.values)
def test_an_account_moves_only_along_the_table_of_its_states(begun: str, end: str) -> None:
    organisation = kit.customer()
    with tenancy.acting_in(organisation.pk):
        row = Account.objects.create(
            name="A", provider=organisation.pk, instance=organisation.pk, instance_name="I", kind="acronis", role="user",
            username="a", email="a@b.example", reference="r", state=begun, remote="t", synced_at=kit.now(),
        )  # fmt: skip
        if end in ACCOUNT_STEPS[begun]:
            assert accounts.step(row, end).version == 2
        else:
            with pytest.raises(Refused) as refused:
                accounts.step(row, end)
            assert refused.value.code == "state"
        row.refresh_from_db()
        assert row.state == (end if end in ACCOUNT_STEPS[begun] else begun)
