"""Ingram Micro's Marketplace API 1.1 and CloudBlue's Simple API 21.x: what each customer has."""

from purser.connectors.marketplace.client import MarketplaceSecrets, MarketplaceSettings
from purser.connectors.marketplace.connector import HOSTS, MarketplaceConnector

__all__ = ["HOSTS", "MarketplaceConnector", "MarketplaceSecrets", "MarketplaceSettings"]
