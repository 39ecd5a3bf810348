"""Entries of a directory server and our values. Pure.

Names of attributes are those of RFC 2798 and 4519 and of Active Directory's schema; the first that holds something counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from purser.connectors.ldap.session import Entry
from purser.connectors.ports.directory import Address, Group, GroupKind, OrgContact, Purpose, User

_DISABLED = 0x2  # userAccountControl
_SECURITY = 0x80000000  # groupType
# msExchRecipientTypeDetails, on the own server and in the cloud.
_BOXES: dict[int, Purpose] = {
    1: "user", 2: "linked", 4: "shared", 16: "room", 32: "equipment",
    1 << 31: "user", 1 << 33: "room", 1 << 34: "equipment", 1 << 35: "shared",
}  # fmt: skip
_EXTENSIONS = tuple((f"extensionAttribute{n}", f"extensionattribute{n}") for n in range(1, 16))

KEY = ["objectGUID", "entryUUID", "nsUniqueId", "ipaUniqueID"]
PERSON = [
    *KEY, "uid", "sAMAccountName", "userPrincipalName", "displayName", "cn", "givenName", "sn", "mail", "proxyAddresses",
    "mailAlternateAddress", "title", "department", "departmentNumber", "ou", "company", "o", "physicalDeliveryOfficeName",
    "roomNumber", "street", "streetAddress", "l", "st", "postalCode", "co", "c", "telephoneNumber", "mobile",
    "facsimileTelephoneNumber", "employeeID", "employeeNumber", "employeeType", "preferredLanguage", "userAccountControl",
    "nsAccountLock", "pwdAccountLockedTime", "msExchHideFromAddressLists", "msExchRecipientTypeDetails",
    *(name for name, _ in _EXTENSIONS),
]  # fmt: skip
GROUP = [*KEY, "cn", "displayName", "mail", "description", "groupType"]
MEMBERS = [*KEY, "member", "uniqueMember", "memberUid"]
MEMBER = [*KEY, "uid", "memberOf"]


class Malformed(Exception):
    """Why an entry cannot be read; names no person."""


def key_of(entry: Entry) -> str:
    """The id that never changes, by whichever of its names the server has it. Raises Malformed."""
    guid = entry.values.get("objectguid")
    if guid and len(guid[0]) == 16:
        return str(UUID(bytes_le=guid[0]))
    for name in ("entryuuid", "nsuniqueid", "ipauniqueid"):
        text = _text(entry, name)
        if re.fullmatch(r"[0-9A-Za-z-]{8,80}", text):
            return text.lower()
    raise Malformed("has neither objectGUID nor entryUUID")


def user(entry: Entry) -> User:
    """Raises Malformed."""
    mail = _text(entry, "mail")
    principal = _first(entry, "userprincipalname", "mail", "uid", "samaccountname")
    name = _first(entry, "displayname", "cn") or f"{_text(entry, 'givenname')} {_text(entry, 'sn')}".strip()
    if not principal or not name:
        raise Malformed("has no name to sign in with" if name else "has no name")
    return User(
        id=key_of(entry),
        principal_name=principal,
        display_name=name,
        enabled=_enabled(entry),
        mail=mail,
        aliases=_aliases(entry, mail),
        given_name=_text(entry, "givenname"),
        surname=_text(entry, "sn"),
        job_title=_text(entry, "title"),
        department=_first(entry, "department", "departmentnumber", "ou"),
        company=_first(entry, "company", "o"),
        office=_first(entry, "physicaldeliveryofficename", "roomnumber"),
        address=_address(entry),
        business_phones=_texts(entry, "telephonenumber"),
        mobile_phone=_text(entry, "mobile"),
        fax=_text(entry, "facsimiletelephonenumber"),
        employee_id=_first(entry, "employeeid", "employeenumber"),
        employee_type=_text(entry, "employeetype"),
        language=_text(entry, "preferredlanguage"),
        listed=_listed(entry),
        attributes=tuple((name, value) for name, low in _EXTENSIONS if (value := _text(entry, low))),
    )


def contact(entry: Entry) -> OrgContact:
    """Raises Malformed."""
    mail, name = _text(entry, "mail"), _first(entry, "displayname", "cn")
    if not name:
        raise Malformed("has no name")
    return OrgContact(
        id=key_of(entry),
        display_name=name,
        mail=mail,
        aliases=_aliases(entry, mail),
        given_name=_text(entry, "givenname"),
        surname=_text(entry, "sn"),
        job_title=_text(entry, "title"),
        department=_first(entry, "department", "ou"),
        company=_first(entry, "company", "o"),
        office=_text(entry, "physicaldeliveryofficename"),
        address=_address(entry),
        business_phones=_texts(entry, "telephonenumber"),
        mobile_phone=_text(entry, "mobile"),
        fax=_text(entry, "facsimiletelephonenumber"),
    )


def group(entry: Entry) -> Group:
    """Raises Malformed."""
    name = _first(entry, "displayname", "cn")
    if not name:
        raise Malformed("has no name")
    mail = _text(entry, "mail")
    kind: GroupKind = "mail_security" if mail else "security"
    number = _number(entry, "grouptype")
    if number is not None and not number & _SECURITY:
        kind = "distribution"
    return Group(key_of(entry), name, kind, mail, _text(entry, "description"))


def box(entry: Entry) -> Purpose | None:
    """The kind of mailbox; without Exchange's word for it, whoever has an address has one."""
    number = _number(entry, "msexchrecipienttypedetails")
    if number is not None:
        return _BOXES.get(number, "other")
    return "user" if _text(entry, "mail") else None


