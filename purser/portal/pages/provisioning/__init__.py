"""Instances of vendors, Sync Options, accounts, the desk of what is half done, and what was changed at vendors."""
