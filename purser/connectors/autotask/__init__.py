"""Autotask PSA: companies, contracts, their services and bundles, and dated adjustments of their units."""

from purser.connectors.autotask.client import HOSTS, AutotaskSecrets, AutotaskSettings
from purser.connectors.autotask.connector import AutotaskConnector

__all__ = ["HOSTS", "AutotaskConnector", "AutotaskSecrets", "AutotaskSettings"]
