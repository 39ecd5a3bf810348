"""Charts as data: what the page draws, what its table says, from the same numbers. Source: acceptance ID-48; ux 42."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from purser.portal.tables import cells


@dataclass(frozen=True)
class Slice:
    """One part of a chart. `shown` and `share` are the words of both the chart's hover and the table."""

    label: str
    value: Decimal
    shown: str
    share: str
    href: str


@dataclass(frozen=True)
class Chart:
    """`id` is unique on the page; `unit` names what is counted ("licenses"). Draw it with parts/chart.html."""

    id: str
    title: str
    unit: str
    kind: Literal["donut", "bar"]
    slices: tuple[Slice, ...]
    total: Decimal

    @cached_property
    def data(self) -> dict[str, Any]:
        """For the JSON script that the chart element reads; values are floats for drawing only, words come from
        here.
        """
        return {
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "items": [
                {"label": one.label, "value": float(one.value), "shown": f"{one.shown} {self.unit}", "share": one.share}
                for one in self.slices
            ],
        }

    @property
    def data_id(self) -> str:
        return f"{self.id}-data"

    @property
    def description(self) -> str:
        top = ", ".join(f"{one.label} {one.shown} ({one.share})" for one in self.slices[:5])
        rest = f", and {len(self.slices) - 5} more" if len(self.slices) > 5 else ""
        return f"{self.title}: {cells.number(self.total)} {self.unit} in all. {top}{rest}."

    @property
    def total_shown(self) -> str:
        return cells.number(self.total)


def chart(
    id: str,
    title: str,
    parts: Iterable[tuple[str, Decimal | int] | tuple[str, Decimal | int, str]],
    *,
    unit: str,
    kind: Literal["donut", "bar"] = "donut",
    most: int = 12,
) -> Chart:
    """A chart of (label, value) or (label, value, address) parts, those that moved most first; beyond `most`, the rest is
    one part.

    A share is of all that is drawn, whichever way it goes, rounded to a tenth of a percent. Raises ValueError for a
    negative value in a donut, which cannot be a share.
    """
    given = sorted(
        ((part[0], Decimal(part[1]), part[2] if len(part) > 2 else "") for part in parts), key=lambda p: (-abs(p[1]), p[0])
    )
    if kind == "donut" and (below := [f"{label} is {value}" for label, value, _ in given if value < 0]):
        raise ValueError(f"{title}: a donut shows shares of a whole; {below[0]}.")
    total = sum((value for _, value, _ in given), Decimal(0))
    if len(given) > most:
        rest = given[most - 1 :]
        given = [*given[: most - 1], (f"{len(rest)} others", sum((value for _, value, _ in rest), Decimal(0)), "")]
    drawn = sum((abs(value) for _, value, _ in given), Decimal(0))
    slices = tuple(
        Slice(label, value, cells.number(value), f"{abs(value) / drawn * 100:.1f}%" if drawn else "0.0%", href)
        for label, value, href in given
    )
    return Chart(id, title, unit, kind, slices, total)
