"""Every door of the site, found by the resolver: its address, its method, and the verb it asks for.

An address below `t/<tenant>/` opens by a verb, at both doors. Whatever else there is must be in OUTSIDE, with the words why no
verb guards it: a new address that is neither makes the matrix fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from ninja import NinjaAPI

from purser.api.site import api
from purser.postgres import ids
from tests.tenancy.addresses import WORDS, Address

API = "api/v1"
BY_SIGN_IN, BY_TOKEN, TO_ALL = "whoever is signed in", "the token in the request", "everybody"
# Addresses without a verb: the beginning of the address, who is let in, and to what.
OUTSIDE: dict[str, tuple[str, str]] = {
    "^$": (BY_SIGN_IN, "the choice of organisations"),
    "account/": (BY_SIGN_IN, "one's own name, second factor and settings"),
    "go/": (BY_SIGN_IN, "a link by a stable number; the page it leads to asks for its own verb"),
    "help/": (BY_SIGN_IN, "help"),
    "about/": (BY_SIGN_IN, "which version this is"),
    "health": (TO_ALL, "whether it works"),
    "theme/": (TO_ALL, "colours, in a cookie"),
    "layout/": (TO_ALL, "cards or tables, in a cookie"),
    "sign-in/": (TO_ALL, "signing in, and the library's pages of one's own account"),
    "join/": (BY_TOKEN, "an invitation, sent by mail"),
    "tenants/accept/": (BY_TOKEN, "a partner's invitation of a tenant, sent by mail; whoever accepts signs in"),
    "prove/": (BY_TOKEN, "the proof of a domain, sent by mail"),
    "launch/": (BY_TOKEN, "a launch that the marketplace signed"),
    "webhooks/payments/": (BY_TOKEN, "the payment provider, by its signature over the body"),
    "calendar/": (BY_TOKEN, "a calendar that reads the commitments, by the secret in its address"),
    "scim/v2/": (BY_TOKEN, "a directory, with the organisation's own token"),
    "api/v1/openapi.json": (TO_ALL, "the description of the API"),
    "api/v1/docs": (TO_ALL, "the description of the API, as a page"),
    "api/v1/": (TO_ALL, "the words that an address of the API leads nowhere"),
}


@dataclass(frozen=True)
class Door:
    """`verbs`: what it asks for, one after the other; a CSV file asks for a second one."""

    address: Address
    method: str
    verbs: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.address.route.startswith(API)

    @property
    def shown(self) -> str:
        """The address without the types of its parts."""
        return "/" + re.sub(r"<\w+:", "<", self.address.route)

    def path(self, tenant: UUID) -> str:
        return path(self.address, tenant)

    def __str__(self) -> str:
        return f"{self.method} {self.shown}"


def path(address: Address, tenant: UUID) -> str:
    """The address in a tenant, with ids of nothing where it takes any."""
    kinds = {name: kind for kind, name in re.findall(r"<(\w+):(\w+)>", address.route)}
    known = {"int": "1", "slug": "word", "str": "word", "path": "word"}
    values = {name: WORDS.get(name) or known.get(kinds.get(name, "")) or str(ids.new()) for name in address.names}
    return address.path({**values, "tenant": str(tenant)})


def patterns() -> list[tuple[Address, Callable[..., Any]]]:
    """Each address once, with the view that the resolver would take."""
    found: dict[Address, Callable[..., Any]] = {}
    for address, view in _walk(get_resolver(), ""):
        found.setdefault(address, view)
    return list(found.items())


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[Address, Callable[..., Any]]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield Address(route, tuple(re.findall(r"<(?:\w+:)?(\w+)>", route))), pattern.callback


def every() -> list[Door]:
    """The doors with a verb, in the order of the resolver."""
    calls = _calls(api)
    found = []
    for address, view in patterns():
        verb = getattr(view, "verb", None)
        if verb is not None:
            found.append(Door(address, _method(view), (verb,)))
        found += calls.get(address.route, [])
    return found


def unnamed() -> list[str]:
    """Addresses that neither ask for a verb nor stand in OUTSIDE."""
    named = {door.address.route for door in every()}
    return [address.route for address, _ in patterns() if address.route not in named and outside(address) is None]


def outside(address: Address) -> tuple[str, str] | None:
    """Who opens an address without a verb, and to what; None for one that is not known."""
    if address.route == "":
        return OUTSIDE["^$"]
    within = address.route.startswith(("t/", f"{API}/t/"))
    return None if within else next((said for start, said in OUTSIDE.items() if address.route.startswith(start)), None)


def _method(view: Callable[..., Any]) -> str:
    """GET where the view takes it. A view that takes POST only says so by the decorator's list."""
    closed = [cell.cell_contents for cell in view.__closure__ or ()]
    lists = [content for content in closed if isinstance(content, list) and content and isinstance(content[0], str)]
    return "POST" if any("GET" not in methods for methods in lists) else "GET"


def _calls(api: NinjaAPI) -> dict[str, list[Door]]:
    """The calls of the API by their address."""
    found: dict[str, list[Door]] = {}
    for bound in api._get_bound_routers():
        for path, view in bound.path_operations.items():
            route = API + re.sub(r"{(\w+:\w+)}", r"<\1>", path)
            address = Address(route, tuple(re.findall(r"<\w+:(\w+)>", route)))
            for operation in view.operations:
                rule = getattr(operation.view_func, "rule", None)
                if rule is None:
                    continue
                for method in operation.methods:
                    found.setdefault(route, []).append(Door(address, method, (rule.verb,)))
                    if rule.export:
                        found[route].append(Door(address, method, (rule.verb, rule.export)))
    return found
