"""What goes over the wire. Written out field by field: a new column of a table is not in the API until somebody says so."""
