"""Users and groups of a tenant's directory, as lists that both doors show."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from purser.directory import groups, users
from purser.directory.models import Group
from purser.lists.model import Column, Preset, Sign, Table

LICENSED = {"yes": Sign("Licensed", "good"), "no": Sign("Not licensed", "plain", "ban")}
STATE = {"present": Sign("Present", "good"), "left": Sign("Has left", "warn", "logout")}
ACCOUNT = {"on": Sign("On", "good"), "off": Sign("Off", "warn", "ban")}
SORTS = {"member": Sign("Member", "plain", "user"), "guest": Sign("Guest", "note", "users")}
MAILBOXES = {
    "": Sign("None", "plain", "ban"),
    "user": Sign("User", "plain", "mail"),
    "shared": Sign("Shared", "plain", "users"),
    "room": Sign("Room", "plain", "building"),
    "equipment": Sign("Equipment", "plain", "box"),
    "linked": Sign("Linked", "plain", "link"),
    "other": Sign("Other", "plain", "mail"),
}
KINDS = {
    groups.DYNAMIC: Sign("Dynamic, ours", "note", "adjustments"),
    "security": Sign("Security", "plain", "shield-lock"),
    "mail_security": Sign("Security, with mail", "plain", "shield-lock"),
    "distribution": Sign("Distribution", "plain", "mail"),
    "microsoft365": Sign("Microsoft 365", "plain", "users-group"),
}

USERS = Table(
    name="users",
    title="Users",
    lead="Who the directory says works here. Those who left stay in the list, marked so.",
    rows=lambda actor, params: users.listed(),
    order=("name",),
    columns=(
        Column("name", "Name", field="display_name"),
        Column("principal_name", "Signs in as"),
        Column("mail", "Mail"),
        Column("department", "Department"),
        Column("job_title", "Job title", shown=False),
        Column("sort", "Kind", "badge", signs=SORTS, shown=False),
        Column("account", "Account", "badge", signs=ACCOUNT),
        Column("mailbox", "Mailbox", "badge", signs=MAILBOXES),
        Column("licensed", "Licence", "badge", signs=LICENSED),
        Column("state", "State", "badge", signs=STATE),
        Column("seen_at", "Last seen", "datetime", shown=False),
        Column("gone_at", "Left", "datetime", shown=False),
    ),
    presets=(
        Preset("Present", "state.is=present"),
        Preset("With a mailbox, not licensed", "state.is=present&mailbox.is=user&licensed.is=no"),
        Preset("Licensed and switched off", "licensed.is=yes&account.is=off"),
        Preset("Has left", "state.is=left"),
    ),
)


def _groups() -> QuerySet[Group]:
    return groups.listed().annotate(number=Count("members", filter=Q(members__user__gone_at=None)))


def _number(row: Any) -> int | None:
    """Of ours it is found by their expression, on their own page."""
    return None if row.expression else row.number


GROUPS = Table(
    name="user_groups",
    title="Groups",
    lead="The groups of the directory with everybody in them, and dynamic ones of ours.",
    rows=lambda actor, params: _groups(),
    order=("name",),
    columns=(
        Column("name", "Name"),
        Column("kind", "Kind", "badge", signs=KINDS),
        Column("mail", "Mail"),
        Column("members", "Members", "number", read=_number),
        Column("description", "Description", shown=False),
        Column("expression", "Expression", shown=False),
        Column("seen_at", "Last seen", "datetime", shown=False),
    ),
    presets=(Preset("Dynamic, ours", f"kind.is={groups.DYNAMIC}"),),
)
