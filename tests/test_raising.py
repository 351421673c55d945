"""What a call of code out of sight is known to raise."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import small

from mplint.model import facts as f


def errors(folder: Path, source: str, name: str) -> set[object]:
    """What a call of `name` on the line marked "here" is known to raise."""
    program = small(folder, source)
    activation, at = next(program.calls("here", name))
    call = program.program.outline(activation).expressions[at]
    assert isinstance(call, f.Call)
    path = program.program.record.externals.get((activation, at))
    return {error for error, _ in program.program.raising.foreseen(call, path, activation)}


@pytest.mark.parametrize(
    ("made", "opened", "there"),
    [
        ("_, name = tempfile.mkstemp()", "name", True),
        ("name = tempfile.mkstemp()[1]", "name", True),
        ("descriptor, name = tempfile.mkstemp()", "descriptor", False),
        ("name = None\nif toolbox:\n    _, name = tempfile.mkstemp()", "name", True),
        ("_, name = tempfile.mkstemp()", "name + '.index'", False),
        ("name = 'settings'\nif toolbox:\n    _, name = tempfile.mkstemp()", "name", False),
        ("name = toolbox.name()", "name", False),
        ("name = toolbox.name()\nif toolbox:\n    _, name = tempfile.mkstemp()", "name", True),
        ("name = None", "name", False),
    ],
)
def test_opening_what_is_there(tmp_path: Path, made: str, opened: str, there: bool) -> None:
    source = f"import tempfile\n{made}\nwith open({opened}) as stream:  # here\n    print(stream)"
    assert errors(tmp_path, source, "open") == (set() if there else {"OSError"})


def test_opening_without_a_name(tmp_path: Path) -> None:
    assert errors(tmp_path, "open(*sys.argv)  # here", "open") == {"OSError"}
    assert errors(tmp_path, "open()  # here", "open") == {"OSError"}
