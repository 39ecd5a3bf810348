"""From a text to relations: what it would change, and changing it in one go. The grammar is in written.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction

from purser.kernel import digest
from purser.kernel.errors import Failure, Refused
from purser.links import relations, suggestions
from purser.links.models import (
    CompanyLink,
    Link,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    SubscriptionLink,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.suggestions import Names
from purser.links.written import LEVELS, Entry, Fault, Level, Terms, Written, render

Kind = Literal["added", "changed", "removed"]
_NO_TERMS = Terms()


@dataclass(frozen=True)
class Change:
    """One relation that differs. `line` is 0 where the text does not name it (removed); names are for people."""

    kind: Kind
    level: Level
    line: int
    ours: str
    before: str
    after: str
    ours_id: UUID
    theirs_id: UUID | None
    relation_id: UUID | None = None
    moved: bool = False
    terms: Terms = _NO_TERMS


@dataclass(frozen=True)
class Comparison:
    """`faults` stop the whole import. `digest` tells whether a later comparison comes to the same."""

    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    same: int

    def of(self, kind: Kind) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]

    @property
    def digest(self) -> str:
        return digest.of([[c.kind, c.level, c.ours_id, c.theirs_id, c.terms] for c in self.changes])


def export(sync: Sync) -> str:
    """All relations of a pair as text, in the order of the marketplace's ids."""
    return render(sync.target.kind, _entries(sync))


def _entries(sync: Sync) -> Iterator[Entry]:
    resources: dict[UUID, list[Link]] = {}
    for link in Link.objects.filter(sync=sync, cleared_at=None).select_related("resource", "service"):
        resources.setdefault(link.subscription_link_id, []).append(link)
    subscriptions: dict[UUID, list[SubscriptionLink]] = {}
    for middle in SubscriptionLink.objects.filter(sync=sync, cleared_at=None).select_related("subscription", "agreement"):
        subscriptions.setdefault(middle.company_link_id, []).append(middle)
    companies = CompanyLink.objects.filter(sync=sync, cleared_at=None).select_related("customer", "account")
    for top in sorted(companies, key=lambda r: r.customer.external_id):
        yield _entry("company", top.customer, top.account)
        for middle in sorted(subscriptions.get(top.pk, ()), key=lambda r: r.subscription.external_id):
            yield _entry("subscription", middle.subscription, middle.agreement)
            for link in sorted(resources.get(middle.pk, ()), key=lambda r: r.resource.external_id):
                entry = _entry("resource", link.resource, link.service)
                yield replace(entry, ours=link.resource.resource_id, theirs=link.service.service_id, terms=terms_of(link))


def _entry(level: Level, ours: Any, theirs: Any) -> Entry:
    names = f"{ours.name} -> {theirs.name}"
    return Entry(level=level, ours=ours.external_id, theirs=theirs.external_id, names=names)


def terms_of(link: Link) -> Terms:
    def text(amount: Decimal | None) -> str:
        return "" if amount is None else digest.units(amount)

    custom = text(link.custom_price) if link.price_source == "custom" else ""
    return Terms(link.decrease, link.drift_policy, link.price_source, custom, text(link.usage_divisor))


@dataclass(frozen=True)
class _Thing:
    id: UUID
    name: str


class _Side:
    """The things of one level on one side, each below its upper; found by the vendor's id, else by a name nobody shares."""

    def __init__(self, rows: Sequence[tuple[UUID, UUID | None, str, str]], normal: suggestions.Normal) -> None:
        self._normal = normal
        self._by_id: dict[tuple[UUID | None, str], _Thing] = {}
        self._names: dict[UUID | None, dict[UUID, str]] = {}
        self._ready: dict[UUID | None, Names[UUID]] = {}
        for id, upper, external_id, name in rows:
            self._by_id[upper, external_id] = _Thing(id, name)
            self._names.setdefault(upper, {})[id] = name

    def find(self, upper: UUID | None, word: str, what: str) -> _Thing:
        """Raises ValueError with the words for a person: unknown, or ambiguous."""
        there = self._by_id.get((upper, word))
        if there is not None:
            return there
        names = self._names.get(upper, {})
        if upper not in self._ready:
            self._ready[upper] = Names(names, normal=self._normal)
        found = self._ready[upper].exact(word)
        if len(found) > 1:
            raise ValueError(f"Ambiguous: {len(found)} things are called {word!r}. Write the id of the {what}.")
        if not found:
            raise ValueError(f"Unknown: there is no {what} {word!r} here.")
        return _Thing(found[0], names[found[0]])


