"""Lists: columns, filters, order, pages and exports, the same for every list page and for the API."""
