"""Pages of those who sell, and of the operator above them."""
