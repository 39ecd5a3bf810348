"""Bucketry's JSON as values of the port, and back. Pure, and strict: a row that is not as documented raises Malformed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from purser.connectors.ports.accounts import Contact, NewTenant, NewUser, Role, Tenant, User
from purser.connectors.ports.offerings import UNLIMITED, Kind, Offering, Quota, Service
from purser.connectors.shared.rows import Malformed
from purser.kernel.errors import Missing, Refused

MOST_TEXT = 10_000
STORAGE = "storage"  # what is given and metered: bytes of a product in a region
TYPES: Mapping[Kind, str] = {"partner": "reseller", "customer": "tenant"}
_KINDS: Mapping[str, Kind] = {type: kind for kind, type in TYPES.items()}
_ID = re.compile(r"[1-9][0-9]{0,17}")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Stored:
    """What one bucket holds now, and on average since the billing period began, in bytes."""

    bucket: str
    product: str
    region: str
    bytes: Decimal
    average: Decimal
    since: datetime

    @property
    def id(self) -> str:
        return f"{self.product}/{self.region}/{self.bucket}"


# What Bucketry says


def tenant(row: Mapping[str, Any]) -> Tenant:
    status = text(row, "status")
    if status not in ("active", "suspended", "deleted"):
        raise Malformed("has a status that is neither active, suspended nor deleted")
    return Tenant(
        id=number(row, "id"),
        parent=number(row, "parent"),
        kind=_KINDS.get(text(row, "type"), "other"),
        name=required(row, "name"),
        reference=text(row, "reference"),
        enabled=status == "active",
        locked=flag(row, "on_hold"),
        deleted=status == "deleted",
        version=number(row, "revision"),
    )


def user(row: Mapping[str, Any]) -> User:
    roles = row.get("roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) and role for role in roles):
        raise Malformed("has no list of roles")
    return User(
        id=number(row, "id"),
        tenant=number(row, "account"),
        login=required(row, "login"),
        email=text(row, "email"),
        enabled=not flag(row, "blocked"),
        activated=text(row, "status") == "active",
        roles=frozenset(Role(role) for role in roles),
    )


def service(row: Mapping[str, Any]) -> Service:
    return Service(id=code(row, "id"), name=required(row, "name"), kind="product")


def offering(row: Mapping[str, Any]) -> Offering:
    """Bucketry stops at its quota and warns of nothing."""
    quota = row.get("quota_bytes")
    return Offering(
        service=code(row, "product"),
        name=STORAGE,
        kind="place",
        unit="bytes",
        place=code(row, "region"),
        enabled=True,
        quota=UNLIMITED if quota is None else Quota(int(amount(row, "quota_bytes")), 0),
    )


def stored(row: Mapping[str, Any]) -> Stored:
    try:
        since = datetime.fromisoformat(required(row, "since"))
    except ValueError:
        raise Malformed("has a since that is no time") from None
    if since.tzinfo is None:
        raise Malformed("has a since without a zone")
    return Stored(
        bucket=required(row, "bucket"),
        product=code(row, "product"),
        region=code(row, "region"),
        bytes=amount(row, "bytes"),
        average=amount(row, "average_bytes"),
        since=since,
    )


@dataclass(frozen=True)
class Operation:
    """`status` is queued, done or failed; with it comes what was made, or why not."""

    id: str
    status: str
    account: Tenant | None
    error: Any


def operation(body: Mapping[str, Any]) -> Operation:
    row = body.get("operation")
    if not isinstance(row, dict):
        raise Malformed("holds no operation")
    status, made = text(row, "status"), row.get("account")
    if status not in ("queued", "done", "failed"):
        raise Malformed("has an operation that is neither queued, done nor failed")
    if status == "done" and not isinstance(made, dict):
        raise Malformed("has an operation that is done and made nothing")
    return Operation(number(row, "id"), status, tenant(made) if isinstance(made, dict) else None, row.get("error"))


# What we say


def account_post(new: NewTenant) -> dict[str, Any]:
    body = {
        "parent": int(checked(new.parent)),
        "type": TYPES[new.kind],
        "name": new.name,
        "reference": new.reference,
        "contact": contact(new.contact),
        "number": new.account_number,
        "language": new.language,
    }
    return {name: value for name, value in body.items() if value}


def digest(new: NewTenant) -> str:
    """Of what is asked for: Bucketry refuses a key that comes with something else."""
    return hashlib.sha256(repr(sorted(account_post(new).items())).encode()).hexdigest()[:12]


def contact(held: Contact) -> dict[str, str]:
    fields = {
        "name": f"{held.given_name} {held.surname}".strip(), "email": held.email, "phone": held.phone,
        "street": held.street, "city": held.city, "state": held.state, "postal_code": held.postal_code,
        "country": held.country,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


def member_post(new: NewUser) -> dict[str, str]:
    body = {
        "login": new.login, "email": new.email, "name": f"{new.given_name} {new.surname}".strip(),
        "language": new.language,
    }  # fmt: skip
    return {name: value for name, value in body.items() if value}


def place(held: Offering) -> dict[str, Any]:
    """Raises Refused for a quota at which Bucketry could only warn."""
    if held.quota.soft is not None and held.quota.over is None:
        raise Refused("Bucketry stops at a quota; it has none that only warns.", code="quota", hint="Give it an overage.")
    limit = None if held.quota.soft is None else held.quota.soft + (held.quota.over or 0)
    named = {"product": held.service, "region": held.place}
    return {**named, "quota_bytes": limit} if held.enabled else named


# Fields


def number(row: Mapping[str, Any], name: str) -> str:
    """A whole number of Bucketry's, kept as text: it is only ever sent back."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**18:
        raise Malformed(f"has no usable {name}")
    return str(value)


def amount(row: Mapping[str, Any], name: str) -> Decimal:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise Malformed(f"has a {name} that is no amount")
    return Decimal(value)


def text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise Malformed(f"has a {name} that is no text")
    return value


def required(row: Mapping[str, Any], name: str) -> str:
    value = text(row, name)
    if not value:
        raise Malformed(f"has no {name}")
    return value


def code(row: Mapping[str, Any], name: str) -> str:
    value = required(row, name)
    if not _CODE.fullmatch(value):
        raise Malformed(f"has no usable {name}")
    return value


def flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    if not isinstance(value, bool):
        raise Malformed(f"does not say whether it is {name}")
    return value


def checked(id: str) -> str:
    """An id for a path. Raises Missing for what can be none of Bucketry's."""
    if not _ID.fullmatch(id):
        raise Missing("Bucketry has nothing with this id.", code="not_found")
    return id
