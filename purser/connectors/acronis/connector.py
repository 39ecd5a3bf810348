"""The port to accounts at Acronis: tenants and who signs in there. What they may use is in `usage`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from purser.connectors.acronis import fields, wire
from purser.connectors.acronis.client import AcronisSecrets, AcronisSettings, Client
from purser.connectors.acronis.usage import Using, parsed, reading
from purser.connectors.ports.accounts import NewTenant, NewUser, Role, Tenant, Traits, User
from purser.connectors.ports.tested import Tested
from purser.connectors.shared import rows as listed
from purser.connectors.shared.answer import malformed
from purser.connectors.shared.http import Http
from purser.kernel.errors import Busy, Failure, Missing, Refused
from purser.reconcile.model import Reading

SKEW = timedelta(minutes=10)  # between our clock and Acronis'
IDS_A_CALL = 100
MOST_NAME = 255

# A reseller looks, and manages its customers from our portal. Acronis has no role that only reads File Sync & Share.
# Source: acceptance F-9, AC-11, AC-15.
READ_ONLY = (Role("readonly_admin"), Role("protection_ro_admin", "backup"))

_REFERENCE = re.compile(r"[\x21-\x7e]{1,100}")

Known = TypeVar("Known", Tenant, User)


class AcronisConnector(Using):
    """One partner's part of Acronis, as the port `Accounts` says.

    Our reference is a tenant's `internal_tag`, which Acronis' search does not look at: `find` lists what is below us, or what
    of it changed since. A user is known again by its login. Acronis has no keys for repeats; that a parent has each name once
    and each login is there once keeps a late first call and its repeat from both having an effect.
    """

    traits = Traits(
        kinds=frozenset({"partner", "customer"}),
        can=frozenset({
            "login_check", "roles", "activation", "production", "services", "offerings", "modes", "rename", "suspend",
            "delete", "usage",
        }),
        lag=timedelta(minutes=2),
        modes=("per_workload", "per_gigabyte"),
        one_mode=frozenset({"customer"}),
        one_place=frozenset({"customer"}),
        most_name=MOST_NAME,
        roles={"partner": READ_ONLY, "customer": (Role("company_admin"),)},
    )  # fmt: skip

    def __init__(
        self, *, http: Http, settings: AcronisSettings, secrets: AcronisSecrets, clock: Callable[[], datetime]
    ) -> None:
        super().__init__(Client(http=http, settings=settings, secrets=secrets, clock=clock), clock)
        self._root = ""

    def test(self) -> Tested:
        """Sign-in, which tenant the API client belongs to, and whether tenants can be made below it."""
        try:
            own = self.tenant(self.root())
        except Failure as e:
            return Tested(False, f"{e.text} {e.hint}".strip(), e.code)
        if own.kind != "partner":
            text = f"The API client belongs to {own.name}, which is not a partner tenant: nothing can be made below it."
            return Tested(False, text, "permission")
        if not own.enabled:
            return Tested(False, f"The partner tenant {own.name} is disabled.", "disabled")
        return Tested(True, f"Acronis: partner tenant {own.name}.")

    def root(self) -> str:
        if not self._root:
            body = self._client.get(f"/clients/{self._client.client_id}")
            self._root = parsed(lambda row: fields.id_of(row, "tenant_id"), body, "GET /clients", effect=False)
        return self._root

    # Tenants

    def tenants(self, under: str = "") -> Reading[Tenant]:
        root = under or self.root()
        return self._below(root, {})

    def tenant(self, id: str) -> Tenant:
        path = fields.path_of(id)
        found = parsed(wire.tenant, self._client.get(path, {"allow_deleted": "true"}), f"GET {path}", effect=False)
        return _same(found, id, effect=False)

    def find(self, reference: str, *, since: datetime | None = None) -> Tenant | None:
        _check(reference)
        changed = {"updated_since": (since - SKEW).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if since else {}
        found = self._below(self.root(), changed)
        if not found.whole:
            raise Busy(f"What is at Acronis could not be read to its end: {found.cut}", code="malformed")
        ours = [tenant for tenant in found.items.values() if tenant.reference == reference]
        if len(ours) > 1:
            names = ", ".join(sorted(f"{t.name} ({t.id})" for t in ours))
            raise Refused(
                f"{len(ours)} tenants at Acronis bear our reference {reference}: {names}.",
                code="duplicate",
                hint="Keep one of them, and clear the internal tag of the others.",
            )
        return ours[0] if ours else None

    def create(self, new: NewTenant) -> Tenant:
        _check(new.reference)
        if not 0 < len(new.name) <= MOST_NAME:
            raise Refused(f"A tenant's name has 1 to {MOST_NAME} characters, not {len(new.name)}.", code="validation")
        answer = self._client.change("POST", "/tenants", wire.tenant_post(new))
        made = parsed(wire.tenant, answer, "POST /tenants", effect=True)
        if (made.parent, made.kind, made.reference) != (new.parent, new.kind, new.reference):
            raise malformed("POST /tenants", "it is another tenant than asked for", effect=True)
        return made

    def open(self, tenant: Tenant) -> None:
        path = f"{fields.path_of(tenant.id)}/pricing"
        stage, version = parsed(wire.pricing, self._client.get(path), f"GET {path}", effect=False)
        if stage == "production":
            return
        answer = self._client.change("PUT", path, {"mode": "production", "version": int(version)})
        if parsed(wire.pricing, answer, f"PUT {path}", effect=True)[0] != "production":
            raise malformed(f"PUT {path}", "the tenant is not in production", effect=True)

    def rename(self, tenant: Tenant, name: str) -> Tenant:
        return self._put(tenant, {"name": name})

    def suspend(self, tenant: Tenant) -> Tenant:
        return self._put(tenant, {"enabled": False})

    def resume(self, tenant: Tenant) -> Tenant:
        return self._put(tenant, {"enabled": True})

    def delete(self, tenant: Tenant) -> None:
        self._client.done("DELETE", fields.path_of(tenant.id), params={"version": tenant.version})

    # Who signs in

    def login_free(self, login: str) -> bool:
        try:
            self._client.done("GET", "/users/check_login", params={"username": login}, about="login")
        except Refused as e:
            if e.code == "login_taken":
                return False
            raise
        return True

    def users(self, tenant: str) -> Reading[User]:
        """A partner's tenant has users of its own, and below it those of all its customers: only its own are asked for."""
        ids = parsed(fields.ids, self._client.rows(f"{fields.path_of(tenant)}/users"), "GET /tenants/users", effect=False)
        rows: list[Any] = []
        for n in range(0, len(ids), IDS_A_CALL):
            rows += self._client.rows("/users", {"uuids": ",".join(ids[n : n + IDS_A_CALL]), "with_access_policies": "true"})
        read = listed.read(rows, wire.user, "user")
        own = {id: user for id, user in read.items.items() if id in ids and user.tenant == tenant}
        lost = [f"{len(ids) - len(own)} of {len(ids)} users did not come"] if len(own) < len(ids) else []
        return reading(own, (*lost, *read.faults), at=self._clock())

    def user(self, id: str) -> User:
        rows = self._client.rows("/users", {"uuids": fields.checked(id), "with_access_policies": "true"})
        if not rows:
            raise Missing(f"Acronis has no user {id}.", code="not_found")
        return _same(parsed(wire.user, rows[0], "GET /users", effect=False), id, effect=False)

    def create_user(self, new: NewUser) -> User:
        answer = self._client.change("POST", "/users", wire.user_post(new), about="user")
        made = parsed(wire.user, answer, "POST /users", effect=True)
        if made.tenant != new.tenant or made.login.casefold() != new.login.casefold():
            raise malformed("POST /users", "it is another user than asked for", effect=True)
        return made

    def assign(self, user: User, roles: Collection[Role]) -> frozenset[Role]:
        path = f"/users/{fields.checked(user.id)}/access_policies"
        body = self._client.change("PUT", path, wire.policies_put(user, roles), about="role")
        items = body.get("items")
        if not isinstance(items, list):
            raise malformed(f"PUT {path}", "it holds no list of items", effect=True)
        held = parsed(lambda rows: [wire.policy(row, user.id) for row in rows], items, f"PUT {path}", effect=True)
        if {(user.tenant, role) for role in roles} != set(held):
            raise malformed(f"PUT {path}", "the user's roles are others than asked for", effect=True)
        return frozenset(role for _, role in held)

    def mail_activation(self, user: str) -> None:
        self._client.done("POST", f"/users/{fields.checked(user)}/send-activation-email")

    def delete_user(self, user: User) -> None:
        self._client.done("DELETE", f"/users/{fields.checked(user.id)}", params={"version": user.version})

    # How

    def _below(self, root: str, changed: Mapping[str, str]) -> Reading[Tenant]:
        pages = self._client.pages("/tenants", {"subtree_root_id": fields.checked(root), "lod": "full", **changed})
        read = listed.read(pages.rows, wire.tenant, "tenant")
        below = {id: tenant for id, tenant in read.items.items() if id != root and not tenant.deleted}
        return reading(below, read.faults, at=self._clock(), cut=pages.cut)

    def _put(self, tenant: Tenant, changes: Mapping[str, Any]) -> Tenant:
        path = fields.path_of(tenant.id)
        body = self._client.change("PUT", path, {"version": int(tenant.version), **changes})
        changed = _same(parsed(wire.tenant, body, f"PUT {path}", effect=True), tenant.id, effect=True)
        if any(getattr(changed, name) != value for name, value in changes.items()):
            raise malformed(f"PUT {path}", "the tenant is not as asked for", effect=True)
        return changed


def _check(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):
        text = f"A reference has 1 to 100 printable ASCII characters, not {len(reference)} of these."
        raise Refused(text, code="validation")


def _same(found: Known, id: str, *, effect: bool) -> Known:
    if found.id != id:
        raise malformed("the call", "it is about another one than asked for", effect=effect)
    return found