# What each level is called on each side, for messages.
WORDS: Mapping[Level, tuple[str, str]] = {
    "company": ("company", "account"),
    "subscription": ("subscription", "contract"),
    "resource": ("resource", "service"),
}


def _sides(sync: Sync) -> dict[Level, tuple[_Side, _Side]]:
    ours, theirs = {"connection_id": sync.source_id, "gone_at": None}, {"connection_id": sync.target_id, "gone_at": None}

    def side(model: Any, scope: Mapping[str, Any], upper: str, key: str, normal: suggestions.Normal) -> _Side:
        columns = ["pk", *([upper] if upper else []), key, "name"]
        rows = model.objects.filter(**scope).values_list(*columns)
        return _Side([row if upper else (row[0], None, *row[1:]) for row in rows], normal)

    company, product = suggestions.company, suggestions.product
    return {
        "company": (
            side(SourceCustomer, ours, "", "external_id", company),
            side(TargetAccount, theirs, "", "external_id", company),
        ),
        "subscription": (
            side(SourceSubscription, ours, "customer_id", "external_id", product),
            side(TargetAgreement, theirs, "account_id", "external_id", product),
        ),
        "resource": (
            side(SourceResource, ours, "subscription_id", "resource_id", product),
            side(TargetService, theirs, "agreement_id", "service_id", product),
        ),
    }


@dataclass(frozen=True)
class _Held:
    """A relation that stands."""

    relation_id: UUID
    ours: str
    theirs_id: UUID
    theirs: str
    terms: Terms = _NO_TERMS


def _held(sync: Sync) -> dict[Level, dict[UUID, _Held]]:
    standing = {"sync": sync, "cleared_at": None}
    return {
        "company": {
            r.customer_id: _Held(r.pk, r.customer.name, r.account_id, r.account.name)
            for r in CompanyLink.objects.filter(**standing).select_related("customer", "account")
        },
        "subscription": {
            r.subscription_id: _Held(r.pk, r.subscription.name, r.agreement_id, r.agreement.name)
            for r in SubscriptionLink.objects.filter(**standing).select_related("subscription", "agreement")
        },
        "resource": {
            r.resource_id: _Held(r.pk, r.resource.name, r.service_id, r.service.name, terms_of(r))
            for r in Link.objects.filter(**standing).select_related("resource", "service")
        },
    }


def compare(sync: Sync, text: Written) -> Comparison:
    """What the text would change. Relations it does not name are listed as removed; applying says whether they go."""
    faults = list(text.faults)
    if text.psa and text.psa != sync.target.kind:
        faults.append(Fault(1, f"The text speaks of {text.psa}, this pair of {sync.target.kind}."))
        return Comparison((), tuple(faults), 0)
    sides, held = _sides(sync), _held(sync)
    changes: list[Change] = []
    placed: dict[int, tuple[UUID, UUID]] = {}  # line -> the things it speaks of
    named: dict[Level, dict[UUID, int]] = {level: {} for level in LEVELS}
    same = 0
    for entry in text.entries:
        upper = placed.get(entry.under[-1]) if entry.under else None
        if entry.under and upper is None:
            faults.append(Fault(entry.line, f"Not read, as line {entry.under[-1]} above it has a fault."))
            continue
        try:
            mine = sides[entry.level][0].find(upper and upper[0], entry.ours, WORDS[entry.level][0])
            other = sides[entry.level][1].find(upper and upper[1], entry.theirs, WORDS[entry.level][1])
            if mine.id in named[entry.level]:
                raise ValueError(f"{mine.name} stands in line {named[entry.level][mine.id]} already.")
        except ValueError as wrong:
            faults.append(Fault(entry.line, str(wrong)))
            continue
        placed[entry.line] = (mine.id, other.id)
        named[entry.level][mine.id] = entry.line
        change = _change(entry, mine, other, held[entry.level].get(mine.id))
        if change is None:
            same += 1
        else:
            changes.append(change)
    for level in reversed(LEVELS):  # lower ones go first
        for ours_id, relation in held[level].items():
            if ours_id not in named[level]:
                changes.append(
                    Change("removed", level, 0, relation.ours, relation.theirs, "", ours_id, None, relation.relation_id)
                )
    return Comparison(tuple(changes), tuple(sorted(faults, key=lambda f: f.line)), same)


