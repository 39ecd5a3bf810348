"""Microsoft Graph with its sign-in, as far as reading directories goes: users, mailboxes, groups, organisation contacts.

One sandbox holds many customers' directories and the applications registered with it. A seed is one object; every key may
be left out, and of a row everything but its id:

    {"apps": {"<client id>": {"secret": "...", "expired": false}},
     "tenants": {"<tenant id>": {
        "name": "Alder Dental", "domain": "alder.example",
        "grants": {"<client id>": ["User.Read.All", "Group.Read.All", ...]},      consent; "*" is all of them
        "users": [{"id": "...", "displayName": "...", "mail": "..."}],            fields as in Graph's answers
        "groups": [{"id": "...", "displayName": "...", "groupTypes": ["Unified"]}],
        "contacts": [{"id": "...", "displayName": "..."}],
        "members": {"<group id>": ["<id of a user, group or contact>"]},
        "mailboxes": {"<user id>": "user|shared|room|equipment|linked|others"}}},
     "settings": {"page": 100, "delta_page": 100, "delta_days": 7, "delta_status": 410, "token_seconds": 3599,
                  "units": 8000, "page_minutes": 60, "split_members": 0, "replay": false, "page_loop": false}}

A user with `mail` has a mailbox ("user") unless `mailboxes` is given for its tenant. `units` are resource units per ten
seconds for each application and tenant. Control verbs: see `controls`.
"""

from sandboxes.graph.app import Graph

App = Graph

__all__ = ["App", "Graph"]
