"""Users of the directory: the list, and one with the card, groups and licence. Source: acceptance CS-22, UC-15."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.directory import groups, sources, users
from purser.directory import lists as plain
from purser.directory.models import Licence
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

USERS = dressed(
    plain.USERS,
    empty=Empty("No users yet", "They come from the customer's directory, or from a file.", "users_source", "Say where from"),
    export="users_export",
    href={"name": lambda row: reverse("user", kwargs={"tenant": row.tenant_id, "user": row.pk})},
)


@page("users.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    source = sources.own()
    more = {
        "source": source,
        "reading": source is not None and sources.reading(source, now=timezone.now()),
        "zone": organisations.zone(),
    }
    return lists.show(request, actor, USERS, "users/index.html", more, zone=organisations.zone())


export = exports.door(USERS, "users.read")


@page("users.read")
def one(request: HttpRequest, actor: Actor, user: UUID) -> HttpResponse:
    row = users.find(user)
    context = {
        "user_row": row,
        "facts": [
            ("Signs in as", row.principal_name),
            ("Mail", row.mail),
            ("Department", row.department),
            ("Job title", row.job_title),
            *users.card(row),
        ],
        "signs": {
            "state": plain.STATE[row.state],  # type: ignore[attr-defined]  # annotated
            "account": plain.ACCOUNT[row.account],  # type: ignore[attr-defined]
            "mailbox": plain.MAILBOXES.get(row.mailbox, plain.MAILBOXES["other"]),
            "licensed": plain.LICENSED[row.licensed],  # type: ignore[attr-defined]
            "sort": plain.SORTS[row.sort],  # type: ignore[attr-defined]
        },
        "licence": Licence.objects.filter(user=row, until=None).first(),
        "groups": groups.of_user(row),
        "zone": organisations.zone(),
        "crumbs": [("Users", reverse("users", kwargs={"tenant": actor.tenant})), (row.display_name, "")],
    }
    return TemplateResponse(request, "users/one.html", context)
