"""The port to accounts at Bucketry."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from purser.connectors.bucket import client as calls
from purser.connectors.bucket import wire
from purser.connectors.bucket.client import BucketrySecrets, BucketrySettings, Client
from purser.connectors.ports.accounts import NewTenant, NewUser, Role, Tenant, Traits, User
from purser.connectors.ports.offerings import Kind, Offering, Service, Usage
from purser.connectors.ports.tested import Tested
from purser.connectors.shared import rows as listed
from purser.connectors.shared.answer import malformed
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages
from purser.connectors.shared.unable import Unable, reading
from purser.kernel.errors import Busy, Failure, Refused, Unsure
from purser.reconcile.model import Reading

MOST_NAME = 120
POLLS = 8  # of an operation, before it is left for later
MOST_WAIT = timedelta(seconds=2)  # between two of them
MOST_TIMES = 5  # that an account of one reference was made and deleted within a day

_REFERENCE = re.compile(r"[\x21-\x7e]{1,100}")

T = TypeVar("T")
Known = TypeVar("Known", Tenant, User)


class BucketryConnector(Unable):
    """One reseller's part of Bucketry, as the port `Accounts` says.

    An account is made by an operation that takes a while: it is asked after for some seconds, and else unsure. With our
    reference as the idempotency key a repeat within a day is the first one; it is also a filter of the list, so that `find`
    asks for just that. A service is a product, which is on where storage of it is allocated in a region.
    """

    vendor = "Bucketry"
    traits = Traits(
        kinds=frozenset({"partner", "customer"}),
        can=frozenset({"roles", "activation", "services", "offerings", "rename", "suspend", "delete", "usage"}),
        lag=timedelta(minutes=7),  # five until it is made, one until lists show it, and a clock that is not quite right
        most_name=MOST_NAME,
        roles={"partner": (Role("reseller_viewer"),), "customer": (Role("owner"),)},
    )

    def __init__(
        self,
        *,
        http: Http,
        settings: BucketrySettings,
        secrets: BucketrySecrets,
        clock: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`pause` waits for so many seconds."""
        self._client = Client(http=http, settings=settings, secrets=secrets)
        self._clock = clock
        self._pause = pause
        self._root = ""

    def test(self) -> Tested:
        """The key, the account it belongs to, and whether accounts can be made below it."""
        try:
            own = self._me()
        except Failure as e:
            return Tested(False, f"{e.text} {e.hint}".strip(), e.code)
        if own.kind != "partner":
            text = f"The API key belongs to {own.name}, which is no reseller account: nothing can be made below it."
            return Tested(False, text, "permission")
        if not own.enabled:
            return Tested(False, f"The reseller account {own.name} is suspended.", "disabled")
        return Tested(True, f"Bucketry: reseller account {own.name}.")

    def root(self) -> str:
        if not self._root:
            self._root = self._me().id
        return self._root

    # Tenants

    def tenants(self, under: str = "") -> Reading[Tenant]:
        return self._tenants({"under": wire.checked(under)} if under else {})

    def tenant(self, id: str) -> Tenant:
        path = f"/accounts/{wire.checked(id)}"
        return _same(_parsed(wire.tenant, self._client.get(path), f"GET {path}", effect=False), id, effect=False)

    def find(self, reference: str, *, since: datetime | None = None) -> Tenant | None:
        _check(reference)
        found = self._tenants({"reference": reference})
        if not found.whole:
            raise Busy(f"What is at Bucketry could not be read to its end: {found.cut}", code="malformed")
        ours = [tenant for tenant in found.items.values() if tenant.reference == reference]
        if len(ours) > 1:
            names = ", ".join(sorted(f"{t.name} ({t.id})" for t in ours))
            raise Refused(
                f"{len(ours)} accounts at Bucketry bear our reference {reference}: {names}.",
                code="duplicate",
                hint="Keep one of them, and clear the reference of the others.",
            )
        return ours[0] if ours else None

    def create(self, new: NewTenant) -> Tenant:
        """Raises Unsure(code="under_way") where Bucketry takes longer than we ask."""
        _check(new.reference)
        if not 0 < len(new.name) <= MOST_NAME:
            raise Refused(f"An account's name has 1 to {MOST_NAME} characters, not {len(new.name)}.", code="validation")
        first = once = f"{new.reference}.{wire.digest(new)}"
        for _ in range(MOST_TIMES):
            made = self._made(new, once)
            if (made.parent, made.kind, made.reference) != (new.parent, new.kind, new.reference):
                raise malformed("POST /accounts", "it is another account than asked for", effect=True)
            if not made.deleted:
                return made
            once = f"{first}.{made.id}"  # the key answers with one deleted since
        text = f"{new.name} was made and deleted {MOST_TIMES} times within a day."
        raise Refused(text, code="validation", hint="Wait a day.")

    def rename(self, tenant: Tenant, name: str) -> Tenant:
        renamed = self._changed("PATCH", tenant, "", {"name": name})
        if renamed.name != name:
            raise malformed("PATCH /accounts", "the account has another name", effect=True)
        return renamed

    def suspend(self, tenant: Tenant) -> Tenant:
        return self._turned(tenant, "suspend", on=False)

    def resume(self, tenant: Tenant) -> Tenant:
        return self._turned(tenant, "resume", on=True)

    def delete(self, tenant: Tenant) -> None:
        self._client.done("DELETE", f"/accounts/{wire.checked(tenant.id)}", revision=tenant.version)

    # What a tenant may use

    def services(self) -> Reading[Service]:
        return self._read(self._client.pages("/products"), wire.service, "product")

    def services_of(self, tenant: str) -> frozenset[str]:
        return frozenset(offering.service for offering in self._whole(tenant).values())

    def start(self, tenant: str, service: str) -> None:
        """In every region that the parent has of it."""
        there = self._whole(self.tenant(tenant).parent)
        given = [offering for offering in there.values() if offering.service == service]
        if not given:
            raise Refused(f"The account above has no {service} storage.", code="service")
        held = self._whole(tenant)
        self._allocate(tenant, give=[wire.place(o) for o in given if o.key not in held])

    def stop(self, tenant: str, service: str) -> None:
        off = [o for o in self._whole(tenant).values() if o.service == service]
        self._allocate(tenant, take=[{"product": o.service, "region": o.place} for o in off])

    def available(self, parent: str, kind: Kind) -> Reading[Offering]:
        return self.offerings(parent)

    def offerings(self, tenant: str) -> Reading[Offering]:
        found = self._client.pages(f"/accounts/{wire.checked(tenant)}/allocations")
        return self._read(found, wire.offering, "allocation", key=lambda offering: offering.key)

    def switch(self, tenant: str, offerings: Collection[Offering]) -> Reading[Offering]:
        asked = {offering.key: offering for offering in offerings}
        give = [wire.place(o) for o in asked.values() if o.enabled]
        take = [wire.place(o) for o in asked.values() if not o.enabled]
        now = self._allocate(tenant, give=give, take=take)
        other = [key for key, offering in asked.items() if (key in now) != offering.enabled]
        if other:
            why = f"{len(other)} of {len(asked)} allocations are not as asked for"
            raise malformed("PUT /allocations", why, effect=True)
        return reading({key: now[key] for key in asked if key in now}, self._clock())

    # Who signs in

    def users(self, tenant: str) -> Reading[User]:
        found = self._client.pages(f"/accounts/{wire.checked(tenant)}/members")
        return self._read(found, wire.user, "member")

    def user(self, id: str) -> User:
        path = f"/members/{wire.checked(id)}"
        return _same(_parsed(wire.user, self._client.get(path), f"GET {path}", effect=False), id, effect=False)

    def create_user(self, new: NewUser) -> User:
        path = f"/accounts/{wire.checked(new.tenant)}/members"
        made = _parsed(wire.user, self._client.change("POST", path, wire.member_post(new)), f"POST {path}", effect=True)
        if made.tenant != new.tenant or made.login.casefold() != new.login.casefold():
            raise malformed(f"POST {path}", "it is another member than asked for", effect=True)
        return made

    def assign(self, user: User, roles: Collection[Role]) -> frozenset[Role]:
        path = f"/members/{wire.checked(user.id)}/roles"
        body = {"roles": sorted(role.id for role in roles)}
        held = _parsed(wire.user, self._client.change("PUT", path, body), f"PUT {path}", effect=True).roles
        if {role.id for role in held} != set(body["roles"]):
            raise malformed(f"PUT {path}", "the member's roles are others than asked for", effect=True)
        return held

    def mail_activation(self, user: str) -> None:
        self._client.done("POST", f"/members/{wire.checked(user)}/invitation")

    def delete_user(self, user: User) -> None:
        self._client.done("DELETE", f"/members/{wire.checked(user.id)}")

    # What was used

    def usages(self, tenants: Sequence[str]) -> Reading[Usage]:
        """Bucketry tells of each bucket; what is priced is a product's storage in a region. `value` is the average since the
        period began, `total` what is there now."""
        items: dict[str, Usage] = {}
        cuts: list[str] = []
        for tenant in dict.fromkeys(tenants):
            found = self._read(self._client.pages(f"/accounts/{wire.checked(tenant)}/usage"), wire.stored, "bucket")
            cuts += [found.cut]
            for row in found.items.values():
                new = Usage(
                    tenant, row.product, wire.STORAGE, "bytes", row.average, row.bytes, row.since, "average", place=row.region
                )
                held = items.get(new.key)
                items[new.key] = _together(held, new) if held else new
        return reading(items, self._clock(), *cuts)

    # How

    def _me(self) -> Tenant:
        body = self._client.get("/me").get("account")
        return _parsed(wire.tenant, body if isinstance(body, dict) else {}, "GET /me", effect=False)

    def _tenants(self, params: Mapping[str, str]) -> Reading[Tenant]:
        found: Reading[Tenant] = self._read(self._client.pages("/accounts", params), wire.tenant, "account")
        return reading({id: t for id, t in found.items.items() if not t.deleted}, found.at, found.cut)

    def _made(self, new: NewTenant, once: str) -> Tenant:
        """Order an account, and ask after the operation until it is there."""
        answer = self._client.send("POST", "/accounts", json=wire.account_post(new), once=once)
        held = _parsed(wire.operation, answer.json(), "POST /accounts", effect=True)
        for _ in range(POLLS):
            if held.status != "queued":
                break
            self._pause(min(answer.retry_after or MOST_WAIT, MOST_WAIT).total_seconds())
            held = self._after(held.id)
        if held.status == "failed":
            type, words = calls.of_error(held.error)
            text = f"Bucketry did not make {new.name}: {words}"
            raise calls.refused(type, text) or Refused(text, code="validation")
        if held.account is None:
            raise Unsure(
                f"Bucketry is still making {new.name} (operation {held.id}).",
                code="under_way",
                hint="It is looked for in a few minutes.",
            )
        return held.account

    def _after(self, operation: str) -> wire.Operation:
        """How an operation stands. What fails here says nothing of the operation itself."""
        path = f"/operations/{operation}"
        try:
            held = _parsed(wire.operation, self._client.get(path), f"GET {path}", effect=False)
        except Failure as e:
            raise Unsure(f"What became of operation {operation} is not known: {e.text}", code=e.code, hint=e.hint) from e
        if held.id != operation:
            raise malformed(f"GET {path}", "it is about another operation", effect=True)
        return held

    def _changed(self, method: str, tenant: Tenant, way: str, body: Any = None) -> Tenant:
        path = f"/accounts/{wire.checked(tenant.id)}{way}"
        answer = self._client.change(method, path, body, revision=tenant.version)
        return _same(_parsed(wire.tenant, answer, f"{method} {path}", effect=True), tenant.id, effect=True)

    def _turned(self, tenant: Tenant, way: str, *, on: bool) -> Tenant:
        turned = self._changed("POST", tenant, f"/{way}")
        if turned.enabled != on:
            raise malformed(f"POST /{way}", "the account is not as asked for", effect=True)
        return turned

    def _whole(self, tenant: str) -> Mapping[str, Offering]:
        found = self.offerings(tenant)
        if not found.whole:
            raise Busy(f"What account {tenant} has could not be read to its end: {found.cut}", code="malformed")
        return found.items

    def _allocate(
        self, tenant: str, *, give: Sequence[dict[str, Any]] = (), take: Sequence[dict[str, Any]] = ()
    ) -> Mapping[str, Offering]:
        path = f"/accounts/{wire.checked(tenant)}/allocations"
        rows = self._client.change("PUT", path, {"give": give, "take": take}).get("entries")
        if not isinstance(rows, list):
            raise malformed(f"PUT {path}", "it holds no list of entries", effect=True)
        read = listed.read(rows, wire.offering, "allocation", key=lambda offering: offering.key)
        if read.faults:
            raise malformed(f"PUT {path}", read.faults[0], effect=True)
        return read.items

    def _read(
        self, pages: Pages[Any], parse: Callable[[dict[str, Any]], T], kind: str, **more: Callable[[T], str]
    ) -> Reading[T]:
        read = listed.read(pages.rows, parse, kind, **more)
        return reading(read.items, self._clock(), listed.reasons(pages.cut, read.faults))


def _together(a: Usage, b: Usage) -> Usage:
    return Usage(a.tenant, a.service, a.name, a.unit, a.value + b.value, a.total + b.total, a.since, a.counts, place=a.place)


def _parsed(parse: Callable[[Any], T], body: Any, what: str, *, effect: bool) -> T:
    """One value out of an answer; raises Busy or Unsure, code "malformed"."""
    try:
        return parse(body if isinstance(body, dict) else {})
    except listed.Malformed as e:
        raise malformed(what, f"it {e}", effect=effect) from None


def _check(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):
        text = f"A reference has 1 to 100 printable ASCII characters, not {len(reference)} of these."
        raise Refused(text, code="validation")


def _same(found: Known, id: str, *, effect: bool) -> Known:
    if found.id != id:
        raise malformed("the call", "it is about another one than asked for", effect=effect)
    return found
