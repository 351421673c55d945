"""Programs of a few lines, to ask the model about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import TypeVar

import libcst as cst
from expectations import programs, view_of

from mplint.model import facts as f
from mplint.model.nouns import Channel, Operation, Worker
from mplint.model.values import Activation, Made, Site
from mplint.model.view import View


class Small:
    """A program of a few lines, in which comments at the ends of lines are marks to ask by."""

    def __init__(self, folder: Path, main: str, **others: str) -> None:
        (folder / "pyproject.toml").touch()
        self._marks: dict[str, tuple[str, int]] = {}
        for name, source in {"main": main, **others}.items():
            path = folder / f"{name}.py"
            path.write_text(dedent(source), encoding="utf-8")
            for number, line in enumerate(dedent(source).splitlines(), 1):
                _, _, mark = line.partition("  # ")
                self._marks[mark] = (str(path), number)
        self.path = folder / "main.py"
        [(self.project, self.program, _)] = programs(sorted(folder.glob("*.py")))

    def is_at(self, site: Site, mark: str) -> bool:
        place = self.project.loader.place(site)
        return (place.path, place.line) == self._marks[mark]

    def line(self, mark: str) -> int:
        """The number of the marked line."""
        return self._marks[mark][1]

    def view(self, path: Path | None = None) -> View:
        return view_of(self.project, self.program, path or self.path)

    def operations(self, mark: str) -> list[Operation]:
        """What the marked line does, in every activation of the function around."""
        return [o for o in self.program.operations if self.is_at(o.site, mark)]

    def operation(self, mark: str) -> Operation:
        """The last thing that the marked line does."""
        return self.operations(mark)[-1]

    def made(self, mark: str) -> list[Made]:
        """What the marked line makes."""
        return [made for made in self.program.made if self.is_at(made.site, mark)]

    def channel(self, mark: str) -> Channel:
        """The channel that the marked line makes; of a pipe, the one into its first end."""
        return self.program.channels[self.made(mark)[0]]

    def worker(self, name: str) -> Worker:
        [worker] = [worker for worker in self.program.workers if worker.name == name]
        return worker

    def calls(self, mark: str, name: str) -> Iterator[tuple[Activation, int]]:
        """The calls of `name` on the marked line, per activation of the function around."""
        path = Path(self._marks[mark][0])
        view = self.view(path)
        for at, node in enumerate(view.lowered.nodes):
            if isinstance(node, cst.Call) and self.is_at(Site(path, at), mark):
                if isinstance(node.func, cst.Name) and node.func.value == name:
                    for activation in view.activations(node):
                        yield activation, at

    def given(self, mark: str) -> tuple[f.Expr, Activation]:
        """What is given to `here(...)` on the marked line."""
        activation, at = next(self.calls(mark, "here"))
        call = self.program.outline(activation).expressions[at]
        assert isinstance(call, f.Call)
        return call.arguments[0].value, activation

    def node(self, mark: str, kind: type[Node]) -> Node:
        """The first syntax node of a kind on the marked line."""
        path, _ = self._marks[mark]
        for at, node in enumerate(self.view(Path(path)).lowered.nodes):
            if isinstance(node, kind) and self.is_at(Site(Path(path), at), mark):
                return node
        raise AssertionError(f"no {kind.__name__} on the line of {mark}")


Node = TypeVar("Node", bound=cst.CSTNode)

PRELUDE = """\
import functools
import multiprocessing as mp; mp.Pool
import os
import queue
import sys
import threading
import toolbox

"""


def small(folder: Path, source: str) -> Small:
    """A program that need not name what it imports. `toolbox` is a library that nobody knows."""
    return Small(folder, PRELUDE + dedent(source))


def put_into(template: str, body: str) -> str:
    """Puts some lines in the place of BODY, at its depth."""
    line = next(line for line in dedent(template).splitlines() if line.strip() == "BODY")
    lines = indent(dedent(body).strip(), line.partition("B")[0])
    return dedent(template).replace(line, lines, 1)


# Operations ---------------------------------------------------------------------------------------
