"""The users of a tenant's directory, read: all, one, and what is known of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, OuterRef, QuerySet, Value, When

from purser.directory.models import Licence, User
from purser.kernel.errors import Missing


def listed() -> QuerySet[Any, Any]:
    """All, also those who left; `licensed` is yes or no, `state` present or left."""
    open_ = Licence.objects.filter(user=OuterRef("pk"), until=None)
    text = CharField()
    return User.objects.annotate(
        licensed=Case(When(Exists(open_), then=Value("yes")), default=Value("no"), output_field=text),
        state=Case(When(gone_at=None, then=Value("present")), default=Value("left"), output_field=text),
        account=Case(When(enabled=True, then=Value("on")), default=Value("off"), output_field=text),
        sort=Case(When(guest=True, then=Value("guest")), default=Value("member"), output_field=text),
    )


def find(id: UUID) -> User:
    """Raises Missing."""
    row: User | None = listed().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such user.")
    return row


# What stands on a user's card beside the columns, with its words.
CARD = (
    ("given_name", "First name"),
    ("surname", "Last name"),
    ("company", "Company"),
    ("office", "Office"),
    ("business_phones", "Phone"),
    ("mobile_phone", "Mobile"),
    ("fax", "Fax"),
    ("aliases", "Other addresses"),
    ("employee_id", "Employee ID"),
    ("employee_type", "Employee type"),
    ("language", "Language"),
    ("usage_location", "Usage location"),
)
ADDRESS = ("street", "postal_code", "city", "state", "country")


def card(user: User) -> list[tuple[str, str]]:
    """What is set, as words and text, in a fixed order; the organisation's own attributes last."""
    facts = [(words, _text(user.card.get(name))) for name, words in CARD]
    address = user.card.get("address") or {}
    facts.append(("Address", ", ".join(str(address[name]) for name in ADDRESS if address.get(name))))
    own = user.card.get("attributes") or {}
    facts += [(name, str(own[name])) for name in sorted(own, key=lambda name: (len(name), name))]
    return [(words, text) for words, text in facts if text]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
