"""Guessing is slow, tells nothing, and keeps nobody out who knows the password. Source: reliability P24.

The load of it is in bench/guessing.py.
"""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext

from purser.access import hashing
from purser.kernel.errors import Busy
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")
WRONG = "not the password at all"
A_MINUTE = 20  # tries from one address, whatever the account
OF_ACCOUNT = 5  # failures at one account from one address


def guess(client, email):
    return client.post("/sign-in/", {"login": email, "password": WRONG})


@pytest.fixture
def hashes(monkeypatch):
    """One entry for each hash that was computed."""
    spent = []
    turn = hashing._turn
    monkeypatch.setattr(hashing, "_turn", lambda: (spent.append(1), turn())[1])
    return spent


def test_it_stops_an_address_that_tries_many_accounts_before_it_costs_a_hash(hashes, monkeypatch):
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda self, password, salt: f"argon2${password}")
    attacker = kit.browser()
    answers = [guess(attacker, kit.address()) for _ in range(A_MINUTE + 5)]
    assert {one.status_code for one in answers[:A_MINUTE]} == {200}
    assert {one.status_code for one in answers[A_MINUTE:]} == {429}
    assert len(hashes) == A_MINUTE
    guess(kit.browser(), kit.address())
    assert len(hashes) == A_MINUTE + 1, "another address is none of this one's business"


def test_it_limits_a_known_and_an_unknown_account_alike(hashes):
    who = kit.member(kit.reseller())
    told = []
    for email in (who.email, kit.address()):
        attacker = kit.browser()
        hashes.clear()
        answers = [guess(attacker, email) for _ in range(OF_ACCOUNT + 2)]
        told.append(([(one.status_code, kit.text(one).replace(email, "")) for one in answers], len(hashes)))
    assert told[0] == told[1]
    assert told[0][1] == OF_ACCOUNT
    assert told[0][0][0] != told[0][0][-1], "it says that it was too often"


def test_it_asks_the_database_as_much_for_an_unknown_account_as_for_a_known_one():
    """But for one look at an index, which is lost in the time of the hash: bench/guessing.py measures that it is."""
    who = kit.member(kit.reseller())
    asked = []
    for email in (who.email, kit.address()):
        client = kit.browser()
        guess(client, kit.address())  # what the first request of a browser reads once
        with CaptureQueriesContext(connection) as queries:
            guess(client, email)
        asked.append(len(queries))
    assert abs(asked[0] - asked[1]) <= 1, asked


def test_it_lets_the_person_in_and_go_on_while_others_guess_from_many_addresses():
    org = kit.reseller()
    who = kit.member(org)
    inside = kit.sign_in(who)
    for _ in range(2):
        attacker = kit.browser()
        for _ in range(OF_ACCOUNT + 1):
            guess(attacker, who.email)
    assert inside.get(kit.url(org, "people/")).status_code == 200
    assert kit.sign_in(who).get(kit.url(org, "people/")).status_code == 200


def test_it_turns_away_at_once_who_would_wait_in_a_line_that_is_full(monkeypatch):
    def slow(self, password, salt):
        time.sleep(0.5)
        return f"argon2${password}"

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slow)
    room = hashing.AT_A_TIME + hashing.IN_LINE

    def timed():
        began = time.monotonic()
        try:
            return hashing.Argon2().encode("word", "salt")
        except Busy:
            return time.monotonic() - began

    results = kit.at_once(*[timed] * (room + 3))
    turned_away = [one for one in results if isinstance(one, float)]
    assert len(turned_away) == 3
    assert max(turned_away) < 0.4, "and holds no thread"
