"""Rows of tenants and users: every field that an answer has, and what is true of a row nobody described."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from sandboxes.acronis.refusals import bad, refuse
from sandboxes.kit import Request

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]

NOBODY = "00000000-0000-0000-0000-000000000000"
CONTACT = {
    "email", "address1", "address2", "country", "state", "city", "zipcode", "phone", "firstname", "lastname", "title",
    "website", "industry", "organization_size", "aan",
}  # fmt: skip
TENANT_POST = {
    "name", "parent_id", "kind", "contact", "company_billing_contact", "enabled", "customer_id", "internal_tag", "language",
    "default_idp_id", "update_lock", "ancestral_access", "settings",
}  # fmt: skip
TENANT_PUT = {
    "version", "name", "customer_type", "parent_id", "kind", "contact", "enabled", "customer_id", "internal_tag", "language",
    "update_lock", "ancestral_access",
}  # fmt: skip
USER_POST = {
    "tenant_id", "login", "contact", "enabled", "language", "business_types", "notifications", "external_id", "idp_id",
    "use_existing_identity", "disable_after", "origin_id",
}  # fmt: skip
USER_PUT = (USER_POST - {"tenant_id"}) | {"version"}

_KINDS_OF_VALUES: dict[str, type | tuple[type, ...]] = {
    "enabled": bool, "ancestral_access": bool, "contact": dict, "update_lock": dict, "version": int, "business_types": list,
    "notifications": list, "settings": dict, "company_billing_contact": dict, "use_existing_identity": bool, "items": list,
}  # fmt: skip


def body(request: Request, allowed: set[str], *, needed: tuple[str, ...] = ()) -> Row:
    """The JSON object of a request. Unknown properties, and values of a wrong kind, are refused."""
    try:
        given = request.json()
    except ValueError:
        raise bad("The body is not JSON") from None
    if not isinstance(given, dict):
        raise bad("The body is not an object")
    check(given, allowed)
    for name in needed:
        if given.get(name) in (None, ""):
            raise bad(f"'{name}' is a required property")
    return given


def check(given: Row, allowed: set[str]) -> None:
    for name, value in given.items():
        if name not in allowed:
            raise bad(f"Additional properties are not allowed ('{name}' was unexpected)")
        kind = _KINDS_OF_VALUES.get(name, str)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise bad(f"'{name}' is of a wrong type")
    contact = given.get("contact") or {}
    for name, value in contact.items():
        if name not in CONTACT or not isinstance(value, str | None):
            raise bad(f"contact: '{name}' was unexpected")
    if contact.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", contact["email"]):
        raise bad("contact: 'email' is no e-mail address")


def tenant(app: Acronis, given: Row) -> Row:
    now = app.stamp()
    lock = given.get("update_lock") or {}
    return {
        "id": given.get("id") or str(uuid.uuid4()), "version": 1, "created_at": now, "updated_at": now, "deleted_at": None,
        "name": given["name"], "customer_type": "default", "parent_id": given.get("parent_id") or NOBODY,
        "kind": given["kind"], "contact": given.get("contact") or {}, "contacts": [],
        "enabled": given.get("enabled") is not False, "customer_id": given.get("customer_id"),
        "brand_id": 1, "brand_uuid": NOBODY, "brand_enabled": False, "internal_tag": given.get("internal_tag"),
        "language": given.get("language") or "en", "owner_id": given.get("owner_id"), "has_children": False,
        "default_idp_id": NOBODY, "update_lock": {"enabled": bool(lock.get("enabled")), "owner_id": lock.get("owner_id")},
        "ancestral_access": given.get("ancestral_access") is not False, "mfa_status": "disabled",
        "pricing_mode": given.get("pricing_mode", "trial"), "production_start_date": None, "_pricing_version": 1,
        "_n": app.next(),
    }  # fmt: skip


def user(app: Acronis, given: Row) -> Row:
    now = app.stamp()
    return {
        "id": given.get("id") or str(uuid.uuid4()), "version": 1, "tenant_id": given["tenant_id"], "login": given["login"],
        "personal_tenant_id": None, "enabled": given.get("enabled") is not False, "activated": bool(given.get("activated")),
        "contact": given.get("contact") or {}, "language": given.get("language") or "en",
        "business_types": given.get("business_types") or [], "notifications": given.get("notifications") or [],
        "mfa_status": "disabled", "created_at": now, "updated_at": now, "deleted_at": None,
        "_policies": [], "_password": None, "_n": app.next(),
    }  # fmt: skip


def shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def changed(app: Acronis, row: Row, version: Any, fields: Row) -> None:
    """Change a row when the version given is the one it has. Raises 1001, and 400 when there is none."""
    expect(row, version)
    row |= fields
    touch(app, row)


def expect(row: Row, version: Any) -> None:
    if version is None or str(version) == "":
        raise bad("'version' is a required property")
    if str(version) != str(row["version"]):
        raise refuse(1001, f"the version is {row['version']}, not {version}")


def touch(app: Acronis, row: Row) -> None:
    row["version"] += 1
    row["updated_at"] = app.stamp()
