"""The entities this sandbox knows: their fields, what may be done with them, their picklists.

A field is written `name:type`, then in this order: `(n)` longest length, `!` required when created,
`-` read-only, `@Entity` a reference, `#` a picklist. Types are those of Autotask: integer, long, double,
string, boolean, datetime.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandboxes.kit import error

Row = dict[str, Any]

NUMBERS = frozenset({"integer", "long", "double"})
INT32 = 2**31
_FIELD = re.compile(r"(\w+):(\w+)(?:\((\d+)\))?(!?)(-?)(?:@(\w+))?(#?)$")

#                        value: label; strings, as Autotask gives them
DEFAULT_PICKLISTS: dict[str, dict[str, str]] = {
    "contractType": {
        "1": "Time & Materials",
        "3": "Fixed Price",
        "4": "Block Hours",
        "6": "Retainer",
        "7": "Recurring Service",
        "8": "Per Ticket",
    },
    "contractCategory": {"1": "Managed Services", "2": "Cloud Subscriptions"},
    "status": {"0": "Inactive", "1": "In Effect"},
    "periodType": {"1": "One-Time", "2": "Monthly", "3": "Quarterly", "4": "Semi-Annual", "5": "Yearly"},
    "contractPeriodType": {"2": "Monthly", "3": "Quarterly", "4": "Semi-Annual", "5": "Yearly"},
    "companyType": {"1": "Customer", "2": "Lead", "3": "Prospect", "6": "Vendor", "7": "Partner"},
}
#                        what a row has when nobody says otherwise
DEFAULTS: dict[str, Row] = {
    "Companies": {"companyType": 1, "isActive": True, "phone": "", "userDefinedFields": []},
    "Contracts": {"status": 1, "contractPeriodType": 2, "userDefinedFields": []},
    "Services": {"isActive": True, "periodType": 2},
    "ServiceBundles": {"isActive": True, "periodType": 2},
    "Products": {"isActive": True, "userDefinedFields": []},
}
MONTHS = {"Monthly": 1, "Quarterly": 3, "Semi-Annual": 6, "Yearly": 12}

_LINE_PRICES = """
    unitPrice:double- internalCurrencyUnitPrice:double- adjustedPrice:double
    internalCurrencyAdjustedPrice:double- invoiceDescription:string(1000) internalDescription:string(100)
    quoteItemID:long-
"""
_UNITS = """
    units:integer- price:double- cost:double- internalCurrencyPrice:double- startDate:datetime-
    endDate:datetime- approveAndPostDate:datetime- organizationalLevelAssociationID:integer-
"""
_CATALOG = """
    name:string(100)! description:string(400) invoiceDescription:string(1000) periodType:integer!#
    unitPrice:double unitCost:double billingCodeID:integer serviceLevelAgreementID:long isActive:boolean
    createDate:datetime- lastModifiedDate:datetime- creatorResourceID:integer- updateResourceID:integer-
    sku:string(50)
