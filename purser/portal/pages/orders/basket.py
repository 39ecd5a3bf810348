"""What a person has put together for one customer and not ordered yet: kept as their choice, like a filter, and so no act.

`once` is the key of the order that it will be: two tabs, a double click and the back button all send the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal import preferences
from purser.postgres import ids, tenancy
from purser.subscriptions.asking import MOST
from purser.subscriptions.models import LineKind
from purser.subscriptions.wanted import Asked


@dataclass(frozen=True)
class Kept:
    """A line as it is kept: ids as text; name, price and terms that were shown when it was put in, "" for none."""

    offer: str
    quantity: int
    price: str
    base: str = ""
    instance: str = ""
    currency: str = ""
    terms: str = ""
    name: str = ""

    def asked(self) -> Asked:
        return Asked(
            LineKind.CREATE,
            self.quantity,
            offer=UUID(self.offer),
            base=UUID(self.base) if self.base else None,
            instance=UUID(self.instance) if self.instance else None,
            price=Decimal(self.price) if self.price else None,
            currency=self.currency,
            terms=self.terms,
            name=self.name,
        )


@dataclass(frozen=True)
class Basket:
    once: str
    lines: tuple[Kept, ...] = ()
    note: str = ""

    def asked(self) -> list[Asked]:
        return [line.asked() for line in self.lines]


def read(actor: Actor, buyer: UUID) -> Basket:
    """Takes the actor's seat."""
    with tenancy.acting_in(actor.tenant):
        held = preferences.read(actor, _screen(buyer))
    if not held:
        return Basket(once=ids.new().hex)
    return Basket(held["once"], tuple(Kept(**line) for line in held["lines"]), held["note"])


def write(actor: Actor, buyer: UUID, basket: Basket) -> None:
    """Takes the actor's seat. Raises Refused for more than an order holds."""
    if len(basket.lines) > MOST:
        raise Refused(f"An order has 1 to {MOST} lines; this one would have {len(basket.lines)}.", code="lines")
    with tenancy.acting_in(actor.tenant):
        preferences.write(actor, _screen(buyer), asdict(basket))


def forget(actor: Actor, buyer: UUID, once: str) -> None:
    """What was ordered is in it no more; one that was begun since stays. Takes the actor's seat."""
    if read(actor, buyer).once == once:
        with tenancy.acting_in(actor.tenant):
            preferences.write(actor, _screen(buyer), {})


def put(basket: Basket, line: Kept) -> Basket:
    return replace(basket, lines=(*basket.lines, line))


def set_line(basket: Basket, number: int, **changed: Any) -> Basket:
    """Change the line of this number, from 0. Raises Refused where there is none."""
    _check(basket.lines, number)
    lines = list(basket.lines)
    lines[number] = replace(lines[number], **changed)
    return replace(basket, lines=tuple(lines))


def drop(basket: Basket, number: int) -> Basket:
    _check(basket.lines, number)
    return replace(basket, lines=basket.lines[:number] + basket.lines[number + 1 :])


def _check(lines: Sequence[Kept], number: int) -> None:
    if not 0 <= number < len(lines):
        raise Refused("This line is not in the order any more.", code="line", hint="Reload the page.")


def _screen(buyer: UUID) -> str:
    return f"basket of {buyer}"


# What a form sends.


def whole(text: str) -> int:
    """A quantity as typed, negative ones too: the refusal that follows names it. Raises Refused for what no number is."""
    sent = text.strip()
    if not (sent.removeprefix("-").isdecimal() and sent.isascii() and len(sent) <= 9):
        raise Refused(f"“{sent[:20]}” is no quantity.", code="quantity", hint="Write a whole number.")
    return int(sent)


def amount(text: str) -> Decimal:
    """A price as the form had it. Raises Refused."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 <= value < 10**10):
        raise Refused("The price of this form is none.", code="price", hint="Reload the page.")
    return value


def shown(text: str) -> str:
    """A price as a form had it, "" where it shows none. Raises Refused."""
    return str(amount(text)) if text else ""


def id_of(text: str, *, optional: bool = False) -> str:
    """An id as text. Raises Refused for what is none."""
    if optional and not text:
        return ""
    try:
        return str(UUID(text))
    except ValueError:
        raise Refused("This form names something that is not there.", code="form", hint="Reload the page.") from None
