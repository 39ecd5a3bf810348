"""A vendor without an interface: what is changed there, a person changes, and confirms."""

from purser.connectors.byhand.connector import ByHandConnector
from purser.connectors.byhand.products import products

__all__ = ["ByHandConnector", "products"]