def _change(entry: Entry, mine: _Thing, other: _Thing, held: _Held | None) -> Change | None:
    after = " ".join([other.name, *entry.terms.words()])
    if held is None:
        return Change("added", entry.level, entry.line, mine.name, "", after, mine.id, other.id, moved=True, terms=entry.terms)
    moved = held.theirs_id != other.id
    if not moved and held.terms == entry.terms:
        return None
    before = " ".join([held.theirs, *held.terms.words()])
    return Change(
        "changed",
        entry.level,
        entry.line,
        mine.name,
        before,
        after,
        mine.id,
        other.id,
        held.relation_id,
        moved,
        entry.terms,
    )


class NotApplied(Refused):
    """Nothing was changed; `faults` say why, line by line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        count = len(faults)
        super().__init__(f"Nothing was changed: {count} {'line' if count == 1 else 'lines'} cannot be applied.", code="text")
        self.faults = tuple(faults)


def apply(sync: Sync, comparison: Comparison, *, remove: bool, by: UUID | None, now: datetime) -> int:
    """Make the changes, all or none; how many. `remove`: also clear the relations that the text does not name.

    Raises NotApplied, in which case the caller's transaction stands as before.
    """
    if comparison.faults:
        raise NotApplied(comparison.faults)
    removed = comparison.of("removed") if remove else []
    moved = [c for c in comparison.of("changed") if c.moved]
    placed = [c for c in comparison.changes if c.kind != "removed"]
    faults: list[Fault] = []

    def attempt(change: Change, act: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                act()
        except Failure as failure:
            faults.append(Fault(change.line, f"{change.ours}: {failure.text} {failure.hint}".strip()))
        except IntegrityError:
            faults.append(Fault(change.line, f"{change.ours}: somebody else linked it at the same moment."))

    with transaction.atomic():
        for level in reversed(LEVELS):
            for change in (*removed, *moved):
                if change.level == level:
                    attempt(change, lambda c=change: _clear(c, now))  # type: ignore[misc]
        for level in LEVELS:
            for change in placed:
                if change.level == level:
                    attempt(change, lambda c=change: _set(sync, c, by, now))  # type: ignore[misc]
        if faults:
            raise NotApplied(faults)
    return len(removed) + len(placed)


def _clear(change: Change, now: datetime) -> None:
    assert change.relation_id is not None
    if change.level == "resource":
        relations.unset_resource(link_id=change.relation_id, now=now)
    elif change.level == "subscription":
        relations.unset_subscription(relation_id=change.relation_id, now=now)
    else:
        relations.unset_company(relation_id=change.relation_id, now=now)


def _set(sync: Sync, change: Change, by: UUID | None, now: datetime) -> None:
    assert change.theirs_id is not None
    if change.level == "company":
        relations.set_company(sync=sync, customer_id=change.ours_id, account_id=change.theirs_id, by=by, now=now)
        return
    if change.level == "subscription":
        relations.set_subscription(sync=sync, subscription_id=change.ours_id, agreement_id=change.theirs_id, by=by, now=now)
        return
    terms = change.terms
    usage = Decimal(terms.usage_divisor) if terms.usage_divisor else None
    if change.moved:
        link = relations.set_resource(
            sync=sync, resource_id=change.ours_id, service_id=change.theirs_id, by=by, now=now, usage_divisor=usage
        )
    else:
        assert change.relation_id is not None
        link = Link.objects.get(pk=change.relation_id)
    if terms != terms_of(link):
        relations.set_terms(
            link_id=link.pk,
            version=link.version,
            decrease=terms.decrease,
            drift_policy=terms.drift_policy,
            price_source=terms.price_source,
            custom_price=Decimal(terms.custom_price) if terms.custom_price else None,
            usage_divisor=usage,
        )
