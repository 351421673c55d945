"""`python -m mplint`."""

import os
import sys


def forget_current_folder() -> None:
    """Python has put the current folder before all others, and there the code that is checked may
    have a `queue.py`, which must not run. Unless mplint itself is there."""
    here = os.path.realpath(os.curdir)
    own = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    safe = getattr(sys.flags, "safe_path", False)  # since Python 3.11
    if not safe and here != own and sys.path and os.path.realpath(sys.path[0]) == here:
        del sys.path[0]


if __name__ == "__main__":
    forget_current_folder()
    from mplint.frontends.cli import run

    run()
