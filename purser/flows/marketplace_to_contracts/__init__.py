"""What the marketplace sells is what the PSA bills: each linked resource's units equal its service's.

refresh (read both sides into the mirror) -> settling (receipts whose answer was lost) -> drift (who changed what) ->
standings and steps (what is wanted, dated) -> reconcile.plan, guard, drive -> links.journal. See docs/life-of/a-sync-step.md.
"""
