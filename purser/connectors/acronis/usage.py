"""The port to accounts at Acronis, continued: services, offerings in both billing modes, and what was used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from purser.connectors.acronis import fields, wire
from purser.connectors.acronis.client import Client
from purser.connectors.ports.offerings import Kind, Mode, Offering, Service, Usage
from purser.connectors.shared import rows as listed
from purser.connectors.shared.answer import malformed
from purser.reconcile.model import Reading

ALL_EDITIONS = {"edition": "*"}  # without it only the legacy edition "standard" is listed

T = TypeVar("T")
V = TypeVar("V")


class Using:
    """What tenants may use and used."""

    def __init__(self, client: Client, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._clock = clock

    def services(self) -> Reading[Service]:
        read = listed.read(self._client.rows("/applications"), wire.service, "application")
        return reading(read.items, read.faults, at=self._clock())

    def services_of(self, tenant: str) -> frozenset[str]:
        path = f"{fields.path_of(tenant)}/applications"
        return frozenset(parsed(fields.ids, self._client.rows(path), f"GET {path}", effect=False))

    def start(self, tenant: str, service: str) -> None:
        self._client.done("POST", _binding(tenant, service))

    def stop(self, tenant: str, service: str) -> None:
        self._client.done("DELETE", _binding(tenant, service))

    def available(self, parent: str, kind: Kind) -> Reading[Offering]:
        path = f"{fields.path_of(parent)}/offering_items/available_for_child"
        return self._offerings(self._client.rows(path, {"kind": kind, **ALL_EDITIONS}))

    def offerings(self, tenant: str) -> Reading[Offering]:
        return self._offerings(self._client.rows(f"{fields.path_of(tenant)}/offering_items", ALL_EDITIONS))

    def switch(self, tenant: str, offerings: Collection[Offering]) -> Reading[Offering]:
        path = f"{fields.path_of(tenant)}/offering_items"
        asked = {offering.key: offering for offering in offerings}
        items = [wire.offering_put(offering) for offering in asked.values()]
        body = self._client.change("PUT", path, {"offering_items": items, "check_usage": True})
        rows = body.get("items")
        if not isinstance(rows, list):
            raise malformed(f"PUT {path}", "it holds no list of items", effect=True)
        read = listed.read(rows, wire.offering, "offering item", key=lambda offering: offering.key)
        now = {key: offering for key, offering in read.items.items() if key in asked}
        other = [key for key, offering in asked.items() if key not in now or _otherwise(now[key], offering)]
        if read.faults or other:
            why = read.faults[0] if read.faults else f"{len(other)} of {len(asked)} offering items are not as asked for"
            raise malformed(f"PUT {path}", why, effect=True)
        return reading(now, (), at=self._clock())

    def change_mode(self, tenant: str, service: str, mode: Mode) -> None:
        body = {"application_id": service, "target_edition": wire.EDITIONS[mode]}
        self._client.send("PUT", f"{fields.path_of(tenant)}/edition", json=body)

    def usages(self, tenants: Sequence[str]) -> Reading[Usage]:
        """One call for each tenant: the answer for several names none of them in its rows."""
        items: dict[str, Usage] = {}
        faults: list[str] = []
        for tenant in dict.fromkeys(tenants):
            rows = self._client.rows(f"{fields.path_of(tenant)}/usages")
            read = listed.read(rows, partial(wire.usage, tenant), "usage", key=lambda usage: usage.key)
            items |= read.items
            faults += read.faults
        return reading(items, faults, at=self._clock())

    def _offerings(self, rows: Sequence[Any]) -> Reading[Offering]:
        read = listed.read(rows, wire.offering, "offering item", key=lambda offering: offering.key)
        return reading(read.items, read.faults, at=self._clock())


def parsed(parse: Callable[[Any], T], body: Any, what: str, *, effect: bool) -> T:
    """One value out of an answer; raises Busy or Unsure, code "malformed"."""
    try:
        return parse(body)
    except listed.Malformed as e:
        raise malformed(what, f"it {e}", effect=effect) from None


def reading(items: Mapping[str, V], faults: Sequence[str], *, at: datetime, cut: str = "") -> Reading[V]:
    why = listed.reasons(cut, faults)
    return Reading(items=items, at=at, whole=not why, cut=why)


def _otherwise(now: Offering, asked: Offering) -> bool:
    """A feature is asked for without a quota."""
    return now.enabled != asked.enabled or (asked.kind != "feature" and now.quota != asked.quota)


def _binding(tenant: str, service: str) -> str:
    return f"/applications/{fields.checked(service)}/bindings{fields.path_of(tenant)}"
