"""What works once: invitations to join, links by mail, launches from the marketplace. Source: reliability P23."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from purser.postgres.models import TenantModel, Walls


class Invitation(TenantModel):
    """Asks an address to join. Only the token's hash is kept; taking it is one conditional update.

    `role` is one of the kind's, or the id of one of the organisation's own: no key, for that may be deleted before anybody
    accepts; `role_name` is what it was called. `invited_by` is who must still be able to give the role by then, and `home`
    where they invited from if it was on behalf; both are null where Purser or the operator invited the first to come.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("token_hash",))

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=40)
    role_name = models.CharField(max_length=60, blank=True)
    token_hash = models.CharField(max_length=64)
    invited_by = models.ForeignKey("access.Person", null=True, on_delete=models.DO_NOTHING, related_name="+")
    home = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="invitation_token_once"),
        ]

    @property
    def role_words(self) -> str:
        return self.role_name or self.role

    @property
    def own_role(self) -> UUID | None:
        """The id of the organisation's own role; None for one of the kind's."""
        try:
            return UUID(self.role)
        except ValueError:
            return None


class OneTimeLink(TenantModel):
    """A link that works once, for one purpose. What it carries is sealed (vault.py); of its token a hash is
    kept.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("token_hash",))

    purpose = models.CharField(max_length=40)
    token_hash = models.CharField(max_length=64)
    made_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="one_time_link_token_once"),
        ]


class Launch(TenantModel):
    """A launch token that was used. Its unique number is what makes the token work once."""

    jti = models.CharField(max_length=100)
    used_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "jti"], name="launch_once"),
        ]
