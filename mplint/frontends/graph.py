"""What `mplint graph` writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from mplint.analysis import failure, is_part, link
from mplint.engine import Engine, relative
from mplint.model.graph import Graph, draw, title, to_dot, to_json, to_mermaid, to_text
from mplint.model.loading.project import Project
from mplint.model.values import Site
from mplint.source import Source, Unreadable


def run(engine: Engine, paths: Mapping[Path, str], output_format: str, output: TextIO) -> list[str]:
    """Writes who talks to whom in the programs that some files are part of, in one of FORMATS. The
    files are given by absolute path with how to show each. Returns what went wrong; the rest is
    written all the same."""
    graphs: dict[Graph, None] = {}
    errors: dict[str, None] = {}
    for (project, files), named in engine.programs(paths).items():
        try:
            program = link(project, files)
            graph = draw(program, _locator(project, paths))
        except Exception:
            shown = ", ".join(paths[path] for path in named)
            errors[f"{shown}: mplint failed on this program: {failure()}"] = None
            continue
        for path in named:
            try:
                is_part(path, program, project.loader)
            except Unreadable as error:
                errors[f"{paths[path]}:{error.line}: {error.reason}"] = None
        if graph:
            graphs[graph] = None
    for path, shown in paths.items():
        try:
            _ = Source(shown, engine.files.read(path)).text
        except Unreadable as error:
            errors[f"{shown}:{error.line}: {error.reason}"] = None
    text = FORMATS[output_format](sorted(graphs, key=lambda graph: graph.files))
    output.write(f"{text}\n")
    return list(errors)


def _locator(project: Project, paths: Mapping[Path, str]) -> Callable[[Site], str]:
    """Shows places in the files that are named as these are, and in others as seen from here, or
    absolute when the others are."""
    absolute = all(os.path.isabs(shown) for shown in paths.values())
    here = os.getcwd()

    def locate(site: Site) -> str:
        shown = paths.get(site.path)
        if shown is None:
            shown = str(site.path) if absolute else relative(site.path, here)
        return f"{shown}:{project.loader.place(site).line}"

    return locate


def _to_text(graphs: Sequence[Graph]) -> str:
    if not graphs:
        return "There are no processes, queues, pipes, pools or locks."
    if len(graphs) == 1:
        return to_text(graphs[0])
    return "\n\n".join(f"== {title(graph)} ==\n\n{to_text(graph)}" for graph in graphs)


FORMATS: dict[str, Callable[[Sequence[Graph]], str]] = {
    "text": _to_text,
    "json": to_json,
    "dot": to_dot,
    "mermaid": to_mermaid,
}
"""How to write the graphs of several programs, by the name of the format."""
