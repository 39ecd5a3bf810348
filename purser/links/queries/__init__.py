"""What can be read of links: one function, the same numbers on every page, in the API and in exports."""
