"""What Purser asks of a kind of vendor, whichever vendor it is. Values are frozen; reads raise kernel.errors."""
