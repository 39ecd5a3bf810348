"""ConnectWise PSA: agreements and their additions, kept at the units a marketplace says."""

from purser.connectors.connectwise.client import HOSTS, PER_MINUTE, ConnectWiseSecrets, ConnectWiseSettings
from purser.connectors.connectwise.connector import ConnectWiseConnector

__all__ = ["HOSTS", "PER_MINUTE", "ConnectWiseConnector", "ConnectWiseSecrets", "ConnectWiseSettings"]
