"""How people get into an organisation other than by an invitation: its sign-in policy, its proven e-mail domains, its
single sign-on, and its directory.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.postgres.models import TenantModel, Walls, tenant_key


class SecondFactor(models.TextChoices):
    REQUIRED = "required", "Everyone who works here"
    PARTNERS = "partners", "Only those who act here for a partner"


class SignInPolicy(TenantModel):
    """What signing in to this organisation takes. Without a row the strictest holds (policy.py)."""

    walls: ClassVar[Walls] = Walls(history=True)

    second_factor = models.CharField(max_length=10, choices=SecondFactor.choices, default=SecondFactor.REQUIRED)
    idle_minutes = models.IntegerField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="sign_in_policy_once"),
            models.CheckConstraint(condition=models.Q(second_factor__in=SecondFactor.values), name="sign_in_policy_known"),
            models.CheckConstraint(condition=models.Q(idle_minutes__range=(5, 180)), name="sign_in_policy_idle"),
        ]


class Domain(TenantModel):
    """An e-mail domain of the organisation; it counts from `proven_at`, when its postmaster opened our letter.

    The sign-in page asks over all organisations which one a domain belongs to, so the operator's seat may list it: a
    domain is no secret, and no person.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("token_hash",), operator_reads=True)

    name = models.CharField(max_length=253)
    token_hash = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="domain_once"),
        ]
        indexes = [models.Index(fields=["name", "proven_at"], name="domain_by_name")]


class SignOn(TenantModel):
    """An organisation's OpenID Connect provider. The client secret is sealed (vault.py).

    `require_mfa`: a sign-in counts only where the provider says that a second factor was used. Whose directory it is must be
    known over all organisations, so that none is founded twice (partners/joining.py): the operator's seat may list it.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True)

    name = models.CharField(max_length=60)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=200)
    require_mfa = models.BooleanField(default=True)
    on = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="sign_on_once"),
        ]


class SignOnSubject(TenantModel):
    """Whom a provider means by a subject: bound at the first sign-in, so that a changed e-mail address changes nobody."""

    walls: ClassVar[Walls] = Walls(history=True)

    person = models.ForeignKey("access.Person", on_delete=models.DO_NOTHING, related_name="+")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    bound_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "issuer", "subject"], name="sign_on_subject_once"),
            models.UniqueConstraint(fields=["tenant", "issuer", "person"], name="sign_on_person_once"),
        ]


class DirectoryToken(TenantModel):
    """The key with which an organisation's directory writes its people here (SCIM). Only its hash is kept."""

    walls: ClassVar[Walls] = Walls(history=True, unkept=("token_hash",))

    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=4)
    token_hash = models.CharField(max_length=64)
    made_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="directory_token_once"),
        ]


class DirectoryUser(TenantModel):
    """A user as the organisation's directory describes them. `values` is the whole description, never a password.

    `person` is set once the address is in a proven domain; until then the entry lets nobody in. `role_before` is the role
    that the member had before a group of the directory gave one; empty where the directory made them a member.
    Source: decision S-3; RFC 7643 section 4.1.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    user_name = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    external_id = models.CharField(max_length=255, blank=True)
    active = models.BooleanField(default=True)
    values = models.JSONField(default=dict)
    person = models.ForeignKey("access.Person", null=True, on_delete=models.DO_NOTHING, related_name="+")
    role_before = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "key"], name="directory_user_name_once"),
            models.UniqueConstraint(fields=["tenant", "person"], name="directory_user_person_once"),
        ]
        indexes = [models.Index(fields=["tenant", "external_id"], name="directory_user_external")]


class DirectoryGroup(TenantModel):
    """A group of the directory. `role` is what its members are here: a role of the kind, the id of one of the
    organisation's own, or empty for none.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=255, blank=True)
    role = models.CharField(max_length=40, blank=True)
    values = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "name"], name="directory_group_by_name")]


class DirectoryMember(TenantModel):
    """A user in a group of the directory. `display` is how the directory shows the member in the group."""

    walls: ClassVar[Walls] = Walls(history=True)

    group = tenant_key(DirectoryGroup, related_name="+")
    user = tenant_key(DirectoryUser, related_name="+")
    display = models.CharField(max_length=255, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "group", "user"], name="directory_member_once"),
        ]
        indexes = [models.Index(fields=["tenant", "user"], name="directory_member_of_user")]
