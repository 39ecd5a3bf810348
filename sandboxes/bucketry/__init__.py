"""Bucketry, an object storage as resellers see it: partner accounts, tenants below them, members, allocations and usage.

No company's product: a vendor of our own, made so that it differs from others in what vendors differ in.

    Sign-in         X-Api-Key: <key>; a key belongs to one reseller account and sees what is at and below it
    Ids             whole numbers
    Lists           ?offset=&limit= (at most 100): {"total": 3, "offset": 0, "limit": 100, "entries": [...]}
    Creating        POST /v1/accounts is answered with 202 {"operation": {...}}; GET /v1/operations/{id} until its status is
                    "done" (with "account") or "failed" (with "error"). It takes up to five minutes; lists follow within one.
    Repeats         Idempotency-Key on POST /v1/accounts: for 24 hours the same operation is answered; with another body 422
    Versions        If-Match: <revision> on changes of an account; a stale one is 412, none is 428
    Refusals        {"errors": [{"type": "name_taken", "title": "...", "detail": "..."}], "trace": "b-17"}
    Too many calls  429 with Retry-After

A seed is one object; every key may be left out. Without accounts there is one reseller, 100, "Harbour IT", whose key is
`app.KEY`.

    {"keys": {"<key>": 100},
     "accounts": [{"id": 100, "type": "reseller", "name": "Harbour IT"},
                  {"id": 101, "parent": 100, "type": "tenant", "name": "Alder Dental", "reference": "account-3",
                   "allocations": {"hot/eu-1": null, "archive/eu-1": 5000000000}}],
     "members": [{"account": 101, "login": "ada", "email": "ada@alder.example", "roles": ["owner"]}],
     "logins": ["taken-elsewhere"],
     "usage": {"101": [{"bucket": "backups", "product": "hot", "region": "eu-1", "bytes": 5, "average_bytes": 4}]},
     "settings": {"page": 100, "calls": 100000, "create_seconds": 0, "list_lag": 0, "key_hours": 24}}

`calls` are per minute and key. Control verbs: see `controls`.
"""

from sandboxes.bucketry.app import Bucketry

App = Bucketry

__all__ = ["App", "Bucketry"]
