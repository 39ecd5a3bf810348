"""What can be done, and which roles may do it: the one table behind every permission.

A role means nothing by itself; it is the set of verbs that name it. Screens that explain a role and the
matrix on the people page are made from this table, so they cannot say anything else than what is enforced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OWNER, TECHNICIAN, BOOKKEEPER, READER, SUPPORT = "owner", "technician", "bookkeeper", "reader", "support"
SYSTEM = "system"  # Purser itself, in a job; it passes no door, so no verb names it

# Which roles an organisation of each kind has, strongest first, and what to tell a person who chooses one.
ROLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "operator": MappingProxyType(
            {
                OWNER: "Founds resellers, issues licences and decides who works here.",
                SUPPORT: "Sees the resellers and what was done, and changes nothing.",
            }
        ),
        "reseller": MappingProxyType(
            {
                OWNER: "Does everything, and decides who works here.",
                TECHNICIAN: "Sets up connections and relations and runs the sync.",
                BOOKKEEPER: "Approves plans, decides drift and reads every report.",
                READER: "Sees everything but people's keys, and changes nothing.",
            }
        ),
    }
)


@dataclass(frozen=True)
class Verb:
    """`sentence` completes "may ..."; `reseller` and `operator` are the roles that may, in an organisation
    of that kind.

    `sensitive`: only with a password or second factor re-entered in the last five minutes. Source:
    reliability P21.
    """

    name: str
    sentence: str
    reseller: frozenset[str] = frozenset()
    operator: frozenset[str] = frozenset()
    sensitive: bool = False

    def roles(self, kind: str) -> frozenset[str]:
        """The roles that may, in an organisation of this kind; none where the kind has no roles."""
        return {"reseller": self.reseller, "operator": self.operator}.get(kind, frozenset())


_owner = frozenset({OWNER})
_technical = frozenset({OWNER, TECHNICIAN})
_money = frozenset({OWNER, BOOKKEEPER})
_working = frozenset({OWNER, TECHNICIAN, BOOKKEEPER})
_all = frozenset({OWNER, TECHNICIAN, BOOKKEEPER, READER})
_desk = frozenset({OWNER, SUPPORT})

_TABLE = (
    Verb("organisation.read", "open this organisation", _all, _desk),
    Verb("people.read", "see who works here", _all, _desk),
    Verb("people.invite", "invite people", _owner, _owner, sensitive=True),
    Verb("people.change_role", "change what people may do", _owner, _owner, sensitive=True),
    Verb("people.remove", "remove people", _owner, _owner),
    Verb("tokens.read", "see API tokens", _working, _desk),
    Verb("tokens.make", "make API tokens", _technical, _owner, sensitive=True),
    Verb("tokens.revoke", "revoke API tokens", _technical, _owner),
    Verb("acts.read", "see what was done and by whom", _all, _desk),
    Verb("connections.read", "see connections", _all),
    Verb("connections.write", "change connections and their passwords", _technical, sensitive=True),
    Verb("connections.test", "test connections", _technical),
    Verb("connections.reveal", "show the secrets of a connection", _technical, sensitive=True),
    Verb("links.read", "see relations", _all),
    Verb("links.write", "set and remove relations", _working),
    Verb("plans.read", "read plans", _all),
    Verb("plans.approve", "approve plans", _money),
    Verb("receipts.read", "see what was written where", _all),
    Verb("receipts.retry", "try failed steps again", _working),
    Verb("sync.read", "see the schedule and its runs", _all),
    Verb("sync.configure", "change the schedule and the limits", _technical),
    Verb("sync.run", "run the sync now", _working),
    Verb("drift.decide", "decide which side is right when counts differ", _working),
    Verb("checklist.accept", "accept items of the check list", _working),
    Verb("views.write", "save views of lists", _all, _desk),
    Verb("reports.read", "see reports", _all),
    Verb("reports.export", "export reports", _all),
    Verb("mapping.import", "import relations from a file", _working),
    Verb("mapping.export", "export relations to a file", _all),
    Verb("operator.organisations.read", "see the resellers", operator=_desk),
    Verb("operator.organisations.found", "found resellers", operator=_owner),
    Verb("operator.licences.issue", "issue licences", operator=_owner, sensitive=True),
)

VERBS: Mapping[str, Verb] = MappingProxyType({verb.name: verb for verb in _TABLE})


def find(name: str) -> Verb:
    """Raises LookupError for a verb that is not in the table: a typo must never read as "no"."""
    try:
        return VERBS[name]
    except KeyError:
        raise LookupError(f"There is no verb {name!r}; add it to purser/access/verbs.py.") from None


def allowed(kind: str, role: str) -> list[Verb]:
    """What a role allows in an organisation of this kind, in the order of the table: "what will this
    allow?".
    """
    return [verb for verb in _TABLE if role in verb.roles(kind)]
