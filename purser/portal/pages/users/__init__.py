"""The users and groups of a customer's directory, and where they are read from."""
