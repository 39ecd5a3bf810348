"""Suspend a tenant and delete it: what is to be done of it, by what stands at the vendor. Source: acceptance AC-30, AC-33."""

from __future__ import annotations

from purser.connectors.ports.accounts import Accounts
from purser.flows.accounts_to_vendor.target import Vendor
from purser.flows.accounts_to_vendor.values import DISABLED, Value
from purser.reconcile.model import Change, Plan
from purser.reconcile.plan import digest_of


def planned(target: Vendor, port: Accounts) -> Plan[Value]:
    """Nothing where the tenant is not there, or was deleted by somebody."""
    there = target.look("removal")
    changes: list[Change[Value]] = []
    if there is not None:
        enabled = target.look("enabled")
        off = Value((DISABLED,), DISABLED)
        if "suspend" in port.traits.can and enabled != off:
            changes.append(Change("enabled", enabled, off))
        changes.append(Change("removal", there, None))
    return Plan(tuple(changes), (), len(changes), digest_of(changes, lambda value: value.has))
