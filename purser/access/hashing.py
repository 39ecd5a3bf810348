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
IN_LINE = 4  # who waits holds a thread of the web server; some must stay for the pages of those who are signed in
PATIENCE = 10.0  # seconds

_free = BoundedSemaphore(AT_A_TIME)
_room = BoundedSemaphore(AT_A_TIME + IN_LINE)


class Argon2(Argon2PasswordHasher):
    """Argon2, at most two at a time in a process; raises Busy for one that waited ten seconds, or met a full line."""

    def encode(self, password: str, salt: str) -> str:
        with _turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn() -> Iterator[None]:
    if not _room.acquire(blocking=False):
        raise _crowded()
    try:
        if not _free.acquire(timeout=PATIENCE):
            raise _crowded()
        try:
            yield
        finally:
            _free.release()
    finally:
        _room.release()


def _crowded() -> Busy:
    return Busy("Too many people are signing in at this moment.", code="sign_in", hint="Try again in a minute.")
