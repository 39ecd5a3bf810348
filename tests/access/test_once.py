"""Whatever works once works once for two at the same moment, hundreds of times over. Source: reliability P23."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from purser.access import invitations, once, verbs
from purser.access.models import Membership
from purser.access.single_use import Invitation
from purser.kernel.errors import Missing
from purser.partners import break_glass, joining
from purser.partners.models import TenantInvitation
from purser.postgres import tenancy
from purser.tenants import grants
from purser.tenants.models import Grant
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import chain

pytestmark = pytest.mark.usefixtures("site")

Taken = Callable[[str], object]


def races(rounds: int, make: Callable[[], str], take: Callable[[str], object], lost: type[Exception]) -> list[int]:
    """How many won in each round, of two sessions with a connection each that take what was made at the same moment.

    Who does not win is told `lost`; anything else ends the race.
    """
    turn, token, won = threading.Barrier(2, timeout=30), [""], [0] * rounds

    def session(makes: bool) -> None:
        try:
            for n in range(rounds):
                if makes:
                    token[0] = make()
                turn.wait()
                try:
                    take(token[0])
                    won[n] += 1
                except lost:
                    pass
                turn.wait()
        finally:
            connections.close_all()

    pair = [threading.Thread(target=session, args=(makes,)) for makes in (True, False)]
    for one in pair:
        one.start()
    for one in pair:
        one.join(120)
    return won


def licence() -> tuple[Callable[[], str], Taken]:
    place = kit.reseller()

    def make() -> str:
        with tenancy.acting_in(place.pk):
            return once.issue("licence", {"key": "x"}, made_by=kit.actor(place), now=kit.now()).token

    def take(token: str) -> None:
        with tenancy.acting_in(place.pk):
            once.take("licence", token, now=kit.now())

    return make, take


def invitation() -> tuple[Callable[[], str], Taken]:
    place, who = kit.reseller(), kit.person(factor=False)

    def make() -> str:
        value = once.token()
        with tenancy.acting_in(place.pk):
            Membership.objects.filter(person=who).delete()
            Invitation.objects.create(
                email=who.email, role=verbs.READER, token_hash=once.hashed(value),
                created_at=kit.now(), expires_at=kit.now() + once.LIFETIME,
            )  # fmt: skip
        return value

    def take(token: str) -> None:
        with tenancy.acting_in(place.pk):
            invitations.accept(token, person=who, actor=kit.actor(place, who), now=kit.now())

    return make, take


def tenants_invitation() -> tuple[Callable[[], str], Taken]:
    made = chain()

    def make() -> str:
        value = once.token()
        with tenancy.acting_in(made.reseller.pk):
            TenantInvitation.objects.create(
                email=made.admin.email, token_hash=once.hashed(value), invited_by=made.owner.pk, invited_by_name="Owner",
                created_at=kit.now(), expires_at=kit.now() + once.LIFETIME,
            )  # fmt: skip
        return value

    return make, lambda token: joining.accept(made.reseller.pk, token, actor=made.as_admin(), now=kit.now())


def approval() -> tuple[Callable[[], str], Taken]:
    operator = kit.operator()
    target = kit.reseller(under=operator)
    asker, colleague = (kit.actor(operator, kit.person(factor=False)) for _ in range(2))

    def make() -> str:
        with tenancy.acting_in(target.pk):
            grants.close(Grant.objects.all(), as_="ended", by="test", why="", now=kit.now())
        return str(break_glass.ask(asker, target.pk, reason="The sync stands still", now=kit.now()).pk)

    return make, lambda _: break_glass.approve(colleague, target.pk, now=kit.now())


KINDS = {"licence": (licence, 300), "invitation": (invitation, 100), "tenant's invitation": (tenants_invitation, 50),
         "approval": (approval, 50)}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_at_once_one_wins(kind: str) -> None:
    prepare, rounds = KINDS[kind]
    assert races(rounds, *prepare(), Missing if kind == "approval" else once.Spent) == [1] * rounds


def test_a_mailed_link_sets_one_of_two_passwords() -> None:
    for _ in range(3):
        who = kit.member(kit.reseller())
        kit.browser().post("/sign-in/password/reset/", {"email": who.email})
        link, pair = kit.mailed_link(who.email), [kit.browser(), kit.browser()]
        forms = [client.get(link).headers["Location"] for client in pair]
        words = ["quite another long sentence", "and yet another long sentence"]

        def change(n: int, pair: Any = pair, forms: Any = forms, words: Any = words) -> int:
            return int(pair[n].post(forms[n], {"password1": words[n], "password2": words[n]}).status_code)

        told = kit.at_once(lambda: change(0), lambda: change(1))
        assert sorted(told) == [302, 422]
        who.refresh_from_db()
        assert [who.check_password(word) for word in words] == [status == 302 for status in told]


def key_of(link: str) -> str:
    """The secret part of a mailed link: its last word, without the person's number."""
    return link.strip("/").rpartition("/")[2].partition("-")[2]


@pytest.mark.parametrize("wrong", ["expired", "tampered", "of another person", "after a sign-in"])
def test_a_mailed_link_that_does_not_work_says_so_and_changes_nothing(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    who, other = kit.member(kit.reseller()), kit.member(kit.reseller())
    kit.browser().post("/sign-in/password/reset/", {"email": who.email})
    link = kit.mailed_link(who.email)
    assert key_of(link) not in kit.everything_stored()
    for _ in range(2):  # opening it changes nothing
        assert "set-password" in kit.browser().get(link).headers["Location"]
    if wrong == "expired":
        monkeypatch.setattr(settings, "PASSWORD_RESET_TIMEOUT", -1)
    elif wrong == "tampered":
        link = link[:-3] + ("aa/" if link[-3:] != "aa/" else "bb/")
    elif wrong == "of another person":
        kit.browser().post("/sign-in/password/reset/", {"email": other.email})
        link = link.replace(key_of(link), key_of(kit.mailed_link(other.email)))
    else:
        kit.sign_in(who)
    answer = kit.browser().get(link, follow=True)
    assert "This link does not work" in kit.text(answer)
    who.refresh_from_db()
    assert who.check_password(kit.PASSWORD)
