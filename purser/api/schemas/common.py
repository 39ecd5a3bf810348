"""Shapes that every topic uses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from purser.kernel import digest

# Decimals are text, for a JSON number may be read as a float on the way. Source: reliability section 4 (Imports in).
_DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
_SCHEMA = {"type": "string", "pattern": _DECIMAL, "examples": ["8", "3.20"]}


def _read(value: Any) -> Decimal:
    if not isinstance(value, str) or not re.fullmatch(_DECIMAL, value):
        raise ValueError('write a number as text, like "8" or "3.20"')
    return Decimal(value)


# A count, a price or an amount: in, at most 12 digits and 6 decimals; out, without trailing zeros.
Number = Annotated[
    Decimal,
    PlainSerializer(digest.units, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["8", "3.2"]}),
]
Given = Annotated[Decimal, BeforeValidator(_read), WithJsonSchema(_SCHEMA)]


def _in_utc(value: datetime) -> datetime:
    """The database keeps no offset beyond 16 hours, and no year before the first."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such moment in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Context = Annotated[
    Literal["", "autotask", "connectwise"],
    Field(description="Only the pair with this PSA; empty for all.", examples=["autotask"]),
]
Line = Annotated[str, Field(min_length=1, max_length=500)]


class Out(BaseModel):
    """Something we answer."""

    model_config = ConfigDict(frozen=True)


class Sent(BaseModel):
    """Something that is sent to us. Unknown names are refused: a misspelt one must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


T = TypeVar("T")


class Page(Out, Generic[T]):
    """A page of a list. `more` tells whether there is a next one."""

    rows: list[T]
    page: int
    size: int
    more: bool


class Some(Out, Generic[T]):
    """A list that is short by nature, whole."""

    rows: list[T]


class Paging(BaseModel):
    page: int = Field(1, ge=1, le=999_999, description="From 1.")
    size: int = Field(50, ge=1, le=250, description="Rows of a page.")


class Answer(Out):
    """What became of one of many: each succeeds or fails alone."""

    id: UUID
    ok: bool
    text: str


class Asked(Out):
    """A job was asked for. `added` is false when one waits already, which will do."""

    added: bool


class Wrong(Out):
    """What is wrong with one field of a call."""

    where: str
    text: str


class Trouble(Out):
    """`code` is a short stable word for programs, `text` and `hint` are for people. `fields` only when the call is invalid;
    `quote` only where a quote no longer holds, and a new one is there.
    """

    code: str
    text: str
    hint: str
    fields: list[Wrong] = []
    quote: UUID | None = None


class Failed(Out):
    error: Trouble
