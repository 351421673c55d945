"""Who talks to whom: the processes of a program, and what passes between them, as plain values and
as text, JSON, DOT and Mermaid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mplint.model.values import Made, Site

if TYPE_CHECKING:
    from mplint.model.program import Operation, Program, Runner, Worker


@dataclass(frozen=True, slots=True)
class Node:
    """Something that runs: the main process, a worker, a thread. `count` is a number, a text such
    as `len(jobs)`, or `?`; `daemon` is `yes`, `no` or `?`."""

    name: str
    kind: str
    count: str
    daemon: str
    made: tuple[str, ...]
    started: tuple[str, ...]
    joined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """That a process does something to an object, and where."""

    process: str
    does: str
    place: str


@dataclass(frozen=True, slots=True)
class Thing:
    """A channel, pool or lock. `bound` is the room of a queue: a number, `none` or `?`; `closed`
    says that no unknown code gets hold of it."""

    kind: str
    made: str
    bound: str
    closed: bool
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole program."""

    processes: tuple[Node, ...]
    channels: tuple[Thing, ...]
    pools: tuple[Thing, ...]
    locks: tuple[Thing, ...]


def draw(program: Program, locate: Callable[[Site], str]) -> Graph:
    """The graph of a program; `locate` tells how to show a place."""
    names = _Names(program)
    things = {
        made: _thing(made, program, names, locate)
        for made in sorted(program.made, key=lambda m: (locate(m.site), m.part))
        if made.kind.family in ("process", "manager")
    }
    return Graph(
        tuple(_node(runner, program, names, locate) for runner in names.all()),
        tuple(t for m, t in things.items() if m.kind.role in ("queue", "connection")),
        tuple(t for m, t in things.items() if m.kind.role in ("pool", "executor")),
        tuple(t for m, t in things.items() if m.kind.role in _LOCKS),
    )


_LOCKS = ("lock", "event", "condition", "barrier", "value")


