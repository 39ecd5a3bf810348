"""One file a topic. Each call is one call into a verb or a query, the same that the portal's page makes."""
