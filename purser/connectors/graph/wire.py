"""Graph's JSON as values of the port. Pure, and strict: a row that is not as documented raises Malformed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from purser.connectors.ports.directory import Address, Group, GroupKind, Members, OrgContact, Purpose, User
from purser.connectors.shared.rows import Malformed

MOST_TEXT = 10_000
MOST_ID = 100
ATTRIBUTES = tuple(f"extensionAttribute{n}" for n in range(1, 16))

USER = (
    "id,userPrincipalName,displayName,accountEnabled,userType,mail,proxyAddresses,givenName,surname,jobTitle,department,"
    "companyName,officeLocation,streetAddress,city,state,postalCode,country,businessPhones,mobilePhone,faxNumber,employeeId,"
    "employeeType,preferredLanguage,usageLocation,showInAddressList,onPremisesExtensionAttributes"
)
GROUP = "id,displayName,description,mail,groupTypes,mailEnabled,securityEnabled,membershipRule,visibility"
CONTACT = "id,displayName,mail,proxyAddresses,givenName,surname,jobTitle,department,companyName,addresses,phones"

_PURPOSES: dict[str, Purpose] = {
    "user": "user", "linked": "linked", "shared": "shared", "room": "room", "equipment": "equipment",
}  # fmt: skip


def id_of(row: Mapping[str, Any]) -> str:
    id = text(row, "id")
    if not id or len(id) > MOST_ID or not id.isascii() or not id.isprintable() or set(id) & set("/?#%\\ "):
        raise Malformed("has no usable id")
    return id


def user(row: dict[str, Any]) -> User:
    """`accountEnabled` comes as null where the application may read only the basics of a user: then nothing is known."""
    enabled = row.get("accountEnabled")
    if not isinstance(enabled, bool):
        raise Malformed("does not say whether it is enabled (accountEnabled); User.Read.All shows it")
    mail = text(row, "mail")
    return User(
        id=id_of(row),
        principal_name=required(row, "userPrincipalName"),
        display_name=text(row, "displayName"),
        enabled=enabled,
        guest=text(row, "userType").lower() == "guest",
        mail=mail,
        aliases=aliases(row, mail),
        given_name=text(row, "givenName"),
        surname=text(row, "surname"),
        job_title=text(row, "jobTitle"),
        department=text(row, "department"),
        company=text(row, "companyName"),
        office=text(row, "officeLocation"),
        address=Address(*(text(row, n) for n in ("streetAddress", "city", "state", "postalCode", "country"))),
        business_phones=tuple(p for p in texts(row, "businessPhones") if p),
        mobile_phone=text(row, "mobilePhone"),
        fax=text(row, "faxNumber"),
        employee_id=text(row, "employeeId"),
        employee_type=text(row, "employeeType"),
        language=text(row, "preferredLanguage"),
        usage_location=text(row, "usageLocation"),
        listed=_listed(row),
        attributes=_attributes(row),
    )


def group(row: dict[str, Any]) -> Group:
    types = texts(row, "groupTypes")
    mailed, secured = _flag(row, "mailEnabled"), _flag(row, "securityEnabled")
    kind: GroupKind = "security"
    if "Unified" in types:
        kind = "microsoft365"
    elif mailed:
        kind = "mail_security" if secured else "distribution"
    rule = text(row, "membershipRule")
    if "DynamicMembership" in types and not rule:
        raise Malformed("is dynamic and has no membershipRule")
    return Group(
        id=id_of(row),
        name=text(row, "displayName"),
        kind=kind,
        mail=text(row, "mail"),
        description=text(row, "description"),
        rule=rule if "DynamicMembership" in types else "",
        hides_members=text(row, "visibility").lower() == "hiddenmembership",
    )


def contact(row: dict[str, Any]) -> OrgContact:
    mail = text(row, "mail")
    places = _objects(row, "addresses")
    place = places[0] if places else {}
    phones = [(text(p, "type").lower(), text(p, "number")) for p in _objects(row, "phones")]
    return OrgContact(
        id=id_of(row),
        display_name=text(row, "displayName"),
        mail=mail,
        aliases=aliases(row, mail),
        given_name=text(row, "givenName"),
        surname=text(row, "surname"),
        job_title=text(row, "jobTitle"),
        department=text(row, "department"),
        company=text(row, "companyName"),
        office=text(place, "officeLocation"),
        address=Address(*(text(place, n) for n in ("street", "city", "state", "postalCode", "countryOrRegion"))),
        business_phones=tuple(number for kind, number in phones if kind == "business" and number),
        mobile_phone=next((number for kind, number in phones if kind == "mobile"), ""),
        fax=next((number for kind, number in phones if kind == "businessfax"), ""),
    )


def purpose(value: Any) -> Purpose:
    """What `mailboxSettings/userPurpose` says; a kind of mailbox that is new to us is "other"."""
    if not isinstance(value, str) or not value:
        raise Malformed("does not say what it is for (userPurpose)")
    return _PURPOSES.get(value.lower(), "other")


def members(id: str, rows: Iterable[Any]) -> Members:
    """The members of a group out of the rows of all pages. A row without type or id spoils the group."""
    found: dict[str, set[str]] = {"user": set(), "orgcontact": set(), "group": set()}
    others: set[str] = set()
    for row in rows:
        if not isinstance(row, dict):
            raise Malformed("has a member that is not an object")
        kind = text(row, "@odata.type").rpartition(".")[2].lower()
        if not kind:
            raise Malformed("has a member that does not say what it is (@odata.type)")
        found.get(kind, others).add(id_of(row))
    return Members(
        id=id,
        users=frozenset(found["user"]),
        contacts=frozenset(found["orgcontact"]),
        groups=frozenset(found["group"] - {id}),
        others=len(others),
    )


def aliases(row: Mapping[str, Any], mail: str) -> tuple[str, ...]:
    """The addresses of `proxyAddresses` other than the main one; X500 and other kinds are no mail addresses."""
    found = {a[5:] for a in texts(row, "proxyAddresses") if a[:5].lower() == "smtp:" and len(a) > 5}
    return tuple(sorted(a for a in found if a.lower() != mail.lower()))


def text(row: Mapping[str, Any], name: str) -> str:
    """A text; "" for null, and for a field that is not there (a delta leaves out what was never set)."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"has a {name} that is no text")
    if len(value) > MOST_TEXT:
        raise Malformed(f"has a {name} of {len(value)} characters")
    return value.strip()


def required(row: Mapping[str, Any], name: str) -> str:
    value = text(row, name)
    if not value:
        raise Malformed(f"has no {name}")
    return value


def texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) and len(v) <= MOST_TEXT for v in value):
        raise Malformed(f"has {name} that are no list of texts")
    return tuple(v.strip() for v in value)


def _objects(row: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise Malformed(f"has {name} that are no list of objects")
    return value


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    if not isinstance(value, bool):
        raise Malformed(f"does not say whether it is {name}")
    return value


def _listed(row: Mapping[str, Any]) -> bool | None:
    value = row.get("showInAddressList")
    if value is not None and not isinstance(value, bool):
        raise Malformed("has a showInAddressList that is neither true nor false")
    return value


def _attributes(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    held = row.get("onPremisesExtensionAttributes")
    if held is None:
        return ()
    if not isinstance(held, dict):
        raise Malformed("has onPremisesExtensionAttributes that are no object")
    pairs = ((name, text(held, name)) for name in ATTRIBUTES)
    return tuple((name, value) for name, value in pairs if value)
