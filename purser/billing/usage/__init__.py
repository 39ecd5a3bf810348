"""Counted at each close, rated, charged, explained: from licences to the balance."""
