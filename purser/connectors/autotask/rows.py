"""Many rows at once: what could be read, and what a reading must say about the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from purser.connectors.autotask import wire
from purser.connectors.autotask.fields import Malformed
from purser.connectors.autotask.wire import Kind, UnitRow
from purser.connectors.ports.psa import Agreement, Segment
from purser.connectors.shared.pages import Pages

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_NAMED = 3  # rows left out that a reading names


@dataclass(frozen=True)
class Rows(Generic[K, V]):
    """`cuts` is empty when every row of every page is among `items`."""

    items: Mapping[K, V]
    cuts: tuple[str, ...]


def read(entity: str, pages: Pages[Any], parse: Callable[[Mapping[str, Any]], V], key: Callable[[V], K]) -> Rows[K, V]:
    """Rows by key. One that is malformed, or comes twice and differs, is left out and named."""
    items: dict[K, V] = {}
    twice: set[K] = set()
    faults: list[str] = []
    for row in pages.rows:
        try:
            value = parse(_object(row))
        except Malformed as e:
            faults.append(f"{_named(row)}: {e}")
            continue
        if items.setdefault(key(value), value) != value and key(value) not in twice:
            twice.add(key(value))
            faults.append(f"{_named(row)}: it comes twice and differs")
    kept = {k: v for k, v in items.items() if k not in twice}
    return Rows(kept, _cuts(entity, pages.cut, faults))


@dataclass(frozen=True)
class Units:
    """Segments by line. Lines in `broken` have other units than could be read; `lost`: so have all."""

    by_line: Mapping[int, tuple[Segment, ...]]
    broken: frozenset[int]
    lost: bool
    cuts: tuple[str, ...]

    def of(self, line_id: int) -> tuple[Segment, ...] | None:
        """The segments of a line, None when some are not known: the rest would read as too few units."""
        return None if self.lost or line_id in self.broken else self.by_line.get(line_id, ())


def units(kind: Kind, pages: Pages[Any]) -> Units:
    by_line: dict[int, dict[int, UnitRow]] = {}
    broken: set[int] = set()
    lost = bool(pages.cut)
    faults: list[str] = []
    for row in pages.rows:
        try:
            found = wire.unit_row(_object(row), kind)
            if by_line.setdefault(found.line_id, {}).setdefault(found.id, found) != found:
                raise Malformed("it comes twice and differs")
        except Malformed as e:
            faults.append(f"{_named(row)}: {e}")
            try:
                broken.add(wire.line_id(_object(row), kind))
            except Malformed:
                lost = True
    segments: dict[int, tuple[Segment, ...]] = {}
    for line_id, rows in by_line.items():
        try:
            segments[line_id] = wire.segments(list(rows.values()))
        except Malformed as e:
            faults.append(f"{kind.line_id} {line_id}: {e}")
            broken.add(line_id)
    return Units(segments, frozenset(broken), lost, _cuts(kind.units, pages.cut, faults))


def succession(agreements: Mapping[str, Agreement]) -> dict[str, Agreement]:
    """Put `renewed_by` on the older of two linked contracts: nothing says which of them carries the link."""
    found = {id: replace(a, renewed_by="") for id, a in agreements.items()}
    for id, agreement in agreements.items():
        other = agreements.get(agreement.renewed_by)
        if not agreement.renewed_by or agreement.renewed_by == id:
            continue
        if other and other.starts_on and agreement.starts_on and other.starts_on < agreement.starts_on:
            found[other.id] = replace(found[other.id], renewed_by=id)
        else:
            found[id] = replace(found[id], renewed_by=agreement.renewed_by)
    return found


def _object(row: Any) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise Malformed("it is not an object")
    return row


def _named(row: Any) -> str:
    id = row.get("id") if isinstance(row, dict) else None
    return str(id) if isinstance(id, int) and not isinstance(id, bool) else "a row without id"


def _cuts(entity: str, cut: str, faults: Sequence[str]) -> tuple[str, ...]:
    found = [f"{entity}: {cut}"] if cut else []
    if faults:
        named = "; ".join(faults[:MOST_NAMED]) + ("; ..." if len(faults) > MOST_NAMED else "")
        found.append(f"{len(faults)} of {entity} left out ({named}).")
    return tuple(found)
