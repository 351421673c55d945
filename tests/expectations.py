"""Reads what a fixture says about itself, in comments at the ends of its lines.

- `# error: MPL102 MPL111`: these findings, and no others, begin on this line.
- `# todo MPL105`: a finding that should be here and is not yet: a known miss.
- `# model: <fact>; <fact>`: what the model knows of the calls on this line; see `facts_of`.
- `# todo-model: <fact>; <fact>`: what it should know of them and does not yet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import libcst as cst

from mplint.model.link import link
from mplint.model.loading.project import Project, find_root
from mplint.model.nouns import Operation
from mplint.model.program import Program
from mplint.model.values import Made, Site
from mplint.model.view import View
from mplint.source import Files

_COMMENT = re.compile(r"#\s*(error|todo-model|todo|model)\b:?\s*(.*?)\s*(?=#|$)")


def expected(path: Path, kind: str) -> dict[int, list[str]]:
    """By line, the words after a kind of expectation."""
    found: dict[int, list[str]] = defaultdict(list)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for match in _COMMENT.finditer(line):
            if match[1] == kind:
                separator = ";" if kind.endswith("model") else None
                found[number] += [word.strip() for word in match[2].split(separator)]
    return dict(found)


def programs(paths: Iterable[Path]) -> list[tuple[Project, Program, list[Path]]]:
    """The programs that some files are part of, each solved once, with the files it has of them."""
    files = Files()
    projects: dict[object, Project] = {}
    wanted: dict[tuple[Project, tuple[Path, ...]], list[Path]] = defaultdict(list)
    for path in paths:
        root = find_root(path, files)
        project = projects.setdefault(root, Project(files, root))
        for program in project.programs_of(path):
            wanted[project, program].append(path)
    return [
        (project, link(project.loader, program, project.root.folder), members)
        for (project, program), members in wanted.items()
    ]


def view_of(project: Project, program: Program, path: Path) -> View:
    lowered = project.loader.lowered[path]
    assert lowered is not None
    return View(program, path, lowered)


def facts_of(project: Project, view: View) -> dict[int, set[str]]:
    """By line, what the model knows of each call.

    `get Queue@main.py:5 in work` is a call that does something to an object made in line 5 of
    main.py, in the process of the worker `work` (or in `main`); `get unknown` is a method of that
    name on an object that is not known; `launch work x 3` makes the process objects of a worker,
    with `daemon` where they are.
    """

    def line(site: Site) -> int:
        return project.loader.place(site).line

    found: dict[int, set[str]] = defaultdict(set)
    for at, node in enumerate(view.lowered.nodes):
        if not isinstance(node, cst.Call) or view.lowered.numbers[id(node)] != at:
            continue
        here = line(Site(view.path, at))
        operations = view.operations(node)
        for operation in operations:
            found[here].add(_operation(operation, project))
        for worker, activation in view.launches(node):
            count = view.program.counter.turns(activation, at)
            times = "" if str(count) == "1" else f" x {count if count is not None else '?'}"
            daemon = {True: " daemon", False: "", None: " daemon?"}[worker.daemon]
            found[here].add(f"launch {worker.name}{times}{daemon}")
        name = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
        if not operations and name in _VERBS:
            found[here].add(f"{name} unknown")
    return found


_VERBS = {"get", "put", "send", "recv", "join", "start", "acquire", "task_done"}


def _operation(operation: Operation, project: Project) -> str:
    receiver = operation.receiver
    what = operation.kind.name
    if isinstance(receiver, Made):
        place = project.loader.place(receiver.site)
        part = f".{receiver.part}" if receiver.part else ""
        what += f"{part}@{Path(place.path).name}:{place.line}"
    runners = sorted(r if isinstance(r, str) else r.name for r in operation.runners)
    sure = "" if operation.sure else " perhaps"
    return f"{operation.name} {what}{sure} in {', '.join(runners)}"
