"""Which head of a column means which field: our own words, and those of Entra's, Microsoft 365's and Exchange's exports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from purser.connectors.table.sheet import refused

NAMES: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "user type", "recipient type"),
    "id": ("id", "object id", "external directory object id"),
    "principal_name": ("user principal name", "upn", "sign-in", "username", "user name", "login"),
    "display_name": ("display name", "name", "full name"),
    "given_name": ("given name", "first name"),
    "surname": ("surname", "last name", "family name"),
    "mail": ("mail", "email", "e-mail address", "email address", "primary smtp address"),
    "aliases": ("aliases", "proxy addresses", "email addresses"),
    "job_title": ("job title", "title"),
    "department": ("department",),
    "company": ("company", "company name"),
    "office": ("office", "office location"),
    "street": ("street", "street address"),
    "city": ("city",),
    "state": ("state", "state or province", "state/province"),
    "postal_code": ("postal code", "zip", "zip code", "zip or postal code"),
    "country": ("country", "country or region", "country/region"),
    "business_phones": ("phone", "phone number", "business phone", "business phones", "telephone", "telephone number",
                        "office phone"),
    "mobile_phone": ("mobile", "mobile phone", "cell phone"),
    "fax": ("fax", "fax number"),
    "employee_id": ("employee id",),
    "employee_type": ("employee type",),
    "language": ("language", "preferred language"),
    "usage_location": ("usage location",),
    "enabled": ("enabled", "account enabled"),
    "blocked": ("blocked", "block credential", "sign-in blocked"),
    "listed": ("listed", "show in address list"),
    "hidden": ("hidden", "hidden from address lists enabled", "hide from address lists"),
    "mailbox": ("mailbox", "mailbox type", "recipient type details"),
    "groups": ("groups", "member of"),
}  # fmt: skip
ATTRIBUTES = tuple(f"extensionAttribute{n}" for n in range(1, 16))
FIELDS = frozenset((*NAMES, *ATTRIBUTES))

_BY_HEAD = {re.sub(r"[^a-z0-9]", "", head): field for field, heads in NAMES.items() for head in heads}
_BY_HEAD |= {f"{kind}attribute{n}": f"extensionAttribute{n}" for n in range(1, 16) for kind in ("extension", "custom")}


@dataclass(frozen=True)
class Columns:
    """`places` say in which column (from 0) each field is; `ignored` are the heads that mean nothing to us."""

    heads: tuple[str, ...]
    places: Mapping[str, int]
    ignored: tuple[str, ...]

    def head(self, field: str) -> str:
        return self.heads[self.places[field]] if field in self.places else field


def found(heads: Sequence[str]) -> Columns:
    """Raises Refused(code="table") where two columns mean the same field, or none says who a row is."""
    places: dict[str, int] = {}
    ignored: list[str] = []
    for n, head in enumerate(heads):
        field = _BY_HEAD.get(re.sub(r"[^a-z0-9]", "", head.lower()))
        if field is None:
            ignored.append(head[:60])
        elif field in places:
            raise refused(f"The columns {heads[places[field]]!r} and {head[:60]!r} mean the same.", "Remove one of them.")
        else:
            places[field] = n
    for one, other in (("enabled", "blocked"), ("listed", "hidden")):
        if one in places and other in places:
            raise refused(f"The columns {heads[places[one]]!r} and {heads[places[other]]!r} say the same.", "Remove one.")
    if not {"principal_name", "mail"} & places.keys():
        names = "User principal name or Mail"
        raise refused(f"No column says who a row is: {names} is needed.", "The first row names the columns.")
    if "display_name" not in places and not {"given_name", "surname"} <= places.keys():
        raise refused("No column names the people: Display name is needed, or First name and Last name.")
    return Columns(tuple(h[:60] for h in heads), places, tuple(ignored))
