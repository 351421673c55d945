"""Each rule's programs do what the rule claims."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from proving import METHODS

from mplint import registry
from mplint.prove import runner

RULES = registry.load().rules


@pytest.fixture(scope="module")
def proved() -> dict[tuple[str, str, str], Any]:
    """What `mplint prove` says of all rules on this interpreter."""
    ran = subprocess.run(
        [sys.executable, "-m", "mplint", "prove", "--output-format", "json"],
        capture_output=True,
        text=True,
    )
    assert ran.stderr == ""
    found = json.loads(ran.stdout)
    assert ran.returncode == (0 if all(one["holds"] for one in found) else 1)
    return {(one["code"], one["start_method"], one["program"]): one for one in found}


@pytest.mark.parametrize("program", ["bad", "good"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("code", RULES)
def test_rule_does_what_it_claims(proved: Any, code: str, method: str, program: str) -> None:
    one = proved[code, method, program]
    said = f"the rule says: {one['claim']}\nbut what was seen: {one['seen']}"
    assert one["holds"], f"{said}\n{one['observation']['stderr']}"
    if program == "bad":
        bites = runner.applies(RULES[code], one["version"], method)
        assert (one["claim"] != "nothing") == bites
