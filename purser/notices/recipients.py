"""Who hears a notice: asked when it is delivered, never before, so that a right or a role that is gone counts at once.

Source: ux 37; acceptance UC-13.
"""

from __future__ import annotations

from django.db.models import Q

from purser.access import verbs
from purser.access.models import Membership
from purser.notices.kinds import KINDS
from purser.notices.models import Follow, Notice
from purser.tenants.models import Organisation


def of(notice: Notice, own: Organisation) -> list[Membership]:
    """In the audience's seat: the members who are told, by address. Each may read it, and it concerns them, or it names
    them, or they follow a thing that it tells of.
    """
    kind = KINDS[notice.kind]
    named, following = set(notice.to), followers(notice)
    return [
        row
        for row in members()
        if kind.reads in (may := allowed(row, own))
        and (str(row.person_id) in named or row.person_id in following or kind.concerns(row, own.kind, may))
    ]


def members() -> list[Membership]:
    """Everybody of the organisation acted in who can come in at the moment."""
    rows = Membership.objects.filter(suspended_at=None, person__is_active=True).select_related("person", "own_role")
    return list(rows.order_by("person__email", "id"))


def allowed(row: Membership, own: Organisation) -> frozenset[str]:
    """What a member may, by role and by what the partner leaves to the tenant."""
    custom = row.own_role.verbs if row.own_role is not None else ()
    return verbs.of_member(own.kind, row.role, custom=custom, groups=own.permissions)


def followers(notice: Notice) -> set[object]:
    """The people who follow any of the things that the notice tells of."""
    things = Q()
    for what, id in notice.about:
        things |= Q(what=what, about=id)
    return set(Follow.objects.filter(things).values_list("person_id", flat=True)) if notice.about else set()
