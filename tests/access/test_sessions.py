"""What happens to a person or their account counts in every browser and for every token from the next request. P22."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from purser.access import people, tokens, verbs
from purser.access.models import Person
from purser.postgres import tenancy
from purser.tenants import tree
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

NEW = {"password1": "quite another long sentence", "password2": "quite another long sentence"}


@dataclass
class Signed:
    """Somebody in two browsers and with a token; the colleague is an owner, too."""

    place: Organisation
    who: Person
    colleague: Person
    here: Client
    there: Client
    bearer: str

    def seen(self) -> tuple[int, int, int]:
        """What the other browser gets for a page and from the API, and what the token gets."""
        page, call = kit.url(self.place, "people/invite/"), f"/api/v1/t/{self.place.pk}/tokens"
        asked = [self.there.get(page), self.there.get(call)]
        asked.append(kit.browser().get(call, headers={"Authorization": f"Bearer {self.bearer}"}))
        return asked[0].status_code, asked[1].status_code, asked[2].status_code


@pytest.fixture
def signed() -> Signed:
    place = kit.reseller()
    who, colleague = kit.member(place), kit.member(place, factor=False)
    with tenancy.acting_in(place.pk):
        value = tokens.make(kit.actor(place, who), name="t", expires_at=kit.now() + timedelta(days=1), now=kit.now()).value
    return Signed(place, who, colleague, kit.sign_in(who), kit.sign_in(who), value)


def reset(s: Signed) -> None:
    kit.browser().post("/sign-in/password/reset/", {"email": s.who.email})
    client = kit.browser()
    client.post(client.get(kit.mailed_link(s.who.email)).headers["Location"], NEW)


def colleague_does(change: Callable[..., object], *options: object, **more: object) -> Callable[[Signed], None]:
    def act(s: Signed) -> None:
        row = kit.membership(s.place, s.who)
        with tenancy.acting_in(s.place.pk):
            change(kit.actor(s.place, s.colleague), row.pk, *options, now=kit.now(), **more)

    return act


def suspend_all(s: Signed) -> None:
    with tenancy.acting_in(s.place.pk):
        tree.suspend(now=kit.now())


def steal_and_sign_out(s: Signed) -> None:
    s.there.cookies["sessionid"] = s.here.cookies["sessionid"].value
    assert s.seen() == (200, 200, 200)
    s.here.post("/sign-in/logout/")


# A token is a credential of its own, which is listed and revoked: it outlives sessions, passwords and factors, not its person.
EVENTS: dict[str, tuple[Callable[[Signed], object], tuple[int, int, int]]] = {
    "signed out": (steal_and_sign_out, (302, 401, 200)),
    "sessions ended": (lambda s: s.here.post("/sign-in/sessions/"), (302, 401, 200)),
    "password changed": (
        lambda s: s.here.post("/sign-in/password/change/", {"oldpassword": kit.PASSWORD, **NEW}),
        (302, 401, 200),
    ),
    "password reset": (reset, (302, 401, 200)),
    "factor removed": (lambda s: s.here.post("/sign-in/2fa/totp/deactivate/"), (302, 401, 200)),
    "recovery codes made": (lambda s: s.here.post("/sign-in/2fa/recovery-codes/generate/"), (302, 401, 200)),
    "role changed": (colleague_does(people.change_role, verbs.READER), (403, 403, 403)),
    "suspended": (colleague_does(people.suspend, suspended=True), (404, 404, 401)),
    "removed": (colleague_does(people.remove), (404, 404, 401)),
    "account closed": (lambda s: Person.objects.filter(pk=s.who.pk).update(is_active=False), (302, 401, 401)),
    "organisation suspended": (suspend_all, (404, 404, 401)),
}


@pytest.mark.parametrize("event", EVENTS)
def test_it_counts_everywhere_from_the_next_request(signed: Signed, event: str) -> None:
    happen, after = EVENTS[event]
    assert signed.seen() == (200, 200, 200)
    happen(signed)
    assert signed.seen() == after


@pytest.mark.parametrize("proof", [{"password": kit.PASSWORD}, {"code": ""}])
def test_it_goes_on_under_a_new_id_after_a_fresh_proof(signed: Signed, proof: dict[str, str]) -> None:
    before, stolen = signed.here.session.session_key, kit.browser()
    stolen.cookies["sessionid"] = str(before)
    listed = UserSession.objects.filter(user=signed.who)
    assert before in set(listed.values_list("session_key", flat=True))
    kit.age_proofs(signed.here, timedelta(minutes=6))
    page = kit.url(signed.place, "people/invite/")
    where = signed.here.get(page).headers["Location"]
    if "code" in proof:
        kit.forget_code(signed.who)
        where, proof = where.replace("/sign-in/reauthenticate/", "/sign-in/2fa/reauthenticate/"), {"code": kit.code()}
    answer = signed.here.post(where, {**proof, "next": page})
    assert answer.headers["Location"] == page
    assert signed.here.get(page).status_code == 200
    assert signed.here.session.session_key != before
    assert stolen.get(kit.url(signed.place, "people/")).status_code == 302
    keys = set(listed.values_list("session_key", flat=True))
    assert signed.here.session.session_key in keys
    assert before not in keys
