"""What mplint ends with."""

CLEAN = 0
"""Nothing was found."""

FINDINGS = 1
"""Something was found."""

FAILED = 2
"""Wrong usage, paths or settings that cannot be used, or an internal failure."""
