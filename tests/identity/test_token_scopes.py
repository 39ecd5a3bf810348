"""It cuts an API token to a part of what its person may, and the part shrinks with the person's role."""

from __future__ import annotations

from datetime import timedelta

import pytest

from purser.access import people, tokens, verbs
from purser.access.models import ApiToken
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, code, data

pytestmark = pytest.mark.usefixtures("site")


def caller(org, who, only, role=verbs.OWNER):
    with tenancy.acting_in(org.pk):
        end = kit.now() + timedelta(days=1)
        made = tokens.make(kit.actor(org, who, role), name="t", expires_at=end, now=kit.now(), only=only)
    return Caller(org.pk, who, kit.browser(), made.value)


def test_it_lets_a_token_do_what_it_is_cut_to_and_nothing_else():
    org = kit.reseller()
    who = kit.member(org, factor=False)
    cut, whole = caller(org, who, ["people.read"]), caller(org, who, [])
    assert [one.get("/people").status_code for one in (cut, whole)] == [200, 200]
    assert code(cut.get("/tokens"), 403) == "denied"
    assert whole.get("/tokens").status_code == 200
    assert [row["verbs"] for row in data(whole.get("/tokens"))["rows"]] == [[], ["people.read"]]


def test_it_takes_from_a_token_what_its_person_may_no_more():
    org = kit.reseller()
    who, owner = kit.member(org, factor=False), kit.member(org, factor=False)
    cut = caller(org, who, ["people.read", "tokens.read"])
    assert cut.get("/tokens").status_code == 200
    with tenancy.acting_in(org.pk):
        people.change_role(kit.actor(org, owner), kit.membership(org, who).pk, verbs.READER, now=kit.now())
    assert cut.get("/people").status_code == 200
    assert code(cut.get("/tokens"), 403) == "denied"
    with tenancy.acting_in(org.pk):
        people.change_role(kit.actor(org, owner), kit.membership(org, who).pk, verbs.OWNER, now=kit.now())
    assert cut.get("/connections").status_code == 403  # the role is back, the token is cut as before


@pytest.mark.parametrize(
    "only", [["tokens.make"], ["people.fly"], ["consent.decide"], ["operator.licences.issue"], ["people.read", "roles.write"]]
)
def test_it_refuses_a_token_what_its_maker_may_not_or_what_wants_a_fresh_proof(only):
    org = kit.reseller()
    with pytest.raises(Refused) as refusal:
        caller(org, kit.member(org, factor=False), only)
    assert refusal.value.code == "verbs"
    with tenancy.acting_in(org.pk):
        assert not ApiToken.objects.exists()


def test_it_offers_what_the_maker_may_and_shows_what_each_token_allows():
    org = kit.reseller()
    client = kit.sign_in(kit.member(org, verbs.TECHNICIAN))
    page = client.get(kit.url(org, "tokens/make/")).content.decode()
    assert 'value="sync.run"' in page
    assert 'value="plans.approve"' not in page  # a bookkeeper's
    assert 'value="tokens.make"' not in page  # wants a fresh proof
    answer = client.post(kit.url(org, "tokens/make/"), {"name": "n", "days": "7", "only": ["sync.run", "sync.read"]})
    assert "see the schedule and its runs; run the sync now" in kit.text(answer)
    assert "run the sync now" in kit.text(client.get(kit.url(org, "tokens/")))
    refused = client.post(kit.url(org, "tokens/make/"), {"name": "n", "days": "7", "only": ["plans.approve"]})
    assert refused.status_code == 422
    assert kit.acts_of(org, "tokens.make")[-1].after["only"] == ["sync.read", "sync.run"]
