"""Organisations as a tree: operator, distributor, reseller, customer."""
