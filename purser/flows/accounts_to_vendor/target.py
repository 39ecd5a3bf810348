"""An account's tenant at its vendor as the engine's target.

What the vendor answered is kept for the run, so that looking again costs no call; after a doubt it is forgotten and read anew.
"""

from __future__ import annotations

from dataclasses import replace

from purser.connectors.ports.accounts import Accounts, Role, Tenant, User
from purser.flows.accounts_to_vendor.offerings import NOT_SOLD, Offerings
from purser.flows.accounts_to_vendor.values import DISABLED, ENABLED, Held, Value, mailed, offered
from purser.flows.accounts_to_vendor.wanted import Wanted, mark_of, text_of, words_of
from purser.kernel.errors import Busy, Failure, Missing, Refused
from purser.reconcile.drive import outcome_of
from purser.reconcile.model import Change, Done, Key, Outcome

ADOPT = "Rename the organisation and sync it again; or adopt the tenant that has the name, if it is this organisation's."

GONE = (
    "Somebody deleted it there. Adopt another tenant; or, for a new one, take the account back (remove it where it stood as a "
    "whole) and sync it again."
)


class Vendor:
    """One account's tenant. `afresh`: no receipt is taken for what stands at the vendor; all is read."""

    def __init__(self, port: Accounts, want: Wanted, held: Held, *, afresh: bool = False) -> None:
        self._port, self._want, self._held, self._afresh = port, want, held, afresh
        self._tenant: Tenant | None = None
        self._known = not held.tried and not held.remote  # nothing is there
        self._stale = False  # changes of ours may have given the tenant another version than the one we read
        self.offerings = Offerings(port, want)
        self._user: User | None = None
        self._user_known = self._known
        self._roles: tuple[str, ...] | None = None if afresh else held.roles
        self._given = held.given
        self._mails = held.mails

    # What it is about

    @property
    def tenant(self) -> Tenant | None:
        """As it was read, without a call."""
        return self._tenant

    def reference(self, stage: str) -> str:
        """The vendor's id of what a stage made; of offerings, what was asked for."""
        if stage == "offerings":
            return mark_of(self._want)
        if stage == "tenant":
            return self._tenant.id if self._tenant else ""
        return self._user.id if stage == "user" and self._user else ""

    # Looking

    def look(self, key: Key) -> Value | None:
        found: Value | None = getattr(self, f"_look_{key}")()
        return found

    def _look_tenant(self) -> Value | None:
        tenant = self._there()
        return Value((tenant.kind,), f"{tenant.kind} “{tenant.name}”") if tenant else None

    def _look_removal(self) -> Value | None:
        try:
            return self._look_tenant()
        except Refused as failure:
            if failure.code != "gone":
                raise
            return None

    def _look_production(self) -> Value | None:
        tenant = self._there()
        return Value(("production",), "production") if tenant and tenant.stage == "production" else None

    def _look_enabled(self) -> Value | None:
        tenant = self._there()
        word = ENABLED if tenant and tenant.enabled else DISABLED
        return Value((word,), word) if tenant else None

    def _look_name(self) -> Value | None:
        tenant = self._there()
        return Value((tenant.name,), tenant.name) if tenant else None

    def _look_offerings(self) -> Value | None:
        tenant = self._there()
        return self.offerings.has(tenant.id) if tenant else None

    def _look_unsold(self) -> Value | None:
        tenant = self._there()
        return self.offerings.unsold(tenant.id) if tenant else None

    def _look_user(self) -> Value | None:
        user = self._person()
        return Value((user.login.casefold(),), user.login) if user else None

    def _look_roles(self) -> Value | None:
        if self._roles is None:
            user = self._person(whole=True)
            self._roles = tuple(sorted(text_of(role) for role in user.roles)) if user else ()
        if self._roles and self._roles == self._given:  # as many as the vendor gives of those that were asked for
            return self.after("roles")
        return Value(self._roles, ", ".join(self._roles)) if self._roles else None

    def _look_mail(self) -> Value | None:
        return mailed(self._mails)

    def _there(self) -> Tenant | None:
        """The tenant, read once in a run. Raises Refused, code "gone", for one that we made and that was deleted since."""
        if self._known:
            return self._tenant
        id = self._tenant.id if self._tenant else self._held.remote
        if id:
            self._tenant = self._read(id)
        else:
            self._tenant = self._port.find(self._want.tenant.reference, since=self._held.since)
        if self._tenant is not None and self._tenant.kind != self._want.kind:
            raise Refused(
                f"The tenant that bears our reference is a {self._tenant.kind}, not a {self._want.kind}.",
                code="kind",
                hint="Look at it in the vendor's own portal.",
            )
        self._known, self._stale = True, False
        return self._tenant

    def _read(self, id: str) -> Tenant:
        try:
            tenant = self._port.tenant(id)
        except Missing:
            tenant = None
        if tenant is None or tenant.deleted:
            raise Refused(
                f"The tenant {id} is not at the vendor any more.",
                code="gone",
                hint=GONE,
            )
        return tenant

    def _person(self, *, whole: bool = False) -> User | None:
        """Who signs in. Known by its receipt, it is not read again unless all of it is needed."""
        tenant = self._there()
        if tenant is None or self._user_known:
            return self._user
        if self._held.user and not self._afresh and not whole:
            who = self._want.user
            self._user = User(self._held.user, tenant.id, who.login, who.email, enabled=True, activated=False)
            return self._user
        login = self._want.user.login.casefold()
        read = self._port.users(tenant.id)
        self._user = next((user for user in read.items.values() if user.login.casefold() == login), None)
        if self._user is None and not read.whole:
            raise Busy(f"The tenant's users could not be read to their end: {read.cut}", code="malformed")
        self._user_known = True
        return self._user

    # Changing: only reconcile.drive calls it

    def apply(self, change: Change[Value], *, once: str) -> Outcome:
        try:
            done: Done = getattr(self, f"_apply_{change.key}")(change)
        except Failure as failure:
            self._forget()
            return outcome_of(failure, sent=True)
        return done

    def _forget(self) -> None:
        """Nothing that was read before a doubt counts any more; the tenant's id stays."""
        self._known = self._user_known = False
        self.offerings.forget()
        self._roles = None if self._afresh else self._held.roles

    def _apply_tenant(self, change: Change[Value]) -> Done:
        try:
            self._tenant = self._port.create(self._want.tenant)
        except Refused as failure:
            if failure.code != "name_taken":
                raise
            raise Refused(failure.text, code=failure.code, hint=f"{failure.hint} {ADOPT}".strip()) from failure
        self._known, self._user, self._user_known = True, None, True
        self.offerings.begin()
        return Done(self._tenant.id)

    def _apply_production(self, change: Change[Value]) -> Done:
        tenant = self._of_tenant()
        self._port.open(tenant)
        self._tenant, self._stale = replace(tenant, stage="production"), True
        return Done()

    def _apply_offerings(self, change: Change[Value]) -> Done:
        self.offerings.switch(self._of_tenant().id)
        self._stale = True
        return Done(mark_of(self._want))

    def _apply_unsold(self, change: Change[Value]) -> Done:
        self.offerings.switch_unsold_off(self._of_tenant().id)
        self._stale = True
        return Done()

    def _apply_user(self, change: Change[Value]) -> Done:
        self._user = self._port.create_user(replace(self._want.user, tenant=self._of_tenant().id))
        self._user_known, self._roles, self._stale = True, (), True
        return Done(self._user.id)

    def _apply_roles(self, change: Change[Value]) -> Done:
        """All that are wanted; where the vendor refuses some, those that it gives, with a note of the others (F-9)."""
        user = self._person(whole=not self._user_known)
        if user is None:
            raise Refused("There is no user to give roles to.", code="not_found")
        asked, refused = list(self._want.roles), ""
        while True:
            try:
                given = self._port.assign(user, asked)
                break
            except Refused as failure:
                if failure.code != "role" or len(asked) < 2:
                    raise
                asked.remove(_refused_of(asked, failure.text))
                refused = failure.text
        self._roles = tuple(sorted(text_of(role) for role in given))
        if not refused:
            return Done(",".join(self._roles))
        self._given = self._roles
        left_out = [role for role in self._want.roles if role not in given]
        return Done(",".join(self._roles), f"The vendor does not give {words_of(left_out)}: {refused}")

    def _apply_mail(self, change: Change[Value]) -> Done:
        user = self._person()
        if user is None:
            raise Refused("There is no user to mail to.", code="not_found")
        self._port.mail_activation(user.id)
        self._mails += 1
        return Done()

    def _apply_enabled(self, change: Change[Value]) -> Done:
        tenant = self._fresh()
        on = change.after is not None and change.after.has == (ENABLED,)
        self._tenant = self._port.resume(tenant) if on else self._port.suspend(tenant)
        return Done()

    def _apply_name(self, change: Change[Value]) -> Done:
        self._tenant = self._port.rename(self._fresh(), self._want.tenant.name)
        return Done()

    def _apply_removal(self, change: Change[Value]) -> Done:
        self._port.delete(self._fresh())
        self._tenant, self._known, self._user, self._user_known = None, True, None, True
        return Done()

    def _of_tenant(self) -> Tenant:
        tenant = self._there()
        if tenant is None:
            raise Refused("The tenant is not there.", code="not_found")
        return tenant

    def _fresh(self) -> Tenant:
        """The tenant in the version it has now: after a change of ours it has another."""
        if self._stale:
            self._known = False
        return self._of_tenant()

    # What a stage is to be

    def after(self, key: Key) -> Value | None:
        want = self._want
        match key:
            case "tenant":
                return Value((want.kind,), f"{want.kind} “{want.tenant.name}”")
            case "production":
                return Value(("production",), "production")
            case "offerings":
                return offered(self.offerings.give(self._tenant.id if self._tenant else ""))
            case "unsold":
                return Value((), NOT_SOLD)
            case "user":
                return Value((want.user.login.casefold(),), want.user.login)
            case "roles":
                return Value(tuple(sorted(map(text_of, want.roles))), words_of(want.roles))
            case "enabled":
                word = DISABLED if want.suspended else ENABLED
                return Value((word,), word)
            case "name":
                return Value((want.tenant.name,), want.tenant.name)
            case "mail":
                return mailed(want.mails)
        return None


def _refused_of(asked: list[Role], text: str) -> Role:
    """The role that a refusal names, else the last one."""
    named = [role for role in asked if f"'{role.id}'" in text or f" {role.id} " in f" {text} "]
    return named[0] if named else asked[-1]
