"""Acronis Cyber Platform: partners and customers as tenants, their services, users and usage (Account Management API 2)."""

from purser.connectors.acronis.client import ACRONIS_URL, HOSTS, THREADS, AcronisSecrets, AcronisSettings
from purser.connectors.acronis.connector import AcronisConnector

__all__ = ["ACRONIS_URL", "HOSTS", "THREADS", "AcronisConnector", "AcronisSecrets", "AcronisSettings"]
