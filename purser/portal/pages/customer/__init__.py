"""A customer's own administration, as its administrators see it and a partner on its behalf."""
