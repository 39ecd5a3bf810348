"""Who works at the customers of the demo: one with a directory at Microsoft, the others with a list in a file.

Nobody here has a name of their own: an account is a desk and a number. The same words give the same people every time.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

CLIENT, SECRET = "5d0c0ffe-0000-4000-8000-00000000c11e", "graph-demo-secret"
GRANTS = ["User.Read.All", "Group.Read.All", "OrgContact.Read.All", "MailboxSettings.Read", "Member.Read.Hidden"]
# Word, and how many work at each desk.
DESKS: dict[str, dict[str, int]] = {
    "alder": {"Surgery": 18, "Front desk": 9, "Laboratory": 7, "Administration": 6, "Trainee": 4},
    "birch": {"Counsel": 24, "Paralegal": 16, "Administration": 8},
    "cedar": {"Kitchen": 20, "Logistics": 22, "Administration": 9},
    "fern": {"Shop": 14, "Warehouse": 8, "Administration": 4},
    "gale": {"Field": 30, "Control room": 14, "Administration": 12},
    "kelp": {"Studio": 12, "Production": 6},
    "hazel": {"Weaving": 26, "Design": 9, "Administration": 7},
    "iris": {"Clinic": 11, "Workshop": 5},
}
AT_MICROSOFT = "alder"


@dataclass(frozen=True)
class Desk:
    """One account. `enabled` and `mailbox` are what the directory says; the last of every desk has left."""

    key: str
    name: str
    mail: str
    department: str
    enabled: bool = True
    mailbox: str = "user"
    groups: tuple[str, ...] = field(default=("All staff",))


def desks(word: str) -> list[Desk]:
    """Everybody of a customer, in the order of their desks."""
    made = []
    for department, count in DESKS[word].items():
        for n in range(1, count + 1):
            mail = f"{department.lower().replace(' ', '.')}.{n:02d}@{word}.example"
            gone = n == count and count > 5
            made.append(
                Desk(
                    key=str(uuid5(NAMESPACE_URL, mail)),
                    name=f"{department} {n:02d}",
                    mail=mail,
                    department=department,
                    enabled=not gone,
                    groups=("All staff", department),
                )
            )
    mail = f"meeting.room@{word}.example"
    room = Desk(str(uuid5(NAMESPACE_URL, mail)), "Meeting room", mail, "Rooms", False, "room", ("Rooms",))
    return [*made, room]


def tenant(word: str) -> str:
    """The id of a customer's directory."""
    return str(uuid5(NAMESPACE_URL, f"https://{word}.example/"))


def graph() -> dict[str, Any]:
    """The seed of the Graph sandbox."""
    people = desks(AT_MICROSOFT)
    names = sorted({group for one in people for group in one.groups})
    ids = {name: str(uuid5(NAMESPACE_URL, f"group:{AT_MICROSOFT}:{name}")) for name in names}
    return {
        "apps": {CLIENT: {"secret": SECRET}},
        "tenants": {
            tenant(AT_MICROSOFT): {
                "name": "Alder Dental Group",
                "domain": f"{AT_MICROSOFT}.example",
                "grants": {CLIENT: GRANTS},
                "users": [
                    {
                        "id": one.key,
                        "displayName": one.name,
                        "userPrincipalName": one.mail,
                        "mail": one.mail,
                        "department": one.department,
                        "accountEnabled": one.enabled,
                        "companyName": "Alder Dental Group",
                        "country": "United States",
                    }
                    for one in people
                ],
                "groups": [
                    {"id": ids[name], "displayName": name}
                    | ({"groupTypes": ["Unified"], "mail": "all@alder.example"} if name == "All staff" else {})
                    for name in names
                ],
                "members": {ids[name]: [one.key for one in people if name in one.groups] for name in names},
                "mailboxes": {one.key: one.mailbox for one in people},
            }
        },
    }


def file(word: str) -> str:
    """A customer's people as CSV, as an export of its directory would have them."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["Id", "Display name", "User principal name", "Mail", "Department", "Enabled", "Mailbox", "Groups"])
    for one in desks(word):
        box = "RoomMailbox" if one.mailbox == "room" else "UserMailbox"
        enabled = "true" if one.enabled else "false"
        rows.writerow([one.key, one.name, one.mail, one.mail, one.department, enabled, box, "; ".join(one.groups)])
    return out.getvalue()
