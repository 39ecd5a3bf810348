"""What the table of verbs says of a person at a door. Written a second time, from acceptance UC-10 to UC-21, CS-12 and the
table alone: it shares nothing with the code that decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from purser.access import verbs

OPENS, REFUSED, ABSENT, PROVE, SIGN_IN = "opens", "403", "404", "prove it again", "sign in"


@dataclass(frozen=True)
class Standing:
    """How a person stands to a tenant of this kind: as a member in this role, or from outside within `scopes`.

    `custom`: the verbs of an organisation's own role. `groups`: the tenant permissions that the partner leaves. `cut`: the
    verbs a token is cut to. `proven`: whether it was proven in the last minutes who it is.
    """

    kind: str
    role: str
    scopes: frozenset[str] | None = None
    custom: frozenset[str] | None = None
    groups: str = "abcd"
    cut: frozenset[str] | None = None
    proven: bool = True


def at(door: tuple[str, ...], standing: Standing | None) -> str:
    """What a door that asks for these verbs answers; `None`: the person has nothing to do with the tenant."""
    if standing is None:
        return ABSENT
    asked = [verbs.VERBS[name] for name in door]
    if not all(_may(verb, standing) for verb in asked):
        return REFUSED
    return PROVE if not standing.proven and any(verb.sensitive for verb in asked) else OPENS


def _may(verb: verbs.Verb, standing: Standing) -> bool:
    named = {"operator": verb.operator, "distributor": verb.distributor, "reseller": verb.reseller, "customer": verb.customer}
    roles = named[standing.kind]
    if standing.cut is not None and verb.name not in standing.cut:
        return False
    if standing.scopes is not None:
        return standing.role in roles and (verb.area == "" or verb.area in standing.scopes)
    if standing.custom is not None:
        # an own role is made of what the kind's own people can do at all
        may = verb.name in standing.custom and bool(roles & set(verbs.ROLES[standing.kind]))
    else:
        may = standing.role in roles
    return may and (verb.group == "" or verb.group in standing.groups)
