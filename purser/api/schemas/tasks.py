"""Tasks at vendors that have no interface."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.provisioning import tasks
from purser.provisioning.models import Task

Note = Annotated[str, Field(max_length=tasks.LONGEST_NOTE)]
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]


class VendorTask(Out):
    """`state` is open, done or declined. `words` say what is to be done, field by field; `answer` holds what is to be told in
    return, by name, empty until it is."""

    id: UUID
    title: str
    instance: UUID
    state: str
    words: dict[str, str]
    answer: dict[str, str]
    note: str
    made_at: datetime
    due_on: date
    ended_at: datetime | None
    ended_by: str
    version: int


class ConfirmTask(Sent):
    """`version` is the one that was read."""

    version: Version
    answers: Annotated[
        dict[str, Annotated[str, Field(max_length=tasks.LONGEST)]], Field(max_length=200, examples=[{"id": "C-1009"}])
    ] = {}
    note: Note = ""


class DeclineTask(Sent):
    version: Version
    note: Annotated[str, Field(min_length=1, max_length=tasks.LONGEST_NOTE)]


class ReopenTask(Sent):
    version: Version


def task(row: Task) -> VendorTask:
    return VendorTask(
        id=row.pk, title=row.title, instance=row.instance_id, state=row.state, words=row.words, answer=row.answer,
        note=row.note, made_at=row.made_at, due_on=row.due_on, ended_at=row.ended_at, ended_by=row.ended_by_name,
        version=row.version,
    )  # fmt: skip
