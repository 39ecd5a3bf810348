"""Proof that the record of acts was not changed unseen: a chain per tenant, sealed in the background, anchored outside."""
