"""Acronis' JSON as values of the port, and back. Pure, and strict: a row that is not as documented raises Malformed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from purser.connectors.acronis.fields import amount, flag, id_of, number, required, text
from purser.connectors.ports.accounts import Contact, NewTenant, NewUser, Role, Stage, Tenant, User
from purser.connectors.ports.offerings import UNLIMITED, Kind, Mode, Offering, Quota, Service, Usage
from purser.connectors.shared.rows import Malformed

SUMS = frozenset({"compute_points", "notarizations", "esignatures"})  # set to nought at `range_start`; all others are levels
NOBODY = "00000000-0000-0000-0000-000000000000"  # id and issuer of an access policy that is new

MODES: Mapping[str, Mode] = {"pck_per_workload": "per_workload", "pck_per_gigabyte": "per_gigabyte"}
EDITIONS: Mapping[Mode, str] = {mode: edition for edition, mode in MODES.items()}

_KINDS: Mapping[str, Kind] = {"partner": "partner", "customer": "customer"}
_STAGES: Mapping[str, Stage] = {"trial": "trial", "production": "production", "suspended": "suspended"}

# What Acronis says


def tenant(row: Mapping[str, Any]) -> Tenant:
    """`deleted` also while Acronis is still removing it."""
    lock = row.get("update_lock")
    if not isinstance(lock, dict | None):
        raise Malformed("has an update_lock that is no object")
    return Tenant(
        id=id_of(row),
        parent=id_of(row, "parent_id"),
        kind=_KINDS.get(required(row, "kind"), "other"),
        name=required(row, "name"),
        reference=text(row, "internal_tag"),
        enabled=flag(row, "enabled"),
        stage=_stage(row),
        locked=flag(lock, "enabled", default=False) if lock else False,
        deleted=bool(text(row, "deleted_at")),
        version=number(row, "version"),
    )


def pricing(row: Mapping[str, Any]) -> tuple[Stage, str]:
    """The stage, and the version a change of it names."""
    stage = _STAGES.get(required(row, "mode"))
    if stage is None:
        raise Malformed("has a mode that is neither trial, production nor suspended")
    return stage, number(row, "version")


def service(row: Mapping[str, Any]) -> Service:
    return Service(id=id_of(row), name=required(row, "name"), kind=text(row, "type"))


def offering(row: Mapping[str, Any]) -> Offering:
    edition, place = text(row, "edition"), text(row, "infra_id")
    kind, unit = required(row, "type"), text(row, "measurement_unit")
    if kind not in ("count", "feature", "infra"):
        raise Malformed("has a type that is neither count, feature nor infra")
    status = row.get("status")
    if isinstance(status, bool) or status not in (0, 1):
        raise Malformed("has a status that is neither 0 nor 1")
    quota, version = _quota(row)
    return Offering(
        service=id_of(row, "application_id"),
        name=required(row, "name"),
        kind="place" if kind == "infra" else "feature" if kind == "feature" else "count",
        mode=MODES.get(edition),
        edition=edition,
        unit="" if unit == "n/a" else unit,
        place=id_of(row, "infra_id") if place else "",
        enabled=status == 1,
        locked=flag(row, "locked", default=False),
        quota=quota,
        version=version,
    )


def user(row: Mapping[str, Any]) -> User:
    contact = row.get("contact")
    if not isinstance(contact, dict):
        raise Malformed("has no contact")
    id, of = id_of(row), id_of(row, "tenant_id")
    held = row.get("access_policies")
    policies = [policy(p, id) for p in held] if isinstance(held, list) else []
    here = frozenset(role for where, role in policies if where == of)
    return User(
        id=id,
        tenant=of,
        login=required(row, "login"),
        email=text(contact, "email"),
        enabled=flag(row, "enabled"),
        activated=flag(row, "activated"),
        roles=here,
        elsewhere=sum(where != of for where, _ in policies),
        version=number(row, "version"),
    )


def policy(row: Any, user: str) -> tuple[str, Role]:
    """The tenant and the role of an access policy of this user's."""
    if not isinstance(row, dict):
        raise Malformed("has an access policy that is no object")
    if id_of(row, "trustee_id") != user:
        raise Malformed("has an access policy that is another one's (trustee_id)")
    return id_of(row, "tenant_id"), Role(required(row, "role_id"), text(row, "resource_namespace"))


