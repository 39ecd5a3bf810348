"""Users and groups of a customer's directory, and where they are read from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.connectors.ports.tested import Tested
from purser.directory import expressions, groups, setting, sources, users
from purser.directory.models import Source as Row
from purser.directory.models import User as Mirrored
from purser.flows.vendor_to_mirror import upload

Kind = Literal["graph", "ldap", "file"]
Expression = Annotated[str, Field(min_length=1, max_length=expressions.LONGEST, examples=['department = "Sales"'])]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Sales, east"])]


class UserNamed(Out):
    id: UUID
    name: str


class Fact(Out):
    name: str
    text: str


class User(Out):
    """`key` is the directory's own id. `mailbox` is its purpose, empty for none; `card` what else is known."""

    id: UUID
    key: str
    display_name: str
    principal_name: str
    mail: str
    department: str
    job_title: str
    enabled: bool
    guest: bool
    listed: bool | None
    mailbox: str
    licensed: bool
    seen_at: datetime
    gone_at: datetime | None
    card: list[Fact]
    groups: list[UserNamed]


class UserCard(Out):
    id: UUID
    display_name: str
    principal_name: str


class UserGroup(Out):
    """`expression` is of a dynamic group of ours, `rule` the directory's own; `whole`: whether all members are known."""

    id: UUID
    name: str
    kind: str
    mail: str
    description: str
    expression: str
    rule: str
    whole: bool
    version: int
    count: int
    members: Annotated[list[UserCard], Field(description="The first 250 by name.")]


class Make(Sent):
    name: Name
    expression: Expression


class UserChange(Make):
    """`version` is the one that was read."""

    version: Annotated[int, Field(ge=1, le=2_000_000_000)]


class Try(Sent):
    expression: Expression


class Matches(Out):
    """`written` is the expression as we spell it; `users` the first 50 by name."""

    written: str
    count: int
    of: int
    users: list[UserCard]


class SourceSetting(Out):
    """`value` is empty for a secret; `kept` tells whether there is one."""

    name: str
    label: str
    secret: bool
    value: str
    kept: bool


class Source(Out):
    """Where users are read from: `kind` is empty until it is chosen. `state` is new, ready or paused; a paused source is read
    only when a person asks or a test succeeds. `stage` tells how far a reading under way is; `whole` and `cut` of the latest.
    """

    kind: str
    state: str
    paused_at: datetime | None
    paused_code: str
    paused_text: str
    tested_at: datetime | None
    tested_text: str
    read_at: datetime | None
    whole: bool
    cut: str
    next_at: datetime | None
    stage: str
    version: int
    settings: list[SourceSetting]
    lacking: list[str]


class SourceValues(Sent):
    """`version` is the one that was read, 0 for a new source. A secret that is left out stays as it is, unless the kind or an
    address changes: then it is forgotten, for it belongs to what it was given for. `kind` graph is Microsoft 365."""

    kind: Kind
    version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    values: Annotated[dict[str, Annotated[str, Field(max_length=setting.LONGEST_TEXT)]], Field(max_length=30)]


class SourceKept(Out):
    """`wiped` are secrets that were forgotten, `lacking` those that are to be given."""

    source: Source
    wiped: list[str]
    lacking: list[str]


class SourceResult(Out):
    """`text` is the directory's own answer where it gave one."""

    ok: bool
    code: str
    text: str


class Fault(Out):
    """Why a row of a file is left out; `column` is empty for the row as a whole."""

    row: int
    column: str
    reason: str


class Preview(Out):
    """What a file would change, and every row that it leaves out: then nobody is taken as gone, and `cut` says why.

    Names are the first 200. `digest` binds what is applied to what was shown.
    """

    name: str
    rows: int
    new: int
    changed: int
    gone: int
    new_names: list[str]
    changed_names: list[str]
    gone_names: list[str]
    groups_new: int
    groups_gone: int
    memberships_begin: int
    memberships_end: int
    mailboxes_changed: int
    faults: list[Fault]
    ignored: list[str]
    cut: str
    digest: str


class Apply(Sent):
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def user(row: Any) -> User:
    return User(
        id=row.pk,
        key=row.key,
        display_name=row.display_name,
        principal_name=row.principal_name,
        mail=row.mail,
        department=row.department,
        job_title=row.job_title,
        enabled=row.enabled,
        guest=row.guest,
        listed=row.listed,
        mailbox=row.mailbox,
        licensed=row.licensed == "yes",
        seen_at=row.seen_at,
        gone_at=row.gone_at,
        card=[Fact(name=name, text=text) for name, text in users.card(row)],
        groups=[UserNamed(id=one.pk, name=one.name) for one in groups.of_user(row)],
    )


def person(row: Mirrored) -> UserCard:
    return UserCard(id=row.pk, display_name=row.display_name, principal_name=row.principal_name)


def group(row: Any) -> UserGroup:
    found = groups.members(row)
    return UserGroup(
        id=row.pk,
        name=row.name,
        kind=row.kind,
        mail=row.mail,
        description=row.description,
        expression=row.expression,
        rule=row.rule,
        whole=row.expanded,
        version=row.version,
        count=found.count(),
        members=[person(one) for one in found[:250]],
    )


def matches(found: groups.Preview) -> Matches:
    return Matches(written=found.written, count=found.count, of=found.of, users=[person(row) for row in found.users])


def source(row: Row | None, now: datetime) -> Source:
    if row is None:
        return Source(
            kind="", state="new", paused_at=None, paused_code="", paused_text="", tested_at=None, tested_text="", read_at=None,
            whole=False, cut="", next_at=None, stage="", version=0, settings=[], lacking=[],
        )  # fmt: skip
    return Source(
        kind=row.kind,
        state=row.state,
        paused_at=row.paused_at,
        paused_code=row.paused_code,
        paused_text=row.paused_text,
        tested_at=row.tested_at,
        tested_text=row.tested_text,
        read_at=row.read_at,
        whole=row.whole,
        cut=row.cut,
        next_at=row.next_at,
        stage=row.stage if sources.reading(row, now=now) else "",
        version=row.version,
        settings=[
            SourceSetting(name=s.field.name, label=s.field.label, secret=s.field.secret, value=s.value, kept=s.kept)
            for s in sources.settings(row.kind, row)
        ],
        lacking=list(sources.lacking(row)),
    )


def kept(saved: setting.Saved, now: datetime) -> SourceKept:
    return SourceKept(source=source(saved.source, now), wiped=list(saved.wiped), lacking=list(saved.lacking))


def result(tested: Tested) -> SourceResult:
    return SourceResult(ok=tested.ok, code=tested.code, text=tested.text)


def preview(shown: upload.Preview) -> Preview:
    people, most = shown.users, upload.SHOWN
    return Preview(
        name=shown.name,
        rows=shown.rows,
        new=len(people.new),
        changed=len(people.changed),
        gone=len(people.gone),
        new_names=[row.display_name for row in people.new[:most]],
        changed_names=[row.display_name for row in people.changed[:most]],
        gone_names=list(people.gone_names[:most]),
        groups_new=len(shown.groups.new),
        groups_gone=len(shown.groups.gone),
        memberships_begin=shown.joins,
        memberships_end=shown.parts,
        mailboxes_changed=shown.boxes,
        faults=[Fault(row=one.row, column=one.column, reason=one.reason) for one in shown.faults],
        ignored=list(shown.ignored),
        cut=shown.cut,
        digest=shown.digest,
    )
