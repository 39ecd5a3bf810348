"""It keeps secrets sealed to their place. Source: reliability P25; acceptance ID-10."""

from __future__ import annotations

import threading

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from purser.access import factors, vault
from purser.access.models import Sealed, TenantKey
from purser.kernel.errors import Missing
from purser.postgres import ids, sealing, tenancy
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

CANARY = "canary-4b1d-secret"


@pytest.fixture
def org():
    return kit.reseller()


def keep(org, row, field="password", value=CANARY):
    with tenancy.acting_in(org.pk):
        vault.keep("links_connection", row, field, value, kit.now())


def reveal(org, row, field="password"):
    with tenancy.acting_in(org.pk):
        return vault.reveal("links_connection", row, field)


def test_it_reveals_what_it_kept_and_the_latest(org):
    row = ids.new()
    keep(org, row)
    assert reveal(org, row) == CANARY
    keep(org, row, value="another")
    assert reveal(org, row) == "another"
    with tenancy.acting_in(org.pk):
        assert vault.kept("links_connection", row) == {"password"}
        assert vault.reveal_each("links_connection", "password") == {row: "another"}


def test_it_says_which_secret_is_missing(org):
    with pytest.raises(Missing, match="password"):
        reveal(org, ids.new())


@pytest.mark.parametrize("change", [{"field": "user"}, {"of_table": "links_other"}, {"of_id": ids.new()}])
def test_it_opens_a_secret_only_where_it_was_sealed(org, change):
    row = ids.new()
    keep(org, row)
    with tenancy.acting_in(org.pk):
        Sealed.objects.update(**change)
        moved = Sealed.objects.get()
        with pytest.raises(sealing.Broken):
            vault.reveal(moved.of_table, moved.of_id, moved.field)


def test_it_opens_no_secret_swapped_between_rows_or_tenants(org):
    other, mine, theirs = kit.reseller(), ids.new(), ids.new()
    keep(org, mine)
    keep(org, theirs, value="second")
    keep(other, mine, value="third")
    with tenancy.acting_in(org.pk):
        box = Sealed.objects.get(of_id=mine).value
        Sealed.objects.filter(of_id=theirs).update(value=box)
    with tenancy.acting_in(other.pk):
        Sealed.objects.update(value=box)
    for place, row in ((org, theirs), (other, mine)):
        with pytest.raises(sealing.Broken):
            reveal(place, row)
    assert reveal(org, mine) == CANARY


def test_it_stores_no_secret_in_clear_and_no_history_of_it(org):
    keep(org, ids.new())
    stored = kit.everything_stored()
    assert CANARY not in stored
    assert CANARY.encode().hex() not in stored
    with tenancy.acting_in(org.pk):
        box = bytes(Sealed.objects.get().value).hex()
    assert stored.count(box) == 1  # in its row, not in the history of rows


def test_it_tells_equal_secrets_by_their_fingerprint_within_a_tenant_only(org):
    other, a, b = kit.reseller(), ids.new(), ids.new()
    keep(org, a)
    keep(org, b)
    keep(org, b, field="user", value="else")
    keep(other, a)
    with tenancy.acting_in(org.pk):
        prints = [vault.fingerprint("links_connection", row, "password") for row in (a, b)]
        assert prints[0] == prints[1] != vault.fingerprint("links_connection", b, "user")
    with tenancy.acting_in(other.pk):
        assert vault.fingerprint("links_connection", a, "password") not in prints
    assert CANARY not in prints[0]


def test_it_forgets_one_secret_or_all_of_a_row(org):
    row = ids.new()
    for field in ("password", "user", "key"):
        keep(org, row, field=field)
    with tenancy.acting_in(org.pk):
        assert vault.wipe("links_connection", row, "user") == 1
        assert vault.kept("links_connection", row) == {"password", "key"}
        assert vault.wipe("links_connection", row) == 2


def test_it_rotates_a_tenants_key_and_drops_the_former(org):
    rows = [ids.new() for _ in range(3)]
    for row in rows:
        keep(org, row)
    with tenancy.acting_in(org.pk):
        before = set(TenantKey.objects.values_list("id", flat=True))
    assert vault.rotate_tenant_key(org.pk, now=kit.now()) == 3
    with tenancy.acting_in(org.pk):
        after = set(TenantKey.objects.values_list("id", flat=True))
    assert len(after) == 1
    assert not before & after
    assert [reveal(org, row) for row in rows] == [CANARY] * 3


def test_it_can_be_read_and_written_while_its_key_is_rotated(org):
    rows = [ids.new() for _ in range(4)]
    for row in rows:
        keep(org, row)
    done = threading.Event()

    def work(row):
        for turn in range(15):
            keep(org, row, value=f"{row}-{turn}")
            assert reveal(org, row) == f"{row}-{turn}"
        return turn

    def rotate():
        turns = 0
        while not done.is_set():
            vault.rotate_tenant_key(org.pk, now=kit.now())
            turns += 1
        return turns

    rotating: list[int] = []
    thread = threading.Thread(target=lambda: (rotating.append(rotate()), connections.close_all()))
    thread.start()
    results = kit.at_once(*[lambda row=row: work(row) for row in rows])
    done.set()
    thread.join(30)
    assert results == [14] * 4
    assert rotating[0] > 0
    assert [reveal(org, row) for row in rows] == [f"{row}-14" for row in rows]


def test_it_survives_a_change_of_the_installations_key(org):
    row, new = ids.new(), b"n" * 32
    keep(org, row)
    who = kit.person()
    with override_settings(SEALING_KEY=new, SEALING_KEYS_BEFORE=(settings.SEALING_KEY,)):
        assert vault.rewrap(org.pk) == 1
        assert factors.seal_again() >= 0
    with override_settings(SEALING_KEY=new):
        assert reveal(org, row) == CANARY
    with pytest.raises(sealing.Broken):
        reveal(org, row)
    with override_settings(SEALING_KEY=settings.SEALING_KEY, SEALING_KEYS_BEFORE=(new,)):
        vault.rewrap(org.pk)
        factors.seal_again()
    assert reveal(org, row) == CANARY
    assert who.pk


def test_it_rotates_by_the_command(org, capsys):
    from purser.cli import secrets

    row = ids.new()
    keep(org, row)
    secrets.rotate(tenant=str(org.pk))
    assert f"{org.pk}: 1 secrets" in capsys.readouterr().out
    assert reveal(org, row) == CANARY
