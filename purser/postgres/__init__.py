"""The machine room: tenancy for a transaction, policies, history triggers, locks, checks, the embedded server."""
