"""Says whether the `sitecustomize` of another folder has run as well."""

import sys

print("got:", getattr(sys, "customized", False))
