"""Papers as they were issued: the list, and each as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from purser.access.actors import Actor
from purser.billing.buying import lists as plain
from purser.billing.buying import papers
from purser.billing.models import Document
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

PDF = "application/pdf"


def _file(row: Any) -> str:
    return reverse("document", kwargs={"tenant": row.tenant_id, "document": row.pk})


DOCUMENTS = dressed(
    plain.DOCUMENTS,
    href={"number": _file},
    empty=Empty("No documents yet", "Quotes come here once they are looked at or mailed, receipts with each purchase."),
    export="documents_export",
)


@page("billing.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, DOCUMENTS, zone=organisations.zone())


export = exports.door(DOCUMENTS, "billing.read")


def download(row: Document) -> HttpResponse:
    """The very bytes that were issued."""
    headers = {"Content-Disposition": f'attachment; filename="{papers.file_name(row)}"'}
    return HttpResponse(bytes(row.file), content_type=PDF, headers=headers)


@page("billing.read")
def one(request: HttpRequest, actor: Actor, document: UUID) -> HttpResponse:
    return download(papers.of(document))
