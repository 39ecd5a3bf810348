from purser.directory.models.licensing import (
    AutoLicensing,
    Cause,
    Chosen,
    Collection,
    Item,
    Licence,
    LicensingRun,
    LicensingStep,
    RunState,
    StepState,
)
from purser.directory.models.people import Group, Member, Source, SourceKind, SourceState, Upload, User

__all__ = [
    "AutoLicensing",
    "Cause",
    "Chosen",
    "Collection",
    "Group",
    "Item",
    "Licence",
    "LicensingRun",
    "LicensingStep",
    "Member",
    "RunState",
    "Source",
    "SourceKind",
    "SourceState",
    "StepState",
    "Upload",
    "User",
]
