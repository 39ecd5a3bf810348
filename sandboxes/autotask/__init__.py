"""Autotask's REST API 1.0 as far as contracts, their services and companies go, with its rules and limits.

A seed is one object; every key may be left out:

    {
      "users": {"api@msp.example": "its secret"},       who may call,
      "integration_codes": ["TRACKING-ID"],             and with which tracking identifiers
      "picklists": {"contractType": {"7": "Recurring Service"}},    values in place of the usual ones
      "lag_seconds": 0,                                 how long reads of units lag behind changes
      "Companies": [{"id": 1, "companyName": "..."}],   rows, fields as in Autotask's answers
      "Services", "ServiceBundles", "ServiceBundleServices", "Products", "Contracts": [...],
      "ContractServices": [{"id": 12, "contractID": 9, "serviceID": 3, "adjustedPrice": 4, "units": 8}],
      "ContractServiceBundles": [{"id": 7, "contractID": 9, "serviceBundleID": 2, "units": 1}]
    }

`units` of a line is its count over the whole contract: unit rows for each billing period are made from it.
The company 0 (the owner of the database) is there in any case. What the control verb `state` gives may be a
seed, too. Without `users` and `integration_codes` these are api@msp.example, autotask-secret, PURSER-SANDBOX.

Control verbs (POST /_sandbox/<verb>) beside those of the kit: see `controls`.
"""

from sandboxes.autotask.app import AutotaskApp

__all__ = ["AutotaskApp"]
