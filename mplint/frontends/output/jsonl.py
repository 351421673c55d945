"""One JSON object a line, for programs that read as they go."""

from __future__ import annotations

import json
from typing import TextIO

from mplint.frontends.output.json import as_object
from mplint.frontends.output.results import Results


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """The objects of the format `json`, without the array."""
    for item in results.diagnostics:
        json.dump(as_object(item, proved=results.proved), output)
        output.write("\n")
