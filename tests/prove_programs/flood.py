"""More text than anybody wants to read, with what counts at its end."""

import sys

for number in range(40_000):
    print(f"{number:01000}", file=sys.stderr)
print("expected:", 1)
print("got:", 2)
raise ValueError("after all that")
