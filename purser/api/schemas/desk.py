"""What a person sends from the desk."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from purser.api.schemas.common import Line, Sent


class Acceptance(Sent):
    """`count` is what was read: when more turned up meanwhile, it is refused."""

    item: Annotated[str, Field(min_length=1, max_length=20)]
    count: Annotated[int, Field(ge=1, le=1_000_000_000)]
    reason: Line
