"""It keeps what was done, and nobody can change it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError

from purser.access import acts, people, tokens, verbs
from purser.access.models import Act, History
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")


def test_it_binds_changed_rows_to_the_act_that_caused_them():
    org = kit.reseller()
    owner, other = kit.member(org, factor=False), kit.member(org, verbs.READER, factor=False)
    row = kit.membership(org, other)
    with tenancy.acting_in(org.pk):
        people.change_role(kit.actor(org, owner), row.pk, verbs.TECHNICIAN, now=kit.now())
    (act,) = kit.acts_of(org, "people.change_role")
    with tenancy.acting_in(org.pk):
        (changed,) = acts.rows_changed(act)
        assert acts.differences(changed.before, changed.after) == [("role", "reader", "technician")]
        assert (changed.of_table, changed.row_id) == ("access_membership", row.pk)
        assert [one.pk for one in acts.of_object("person", other.pk)] == [act.pk]


def test_it_leaves_later_rows_of_another_transaction_unbound():
    org = kit.reseller()
    with tenancy.acting_in(org.pk):
        acts.record(kit.actor(org), "views.write", summary="Saved a view", now=kit.now())
    kit.member(org, factor=False)
    with tenancy.acting_in(org.pk):
        assert History.objects.get(of_table="access_membership").act_id is None


def test_it_exists_only_together_with_the_change():
    org = kit.reseller()

    def fail() -> None:
        with tenancy.acting_in(org.pk):
            acts.record(kit.actor(org), "views.write", summary="Saved a view", now=kit.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert kit.acts_of(org) == []


def test_it_cannot_be_edited_or_deleted():
    org = kit.reseller()
    with tenancy.acting_in(org.pk):
        acts.record(kit.actor(org), "views.write", summary="Saved a view", now=kit.now())
    for change in (lambda rows: rows.update(summary="Something else"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), tenancy.acting_in(org.pk):
            change(Act.objects.all())
    assert [act.summary for act in kit.acts_of(org)] == ["Saved a view"]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Gateway_Password",
        "api_key",
        "apikey",
        "client_secret",
        "token",
        "license_key",
        "authorization",
        "totp",
    ],
)
def test_it_hides_what_looks_like_a_secret_however_deep(name):
    told = acts.masked({"settings": [{name: "hunter2", "user": "anna"}], name: "hunter2"})
    assert told == {"settings": [{name: acts.HIDDEN, "user": "anna"}], name: acts.HIDDEN}


def test_it_hides_an_api_token_wherever_it_stands():
    org = kit.reseller()
    who = kit.member(org, factor=False)
    with tenancy.acting_in(org.pk):
        made = tokens.make(kit.actor(org, who), name="export", expires_at=kit.now() + tokens.LONGEST / 2, now=kit.now())
        acts.record(
            kit.actor(org, who),
            "views.write",
            summary=f"Called with {made.value}!",
            after={"url": made.value},
            now=kit.now(),
        )
    (act,) = kit.acts_of(org, "views.write")
    assert act.summary == "Called with (hidden)!"
    assert act.after == {"url": acts.HIDDEN}
    assert made.value not in repr(made)


def test_it_keeps_numbers_and_plain_fields_as_they_are():
    assert acts.masked({"count": 3, "price": Decimal("1.20"), "passed": True, "empty": {"password": ""}}) == {
        "count": 3,
        "price": "1.20",
        "passed": True,
        "empty": {"password": ""},
    }
