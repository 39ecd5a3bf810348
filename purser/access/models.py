"""People, their places in organisations, and the record of what was done."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from purser.access import identity as identity  # its tables belong to this application, too
from purser.access import single_use as single_use  # and these
from purser.postgres import ids
from purser.postgres.models import TenantModel, Walls, tenant_key


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """A human who signs in; belongs to no tenant, a Membership places them in one."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="person_email_is_lower")]

    def __str__(self) -> str:
        return self.name or self.email


class CustomRole(TenantModel):
    """A role that an organisation made itself: a name and the verbs it holds, out of access/verbs.py."""

    walls: ClassVar[Walls] = Walls(history=True)

    name = models.CharField(max_length=60)
    sentence = models.CharField(max_length=200, blank=True)
    verbs = models.JSONField(default=list)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="custom_role_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(TenantModel):
    """A person's role in an organisation. `organisation` repeats its name for the person's own list of
    places. `own_role` where the role is one that the organisation made itself.

    `partner_administrator`: may act in the tenants of customers who agreed; it counts only with a `package` that is
    paid for. Source: acceptance UC-2, UC-10.
    """

    walls: ClassVar[Walls] = Walls(person_column="person_id", history=True)

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    role = models.CharField(max_length=20)
    own_role = tenant_key(CustomRole, null=True, related_name="members")
    organisation = models.CharField(max_length=200)
    partner_administrator = models.BooleanField(default=False)
    package = models.CharField(max_length=40, blank=True)
    suspended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "person"], name="membership_once"),
            models.CheckConstraint(
                condition=(models.Q(role="custom") & models.Q(own_role__isnull=False))
                | (~models.Q(role="custom") & models.Q(own_role=None)),
                name="membership_one_role",
            ),
        ]


class ApiToken(TenantModel):
    """A person's key to the API of one organisation. Only its hash is kept; `hint` is its last four
    letters. `verbs` are what it is cut to; none: all that the person may.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("token_hash",))

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=4, default="")
    verbs = models.JSONField(default=list)
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="api_token_once"),
        ]


class Act(TenantModel):
    """One thing somebody did, or was refused. `before` and `after` hold listed fields, never a secret.

    `person` is null when Purser itself acted (a job); `actor` is then its name. `request_id` binds all acts
    of one request. Where somebody acted on behalf of the organisation, `home` is the one they came from and
    `grant_id` the consent they acted by. Source: acceptance UC-18.
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    at = models.DateTimeField()
    person = models.ForeignKey(Person, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    actor = models.CharField(max_length=254)
    home = models.UUIDField(null=True)
    home_name = models.CharField(max_length=200, blank=True)
    grant_id = models.UUIDField(null=True)
    verb = models.CharField(max_length=60)
    of_kind = models.CharField(max_length=40, blank=True)
    of_id = models.CharField(max_length=100, blank=True)
    summary = models.CharField(max_length=500)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    outcome = models.CharField(max_length=10, default="done")
    request_id = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(actor=""), name="act_has_an_actor"),
            models.CheckConstraint(
                condition=models.Q(home=None, grant_id=None) | models.Q(home__isnull=False, grant_id__isnull=False),
                name="act_on_behalf_names_its_grant",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-at"], condition=models.Q(grant_id__isnull=False), name="act_on_behalf"),
            models.Index(fields=["tenant", "-at"]),
            models.Index(fields=["tenant", "of_kind", "of_id", "-at"]),
        ]


class History(TenantModel):
    """Rows as they were before and after a change; written by triggers, so bulk and raw changes are kept
    too.
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    at = models.DateTimeField()
    of_table = models.CharField(max_length=63)
    row_id = models.UUIDField()
    operation = models.CharField(max_length=6)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    act_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "of_table", "row_id", "at"])]


class Preference(TenantModel):
    """What a person last chose on a screen (filters, columns, page size), by the screen's name."""

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    screen = models.CharField(max_length=60)
    value = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "person", "screen"], name="preference_once"),
        ]


class SavedView(TenantModel):
    """A list's filter, order and columns under a name. Personal, or shared with the organisation."""

    walls: ClassVar[Walls] = Walls(history=True)

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    screen = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    columns = models.JSONField(default=list)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "screen", "slug"], name="saved_view_slug_once"),
        ]


class Sealed(TenantModel):
    """A secret at rest: ciphertext bound to tenant, owner row and field. Never exported, never logged."""

    walls: ClassVar[Walls] = Walls(history=True, unkept=("value",))

    of_table = models.CharField(max_length=63)
    of_id = models.UUIDField()
    field = models.CharField(max_length=60)
    value = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "of_table", "of_id", "field"], name="sealed_once"),
        ]


class TenantKey(TenantModel):
    """The tenant's data key, wrapped by the installation's key; see postgres/sealing.py."""

    wrapped = models.BinaryField()
    created_at = models.DateTimeField()
