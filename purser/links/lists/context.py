"""The PSA that a list is asked for, `?context=`. Source: acceptance ID-5."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.http import QueryDict

from purser.links.models.connections import PSA_KINDS

OWN: Mapping[str, tuple[str, ...]] = MappingProxyType({"context": tuple(kind.value for kind in PSA_KINDS)})


def context_of(params: QueryDict) -> str:
    """The PSA that the address names, "" for both."""
    asked_for = params.get("context", "")
    return asked_for if asked_for in OWN["context"] else ""
