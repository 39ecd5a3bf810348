"""Finding one's way: the organisations a person can go to, and what they keep at hand."""
