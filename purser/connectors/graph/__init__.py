"""Microsoft Graph: a customer's users, mailboxes, groups and organisation contacts, read as an application."""

from purser.connectors.graph.client import GRAPH_URL, HOSTS, LOGIN_URL, THREADS, GraphSecrets, GraphSettings
from purser.connectors.graph.connector import GraphConnector

__all__ = ["GRAPH_URL", "HOSTS", "LOGIN_URL", "THREADS", "GraphConnector", "GraphSecrets", "GraphSettings"]
