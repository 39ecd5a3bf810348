"""People of a customer as its directory tells them, groups, collections, and who is licensed. All of it private rows."""