"""
_FIELDS = {
    "Companies": """
        id:long- companyName:string(100)! companyNumber:string(50) companyType:integer# isActive:boolean
        phone:string(25) address1:string(128) address2:string(128) city:string(50) state:string(40)
        postalCode:string(10) countryID:integer currencyID:integer parentCompanyID:integer@Company
        ownerResourceID:integer webAddress:string(255) taxID:string(50) createDate:datetime-
        lastActivityDate:datetime- lastTrackedModifiedDateTime:datetime-
    """,
    "Contracts": """
        id:long- companyID:integer!@Company contractName:string(100)! contractNumber:string(50)
        contractType:integer!# contractCategory:integer# contractPeriodType:integer# status:integer!#
        startDate:datetime! endDate:datetime! billToCompanyID:integer@Company setupFee:double
        organizationalLevelAssociationID:integer timeReportingRequiresStartAndStopTimes:integer
        serviceLevelAgreementID:integer isDefaultContract:boolean isCompliant:boolean-
        purchaseOrderNumber:string(50) estimatedCost:double estimatedHours:double estimatedRevenue:double
        renewedContractID:long-@Contract description:string(2000)
    """,
    "Services": f"""
        id:long- {_CATALOG} markupRate:double vendorCompanyID:integer@Company
    """,
    "ServiceBundles": f"""
        id:long- {_CATALOG} unitDiscount:double percentageDiscount:double
    """,
    "ServiceBundleServices": """
        id:long- serviceBundleID:long!@ServiceBundle serviceID:long!@Service
    """,
    "Products": """
        id:long- name:string(100)! sku:string(50) description:string(2000) unitPrice:double
        unitCost:double msrp:double periodType:integer# billingType:integer productCategory:integer
        productBillingCodeID:integer vendorProductNumber:string(50) manufacturerName:string(100)
        isActive:boolean isSerialized:boolean
    """,
    "ContractServices": f"""
        id:long- contractID:integer!@Contract serviceID:integer!@Service unitCost:double- {_LINE_PRICES}
    """,
    "ContractServiceBundles": f"""
        id:long- contractID:integer!@Contract serviceBundleID:integer!@ServiceBundle {_LINE_PRICES}
    """,
    "ContractServiceUnits": f"""
        id:long- contractID:integer-@Contract contractServiceID:integer-@ContractService
        serviceID:integer-@Service vendorCompanyID:integer-@Company {_UNITS}
    """,
    "ContractServiceBundleUnits": f"""
        id:long- contractID:integer-@Contract contractServiceBundleID:integer-@ContractServiceBundle
        serviceBundleID:integer-@ServiceBundle {_UNITS}
    """,
    "ContractServiceAdjustments": """
        id:long- contractID:integer@Contract contractServiceID:integer@ContractService
        serviceID:integer@Service unitChange:integer effectiveDate:datetime! adjustedUnitPrice:double
        adjustedUnitCost:double allowRepeatService:boolean quoteItemID:integer
    """,
    "ContractServiceBundleAdjustments": """
        id:long- contractID:integer@Contract contractServiceBundleID:integer@ContractServiceBundle
        serviceBundleID:integer@ServiceBundle unitChange:integer effectiveDate:datetime!
        adjustedUnitPrice:double allowRepeatServiceBundle:boolean quoteItemID:integer
    """,
}


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    length: int
    required: bool
    read_only: bool
    reference: str
    picklist: bool


@dataclass(frozen=True)
class Entity:
    """`can` holds some of query, create, update; `child` is its path below a contract, empty for none.

    Where `child_only` is true, creating and changing go through the contract's path and not the root's.
    """

    name: str
    fields: dict[str, Field]
    can: frozenset[str]
    child: str = ""
    child_only: bool = False

    @property
    def singular(self) -> str:
        return "Company" if self.name == "Companies" else self.name.removesuffix("s")


@dataclass(frozen=True)
class Kind:
    """The two things a contract can carry run on the same rules under other names."""

    lines: str
    units: str
    adjustments: str
    line_id: str
    thing_id: str
    things: str


SERVICE = Kind(
    "ContractServices",
    "ContractServiceUnits",
    "ContractServiceAdjustments",
    "contractServiceID",
    "serviceID",
    "Services",
)
BUNDLE = Kind(
    "ContractServiceBundles",
    "ContractServiceBundleUnits",
    "ContractServiceBundleAdjustments",
    "contractServiceBundleID",
    "serviceBundleID",
    "ServiceBundles",
)
KINDS = (SERVICE, BUNDLE)


def _fields(text: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for word in text.split():
        match = _FIELD.match(word)
        if match is None:
            raise ValueError(f"field {word!r} is not written as this module says")
        name, kind, length, required, read_only, reference, picklist = match.groups()
        found[name] = Field(name, kind, int(length or 0), bool(required), bool(read_only), reference or "", bool(picklist))
    return found


_ALL = frozenset({"query", "create", "update"})
_ROLES: dict[str, tuple[frozenset[str], str, bool]] = {
    "ContractServices": (_ALL, "Services", True),
    "ContractServiceBundles": (_ALL, "ServiceBundles", True),
    "ContractServiceUnits": (frozenset({"query"}), "ServiceUnits", False),
    "ContractServiceBundleUnits": (frozenset({"query"}), "ServiceBundleUnits", False),
    "ContractServiceAdjustments": (frozenset({"create"}), "ServiceAdjustments", False),
    "ContractServiceBundleAdjustments": (frozenset({"create"}), "ServiceBundleAdjustments", False),
    "ServiceBundleServices": (frozenset({"query"}), "", False),
}
ENTITIES = {name: Entity(name, _fields(text), *_ROLES.get(name, (_ALL, "", False))) for name, text in _FIELDS.items()}
BY_PATH = {name.lower(): entity for name, entity in ENTITIES.items()}
BY_CHILD = {e.child.lower(): e for e in ENTITIES.values() if e.child}


def invalid(text: str) -> error:
    """Autotask answers what it will not do with 500 and a list of texts."""
    return error(500, {"errors": [text]})


def midnight(text: str) -> str:
    """A date-only value as Autotask keeps it. Raises ValueError for what is no date."""
    return f"{datetime.fromisoformat(text).date().isoformat()}T00:00:00"


def checked(entity: Entity, body: Any, picklists: dict[str, dict[str, str]], *, whole: bool) -> Row:
    """What a client sent, as it will be kept; `whole` asks for the required fields. Raises the 500."""
    if not isinstance(body, dict):
        raise invalid(f"The body for {entity.name} must be one object.")
    row: Row = {}
    for name, value in body.items():
        if name == "userDefinedFields":
            row[name] = value
            continue
        field = entity.fields.get(name)
        if field is None:
            raise invalid(f"Unable to find {name} in the {entity.singular} Entity.")
        row[name] = None if value is None else _value(entity, field, value, picklists)
    if whole:
        for field in entity.fields.values():
            if field.required and row.get(field.name) is None:
                raise invalid(f"{entity.singular} {field.name} is required.")
    return row


def _value(entity: Entity, field: Field, value: Any, picklists: dict[str, dict[str, str]]) -> Any:
    def wrong(what: str) -> error:
        return invalid(f"{entity.singular} {field.name} {what}.")

    match field.type:
        case "integer" | "long":
            if not isinstance(value, int) or isinstance(value, bool):
                raise wrong("must be a whole number")
            if field.type == "integer" and not -INT32 <= value < INT32:
                raise wrong("is outside the range of a 32 bit number")
            if field.picklist and str(value) not in picklists[field.name]:
                raise wrong(f"has no picklist value {value}")
        case "double":
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
                raise wrong("must be a number")
        case "boolean":
            if not isinstance(value, bool):
                raise wrong("must be true or false")
        case "datetime":
            try:
                return midnight(value)
            except (TypeError, ValueError):
                raise wrong("must be a date") from None
        case _:
            if not isinstance(value, str):
                raise wrong("must be a text")
            if field.length and len(value) > field.length:
                raise wrong(f"is longer than {field.length} characters")
    return value


def described(entity: Entity, picklists: dict[str, dict[str, str]]) -> list[Row]:
    """The answer of entityInformation/fields."""
    return [
        {
            "name": f.name,
            "dataType": f.type,
            "length": f.length,
            "isRequired": f.required,
            "isReadOnly": f.read_only,
            "isQueryable": "query" in entity.can,
            "isReference": bool(f.reference),
            "referenceEntityType": f.reference,
            "isPickList": f.picklist,
            "picklistValues": [
                {
                    "value": value,
                    "label": label,
                    "isDefaultValue": False,
                    "sortOrder": place,
                    "parentValue": "",
                    "isActive": True,
                    "isSystem": True,
                }
                for place, (value, label) in enumerate(picklists[f.name].items(), start=1)
            ]
            if f.picklist
            else None,
            "picklistParentValueField": "",
            "isSupportedWebhookField": False,
        }
        for f in entity.fields.values()
    ]
