"""The words everyone uses: money, periods, errors, digests. Pure: no Django, no I/O, no clock."""
