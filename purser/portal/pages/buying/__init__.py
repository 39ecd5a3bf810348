"""Pages of buying: the packages and the basket, quotes, billing info, the papers; and the operator's prices."""
