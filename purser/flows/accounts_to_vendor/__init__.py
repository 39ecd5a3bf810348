"""Organisations become tenants at a vendor: a reseller when it is synced, a customer with its first subscription.

provisioning.models.Account, subscriptions.lifecycle -> facts (what we hold) -> wanted (what follows) -> planning (look, and
the difference) -> provisioning.steps (receipts) -> reconcile.drive -> target (the vendor, through connectors.ports.accounts).

sync_options, testing   what a person says of an account, and of an instance
run                     do what is wanted; states: how accounts and subscriptions stand around it; due: who is to go on
previewing              what a run would do, before anything is ordered
handling                adopt, take back, remove, mail again; provisioning.desk has retry, decide and push
comparing               what somebody changed at the vendor; provisioning.findings has accept and heal
using                   how much of what was bought is in use

Source: acceptance AC-8 to AC-15, AC-19 to AC-23, AC-28 to AC-35.
"""
