"""Relations: which thing here is which thing there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from purser.api.schemas.common import Answer, Given, Number, Out, Sent
from purser.links import relations, rewriting
from purser.links.models import CompanyLink, SourceCustomer, SubscriptionLink, TargetAccount
from purser.links.models import Link as Row
from purser.links.queries import proposals


class Upper(Out):
    """A relation of a company or a subscription. `ours` is the marketplace's side, `theirs` the PSA's."""

    id: UUID
    ours: UUID
    theirs: UUID
    made_at: datetime
    cleared_at: datetime | None


class Link(Out):
    """A resource and the service that bills it. Empty rules follow the pair's.

    `expected_units` is what the PSA must show on the latest date that was posted for; null until it was read once. `aside`
    says why the last pass left the link alone, and is empty where nothing holds it back.
    """

    id: UUID
    resource: UUID
    service: UUID
    state: str
    aside: str
    decrease: str
    drift_policy: str
    price_source: str
    custom_price: Number | None
    usage_divisor: Number | None
    expected_units: Number | None
    offset: Number
    made_at: datetime
    cleared_at: datetime | None
    version: int


class Read(Out):
    """How many services the contract has."""

    services: int


class SetCompany(Sent):
    customer: UUID
    account: UUID


class Match(Out):
    """A company and the only account that bears its name; `customer` and `account` are what to send."""

    customer: UUID
    company: str
    account: UUID
    account_name: str


class SetCompanies(Sent):
    relations: Annotated[list[SetCompany], Field(min_length=1, max_length=500)]


class SetSubscription(Sent):
    subscription: UUID
    agreement: UUID


class SetLink(Sent):
    """`usage_divisor`: for a resource that is billed by use, how much use makes one unit."""

    resource: UUID
    service: UUID
    usage_divisor: Given | None = None


class SetMany(Sent):
    """Upper levels are set on the way where they are not yet."""

    relations: Annotated[list[SetLink], Field(min_length=1, max_length=100)]


class Made(Answer):
    link: UUID | None


class Answers(Out):
    """In the order of what was sent. `link` is the relation's id where it was set."""

    rows: list[Made]


class Terms(Sent):
    """What is left out stays; an empty rule follows the pair's. `version` is the one that was read."""

    version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    decrease: Literal["", "next_period_start", "today"] | None = None
    drift_policy: Literal["", "marketplace", "psa", "ask"] | None = None
    price_source: Literal["catalog", "agreement", "custom"] | None = None
    custom_price: Given | None = None
    usage_divisor: Given | None = None


class Move(Out):
    """A link, and the successor's service of the same product; null where there is none yet."""

    link: UUID
    resource: str
    service: UUID | None


class Renewal(Out):
    """A contract that ended or was renewed, and the one that follows it. `recorded`: the PSA itself says so."""

    relation: UUID
    customer: UUID
    company: str
    subscription: str
    agreement: str
    successor: UUID
    successor_name: str
    recorded: bool
    complete: bool
    moves: list[Move]


class Accept(Sent):
    relation: UUID
    successor: UUID


class Switches(BaseModel):
    """Which companies, contracts and resources are shown, as on the mapping page."""

    hide_completed: bool = Field(False, description="Leave out companies whose resources are all linked.")
    expired: bool = Field(False, description="Offer expired contracts too.")
    inactive: bool = Field(False, description="Show inactive subscriptions too.")
    uninvoiced: bool = Field(True, description="Show resources that cost nothing.")
    linked: bool = Field(False, description="Offer contracts that are linked already.")


class Written(Out):
    text: str


class Text(Sent):
    text: Annotated[str, Field(max_length=2_000_000)]


class BringIn(Text):
    """`expect` is the digest of the comparison that was read."""

    expect: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    remove: bool = Field(False, description="Also clear the relations that the text does not name.")


class TextChange(Out):
    kind: str
    level: str
    line: int
    ours: str
    before: str
    after: str


class TextFault(Out):
    line: int
    text: str


class Comparison(Out):
    """What a text would change. Faults stop the whole import."""

    digest: str
    same: int
    changes: list[TextChange]
    faults: list[TextFault]


class Changed(Out):
    changed: int


def match(ours: SourceCustomer, theirs: TargetAccount) -> Match:
    return Match(customer=ours.pk, company=ours.name, account=theirs.pk, account_name=theirs.name)


def company(row: CompanyLink) -> Upper:
    return Upper(id=row.pk, ours=row.customer_id, theirs=row.account_id, made_at=row.made_at, cleared_at=row.cleared_at)


def subscription(row: SubscriptionLink) -> Upper:
    return Upper(id=row.pk, ours=row.subscription_id, theirs=row.agreement_id, made_at=row.made_at, cleared_at=row.cleared_at)


def link(row: Row) -> Link:
    return Link(
        id=row.pk,
        resource=row.resource_id,
        service=row.service_id,
        state=row.state,
        aside="" if row.cleared_at else row.aside,
        decrease=row.decrease,
        drift_policy=row.drift_policy,
        price_source=row.price_source,
        custom_price=row.custom_price,
        usage_divisor=row.usage_divisor,
        expected_units=row.expected_units,
        offset=row.offset,
        made_at=row.made_at,
        cleared_at=row.cleared_at,
        version=row.version,
    )


def answers(rows: list[relations.Answer]) -> Answers:
    return Answers(rows=[Made(id=row.resource_id, ok=row.ok, text=row.text, link=row.link_id) for row in rows])


def renewal(found: proposals.Renewal) -> Renewal:
    return Renewal(
        relation=found.relation.pk,
        customer=found.relation.subscription.customer_id,
        company=found.relation.subscription.customer.name,
        subscription=found.relation.subscription.name,
        agreement=found.relation.agreement.name,
        successor=found.successor.pk,
        successor_name=found.successor.name,
        recorded=found.recorded,
        complete=found.complete,
        moves=[
            Move(link=link.pk, resource=link.resource.name, service=service.pk if service else None)
            for link, service in found.moves
        ],
    )


def comparison(found: rewriting.Comparison) -> Comparison:
    return Comparison(
        digest=found.digest,
        same=found.same,
        changes=[
            TextChange(kind=c.kind, level=c.level, line=c.line, ours=c.ours, before=c.before, after=c.after)
            for c in found.changes
        ],
        faults=[TextFault(line=f.line, text=f.text) for f in found.faults],
    )
