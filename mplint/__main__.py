"""`python -m mplint`."""

import sys

from mplint.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main())
