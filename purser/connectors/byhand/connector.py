"""The port to accounts at a vendor without an interface: each change is a task, and what was confirmed is what stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from purser.connectors.byhand.standing import Standing, standing, together
from purser.connectors.ports.accounts import NewTenant, NewUser, Tenant, Traits, User
from purser.connectors.ports.offerings import UNLIMITED, Kind, Offering, Quota, Service, Usage, offering_key
from purser.connectors.ports.tasks import Ask, Tasks
from purser.connectors.ports.tested import Tested
from purser.connectors.shared.unable import Unable, reading
from purser.kernel.errors import Busy, Missing, Refused
from purser.reconcile.model import Reading

ROOT = "own"
AGAIN = timedelta(minutes=30)  # a confirmation asks for a run by itself; this is for one that was missed
MOST_NAME = 200

_REFERENCE = re.compile(r"[\x21-\x7e]{1,100}")


class ByHandConnector(Unable):
    """One provider's account at such a vendor. A change raises Busy(code="task") until a person has confirmed it, and
    Refused(code="declined") with their words where it cannot be done.

    There is nothing to be read at the vendor: what people confirmed counts. A product is an offering that is on or off.
    """

    vendor = "A vendor without an interface"
    traits = Traits(
        kinds=frozenset({"partner", "customer"}),
        can=frozenset({"services", "offerings", "rename", "suspend", "delete", "usage"}),
        lag=timedelta(0),
        most_name=MOST_NAME,
    )

    def __init__(
        self, *, tasks: Tasks, products: Mapping[str, str], clock: Callable[[], datetime], zone: str = "UTC", name: str = ""
    ) -> None:
        """`products` are names by code; `zone` that of the months in which usage is told; `name` what people call it."""
        self._tasks = tasks
        self._products = products
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._name = name or "the vendor"

    def test(self) -> Tested:
        if not self._products:
            return Tested(False, "No product is named: nobody would know what to switch on.", "lacking")
        return Tested(True, f"There is nothing to call: {len(self._products)} products, and changes become tasks for people.")

    def root(self) -> str:
        return ROOT

    # Tenants

    def tenants(self, under: str = "") -> Reading[Tenant]:
        now, top = self._standing(), under or ROOT
        if top not in (ROOT, *now.tenants):
            raise Missing(f"There is no tenant {top}.", code="not_found")
        below = {id: t for id, t in now.tenants.items() if not t.deleted and _within(now, top, t)}
        return reading(below, self._clock(), *now.odd)

    def tenant(self, id: str) -> Tenant:
        return _there(self._standing(), id)

    def find(self, reference: str, *, since: datetime | None = None) -> Tenant | None:
        _check(reference)
        now = self._standing()
        if now.odd:
            raise Busy(f"What was confirmed cannot be read: {'; '.join(now.odd)}", code="malformed")
        ours = [t for t in now.tenants.values() if t.reference == reference and not t.deleted]
        if len(ours) > 1:
            names = ", ".join(sorted(f"{t.name} ({t.id})" for t in ours))
            raise Refused(f"{len(ours)} tenants bear our reference {reference}: {names}.", code="duplicate")
        return ours[0] if ours else None

    def create(self, new: NewTenant) -> Tenant:
        _check(new.reference)
        if not 0 < len(new.name) <= MOST_NAME:
            raise Refused(f"A tenant's name has 1 to {MOST_NAME} characters, not {len(new.name)}.", code="validation")
        now = self._standing()
        there = next((t for t in now.tenants.values() if t.reference == new.reference and not t.deleted), None)
        if there is not None:
            return there
        if new.parent != ROOT and not _there(now, new.parent).enabled:
            raise Refused(f"The tenant {new.parent} above is suspended.", code="parent_disabled", hint="Resume it first.")
        same = [t for t in now.tenants.values() if t.parent == new.parent and t.name.casefold() == new.name.casefold()]
        if any(not t.deleted and t.reference != new.reference for t in same):
            raise Refused(f"There is a tenant {new.name} already.", code="name_taken", hint="Choose another name.")
        words = {
            "do": "create", "kind": new.kind, "name": new.name, "parent": new.parent, "reference": new.reference,
            "email": new.contact.email, "contact": f"{new.contact.given_name} {new.contact.surname}".strip(),
            "number": new.account_number,
        }  # fmt: skip
        self._ask(now.key(f"tenant:{new.reference}"), f"Make {new.name}", words, ("id",))
        raise Busy(f"{new.name} was confirmed just now.", code="changed")

    def rename(self, tenant: Tenant, name: str) -> Tenant:
        held = _there(self._standing(), tenant.id)
        return held if held.name == name else self._change(tenant, "rename", f"Rename {tenant.name} to {name}", name=name)

    def suspend(self, tenant: Tenant) -> Tenant:
        held = _there(self._standing(), tenant.id)
        return self._change(tenant, "suspend", f"Suspend {tenant.name}") if held.enabled else held

    def resume(self, tenant: Tenant) -> Tenant:
        held = _there(self._standing(), tenant.id)
        return held if held.enabled else self._change(tenant, "resume", f"Resume {tenant.name}")

    def delete(self, tenant: Tenant) -> None:
        now = self._standing()
        if _there(now, tenant.id).deleted:
            return
        if _there(now, tenant.id).enabled:
            raise Refused(f"{tenant.name} is in use.", code="not_disabled", hint="Suspend it before it is deleted.")
        if any(t.parent == tenant.id and not t.deleted for t in now.tenants.values()):
            raise Refused(f"There are tenants below {tenant.name}.", code="rules", hint="Delete these first.")
        self._change(tenant, "delete", f"Delete {tenant.name} with everything in it")

    # What a tenant may use

    def services(self) -> Reading[Service]:
        return reading({code: Service(code, name, "product") for code, name in self._products.items()}, self._clock())

    def services_of(self, tenant: str) -> frozenset[str]:
        now = self._standing()
        return frozenset(now.given[_there(now, tenant).id])

    def start(self, tenant: str, service: str) -> None:
        self.switch(tenant, self._offered({service: ""}).values())

    def stop(self, tenant: str, service: str) -> None:
        self.switch(tenant, [replace(offering, enabled=False) for offering in self._offered({service: ""}).values()])

    def available(self, parent: str, kind: Kind) -> Reading[Offering]:
        now = self._standing()
        held = self._products if parent == ROOT else now.given[_there(now, parent).id]
        return reading(self._offered({code: "" for code in held if code in self._products}), self._clock())

    def offerings(self, tenant: str) -> Reading[Offering]:
        now = self._standing()
        return reading(self._offered(now.given[_there(now, tenant).id]), self._clock(), *now.odd)

    def switch(self, tenant: str, offerings: Collection[Offering]) -> Reading[Offering]:
        now = self._standing()
        held = _there(now, tenant)
        asked = {offering.key: offering for offering in offerings}
        may = self._products if held.parent == ROOT else now.given.get(held.parent, {})
        for offering in asked.values():
            if offering.enabled and (offering.service not in may or offering.service not in self._products):
                text = f"{self._products.get(offering.service, offering.service)} is not the one's above to give."
                raise Refused(text, code="unavailable", hint="Have it switched on there first.")
        on = {o.service: _limit(o.quota) for o in asked.values() if o.enabled}
        off = {o.service: "" for o in asked.values() if not o.enabled and o.service in now.given[tenant]}
        if {code: now.given[tenant].get(code) for code in on} != on or off:
            words = {"on": together(on), "off": together(off)}
            self._change(held, "switch", f"Set what {held.name} may use", **words)
        kept = self.offerings(tenant)
        return reading({key: kept.items[key] for key in asked if key in kept.items}, kept.at, kept.cut)

    # Who signs in

    def users(self, tenant: str) -> Reading[User]:
        now = self._standing()
        _there(now, tenant)
        return reading({id: user for id, user in now.users.items() if user.tenant == tenant}, self._clock(), *now.odd)

    def user(self, id: str) -> User:
        found = self._standing().users.get(id)
        if found is None:
            raise Missing("There is no such user.", code="not_found")
        return found

    def create_user(self, new: NewUser) -> User:
        now = self._standing()
        held = _there(now, new.tenant)
        if not held.enabled:
            raise Refused(f"{held.name} is suspended.", code="disabled", hint="Resume it first.")
        there = next((u for u in now.users.values() if u.login.casefold() == new.login.casefold()), None)
        if there is not None and there.tenant != new.tenant:
            raise Refused(f"{new.login} is taken.", code="login_taken", hint="Choose another user name.")
        if there is not None:
            return there
        named = {"login": new.login, "email": new.email, "contact": f"{new.given_name} {new.surname}".strip()}
        words = {"do": "user", "tenant": held.id, "organisation": held.name, **named}
        self._ask(now.key(f"user:{held.id}:{_short(new.login)}"), f"Make the user {new.login}", words)
        raise Busy(f"{new.login} was confirmed just now.", code="changed")

    def delete_user(self, user: User) -> None:
        now = self._standing()
        if user.id in now.users:
            held = _there(now, user.tenant)
            self._change(held, "user_gone", f"Delete the user {user.login}", user=user.id, login=user.login)

    # What was used

    def usages(self, tenants: Sequence[str]) -> Reading[Usage]:
        """What people told for last month. A tenant whose figures are not told yet is left out, its task asked for, and the
        reading is not whole."""
        now = self._standing()
        start = self._clock().astimezone(self._zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        since = (start - timedelta(days=1)).replace(day=1)
        month = f"{since:%Y-%m}"
        items: dict[str, Usage] = {}
        cuts = list(now.odd)
        for tenant in dict.fromkeys(tenants):
            held = _there(now, tenant)
            products = tuple(sorted(now.given.get(tenant, {})))
            told = now.used.get((tenant, month))
            if told is None and products:
                words = {"do": "usage", "tenant": tenant, "organisation": held.name, "month": month}
                title = f"Tell what {held.name} used in {month}"
                asked = self._tasks.ask(Ask(f"usage:{tenant}:{month}", title, words, products))
                cuts.append(f"What {held.name} used in {month} is to be told until {asked.due_on}")
            for product, value in (told or {}).items():
                used = Usage(tenant, product, product, "quantity", value, Decimal(value), since, "sum")
                items[used.key] = used
        return reading(items, self._clock(), *cuts)

    # How

    def _standing(self) -> Standing:
        return standing(self._tasks.done())

    def _change(self, tenant: Tenant, do: str, title: str, **more: str) -> Tenant:
        """A change of a tenant: until it is confirmed it is one task, whatever else happens to the tenant meanwhile."""
        now = self._standing()
        held = _there(now, tenant.id)
        if held.version != tenant.version:
            raise Busy(f"{held.name} was changed in between.", code="changed")
        words = {"do": do, "tenant": held.id, "organisation": held.name, **more}
        of = f"{do}:{held.id}" + (f":{_short(more['login'])}" if "login" in more else "")
        self._ask(now.key(of), title, words)
        raise Busy(f"{held.name} was changed just now.", code="changed")

    def _ask(self, key: str, title: str, words: Mapping[str, str], answers: tuple[str, ...] = ()) -> None:
        """Raises Busy(code="task") until it is confirmed, and Refused(code="declined"). It returns only where it was confirmed
        after we looked."""
        told = self._tasks.ask(Ask(key, title[:200], {n: v for n, v in words.items() if v}, answers))
        if told.state == "declined":
            text = f"{title}: {self._name} does not do it. {told.note}".strip()
            raise Refused(text, code="declined", hint="Have the task opened again, or take the account back.")
        if told.state == "open":
            text = f"{title}: a person does it at {self._name}, due on {told.due_on}."
            raise Busy(text, code="task", hint="It goes on as soon as the task is confirmed.", retry_after=AGAIN)

    def _offered(self, given: Mapping[str, str]) -> dict[str, Offering]:
        """Each product is one offering, of the product's own service."""
        return {
            offering_key(code, code): Offering(
                code, code, "count", unit="quantity", enabled=True, quota=Quota(int(limit), 0) if limit else UNLIMITED
            )
            for code, limit in given.items()
        }


def _short(login: str) -> str:
    return hashlib.sha256(login.casefold().encode()).hexdigest()[:16]


def _limit(quota: Quota) -> str:
    return "" if quota.soft is None else str(quota.soft + (quota.over or 0))


def _within(now: Standing, top: str, tenant: Tenant) -> bool:
    here: Tenant | None = tenant
    while here is not None:
        if here.parent == top:
            return True
        here = now.tenants.get(here.parent)
    return False


def _there(now: Standing, id: str) -> Tenant:
    if id not in now.tenants:
        raise Missing(f"There is no tenant {id}.", code="not_found")
    return now.tenants[id]


def _check(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):
        text = f"A reference has 1 to 100 printable ASCII characters, not {len(reference)} of these."
        raise Refused(text, code="validation")
