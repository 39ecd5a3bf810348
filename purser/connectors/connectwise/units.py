"""Additions come and go; the product stays. From the additions of an agreement to its services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from purser.connectors.connectwise.wire import Addition, CatalogItem
from purser.connectors.ports.psa import Segment, Service

_PREFIX = "product:"


def service_id(product_id: int) -> str:
    return f"{_PREFIX}{product_id}"


def product_id(service_id: str) -> int | None:
    """The product that a service's id names; None when it is no id of ours."""
    number = service_id.removeprefix(_PREFIX)
    known = service_id.startswith(_PREFIX) and number.isascii() and number.isdigit()
    return int(number) if known else None


def by_product(additions: Iterable[Addition]) -> dict[int, list[Addition]]:
    found: dict[int, list[Addition]] = {}
    for addition in sorted(additions, key=lambda a: a.id):
        found.setdefault(addition.product_id, []).append(addition)
    return found


def service(
    agreement_id: str,
    additions: Sequence[Addition],
    *,
    since: date,
    today: date,
    catalog: Mapping[int, CatalogItem],
) -> Service:
    """The service that these additions (all of one product, at least one) make together.

    A product whose additions have all ended is still there, with no segments: its count is 0 and may rise.
    """
    newest = additions[-1]
    item = catalog.get(newest.product_id)
    found = segments(additions, since=since)
    shown = next((s for s in found if s.ends_on is None or today < s.ends_on), found[-1] if found else None)
    return Service(
        id=service_id(newest.product_id),
        agreement_id=agreement_id,
        product_id=newest.product or str(newest.product_id),
        name=newest.name or (item.name if item else "") or newest.product or str(newest.product_id),
        kind="product",
        segments=found,
        unit_price=shown.unit_price if shown else newest.unit_price,
        unit_cost=shown.unit_cost if shown else newest.unit_cost,
        catalog_price=item.price if item else None,
        catalog_cost=item.cost if item else None,
        unit=newest.unit,
    )


def segments(additions: Sequence[Addition], *, since: date) -> tuple[Segment, ...]:
    """What holds when, in order of date; additions that overlap are summed.

    Units are the additions' `quantity`: the count that must equal the marketplace's, with units included in
    the agreement and additions that are not billed. A price is given where all that is billed agrees on it.
    """
    live = [a for a in additions if a.live]
    edges = sorted({a.starts_on for a in live} | {a.ends_on for a in live if a.ends_on is not None})
    found: list[Segment] = []
    for starts_on, ends_on in zip(edges, [*edges[1:], None], strict=False):
        holding = [a for a in live if a.runs_on(starts_on)]
        if not holding or (ends_on is not None and ends_on <= since):
            continue
        priced = [a for a in holding if a.billing == "Billable"] or holding
        found.append(
            Segment(
                starts_on=starts_on,
                ends_on=ends_on,
                units=sum((a.quantity for a in holding), Decimal(0)),
                unit_price=_agreed(priced, lambda a: a.unit_price),
                unit_cost=_agreed(priced, lambda a: a.unit_cost),
            )
        )
    return tuple(found)


def _agreed(additions: Sequence[Addition], amount: Callable[[Addition], Decimal | None]) -> Decimal | None:
    amounts = {amount(a) for a in additions}
    return amounts.pop() if len(amounts) == 1 else None
