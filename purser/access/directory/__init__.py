"""An organisation's own directory keeps the list of its people here, by SCIM 2.0 (RFC 7643, RFC 7644)."""
