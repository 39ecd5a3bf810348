"""One folder a vendor: client (calls), wire (their JSON <-> our values), connector (the port)."""
