"""ConnectWise PSA as it behaves: companies, agreements, additions, catalogue. Seed format: see `app`."""

from sandboxes.connectwise.app import ConnectWise

App = ConnectWise

__all__ = ["App", "ConnectWise"]
