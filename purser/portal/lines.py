"""Numbers over days as a chart of lines: what the page draws, what its table says, from the same numbers. See charts.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from purser.portal.tables import cells


@dataclass(frozen=True)
class Series:
    """One line. `panel` counts from 0, the top one: what has another measure is drawn in one of its own."""

    name: str
    values: Sequence[int]
    panel: int = 0

    @property
    def shown(self) -> list[str]:
        return [cells.number(value) for value in self.values]


@dataclass(frozen=True)
class Lines:
    """`labels` are what the values stand at, `hrefs` where a row of the table leads. Draw it with parts/lines.html."""

    id: str
    title: str
    at: str
    labels: Sequence[str]
    series: Sequence[Series]
    hrefs: Sequence[str] = ()

    @property
    def data_id(self) -> str:
        return f"{self.id}-data"

    @cached_property
    def description(self) -> str:
        spans = [
            f"{one.name} from {cells.number(min(one.values))} to {cells.number(max(one.values))}, last {one.shown[-1]}"
            for one in self.series
            if one.values
        ]
        return f"{self.title}, {self.labels[0]} to {self.labels[-1]}: {'; '.join(spans)}." if self.labels else self.title

    @cached_property
    def data(self) -> dict[str, Any]:
        return {
            "kind": "lines",
            "title": self.title,
            "description": self.description,
            "labels": list(self.labels),
            "series": [
                {"name": one.name, "panel": one.panel, "values": list(one.values), "shown": one.shown} for one in self.series
            ],
        }

    @property
    def rows(self) -> list[tuple[str, str, list[str]]]:
        hrefs = self.hrefs or [""] * len(self.labels)
        return list(zip(self.labels, hrefs, zip(*(one.shown for one in self.series), strict=True), strict=True))  # type: ignore[arg-type]
