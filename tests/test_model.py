"""The model, asked directly: what it knows of each line, and the graph of whole programs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from expectations import expected, facts_of, programs, view_of

from mplint.model.graph import draw, to_text
from mplint.model.values import Site

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROJECTS = sorted(path for path in (FIXTURES / "projects").iterdir() if path.is_dir())


@cache
def facts(project: Path) -> dict[Path, dict[int, set[str]]]:
    found: dict[Path, dict[int, set[str]]] = {}
    for owner, program, members in programs(sorted(project.rglob("*.py"))):
        for path in members:
            if path in program.solver.files:
                by_line = facts_of(owner, view_of(owner, program, path))
                for line, lines in by_line.items():
                    found.setdefault(path, {}).setdefault(line, set()).update(lines)
    return found


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_facts(project: Path) -> None:
    for path in sorted(project.rglob("*.py")):
        for line, wanted in expected(path, "model").items():
            known = facts(project).get(path, {}).get(line, set())
            assert known == set(wanted) - {""}, f"{path.relative_to(FIXTURES)}:{line}"


@pytest.mark.parametrize(
    "project", [p for p in PROJECTS if (p / "graph.txt").exists()], ids=lambda path: path.name
)
def test_graph(project: Path) -> None:
    drawn = []
    for owner, program, _ in programs(sorted(project.rglob("*.py"))):

        def locate(site: Site, owner: object = owner) -> str:
            place = owner.loader.place(site)  # type: ignore[attr-defined]
            return f"{Path(place.path).relative_to(project)}:{place.line}"

        drawn.append(to_text(draw(program, locate)))
    text = "\n\n".join(sorted(text for text in drawn if text)) + "\n"
    assert text == (project / "graph.txt").read_text(encoding="utf-8")