class _Names:
    """Names of processes that are different for different processes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._names: dict[Runner, str] = {"main": "main"}
        taken: dict[str, int] = {}
        for worker in sorted(program.workers, key=_worker_order):
            count = taken[worker.name] = taken.get(worker.name, 0) + 1
            self._names[worker] = worker.name if count == 1 else f"{worker.name} ({count})"

    def of(self, runner: Runner) -> str:
        return self._names[runner]

    def all(self) -> list[Runner]:
        return list(self._names)


def _worker_order(worker: Worker) -> tuple[str, int, str]:
    site = worker.launched_at[0]
    return (str(site.path), site.at, worker.name)


def _node(runner: Runner, program: Program, names: _Names, locate: Callable[[Site], str]) -> Node:
    if isinstance(runner, str):
        return Node("main", "process", "1", "no", (), (), ())
    daemon = {True: "yes", False: "no", None: "?"}[runner.daemon]
    kind = runner.kind.noun.partition(" ")[2]
    if runner.in_pool:
        kind = f"{runner.how} of {runner.kind.noun}"
    return Node(
        names.of(runner),
        kind,
        _count(runner, program),
        daemon,
        tuple(locate(site) for site in runner.launched_at),
        _places(runner.operations("start"), locate),
        _places(runner.operations("join"), locate),
    )


def _count(worker: Worker, program: Program) -> str:
    if worker.in_pool or len(worker.edges) != 1:
        return "?"
    (edge,) = worker.edges
    count = program.sentinels.counter.turns(edge.caller, edge.at)
    return str(count) if count is not None else "?"


def _places(operations: Iterable[Operation], locate: Callable[[Site], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(locate(operation.site) for operation in operations))


def _thing(made: Made, program: Program, names: _Names, locate: Callable[[Site], str]) -> Thing:
    uses = {
        Use(names.of(runner), operation.name, locate(operation.site))
        for operation in program.on.get(made, ())
        for runner in operation.runners
    }
    kind = f"{made.kind.name} end {made.part}" if made.part else made.kind.name
    channel = program.channels.get(made)
    bound = "none"
    if channel is not None and made.kind.role == "queue":
        bound = {0: "none", None: "?"}.get(channel.bound, str(channel.bound))
    return Thing(
        kind,
        locate(made.site),
        bound,
        channel.is_closed_world if channel is not None else made not in program.solver.escapes,
        tuple(sorted(uses, key=lambda use: (use.process, _natural(use.place), use.does))),
    )


def _natural(place: str) -> tuple[str, int]:
    path, _, line = place.rpartition(":")
    return path, int(line)


# Formats ------------------------------------------------------------------------------------------


def to_text(graph: Graph) -> str:
    """For people: a block per group, a line per process and per use."""
    lines: list[str] = []
    if len(graph.processes) > 1:
        lines.append("processes")
    for node in graph.processes[1:]:
        facts = [f"made {', '.join(node.made)}"]
        facts += [f"started {', '.join(node.started)}"] if node.started else []
        facts += [f"joined {', '.join(node.joined)}"] if node.joined else []
        facts += ["daemon"] if node.daemon == "yes" else []
        times = "" if node.count == "1" else f" x {node.count}"
        lines.append(f"  {node.name}{times}  ({node.kind})  {'; '.join(facts)}")
    for title, things in _groups(graph):
        if things:
            lines.append(title)
        for thing in things:
            room = "" if thing.bound == "none" else f", room for {thing.bound}"
            seen = "" if thing.closed else ", also used by code that is not seen"
            lines.append(f"  {thing.kind}  made {thing.made}{room}{seen}")
            lines += [f"    {use.process}: {use.does}  {use.place}" for use in thing.uses]
    return "\n".join(lines)


def _groups(graph: Graph) -> list[tuple[str, tuple[Thing, ...]]]:
    return [("channels", graph.channels), ("pools", graph.pools), ("locks", graph.locks)]


def to_json(graphs: Iterable[Graph]) -> str:
    """An array of graphs, one per program."""
    return json.dumps([asdict(graph) for graph in graphs], indent=2)


def to_dot(graphs: Iterable[Graph]) -> str:
    """For Graphviz: processes are boxes, channels ellipses, arrows show where items go."""
    lines = ["digraph mplint {", "  rankdir=LR;"]
    for number, graph in enumerate(graphs):
        lines += [f"  {line}" for line in _arrows(graph, number, _DOT)]
    return "\n".join([*lines, "}"])


def to_mermaid(graphs: Iterable[Graph]) -> str:
    """For Mermaid: the same picture as a flowchart."""
    lines = ["flowchart LR"]
    for number, graph in enumerate(graphs):
        lines += [f"  {line}" for line in _arrows(graph, number, _MERMAID)]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Syntax:
    process: str
    thing: str
    arrow: str


_DOT = _Syntax(
    '{id} [shape=box, label="{label}"];',
    '{id} [shape=ellipse, label="{label}"];',
    '{start} -> {end} [label="{label}"];',
)
_MERMAID = _Syntax('{id}["{label}"]', '{id}(["{label}"])', "{start} -->|{label}| {end}")


def _arrows(graph: Graph, number: int, syntax: _Syntax) -> Iterable[str]:
    ids = {node.name: f"p{number}_{index}" for index, node in enumerate(graph.processes)}
    used = {use.process for _, things in _groups(graph) for thing in things for use in thing.uses}
    for node in graph.processes:
        if node.name in used:
            times = "" if node.count == "1" else f" x {node.count}"
            yield syntax.process.format(id=ids[node.name], label=_escape(f"{node.name}{times}"))
    index = 0
    for _, things in _groups(graph):
        for thing in things:
            index += 1
            label = _escape(f"{thing.kind} {thing.made}")
            yield syntax.thing.format(id=f"t{number}_{index}", label=label)
            for process, does in dict.fromkeys((use.process, use.does) for use in thing.uses):
                ends = ids[process], f"t{number}_{index}"
                start, end = ends[::-1] if does in _TAKES else ends
                yield syntax.arrow.format(start=start, end=end, label=does)


_TAKES = frozenset({"get", "get_nowait", "recv", "recv_bytes"})


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")
