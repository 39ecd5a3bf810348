"""Secrets at rest: sealed to the very row and field they belong to.

Two layers of keys, as bytes that the caller keeps. A master key, which never is in the database, wraps one
data key per tenant; a data key seals that tenant's secrets. A sealed value opens only at the place it was
sealed for: copied to another tenant, table, row or field it is Broken. Source: P25.

Both kinds of box read `version || key id || nonce || ciphertext`, AES-256-GCM; version and key id are
authenticated. To rotate the master key, `rewrap` the data keys; to rotate a data key, `reveal` and `seal`
again row by row with the old key among `older`, so that every value can be read throughout.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Random = Callable[[int], bytes]

_VERSION = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _ID_BYTES


class Broken(Exception):
    """A box that does not open: altered, moved from its place, or sealed with a key that is not here.

    Not one of the four kinds of failure: somebody touched the data or lost a key, and that must be heard.
    """


@dataclass(frozen=True)
class Key:
    """32 bytes of a master or data key. Its id is a digest, so that no list of ids has to be kept."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _KEY_BYTES:
            raise ValueError(f"a key has {_KEY_BYTES} bytes, not {len(self.secret)}")

    @property
    def id(self) -> bytes:
        return hashlib.sha256(b"purser key id\0" + self.secret).digest()[:_ID_BYTES]


@dataclass(frozen=True)
class Keys:
    """What opens a tenant's secrets: `current` seals and reveals, `older` reveal while a rotation runs."""

    current: Key
    older: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Bound:
    """The one place where a secret may be revealed. None of the parts may be empty or hold a `|`."""

    tenant: str
    table: str
    pk: str
    field: str

    def __post_init__(self) -> None:
        for name, part in vars(self).items():
            if not part or "|" in part:
                raise ValueError(f"{name} {part!r} cannot name a place: it is empty or holds a '|'")

    def __str__(self) -> str:
        return f"{self.tenant}|{self.table}|{self.pk}|{self.field}"


def seal(plain: str, *, keys: Keys, bound: Bound, random: Random = os.urandom) -> bytes:
    """Encrypt `plain` for its place. The same text sealed twice gives different bytes."""
    return _close(plain.encode("utf-8"), key=keys.current, place=str(bound), random=random)


def reveal(sealed: bytes, *, keys: Keys, bound: Bound) -> str:
    """The text sealed for this place. Raises Broken; never returns anything else than what was sealed."""
    return _open(sealed, keys=(keys.current, *keys.older), place=str(bound)).decode("utf-8")


def new_key(*, random: Random = os.urandom) -> Key:
    return Key(random(_KEY_BYTES))


def master(material: bytes) -> Key:
    """A master key as kept outside the database: 32 raw bytes, or their base64 in a file or a variable.

    Raises ValueError, which does not show the material.
    """
    if len(material) == _KEY_BYTES:
        return Key(material)
    try:
        return Key(base64.b64decode(material.strip(), validate=True))
    except binascii.Error:
        raise ValueError(f"the master key is neither {_KEY_BYTES} bytes nor base64") from None


def wrap(key: Key, *, master: Key, tenant: str, random: Random = os.urandom) -> bytes:
    """A tenant's data key as it may be stored."""
    return _close(key.secret, key=master, place=_key_of(tenant), random=random)


def unwrap(wrapped: bytes, *, masters: Iterable[Key], tenant: str) -> Key:
    """The data key wrapped for this tenant by one of `masters`. Raises Broken."""
    return Key(_open(wrapped, keys=masters, place=_key_of(tenant)))


def rewrap(wrapped: bytes, *, masters: Iterable[Key], master: Key, tenant: str, random: Random = os.urandom) -> bytes:
    """The same data key under a new `master`; what it sealed stays as it is. `masters` open the old wrap."""
    key = unwrap(wrapped, masters=masters, tenant=tenant)
    return wrap(key, master=master, tenant=tenant, random=random)


def _key_of(tenant: str) -> str:
    if not tenant or "|" in tenant:
        raise ValueError(f"tenant {tenant!r} cannot name a place: it is empty or holds a '|'")
    return f"{tenant}|key"


def _close(data: bytes, *, key: Key, place: str, random: Random) -> bytes:
    head = _VERSION + key.id
    nonce = random(_NONCE_BYTES)
    return head + nonce + AESGCM(key.secret).encrypt(nonce, data, head + place.encode("utf-8"))


def _open(box: bytes, *, keys: Iterable[Key], place: str) -> bytes:
    head, nonce, rest = box[:_HEAD_BYTES], box[_HEAD_BYTES:][:_NONCE_BYTES], box[_HEAD_BYTES + _NONCE_BYTES :]
    if head[:1] != _VERSION or len(nonce) < _NONCE_BYTES:
        raise Broken(f"What is stored at {place} is not a sealed value ({len(box)} bytes).")
    for key in keys:
        if key.id == head[1:]:
            try:
                return AESGCM(key.secret).decrypt(nonce, rest, head + place.encode("utf-8"))
            except InvalidTag:
                raise Broken(f"What is stored at {place} was altered, or sealed for another place.") from None
    raise Broken(f"What is stored at {place} needs key {head[1:].hex()}, which is not among those loaded.")
