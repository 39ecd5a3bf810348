"""Which of their names is ours? Ranking over names, with the reason for each. Source: ux 27; acceptance ID-14 to ID-16.

Only one kind of likeness is good enough to be accepted in bulk: names that are equal once case, punctuation, spelling of
umlauts, "&" and the legal form are set aside, and that exactly one thing on each side bears. Everything else is a hint.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from rapidfuzz import fuzz, process

K = TypeVar("K", bound=Hashable)
L = TypeVar("L", bound=Hashable)
Normal = Callable[[str], str]

EXACT = 100
LEAST = 72  # below it names share little but common words
WITHIN = 84  # the score of "all words of the one are in the other"
CLOSE = 5  # a second this near to the first makes the choice a person's

_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ł": "l"})
_SILENT = re.compile(r"[.'’`´]")  # within a word: G.m.b.H., O'Neil
_BETWEEN = re.compile(r"[^\w]+|_")
# fmt: off
_LEGAL = frozenset((
    "ab", "ag", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "eg", "ek", "ev", "gmbh",
    "inc", "incorporated", "kft", "kg", "kgaa", "kk", "limited", "llc", "llp", "lp", "ltd", "mbh", "nv",
    "ohg", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl", "sas", "se", "sl", "sp", "spa", "srl", "srls",
    "ug",
))
# fmt: on
# How a product is paid for is no part of what it is: "(Monthly Pre-Paid)", "(Annual)".
_TERM = re.compile(r"\([^()]*\b(?:monthly|annual|yearly|month|year|prepaid|pre-paid|nce)\b[^()]*\)", re.IGNORECASE)


def words(name: str) -> str:
    """The name in lower case, without marks and punctuation, one space between words."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).casefold().translate(_SPELT)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = _SILENT.sub("", text.replace("&", " and ").replace("+", " and "))
    return " ".join(_BETWEEN.sub(" ", text).split())


def company(name: str) -> str:
    """Words of a company's name without its legal form; never empty where the name has a word."""
    left = words(name).split()
    while len(left) > 1 and (left[-1] in _LEGAL or left[-1] == "and"):
        left.pop()
    return " ".join(left)


def product(name: str) -> str:
    """Words of a product's name without how it is paid for."""
    return words(_TERM.sub(" ", name)) or words(name)


@dataclass(frozen=True)
class Suggestion(Generic[K]):
    """`score` is from 72 to 100, 100 for equal names; `reason` is what to tell a person."""

    id: K
    name: str
    score: int
    reason: str

    @property
    def exact(self) -> bool:
        return self.score == EXACT


@dataclass(frozen=True)
class Ranking(Generic[K]):
    """Best first. `sure` is the one exact match; None where there is none, or more than one."""

    best: tuple[Suggestion[K], ...] = ()

    @property
    def sure(self) -> Suggestion[K] | None:
        exact = [one for one in self.best if one.exact]
        return exact[0] if len(exact) == 1 else None

    @property
    def ambiguous(self) -> bool:
        """Whether the first is not clearly the first."""
        return self.sure is None and len(self.best) > 1 and self.best[0].score - self.best[1].score < CLOSE


class Names(Generic[K]):
    """Names to choose from, made ready once: ranking one name among 5,000 then takes about a millisecond."""

    def __init__(self, names: Mapping[K, str], *, normal: Normal) -> None:
        self._names = dict(names)
        self._normal = normal
        self._plain = {id: normal(name) for id, name in self._names.items()}
        self._by_plain: dict[str, list[K]] = defaultdict(list)
        for id, plain in self._plain.items():
            if plain:
                self._by_plain[plain].append(id)

    def exact(self, name: str) -> tuple[K, ...]:
        """All that have the same name after normalising."""
        return tuple(self._by_plain.get(self._normal(name), ()))

    def rank(self, name: str, *, most: int = 3) -> Ranking[K]:
        """The `most` likeliest. All exact ones are named, however many, so that nobody takes the first for the only one."""
        same = self.exact(name)
        if same:
            return Ranking(tuple(Suggestion(id, self._names[id], EXACT, self._same(name, id)) for id in same))
        plain = self._normal(name)
        if not plain:
            return Ranking()
        found: dict[K, Suggestion[K]] = {}
        for _, score, id in process.extract(
            plain, self._plain, scorer=fuzz.token_sort_ratio, processor=None, limit=most, score_cutoff=LEAST
        ):
            percent = min(round(score), EXACT - 1)
            found[id] = Suggestion(id, self._names[id], percent, f"{percent}% alike")
        for _, _, id in process.extract(
            plain, self._plain, scorer=fuzz.token_set_ratio, processor=None, limit=most, score_cutoff=EXACT
        ):
            enough = min(len(plain.split()), len(self._plain[id].split())) >= 2
            if enough and (id not in found or found[id].score < WITHIN):
                found[id] = Suggestion(id, self._names[id], WITHIN, "All words of the one name are in the other")
        best = sorted(found.values(), key=lambda one: (-one.score, one.name, str(one.id)))
        return Ranking(tuple(best[:most]))

    def _same(self, name: str, id: K) -> str:
        if name.strip() == self._names[id].strip():
            return "Same name"
        return "Same name, apart from case, punctuation or legal form"


@dataclass(frozen=True)
class Matches(Generic[K, L]):
    """`sure` pairs each of ours with the only one of theirs; `ambiguous` are ours that more than one thing could be."""

    sure: tuple[tuple[K, L], ...]
    ambiguous: tuple[K, ...]


def matches(ours: Mapping[K, str], theirs: Mapping[L, str], *, normal: Normal) -> Matches[K, L]:
    """Exact matches that may be accepted in bulk: one of ours and one of theirs bear the name, and nobody else does."""
    bearers: dict[str, list[K]] = defaultdict(list)
    for id, name in ours.items():
        bearers[normal(name)].append(id)
    names = Names(theirs, normal=normal)
    sure: list[tuple[K, L]] = []
    ambiguous: list[K] = []
    for id, name in ours.items():
        found = names.exact(name)
        if len(found) == 1 and len(bearers[normal(name)]) == 1:
            sure.append((id, found[0]))
        elif found:
            ambiguous.append(id)
    return Matches(tuple(sure), tuple(ambiguous))