def _enabled(entry: Entry) -> bool:
    control = _number(entry, "useraccountcontrol")
    if control is not None and control & _DISABLED:
        return False
    if _text(entry, "nsaccountlock").lower() == "true":
        return False
    return not _text(entry, "pwdaccountlockedtime").startswith("000001010000")  # locked for good, not for a while


def _listed(entry: Entry) -> bool | None:
    text = _text(entry, "msexchhidefromaddresslists").lower()
    return None if not text else text != "true"


def _address(entry: Entry) -> Address:
    return Address(
        _first(entry, "streetaddress", "street"),
        _text(entry, "l"),
        _text(entry, "st"),
        _text(entry, "postalcode"),
        _first(entry, "co", "c"),
    )


def _aliases(entry: Entry, mail: str) -> tuple[str, ...]:
    found = set(_texts(entry, "mailalternateaddress")) | set(_texts(entry, "mail"))
    for text in _texts(entry, "proxyaddresses"):
        kind, colon, address = text.partition(":")
        if colon and kind.lower() == "smtp":
            found.add(address)
    return tuple(sorted(a for a in found if a.lower() != mail.lower()))


def _number(entry: Entry, name: str) -> int | None:
    text = _text(entry, name)
    return int(text) if re.fullmatch(r"-?[0-9]{1,20}", text) else None


def _first(entry: Entry, *names: str) -> str:
    return next((text for name in names if (text := _text(entry, name))), "")


def _text(entry: Entry, name: str) -> str:
    return next(iter(_texts(entry, name)), "")


def _texts(entry: Entry, name: str) -> tuple[str, ...]:
    """Values as text in one line, without what cannot be seen or kept; the empty ones left out."""
    shown = (" ".join(value.decode("utf-8", "replace").split()) for value in entry.values.get(name, ()))
    return tuple(text for one in shown if (text := "".join(c for c in one if c.isprintable())[:1_000]))


def dn(text: str) -> str:
    """One spelling for a distinguished name: small letters, no spaces around separators, escapes undone."""
    parts: list[str] = []
    at, part = 0, b""
    raw = text.encode()
    while at < len(raw):
        byte = raw[at : at + 1]
        if byte == b"\\" and re.fullmatch(rb"[0-9A-Fa-f]{2}", raw[at + 1 : at + 3]):
            part += b"\\" + bytes.fromhex(raw[at + 1 : at + 3].decode())
            at += 3
        elif byte == b"\\":
            part += raw[at : at + 2]
            at += 2
        elif byte in (b",", b";", b"+"):
            parts.append(_ava(part) + ("+" if byte == b"+" else ""))
            at, part = at + 1, b""
        else:
            part += byte
            at += 1
    return ",".join([*parts, _ava(part)])


def _ava(part: bytes) -> str:
    name, _, value = part.decode("utf-8", "replace").partition("=")
    return f"{name.strip()}={value.strip()}".casefold()


def closed(direct: dict[str, set[str]], start: str) -> set[str]:
    """Everything that can be reached from `start`, through loops too, without itself."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for below in direct.get(waiting.pop(), ()):
            if below not in found:
                found.add(below)
                waiting.append(below)
    return found - {start}


def names(entry: Entry, *attributes: str) -> Iterable[str]:
    """The distinguished names that these attributes hold, in one spelling."""
    for attribute in attributes:
        for value in entry.values.get(attribute, ()):
            yield dn(value.decode("utf-8", "replace"))


def uids(entry: Entry, attribute: str) -> Iterable[str]:
    for value in entry.values.get(attribute, ()):
        yield value.decode("utf-8", "replace").casefold()
