"""The vendors as they behave: HTTP servers with state, a clock and faults.

Imports nothing of purser, and purser nothing of it; the command starts one as a process.
"""
