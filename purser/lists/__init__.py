"""Lists below both doors: what a list is, what an address may ask of it, the query for that, saved views, and files."""
