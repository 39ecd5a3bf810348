"""Passwords of the tests: hashed as everybody's, but at no cost. What they cost is in test_hashing.py."""

from __future__ import annotations

from purser.access import hashing


class Quick(hashing.Argon2):
    time_cost = 1
    memory_cost = 8
    parallelism = 1
