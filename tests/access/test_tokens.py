"""It hands out API tokens that work for one person, in time, and never a second look at them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from purser.access import people, tokens
from purser.access.models import ApiToken, Person
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def made():
    org = kit.reseller()
    who = kit.member(org, factor=False)
    return org, who, make(org, who)


def make(org, who, *, name="export", days=30):
    with tenancy.acting_in(org.pk):
        return tokens.make(kit.actor(org, who), name=name, expires_at=kit.now() + timedelta(days=days), now=kit.now())


def whose(value):
    row = tokens.authenticate(value, kit.now())
    return row.tenant_id, row.person


def test_it_says_whose_a_token_is(made):
    org, who, token = made
    assert token.value.startswith(f"prs_{org.pk.hex}_")
    assert len(token.value) == len("prs_") + 32 + 1 + 43
    assert whose(token.value) == (org.pk, who)


def test_it_is_nowhere_in_a_dump(made):
    _, _, token = made
    tokens.authenticate(token.value, kit.now())
    stored = kit.everything_stored()
    assert token.value not in stored
    assert token.value.split("_", 2)[2] not in stored


def test_it_gives_one_answer_to_all_that_do_not_work(made):
    org, _, token = made
    other = kit.reseller()
    swapped = token.value.replace(org.pk.hex, other.pk.hex)
    tried = ["", "prs_", token.value[:-1], token.value + "A", token.value.replace("prs", "psr"), swapped]
    tried.append(token.value.replace(org.pk.hex, uuid4().hex))
    told = set()
    for value in tried:
        with pytest.raises(Missing) as answer:
            tokens.authenticate(value, kit.now())
        told.add((answer.value.text, answer.value.hint, answer.value.code))
        assert value == "" or value not in repr(answer.value)
    with pytest.raises(Missing) as expired:
        tokens.authenticate(token.value, kit.now() + timedelta(days=31))
    told.add((expired.value.text, expired.value.hint, expired.value.code))
    assert len(told) == 1


@pytest.mark.parametrize("end", ["revoked", "left", "inactive", "suspended"])
def test_it_ends_with_the_token_the_membership_the_person_or_the_organisation(made, end):
    org, who, token = made
    owner = kit.member(org, factor=False)
    with tenancy.acting_in(org.pk):
        if end == "revoked":
            tokens.revoke(kit.actor(org, owner), token.row.pk, now=kit.now())
        elif end == "left":
            people.remove(kit.actor(org, owner), kit.membership(org, who).pk, now=kit.now())
        elif end == "inactive":
            Person.objects.filter(pk=who.pk).update(is_active=False)
        else:
            Organisation.objects.update(suspended_at=kit.now())
    with pytest.raises(Missing):
        tokens.authenticate(token.value, kit.now())


@pytest.mark.parametrize(("name", "days"), [("", 30), ("   ", 30), ("x", 366), ("x", 0), ("x", -1)])
def test_it_refuses_no_name_and_an_end_that_is_past_or_beyond_a_year(made, name, days):
    org, who, _ = made
    with pytest.raises(Refused):
        make(org, who, name=name, days=days)


def test_it_notes_its_use_at_most_once_a_minute(made):
    org, _, token = made
    start = kit.now()
    for seconds in (0, 30, 61):
        tokens.authenticate(token.value, start + timedelta(seconds=seconds))
    with tenancy.acting_in(org.pk):
        assert ApiToken.objects.get(pk=token.row.pk).last_used_at == start + timedelta(seconds=61)


def test_it_shows_a_new_token_once_and_then_only_its_end(made):
    org, _, _ = made
    with tenancy.acting_in(org.pk):
        ApiToken.objects.all().update(revoked_at=kit.now())
    factor = kit.member(org)
    client = kit.sign_in(factor)
    answer = client.post(kit.url(org, "tokens/make/"), {"name": "month-end", "days": "90"})
    value = answer.content.decode().split('<code id="token"')[1].split(">")[1].split("<")[0]
    assert whose(value) == (org.pk, factor)
    page = client.get(kit.url(org, "tokens/")).content.decode()
    assert value not in page
    assert f"…{value[-4:]}" in page
    with tenancy.acting_in(org.pk):
        row = ApiToken.objects.get(name="month-end")
    client.post(kit.url(org, f"tokens/{row.pk}/revoke/"))
    with pytest.raises(Missing):
        tokens.authenticate(value, kit.now())
    assert [act.verb for act in kit.acts_of(org) if act.verb.startswith("tokens.")][-2:] == [
        "tokens.make",
        "tokens.revoke",
    ]
