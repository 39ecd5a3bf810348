"""The marketplace port over the Marketplace API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from purser.connectors.marketplace import wire
from purser.connectors.marketplace.client import Client, MarketplaceSecrets, MarketplaceSettings
from purser.connectors.ports.marketplace import Customer, Marketplace, Product, Subscription
from purser.connectors.ports.tested import Tested
from purser.connectors.shared import pages
from purser.connectors.shared.http import Http
from purser.kernel.errors import Failure, Missing, Refused
from purser.reconcile.model import Reading

HOSTS: tuple[str, ...] = ("*.cloud.im", "*.cloudblue.com", "simpleapiprod.azure-api.net")
"""Whole `azure-api.net` is not admitted: anyone can have a name there."""

LIMIT = 500  # rows a page; the interface names no most, and its users ask for this many

V = TypeVar("V")


class MarketplaceConnector(Marketplace):
    """Reads only. Every list is read by pages of 500; a token is fetched once and kept while it is good."""

    def __init__(
        self,
        *,
        http: Http,
        settings: MarketplaceSettings,
        secrets: MarketplaceSecrets,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` gives the present as an aware datetime."""
        self._client = Client(http=http, settings=settings, secrets=secrets, clock=clock)
        self._version: wire.Version = settings.version
        self._clock = clock

    def test(self) -> Tested:
        try:
            body = self._client.get("/customers", {"offset": "0", "limit": "1"})
            total = wire.page(body, offset=0).total
        except Failure as e:
            return Tested(ok=False, text=e.text, code=e.code)
        counted = "" if total is None else f" It lists {total} customer{'' if total == 1 else 's'}."
        return Tested(ok=True, text=f"The marketplace accepted the gateway user.{counted}")

    def customers(self) -> Reading[Customer]:
        return self._reading("/customers", wire.customer, key=lambda c: c.id)

    def subscriptions(self) -> Reading[Subscription]:
        """All subscriptions of all customers; rows carry no lines on the known servers.

        `modified_at` None says that a change may not show in it: read the detail.
        """

        def parse(row: Any) -> Subscription:
            return wire.subscription(row, version=self._version, now=at)

        at = self._clock()
        return self._reading("/subscriptions", parse, key=lambda s: s.id)

    def subscription(self, id: str) -> Subscription:
        body = self._client.get(f"/subscriptions/{quote(id, safe='')}")
        found = wire.subscription(body, version=self._version, now=self._clock(), detail=True)
        if found.id != id:
            raise wire.Malformed(f"Asked for subscription {id}, was given {found.id}.")
        return found

    def products(self) -> Reading[Product]:
        """By mpn. A catalogue may list an mpn in several services: the first names it, and it is usage-based
        when any of them is, so that no usage is taken for seats."""
        return self._reading("/products", wire.product, key=lambda p: p.mpn, name="mpn", merge=_same_product)

    def _reading(
        self,
        path: str,
        parse: Callable[[Any], V],
        *,
        key: Callable[[V], str],
        name: str = "id",
        merge: Callable[[V, V], V] | None = None,
    ) -> Reading[V]:
        at = self._clock()
        found = self._pages(path, name)
        faults = [found.cut] if found.cut else []
        items: dict[str, V] = {}
        unclear: set[str] = set()
        for row in found.rows:
            try:
                item = parse(row)
            except wire.Malformed as e:
                faults.append(f"{path[1:-1]} {wire.row_id(row, name=name)}: {e.text}")
                continue
            k = key(item)
            if k not in items:
                items[k] = item
            elif merge:
                items[k] = merge(items[k], item)
            else:
                # a row moved between pages while they were read, and another may have slipped through
                faults.append(f"{path[1:-1]} {k} is listed twice.")
                unclear |= {k} if items[k] != item else set()
        kept = {k: v for k, v in items.items() if k not in unclear}
        return Reading(items=kept, at=at, whole=not faults, cut=_summary(faults))

    def _pages(self, path: str, name: str) -> pages.Pages[Any]:
        """All rows of a list. Its end is where the announced total is reached, or an empty page where none is
        announced: a short page proves nothing, since a server may give fewer rows than were asked for."""
        announced: set[int | None] = set()
        seen: set[str] = set()

        def read(offset: int) -> tuple[tuple[Any, ...], int | None]:
            try:
                body = self._client.get(path, {"offset": str(offset), "limit": str(LIMIT)})
            except Missing as e:
                raise Refused(e.text, code=e.code, hint=e.hint) from e
            page = wire.page(body, offset=offset)
            end = offset + len(page.rows)
            announced.add(page.total)
            if len(announced) > 1:
                raise wire.Malformed("The list changed its length while it was read.")
            if page.total is not None and (end > page.total or (end < page.total and not page.rows)):
                raise wire.Malformed(f"The list announces {page.total} rows and gives {end}.")
            ids = {wire.row_id(r, name=name) for r in page.rows}
            if ids and ids <= seen:
                raise wire.Malformed(f"The rows from {offset} repeat earlier ones.")
            seen.update(ids)
            done = not page.rows if page.total is None else end == page.total
            return page.rows, None if done else end

        return pages.collect(0, read)


def _same_product(first: Product, other: Product) -> Product:
    return replace(first, usage_based=first.usage_based or other.usage_based)


def _summary(faults: list[str], most: int = 3) -> str:
    more = len(faults) - most
    return " ".join(faults[:most]) + (f" And {more} more." if more > 0 else "")
