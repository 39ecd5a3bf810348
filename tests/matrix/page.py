"""The page about permissions, from the table of verbs and the resolver: `python -m tests.matrix` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from purser.access import verbs
from purser.tenants import grants
from tests.matrix import doors

PLACE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "permissions.md"
HEAD = """# Permissions

Who may do what, where. This page is made from the table of verbs (`purser/access/verbs.py`) and the site's addresses by
`python -m tests.matrix`; `tests/matrix/` calls every door as every role, in the own tenant, a customer's with and without
consent, and a foreign one, and fails where a door answers otherwise than this page says, or where the page is stale.

## How a door answers

| Who calls | What comes back |
|---|---|
| nobody who is signed in | the page for signing in; 401 at the API |
| somebody who has nothing to do with the tenant, or has no live consent | 404, as for a tenant that does not exist |
| a member whose role lacks the verb | 403, and the attempt is recorded |
| a partner's administrator, by consent, where the verb's area is not in it | 403, recorded with both names |
| whoever may, for a sensitive verb, five minutes after the last proof | the password or second factor again; 401 at the API |
| whoever may | the page |

A partner's people get into a customer's tenant only as partner administrators with a paid package, of a partner that
operations enabled, while a consent of that customer holds; there they have the verbs of the column *partner*, each within its
area. The operator's people get in by break-glass only, for an hour, after a colleague agreed; there they have the verbs of
*support*. An organisation's own roles are made of the same verbs. A token may be cut to some of its person's verbs, and never
does what is sensitive.
"""
SHORT = {
    verbs.OWNER: "owner",
    verbs.TECHNICIAN: "technician",
    verbs.BOOKKEEPER: "bookkeeper",
    verbs.READER: "reader",
    verbs.SUPPORT: "support",
    verbs.ADMINISTRATOR: "administrator",
    verbs.PARTNER: "partner",
}


def text() -> str:
    return "\n".join([HEAD, *_verbs(), *_words(), *_doors()]) + "\n"


def _verbs() -> Iterator[str]:
    for kind in verbs.KINDS:
        outside = [verbs.PARTNER, verbs.SUPPORT] if kind == "customer" else [verbs.SUPPORT]
        roles = list(dict.fromkeys([*verbs.ROLES[kind], *outside]))
        yield f"## In the tenant of a {kind}\n" if kind != "operator" else "## In the tenant of an operator\n"
        yield f"| Verb | May | {' | '.join(SHORT[role] for role in roles)} | Area | Group |"
        yield "|---|---|" + "---|" * (len(roles) + 2)
        for verb in verbs.VERBS.values():
            named = verb.roles(kind)
            if named:
                marks = " | ".join("yes" if role in named else "" for role in roles)
                sensitive = " (sensitive)" if verb.sensitive else ""
                yield f"| `{verb.name}` | {verb.sentence}{sensitive} | {marks} | {verb.area} | {verb.group} |"
        yield ""


def _words() -> Iterator[str]:
    yield "## Areas and groups\n"
    yield "A consent names areas: " + ", ".join(f"{words} (`{name}`)" for name, words in grants.AREAS.items()) + "."
    yield "The partner leaves these groups to the tenant's own administrators, or keeps them:\n"
    yield from (f"- {name}: {words}" for name, words in verbs.GROUPS.items())
    yield ""


def _doors() -> Iterator[str]:
    every = doors.every()
    for title, api in (("Pages", False), ("Calls of the API", True)):
        yield f"## {title}\n"
        yield "| Address | Method | Verb |"
        yield "|---|---|---|"
        rows = sorted({(door.shown, door.method, door.verbs) for door in every if door.is_api == api})
        for route, method, asked in rows:
            words = f"`{asked[0]}`" + (f", as CSV also `{asked[1]}`" if len(asked) > 1 else "")
            yield f"| `{route}` | {method} | {words} |"
        yield ""
    yield "## Addresses without a verb\n"
    yield "| Address | Opens for | What it is |"
    yield "|---|---|---|"
    for start, (who, words) in doors.OUTSIDE.items():
        yield f"| `/{start.strip('^$')}` | {who} | {words} |"


def write() -> None:
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_text(text(), encoding="utf-8")
