"""What rows of the directory hold: their fields, the few that come unasked, and what is true of a row nobody described."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

TYPES = {"users": "#microsoft.graph.user", "groups": "#microsoft.graph.group", "contacts": "#microsoft.graph.orgContact"}

DEFAULT = {
    "users": (
        "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
        "preferredLanguage", "surname", "userPrincipalName", "id",
    ),
    "groups": (
        "id", "createdDateTime", "description", "displayName", "groupTypes", "mail", "mailEnabled", "mailNickname",
        "membershipRule", "membershipRuleProcessingState", "onPremisesSyncEnabled", "proxyAddresses", "securityEnabled",
        "visibility",
    ),
    "contacts": (
        "id", "addresses", "companyName", "department", "displayName", "givenName", "jobTitle", "mail", "mailNickname",
        "phones", "proxyAddresses", "surname",
    ),
}  # fmt: skip

FIELDS = {
    "users": {
        *DEFAULT["users"], "accountEnabled", "userType", "proxyAddresses", "department", "companyName", "streetAddress",
        "city", "state", "postalCode", "country", "faxNumber", "employeeId", "employeeType", "usageLocation",
        "showInAddressList", "onPremisesExtensionAttributes", "createdDateTime", "mailNickname", "otherMails",
        "assignedLicenses", "assignedPlans", "imAddresses", "onPremisesSyncEnabled", "deletedDateTime",
    },
    "groups": {*DEFAULT["groups"], "deletedDateTime", "expirationDateTime", "renewedDateTime", "assignedLicenses"},
    "contacts": {*DEFAULT["contacts"], "onPremisesSyncEnabled", "deletedDateTime"},
}  # fmt: skip

_LISTS = {
    "businessPhones", "proxyAddresses", "otherMails", "imAddresses", "assignedLicenses", "assignedPlans", "groupTypes",
    "addresses", "phones",
}  # fmt: skip


def completed(kind: str, row: Row, domain: str) -> Row:
    """The row with every field of its kind; what was not given is as Graph shows a thing just made."""
    unknown = row.keys() - FIELDS[kind]
    if unknown:
        raise ValueError(f"{kind} have no field {', '.join(sorted(unknown))}")
    full: Row = {name: [] if name in _LISTS else None for name in FIELDS[kind]} | row
    nick = str(row["id"])
    if kind == "users":
        full["accountEnabled"] = row.get("accountEnabled", True)
        full["userType"] = row.get("userType", "Member")
        full["userPrincipalName"] = row.get("userPrincipalName") or f"{nick}@{domain}"
        full["displayName"] = row.get("displayName") or nick
    if kind == "groups":
        unified = "Unified" in full["groupTypes"]
        full["mailEnabled"] = row.get("mailEnabled", unified)
        full["securityEnabled"] = row.get("securityEnabled", not unified)
        full["displayName"] = row.get("displayName") or nick
        if full["membershipRule"] and "DynamicMembership" not in full["groupTypes"]:
            full["groupTypes"] = [*full["groupTypes"], "DynamicMembership"]
        full["membershipRuleProcessingState"] = "On" if full["membershipRule"] else None
    full["mailNickname"] = row.get("mailNickname") or nick
    return full
