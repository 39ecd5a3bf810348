"""What a tenant at a vendor may use, and what it used: services, offerings with their quotas, usage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from purser.kernel.errors import Refused
from purser.reconcile.model import Key

Kind = Literal["partner", "customer"]
Mode = Literal["per_workload", "per_gigabyte"]
Counts = Literal["level", "sum", "average"]


@dataclass(frozen=True)
class Service:
    """A product line of the vendor's that is switched on for a tenant as a whole."""

    id: str
    name: str
    kind: str = ""


@dataclass(frozen=True)
class Quota:
    """How much a tenant may use, in the offering's unit: at `soft` the vendor warns, `over` beyond it the vendor stops. None
    is without limit."""

    soft: int | None = None
    over: int | None = None


UNLIMITED = Quota()


@dataclass(frozen=True)
class Offering:
    """Something that can be switched on and limited for a tenant: a count of workloads, a feature, a place for data.

    `mode` is None for what is the same in each mode. `place` is the location or storage of a `place` offering. `locked`: the
    one above has fixed it, and it can be neither given nor changed. `unit`: "quantity", "bytes", "seconds", "" for none.
    """

    service: str
    name: str
    kind: Literal["count", "feature", "place"]
    mode: Mode | None = None
    edition: str = ""
    unit: str = ""
    place: str = ""
    enabled: bool = False
    locked: bool = False
    quota: Quota = UNLIMITED
    version: str = ""

    @property
    def key(self) -> Key:
        return offering_key(self.service, self.name, self.place)


def offering_key(service: str, name: str, place: str = "") -> Key:
    return f"{service}/{name}/{place}"


@dataclass(frozen=True)
class Usage:
    """What a tenant used of something since `since` (the vendor's month's start), and in all. A gigabyte is 1024^3 bytes.

    `counts`: whether `value` is a level, which stands whatever the month; the sum of what was used since then; or the average
    of the days since then.
    """

    tenant: str
    service: str
    name: str
    unit: str
    value: Decimal
    total: Decimal
    since: datetime | None
    counts: Counts
    edition: str = ""
    place: str = ""

    @property
    def key(self) -> Key:
        return f"{self.tenant}/{self.service}/{self.edition}/{self.name}/{self.place}"


def offered(
    available: Iterable[Offering],
    *,
    modes: Collection[Mode] = (),
    services: Collection[str] = (),
    one_mode: bool = False,
    one_place: bool = False,
) -> tuple[Offering, ...]:
    """Everything that a new tenant gets of what its parent may give: switched on, without limits, in the order given.

    Left out is what is locked, and what is not of these services and modes (all of them when none are named). With `one_place`
    the first place of a type is taken. Raises Refused(code="mode") with `one_mode` where more are asked for or left open. Both
    come of the vendor's traits. Source: acceptance AC-13, AC-14, AC-23, AC-28.
    """
    found = [o for o in available if not o.locked and (not services or o.service in services)]
    asked = set(modes) or {o.mode for o in found if o.mode is not None}
    if one_mode and len(asked) > 1:
        text = f"Such a tenant has a service in one billing mode; {len(asked)} are left: {', '.join(sorted(asked))}."
        raise Refused(text, code="mode", hint="Name the mode.")
    kept: dict[Key, Offering] = {}
    placed: set[tuple[str, str]] = set()
    for offering in found:
        if offering.mode is not None and offering.mode not in asked:
            continue
        type_of_place = (offering.service, offering.name)
        if offering.kind == "place" and one_place and type_of_place in placed:
            continue
        placed.add(type_of_place)
        kept[offering.key] = replace(offering, enabled=True, quota=UNLIMITED)
    return tuple(kept.values())


def lacking(wanted: Iterable[Offering], held: Mapping[Key, Offering]) -> tuple[Offering, ...]:
    """What of `wanted` a tenant that has `held` does not have so, ready to be switched: each in the version it has there.

    Source: acceptance AC-14: what the parent has since been given is pushed on.
    """
    differing = []
    for offering in wanted:
        has = held.get(offering.key)
        if has is None:
            differing.append(offering)
        elif (has.enabled, has.quota) != (offering.enabled, offering.quota):
            differing.append(replace(has, enabled=offering.enabled, quota=offering.quota))
    return tuple(differing)
