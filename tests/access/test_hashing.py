"""It hashes at most two passwords at a time. Source: reliability P24."""

from __future__ import annotations

import time
from threading import Lock

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from purser.access import hashing
from purser.config import settings
from purser.kernel.errors import Busy
from tests.access import kit


def test_it_lets_two_hash_and_the_others_wait(monkeypatch):
    running, most, lock = [0], [0], Lock()

    def slow(self, password, salt):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        return f"argon2${password}"

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slow)
    results = kit.at_once(*[lambda: hashing.Argon2().encode("word", "salt")] * 6)
    assert results == ["argon2$word"] * 6
    assert most[0] == hashing.AT_A_TIME


def test_it_takes_a_hundred_mebibytes_and_two_rounds_for_a_password_as_shipped():
    """Read where a server reads it: the tests themselves sign in at no cost."""
    assert settings.PASSWORD_HASHERS == ["purser.access.hashing.Argon2"]
    made = hashing.Argon2().encode("word", "saltsaltsalt")
    cost = hashing.Argon2().decode(made)
    assert (cost["variety"], cost["memory_cost"], cost["time_cost"], cost["parallelism"]) == ("argon2id", 102_400, 2, 8)


def test_it_says_busy_to_one_that_waited_too_long(monkeypatch):
    monkeypatch.setattr(hashing, "PATIENCE", 0.05)
    with hashing._turn(), hashing._turn(), pytest.raises(Busy, match="Too many people"):
        hashing.Argon2().encode("word", "saltsaltsalt")
    assert hashing.Argon2().verify("word", hashing.Argon2().encode("word", "saltsaltsalt"))
