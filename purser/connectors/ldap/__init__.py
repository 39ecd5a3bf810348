"""LDAP: users and groups of a directory server (Active Directory, OpenLDAP, 389) as the port `Directory` says."""

from purser.connectors.ldap.address import HOSTS, check
from purser.connectors.ldap.connector import LdapConnector
from purser.connectors.ldap.session import LdapSecrets, LdapSettings, Limits

__all__ = ["HOSTS", "LdapConnector", "LdapSecrets", "LdapSettings", "Limits", "check"]
