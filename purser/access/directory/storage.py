"""Users and groups of the organisation acted in, as the SCIM library reads and writes them. Every change is an act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Union
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from scim2_models import (
    InvalidValueException,
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    ScimProvider,
    SearchRequest,
    UniquenessException,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import ScimStorage, SearchPage

from purser.access import acts
from purser.access.actors import Actor
from purser.access.directory import placing
from purser.access.identity import DirectoryGroup, DirectoryMember, DirectoryUser

Row = DirectoryUser | DirectoryGroup
TABLES: dict[str, type[Row]] = {"User": DirectoryUser, "Group": DirectoryGroup}
# Kept in columns or tables of their own, or not at all: a password that a directory sends is nobody's here.
_APART = frozenset({"id", "meta", "password", "groups", "members"})
_AT_ONCE = 500  # rows read at a time where the database cannot answer a filter


class Storage(ScimStorage):
    """For one request, in the seat of the organisation, as its directory."""

    def __init__(self, provider: ScimProvider, *, actor: Actor, now: datetime) -> None:
        self.provider = provider
        self.actor = actor
        self.now = now

    @contextmanager
    def operation(self) -> Iterator[None]:
        """A part that fails leaves nothing behind."""
        with transaction.atomic():
            yield

    def get(
        self, resource_type: ResourceType, resource_id: str, *, response_parameters: ResponseParameters[Any] | None = None
    ) -> Resource[Any]:
        return self._shown(resource_type, [self._row(resource_type, resource_id)])[0]

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        start, count = search_request.start_index_0 or 0, search_request.count
        stop = None if count is None else start + count
        if len(resource_types) == 1 and search_request.filter is None and search_request.sort_by is None:
            rows = TABLES[str(resource_types[0].name)].objects.order_by("created_at", "id")
            return SearchPage(rows.count(), self._shown(resource_types[0], list(rows[start:stop])))
        found = [one for kind in resource_types for one in self._matching(kind, resource_types, search_request)]
        if search_request.sort_by is not None:
            falling = search_request.sort_order == SearchRequest.SortOrder.descending
            found.sort(key=lambda one: _sort_key(search_request, one), reverse=falling)
        return SearchPage(len(found), found[start:stop])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        row = TABLES[str(resource_type.name)](created_at=self.now, changed_at=self.now)
        self._keep(row, resource, was_active=None)
        return self.get(resource_type, str(row.pk))

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        row = self._row(resource_type, str(resource.id), version=expected_version)
        row.changed_at, row.version = self.now, row.version + 1
        self._keep(row, resource, was_active=row.active if isinstance(row, DirectoryUser) else None)
        return self.get(resource_type, str(row.pk))

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        row = self._row(resource_type, resource_id, version=expected_version)
        self._note(row, f"The directory removed {_words(row)}")
        if isinstance(row, DirectoryUser):
            placing.remove(self.actor, row, now=self.now)
            return
        self._set_members(row, {})
        row.delete()

    def _row(self, resource_type: ResourceType, id: str, *, version: str | None = None) -> Row:
        """The row, locked: two writers of one entry follow each other. Raises NotFoundException for a foreign id, too."""
        try:
            row = TABLES[str(resource_type.name)].objects.select_for_update().filter(pk=UUID(id)).first()
        except ValueError:
            row = None
        if row is None:
            raise NotFoundException(detail=f"There is no {resource_type.name} {id[:100]!r}.")
        if version is not None and version != _version(row):
            raise PreconditionFailedException
        return row

    def _keep(self, row: Row, resource: Resource[Any], *, was_active: bool | None) -> None:
        new = row._state.adding
        given = resource.model_dump(mode="json")
        members = given.get("members") or []
        row.values = {name: value for name, value in given.items() if name not in _APART}
        row.external_id = _short("externalId", given.get("externalId") or "")
        if isinstance(row, DirectoryUser):
            row.user_name = _short("userName", given.get("userName") or "")
            row.key = self._unique(row)
            row.active = given.get("active") is not False
        else:
            row.name = _short("displayName", given.get("displayName") or "")
        self._note(row, f"The directory {'added' if new else 'changed'} {_words(row)}")
        row.save(force_insert=new)
        if isinstance(row, DirectoryUser):
            placing.place(self.actor, row, was_active=was_active, now=self.now)
        else:
            self._set_members(row, {str(one.get("value", "")): one.get("display") or "" for one in members})

    def _unique(self, row: DirectoryUser) -> str:
        """The user name as the library compares it. Raises UniquenessException for one that is taken."""
        key = row.user_name.casefold()
        if DirectoryUser.objects.filter(key=key).exclude(pk=row.pk).exists():
            raise UniquenessException(detail=f"There is a user {row.user_name!r} already.")
        return key

    def _set_members(self, row: DirectoryGroup, given: dict[str, str]) -> None:
        """Make these users, with how each is shown, the group's members. Only what differs is written."""
        held = dict(DirectoryMember.objects.filter(group=row).values_list("user_id", "display"))
        wanted = {id: _short("display", given[str(id)]) for id in self._users(given)}
        changed = {id for id in held.keys() | wanted.keys() if held.get(id) != wanted.get(id)}
        if not changed:
            return
        before = placing.roles_given(self.actor.kind, changed)
        DirectoryMember.objects.filter(group=row, user_id__in=changed).delete()
        added = sorted(changed & wanted.keys())
        DirectoryMember.objects.bulk_create(DirectoryMember(group=row, user_id=id, display=wanted[id]) for id in added)
        placing.settle(self.actor, changed, before=before, now=self.now)

    def _users(self, ids: Iterable[str]) -> set[UUID]:
        """The users with these ids. Raises InvalidValueException for any that is none of this directory."""
        texts = set(ids)
        try:
            wanted = {UUID(text) for text in texts}
        except ValueError:
            wanted = set()
        found = set(DirectoryUser.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        if {str(id) for id in found} != texts:
            raise InvalidValueException(detail="A member of a group is a user of this directory, by its id.")
        return found

    def _note(self, row: Row, summary: str) -> None:
        kind = "directory user" if isinstance(row, DirectoryUser) else "directory group"
        after = {"externalId": row.external_id, **({"active": row.active} if isinstance(row, DirectoryUser) else {})}
        acts.record(self.actor, "directory.write", summary=summary, of=(kind, row.pk), after=after, now=self.now)

    def _matching(
        self, resource_type: ResourceType, all_types: list[ResourceType], search_request: SearchRequest[Any]
    ) -> Iterator[Resource[Any]]:
        """All that match, oldest first. What the database can tell narrows them; the library's own word decides."""
        wanted = search_request.filter
        if wanted is not None and not wanted.models:
            models = tuple(self.provider.model_for(kind) for kind in all_types)
            wanted = ScimFilter[Union[models]](str(wanted))  # type: ignore[valid-type]  # noqa: UP007
        table = TABLES[str(resource_type.name)]
        rows = _narrowed(table, table.objects.order_by("created_at", "id"), search_request.filter)
        ids = list(rows.values_list("pk", flat=True))
        for at in range(0, len(ids), _AT_ONCE):
            part = table.objects.filter(pk__in=ids[at : at + _AT_ONCE]).order_by("created_at", "id")
            yield from (one for one in self._shown(resource_type, list(part)) if wanted is None or wanted.match(one))

    def _shown(self, resource_type: ResourceType, rows: list[Row]) -> list[Resource[Any]]:
        """The rows as the library's resources, with their groups or members; two queries for any number."""
        model = self.provider.model_for(resource_type)
        is_user = resource_type.name == "User"
        near, far = ("user_id", "group_id") if is_user else ("group_id", "user_id")
        links = DirectoryMember.objects.filter(**{f"{near}__in": [row.pk for row in rows]})
        beside: dict[UUID, list[dict[str, str]]] = {}
        words = "group__name" if is_user else "display"
        for here, there, display in links.order_by("group__name", far).values_list(near, far, words):
            ref, kind = (f"Groups/{there}", "direct") if is_user else (f"Users/{there}", "User")
            one = {"value": str(there), "$ref": ref, "type": kind, **({"display": display} if display else {})}
            beside.setdefault(here, []).append(one)
        return [_resource(model, str(resource_type.name), row, beside.get(row.pk, [])) for row in rows]


def _resource(model: Any, kind: str, row: Row, beside: list[dict[str, str]]) -> Resource[Any]:
    name = "groups" if kind == "User" else "members"
    found: Resource[Any] = model.model_validate({**row.values, "id": str(row.pk), **({name: beside} if beside else {})})
    found.meta = Meta(resource_type=kind, created=row.created_at, last_modified=row.changed_at, version=_version(row))
    return found


def _narrowed(table: type[Row], rows: QuerySet[Any], wanted: Any) -> QuerySet[Any]:
    """What a directory asks most, by an index: one attribute equal to a text. No more than a hint."""
    node = getattr(wanted, "ast", None)
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or not isinstance(node.value, str):
        return rows
    name, value = str(node.attr_path).casefold(), node.value
    if name == "externalid":
        return rows.filter(Q(external_id=value) | Q(external_id__iexact=value))
    if name == "username" and table is DirectoryUser:
        return rows.filter(key=value.casefold())
    if name == "displayname" and table is DirectoryGroup:
        return rows.filter(name__iexact=value)
    return rows


def _sort_key(search_request: SearchRequest[Any], resource: Resource[Any]) -> tuple[bool, Any, str]:
    value = search_request.sort_value(resource)
    return value is None, "" if value is None else value, str(resource.id)


def _version(row: Row) -> str:
    return f'W/"{row.version}"'


def _short(name: str, text: str) -> str:
    if len(text) > 255:
        raise InvalidValueException(detail=f"{name} has {len(text)} characters; at most 255 are kept.")
    return text


def _words(row: Row) -> str:
    return f"the user {row.user_name}" if isinstance(row, DirectoryUser) else f"the group {row.name}"
