"""The runtime companion: runs programs in real processes and says what it saw.

`command` is what the command line calls, `runner` proves rules, and `observer` is a program of its
own that watches one other program and leaves nothing of it behind.
"""


class ProveError(Exception):
    """The wish cannot be fulfilled: an interpreter that does not run, an unknown start method."""
