"""Password hashes cost 100 MiB and a quarter of a second each: a flood of sign-ins must not take the machine.

Source: reliability section 4 (Login), P24.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

from purser.kernel.errors import Busy

AT_A_TIME = 2
PATIENCE = 10.0  # seconds

_free = BoundedSemaphore(AT_A_TIME)


class Argon2(Argon2PasswordHasher):
    """Argon2, at most two at a time in a process; raises Busy for one that waited ten seconds."""

    def encode(self, password: str, salt: str) -> str:
        with _turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn() -> Iterator[None]:
    if not _free.acquire(timeout=PATIENCE):
        raise Busy("Too many people are signing in at this moment.", code="sign_in", hint="Try again in a minute.")
    try:
        yield
    finally:
        _free.release()
