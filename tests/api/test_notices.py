"""One's own notices by the API: the same list, choices and things followed as in the portal. Source: ux 37."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core import mail

from purser.access import verbs
from purser.access.models import Person
from purser.postgres import ids
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data, token_of
from tests.notices.kit import kinds, letters
from tests.partners.kit import Chain, chain

pytestmark = pytest.mark.usefixtures("site")


@dataclass
class Here:
    made: Chain
    owner: Caller
    now: datetime

    def texts(self, path: str = "") -> list[str]:
        return [row["subject"] for row in data(self.owner.get(f"/notices{path}"))["rows"]]

    def unread(self) -> int:
        return int(data(self.owner.get("/notices/unread"))["count"])


def as_owner(made: Chain, who: Person) -> Caller:
    return Caller(made.reseller.pk, who, kit.browser(), token_of(made.reseller, who))


@pytest.fixture
def here() -> Here:
    """The owner of a reseller whose customer gave its consent, and ended it a minute later."""
    made, now = chain(), kit.now()
    totp.TOTP.activate(made.owner, kit.SECRET)
    made.give(now - timedelta(minutes=2))
    made.end(now - timedelta(minutes=1))
    mail.outbox.clear()
    return Here(made, as_owner(made, made.owner), now)


GIVEN, ENDED = "Alder Dental gave its consent", "Alder Dental ended its consent"


def test_it_lists_ones_own_newest_first_and_filters_the_unread(here: Here) -> None:
    assert here.texts() == [ENDED, GIVEN]
    [ended, given] = data(here.owner.get("/notices"))["rows"]
    assert (ended["kind"], ended["state"]) == ("consent_ended", "unread")
    assert ended["path"] == f"/t/{here.made.reseller.pk}/tenants/{here.made.customer.pk}/"
    assert data(here.owner.post("/notices/read", {"notices": [given["id"]]})) == {"marked": 1}
    assert here.texts("?state.is=unread") == [ENDED]
    assert here.texts("?state.is=read") == [GIVEN]
    other = kit.member(here.made.reseller, verbs.OWNER)
    assert data(as_owner(here.made, other).get("/notices"))["rows"] == []


def test_it_gives_the_file_that_the_portal_gives(here: Here) -> None:
    one = here.owner
    client = kit.sign_in(here.made.owner)
    for query in ("", "state.is=unread&sort=at", "q=ended", "kind.is=consent_given"):
        api = b"".join(one.get(f"/notices?{query}", Accept="text/csv"))  # type: ignore[arg-type]
        portal = b"".join(client.get(kit.url(here.made.reseller, f"notices/export/?{query}")))  # type: ignore[arg-type]
        assert api == portal
        assert len(api.splitlines()) == 1 + len(here.texts(f"?{query}"))


def test_it_counts_and_settles_what_was_there_at_a_moment(here: Here) -> None:
    assert here.unread() == 2
    before = (here.now - timedelta(seconds=90)).isoformat()
    assert data(here.owner.post("/notices/read-all", {"until": before})) == {"marked": 1}
    assert here.unread() == 1
    assert data(here.owner.post("/notices/read-all")) == {"marked": 1}
    assert (here.unread(), data(here.owner.post("/notices/read-all"))) == (0, {"marked": 0})


def test_it_settles_nobody_elses(here: Here) -> None:
    ids_ = [row["id"] for row in data(here.owner.get("/notices"))["rows"]]
    foreign = caller(kit.reseller())
    for other in (as_owner(here.made, kit.member(here.made.reseller)), foreign):
        assert data(other.post("/notices/read", {"notices": ids_})) == {"marked": 0}
    assert here.unread() == 2


def test_it_shows_and_keeps_how_each_kind_comes(here: Here) -> None:
    rows = {row["kind"]: row for row in data(here.owner.get("/notices/choices"))["rows"]}
    assert {"consent_ended", "connection_paused", "plan_waits", "look_in"} <= set(rows)
    assert "consent_asked" not in rows, "it reaches customers"
    assert rows["look_in"]["always"]
    wanted = {"kind": "consent_given", "mail": "none"}
    assert data(here.owner("PUT", "/notices/choices", wanted))["mail"] == "none"
    here.made.give(here.now)
    assert letters(here.made.owner) == []
    assert here.texts()[0] == GIVEN
    until = (here.now.date() + timedelta(days=7)).isoformat()
    answer = data(here.owner("PUT", "/notices/choices", {"kind": "consent_given", "mail": "now", "silent_until": until}))
    assert answer["silent_until"] == until
    assert here.unread() == 1, "two of the three are silent"


def test_it_refuses_what_is_no_choice(here: Here) -> None:
    for sent, told in (
        ({"kind": "no_such", "mail": "now"}, "kind"),
        ({"kind": "look_in", "mail": "none"}, "always"),
        ({"kind": "consent_given", "mail": "now", "silent_until": here.now.date().isoformat()}, "silent_until"),
    ):
        assert code(here.owner("PUT", "/notices/choices", sent), 422) == told
    assert here.owner("PUT", "/notices/choices", {"kind": "consent_given", "mail": "pigeon"}).status_code == 422


def test_it_follows_a_tenant_and_lets_go(here: Here) -> None:
    reader = kit.member(here.made.reseller, verbs.READER)
    one = Caller(here.made.reseller.pk, reader, kit.browser(), token_of(here.made.reseller, reader, verbs.READER))
    thing = {"what": "tenant", "about": str(here.made.customer.pk)}
    row = data(one.post("/notices/followed", thing))
    assert (row["name"], row["words"], row["about"]) == ("Alder Dental", "Tenant", thing["about"])
    assert data(one.post("/notices/followed", thing)) == row
    assert data(one.get("/notices/followed"))["rows"] == [row]
    here.made.give(here.now)
    assert kinds(here.made.reseller, reader) == ["consent_given"]
    assert here.owner("DELETE", f"/notices/followed/{row['id']}").status_code == 404, "it is somebody else's"
    assert one("DELETE", f"/notices/followed/{row['id']}").status_code == 204
    here.made.end(here.now)
    assert kinds(here.made.reseller, reader) == ["consent_given"]


def test_it_follows_nothing_foreign(here: Here) -> None:
    other = chain()
    for about in (other.customer.pk, ids.new()):
        assert code(here.owner.post("/notices/followed", {"what": "tenant", "about": str(about)}), 404) == "missing"
        assert here.owner.post("/notices/followed", {"what": "sync", "about": str(about)}).status_code == 404
    assert here.owner.post("/notices/followed", {"what": "person", "about": str(ids.new())}).status_code == 422


def test_nobody_has_notices_on_behalf(here: Here) -> None:
    here.made.give(here.now)
    token = token_of(here.made.reseller, here.made.agent, verbs.TECHNICIAN)
    agent = Caller(here.made.customer.pk, here.made.agent, kit.browser(), token)
    assert agent.get("/consent").status_code == 200
    for path in ("/notices", "/notices/unread", "/notices/choices", "/notices/followed"):
        assert agent.get(path).status_code == 403, path
