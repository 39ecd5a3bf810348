"""What an instance of each kind of vendor is configured with, and how the vendor is called."""

from __future__ import annotations

from collections.abc import Mapping

from purser.access.vendor_settings import Handed, Kinds

_handed = Handed("instance")
_names: dict[str, str] = {}
current = _handed.current


def use(kinds: Kinds, names: Mapping[str, str]) -> None:
    """Only config names vendors: it hands both over at start."""
    _handed.use(kinds)
    _names.update(names)


def names() -> Mapping[str, str]:
    """What vendors are called, by kind, in the order of the pages."""
    return {kind: label(kind) for kind in current().fields}


def label(kind: str) -> str:
    """What a vendor is called; the kind itself where it is not known any more."""
    return _names.get(kind, kind)
