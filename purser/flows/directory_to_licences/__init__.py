"""Who is in the chosen collections is licensed: one open licence each, from the mirror of the tenant's directory.

directory.collections (who is in them now) -> run (what is wanted and held) -> reconcile.plan, guard ->
directory.licensing_runs (does it, or waits for a person) -> reconcile.drive -> target.

Source: acceptance CS-23, CS-26 to CS-28.
"""
