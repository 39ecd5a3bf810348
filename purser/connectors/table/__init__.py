"""A directory in a file: CSV or XLSX of people, for organisations without a directory that can be read."""

from purser.connectors.table.directory import Table, read
from purser.connectors.table.people import Fault
from purser.connectors.table.plain import rows

__all__ = ["Fault", "Table", "read", "rows"]
