"""A marketplace as resellers meet it: the Marketplace API 1.1, with the 21.x fields on request."""

from sandboxes.marketplace.app import MarketplaceApp

__all__ = ["MarketplaceApp"]
