"""Connectors that lie, each in one way, and the promise that finds it out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from purser.connectors.ports.accounts import Accounts, NewTenant, Role, Tenant, User
from purser.connectors.ports.offerings import UNLIMITED, Offering
from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Busy, Failure, Refused, Unsure
from tests.connectors import conformance


class Lying:
    """A connector that is honest but for what a subclass says."""

    def __init__(self, port: Accounts) -> None:
        self.port = port
        self.traits = port.traits

    def __getattr__(self, name: str) -> Any:
        return getattr(self.port, name)


class MakesAnother(Lying):
    """Takes a lost answer for none, and makes it once more in another way."""

    def create(self, new: NewTenant) -> Tenant:
        with suppress(Unsure):
            return self.port.create(new)
        return self.port.create(replace(new, name=f"{new.name} 2"))


class FindsNothing(Lying):
    def find(self, reference: str, **more: Any) -> Tenant | None:
        return None


class FindsTheFirst(Lying):
    """Does not see that two bear our reference."""

    def find(self, reference: str, **more: Any) -> Tenant | None:
        return next((t for t in self.port.tenants().items.values() if t.reference == reference), None)


class FindsWhatResembles(Lying):
    def find(self, reference: str, **more: Any) -> Tenant | None:
        return next((t for t in self.port.tenants().items.values() if t.reference.startswith(reference)), None)


class SaysItIsWhole(Lying):
    def tenants(self, under: str = "") -> Any:
        return replace(self.port.tenants(under), whole=True, cut="")


class CreatesOnACutList(Lying):
    def find(self, reference: str, **more: Any) -> Tenant | None:
        with suppress(Busy):
            return self.port.find(reference, **more)
        return None


class SaysNothingHappened(Lying):
    """Takes what may have happened for what did not."""

    def suspend(self, tenant: Tenant) -> Tenant:
        try:
            return self.port.suspend(tenant)
        except Unsure as e:
            raise Busy(e.text, code=e.code) from e


class ForgetsHowLong(Lying):
    """Does not say when the vendor may be called again."""

    def suspend(self, tenant: Tenant) -> Tenant:
        try:
            return self.port.suspend(tenant)
        except Busy as e:
            raise Busy(e.text, code=e.code) from e


class ClaimsMore(Lying):
    def __init__(self, port: Accounts) -> None:
        super().__init__(port)
        self.traits = replace(port.traits, can=port.traits.can | {"login_check"})


class ClaimsLess(Lying):
    def __init__(self, port: Accounts) -> None:
        super().__init__(port)
        self.traits = replace(port.traits, can=port.traits.can - {"usage"})


class IsQuickerThanItsVendor(Lying):
    def __init__(self, port: Accounts) -> None:
        super().__init__(port)
        self.traits = replace(port.traits, lag=timedelta(minutes=2))


class DeletesWhatIsInUse(Lying):
    def delete(self, tenant: Tenant) -> None:
        now = self.port.tenant(tenant.id)
        self.port.delete(self.port.suspend(now) if now.enabled else now)


class OnlySaysSo(Lying):
    """Answers as asked for and does nothing."""

    def suspend(self, tenant: Tenant) -> Tenant:
        return replace(tenant, enabled=False)

    def rename(self, tenant: Tenant, name: str) -> Tenant:
        return replace(tenant, name=name)

    def delete_user(self, user: User) -> None:
        return None

    def switch(self, tenant: str, offerings: Any) -> Any:
        return replace(self.port.offerings(tenant), items={one.key: one for one in offerings})


class OverwritesOthers(Lying):
    """Names the version of now, whatever was read."""

    def rename(self, tenant: Tenant, name: str) -> Tenant:
        return self.port.rename(self.port.tenant(tenant.id), name)


class LeavesRolesOut(Lying):
    """Gives what the vendor takes, and says that it was all."""

    def assign(self, user: User, roles: Any) -> frozenset[Role]:
        with suppress(Refused):
            self.port.assign(user, [role for role in roles if role.id != "no_such_role"])
        return frozenset(roles)


class MailsTwice(Lying):
    def mail_activation(self, user: str) -> None:
        self.port.mail_activation(user)
        self.port.mail_activation(user)


class LosesQuotas(Lying):
    def switch(self, tenant: str, offerings: Any) -> Any:
        return self.port.switch(tenant, [replace(one, quota=UNLIMITED) for one in offerings])


class ReplacesAll(Lying):
    """Takes away what is not named."""

    def switch(self, tenant: str, offerings: Any) -> Any:
        named = {one.key for one in offerings}
        others: list[Offering] = [o for key, o in self.port.offerings(tenant).items.items() if key not in named]
        return self.port.switch(tenant, [*offerings, *(replace(one, enabled=False) for one in others)])


class CountsOneBucket(Lying):
    def usages(self, tenants: Any) -> Any:
        read = self.port.usages(tenants)
        return replace(read, items={key: replace(one, value=one.value - 2) for key, one in read.items.items()})


class TellsItsSecret(Lying):
    def test(self) -> Tested:
        found = self.port.test()
        return found if found.ok else replace(found, text=f"{found.text} bk_another-secret-of-ours")


class IsAlwaysWell(Lying):
    def test(self) -> Tested:
        with suppress(Failure):
            self.port.test()
        return Tested(True, "Fine.")


LIES: tuple[tuple[type[Lying], Callable[..., None]], ...] = (
    (MakesAnother, conformance.never_two),
    (FindsNothing, conformance.finds_after_a_lost_answer),
    (FindsTheFirst, conformance.finds_only_ours),
    (FindsWhatResembles, conformance.finds_only_ours),
    (SaysItIsWhole, conformance.a_cut_list_is_not_whole),
    (CreatesOnACutList, conformance.a_cut_list_is_not_whole),
    (SaysNothingHappened, conformance.failures),
    (ForgetsHowLong, conformance.failures),
    (ClaimsMore, conformance.traits_are_honest),
    (ClaimsLess, conformance.traits_are_honest),
    (IsQuickerThanItsVendor, conformance.lag_is_honest),
    (DeletesWhatIsInUse, conformance.deletes_what_is_suspended),
    (OnlySaysSo, conformance.suspends_and_resumes),
    (OnlySaysSo, conformance.renames),
    (OnlySaysSo, conformance.users),
    (OnlySaysSo, conformance.offerings),
    (OverwritesOthers, conformance.renames),
    (LeavesRolesOut, conformance.roles),
    (MailsTwice, conformance.mails_when_asked),
    (LosesQuotas, conformance.offerings),
    (ReplacesAll, conformance.offerings),
    (CountsOneBucket, conformance.tells_what_was_used),
    (TellsItsSecret, conformance.test_tells_the_truth),
    (IsAlwaysWell, conformance.test_tells_the_truth),
)
