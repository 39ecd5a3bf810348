"""Accounts, entries, postings: the only writer of its tables. Balanced, append-only, reversed and never changed."""