def usage(tenant: str, row: Mapping[str, Any]) -> Usage:
    name = text(row, "usage_name") or required(row, "name")
    return Usage(
        tenant=tenant,
        service=id_of(row, "application_id"),
        name=name,
        unit=text(row, "measurement_unit"),
        value=amount(row, "value"),
        total=amount(row, "absolute_value"),
        since=_moment(text(row, "range_start")),
        counts="sum" if name in SUMS else "level",
        edition=text(row, "edition"),
        place=text(row, "infra_id"),
    )


# What we say


def tenant_post(new: NewTenant) -> dict[str, Any]:
    """Only documented fields: Acronis refuses others, and an empty one is not the same as none."""
    body = {
        "name": new.name,
        "parent_id": new.parent,
        "kind": new.kind,
        "internal_tag": new.reference,
        "contact": contact(new.contact),
        "customer_id": new.account_number,
        "language": new.language,
    }
    return {name: value for name, value in body.items() if value}


def contact(held: Contact) -> dict[str, str]:
    fields = {
        "email": held.email, "firstname": held.given_name, "lastname": held.surname, "phone": held.phone,
        "address1": held.street, "city": held.city, "state": held.state, "zipcode": held.postal_code,
        "country": held.country,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


def user_post(new: NewUser) -> dict[str, Any]:
    body = {
        "tenant_id": new.tenant,
        "login": new.login,
        "contact": contact(Contact(new.email, new.given_name, new.surname)),
        "language": new.language,
        "enabled": True,
    }
    return {name: value for name, value in body.items() if value}


def offering_put(held: Offering) -> dict[str, Any]:
    """A quota goes with every offering that has one: features and places of no size have none to speak of."""
    body: dict[str, Any] = {"application_id": held.service, "name": held.name, "status": 1 if held.enabled else 0}
    if held.place:
        body["infra_id"] = held.place
    if held.kind != "feature":
        body["quota"] = {"value": held.quota.soft, "overage": held.quota.over, "version": int(held.version or 0)}
    return body


def policies_put(user: User, roles: Collection[Role]) -> dict[str, Any]:
    """All of a user's roles, each as a new one: the list replaces what there was."""
    items = []
    for role in sorted(roles):
        item: dict[str, Any] = {
            "id": NOBODY, "issuer_id": NOBODY, "trustee_id": user.id, "trustee_type": "user", "tenant_id": user.tenant,
            "role_id": role.id, "version": 0,
        }  # fmt: skip
        if role.namespace:
            item["resource_namespace"] = role.namespace
        items.append(item)
    return {"items": items}


def _quota(row: Mapping[str, Any]) -> tuple[Quota, str]:
    held = row.get("quota")
    if held is None:
        return UNLIMITED, "0"
    if not isinstance(held, dict):
        raise Malformed("has a quota that is no object")
    return Quota(_limit(held, "value"), _limit(held, "overage")), number({"version": 0, **held}, "version")


def _limit(held: Mapping[str, Any], name: str) -> int | None:
    return None if held.get(name) is None else int(number(held, name))


def _stage(row: Mapping[str, Any]) -> Stage:
    stage = _STAGES.get(text(row, "pricing_mode") or "trial")
    if stage is None:
        raise Malformed("has a pricing_mode that is not known")
    return stage


def _moment(value: str) -> datetime | None:
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise Malformed("has a range_start that is no time") from None
    if at.tzinfo is None:
        raise Malformed("has a range_start without a zone")
    return at
