"""Packages that a user of a tenant can have. Names and which of them are paid for: acceptance UC-2, UC-17."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Name: whether it is paid for.
PACKAGES: Mapping[str, bool] = MappingProxyType(
    {
        "UnifyEnterprise": True,
        "UnifyEnterpriseV": True,
        "UnifyProfessional": True,
        "UnifyProfessionalV": True,
        "UnifyTeam": True,
        "UnifyTeamV": True,
        "UnifyEssentialV": True,
        "UnifyFree": False,
    }
)


def paid(package: str) -> bool:
    """Whether a user with this package is a paid one; none is not."""
    return PACKAGES.get(package, False)
