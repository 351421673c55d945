"""Values on which processes do not agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import small


@pytest.mark.parametrize(
    ("body", "start", "found"),
    [
        ("return hash(f'{n}')", "mp.Pool(2).map(work, [1])", ["hash"]),
        ("return hash(str(n))", "mp.Pool(2).map(work, [1])", ["hash"]),
        ("return hash(('a', n))", "mp.Pool(2).map(work, [1])", ["hash"]),
        ("return hash(n)", "mp.Pool(2).map(work, [1])", []),
        ("return hash('a')", "mp.Process(target=work, args=(1,)).start()", []),
        ("return hash('a')", "work(1); mp.Process(target=work, args=(1,)).start()", ["hash"]),
        ("return hash('a')", "mp.get_context('fork').Pool(2).map(work, [1])", []),
        ("return os.getppid()", "mp.Process(target=work, args=(1,)).start()", ["parent"]),
        ("return os.getppid()", "mp.get_context('spawn').Pool(2).map(work, [1])", []),
        ("return os.getpid()", "mp.Pool(2).map(work, [1])", []),
    ],
)
def test_what_differs(tmp_path: Path, body: str, start: str, found: list[str]) -> None:
    program = small(tmp_path, f"def work(n):\n    {body}\n\ndef main():\n    {start}\n")
    differing = program.program.inherited.differing(program.path)
    assert [one.what for one in differing] == found
