"""Acronis Cyber Platform, as far as its Account Management API goes: the tree of tenants, their users, services and usage.

A seed is one object; every key may be left out. Without tenants there is one partner, "Harbour IT", with an API client
(`app.CLIENT`, `app.SECRET`). A tenant that an API client belongs to has all offering items; others have what they are given.

    {"clients": {"<client id>": {"secret": "...", "tenant": "<tenant id>"}},
     "tenants": [{"id": "...", "name": "Harbour IT", "kind": "partner"},            fields as in Acronis' answers
                 {"id": "...", "name": "Alder Dental", "kind": "customer", "parent_id": "...",
                  "items": ["pg_base_servers"], "locked": false}],
     "users": [{"tenant_id": "...", "login": "...", "contact": {"email": "..."}, "roles": ["company_admin"]}],
     "logins": ["taken-elsewhere"],
     "usages": {"<tenant id>": {"<application id>/<item>/<infra id>": 5}},
     "counted": {"<tenant id>": {"<application id>/<item>/<infra id>": {"2026-07": 5}}},     of what is counted by the month
     "settings": {"token_seconds": 7200, "page": 5000, "calls": 100000, "list_lag": 0, "search_lag": 60,
                  "deprovision_seconds": 0, "one_mode": true, "page_loop": false}}

`calls` are per ten seconds for each API client. Users sign in with Basic once they are activated. Control verbs: see
`controls`.
"""

from sandboxes.acronis.app import Acronis

App = Acronis

__all__ = ["Acronis", "App"]
