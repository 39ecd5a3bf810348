"""Bucketry, object storage as resellers see it: accounts, members, allocations and usage (Reseller API 1)."""

from purser.connectors.bucket.client import BUCKETRY_URL, HOSTS, THREADS, BucketrySecrets, BucketrySettings
from purser.connectors.bucket.connector import BucketryConnector

__all__ = ["BUCKETRY_URL", "HOSTS", "THREADS", "BucketryConnector", "BucketrySecrets", "BucketrySettings"]
