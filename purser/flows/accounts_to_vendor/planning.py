"""Look at what stands at the vendor, and plan what is to be done: the same for a run and for its preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from purser.connectors.ports.accounts import Accounts
from purser.flows.accounts_to_vendor import facts as reading
from purser.flows.accounts_to_vendor.facts import Facts
from purser.flows.accounts_to_vendor.target import Vendor
from purser.flows.accounts_to_vendor.values import DISABLED, ENABLED, Value
from purser.flows.accounts_to_vendor.wanted import Asked, Wanted
from purser.kernel.errors import Failure
from purser.provisioning import steps
from purser.provisioning.models import StepState
from purser.reconcile.model import Plan, Reading
from purser.reconcile.plan import plan as difference

SWITCH = ("tenant", "enabled")  # what it takes to disable a tenant


class Unread(Exception):
    """A stage could not be read at the vendor, or what it is to be cannot be had."""

    def __init__(self, stage: str, failure: Failure) -> None:
        super().__init__(failure.text)
        self.stage, self.failure = stage, failure


@dataclass(frozen=True)
class Looked:
    """`wanted` and the plan have stages as keys, in the order in which they are done."""

    target: Vendor
    wanted: Mapping[str, Value]
    plan: Plan[Value]


def look(facts: Facts, port: Accounts, asked: Sequence[Asked], *, heal: bool = False, at: datetime) -> Looked:
    """Raises Unread."""
    stage = "tenant"
    wanted: dict[str, Value] = {}
    held: dict[str, Value] = {}
    try:
        want = reading.wanting(facts, port, asked, parent=facts.parent or port.root())
        target = Vendor(port, want, reading.held(facts, want), afresh=heal)
        for one in stages(facts, port, want, asked, heal=heal):
            stage = one
            found, after = target.look(stage), target.after(stage)
            if found is None and idle(facts, asked):
                break  # nothing asks for a tenant: a lost call is looked for, and nothing made
            if after is None:
                continue
            wanted[stage] = after
            if found is not None:
                held[stage] = found
    except Failure as failure:
        raise Unread(stage, failure) from failure
    # resuming comes before what needs a tenant in use, disabling after it
    order = sorted(wanted, key=lambda one: one == "enabled" and wanted[one].has == (DISABLED,))
    planned = difference(
        wanted=Reading({one: wanted[one] for one in order}, at), held=Reading(held, at), describe=lambda value: value.has
    )
    return Looked(target, wanted, planned)


def turned(facts: Facts, port: Accounts, asked: Sequence[Asked]) -> str:
    """DISABLED or ENABLED where that comes before anything else, as what was refused may never come to an end; else "".
    Source: acceptance AC-34."""
    account, off = facts.account, reading.suspended(facts, asked)
    refused = any(row.state == StepState.REFUSED for what, row in facts.open.items() if what not in SWITCH)
    stands = account.provisioned_at is not None and bool(account.remote) and "suspend" in port.traits.can
    if not (refused and stands) or off is None or off == account.suspended:
        return ""
    return DISABLED if off else ENABLED


def narrowed(facts: Facts, turn: str) -> Facts:
    """With nothing in view but that, where it comes before anything else."""
    if not turn:
        return facts
    return replace(facts, open={what: facts.open[what] for what in SWITCH if what in facts.open}, turning=True)


def idle(facts: Facts, asked: Sequence[Asked]) -> bool:
    """A customer of whom nothing asks for a tenant; one that it has stays as it is."""
    return facts.kind == "customer" and not asked


def stages(facts: Facts, port: Accounts, want: Wanted, asked: Sequence[Asked], *, heal: bool = False) -> list[str]:
    """Which stages concern this account now. What somebody switched at the vendor is left to findings, unless it is to be
    healed, or a subscription begins that is to have it; so is what nothing asks for any more. Source: acceptance AC-33."""
    if facts.turning:
        return list(SWITCH)
    can, open_ = port.traits.can, facts.open
    turned = want.suspended is not None and "suspend" in can
    turned = turned and (heal or want.suspended != facts.account.suspended or "enabled" in open_)
    if idle(facts, asked):
        turned = turned and bool(facts.account.remote)
        return [*(["tenant"] if turned or "tenant" in open_ else []), *(["enabled"] if turned else [])]
    mail = open_.get(steps.MAIL)
    mailing = facts.account.mailed_at is None if mail is None else mail.state != StepState.ASKED
    having = {
        "tenant": True,
        "enabled": turned,
        "name": "rename" in can and (heal or "name" in open_),
        "production": "production" in can,
        "offerings": "offerings" in can and (heal or not reading.served(facts, want, asked)),
        "unsold": "offerings" in can and heal,
        "user": True,
        "roles": "roles" in can and bool(want.roles),
        steps.MAIL: "activation" in can and mailing,
    }
    left = facts.accepted if heal else frozenset()
    return [stage for stage, has in having.items() if has and stage not in left]
