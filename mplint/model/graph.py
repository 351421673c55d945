"""Who talks to whom: the processes of a program, and what passes between them, as plain values and
as text, JSON, DOT and Mermaid."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, to_builtins

from mplint.model.values import NOTHING, Literal, Made, Site, Values

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Runner, Worker
    from mplint.model.program import Program


class Node(Struct, frozen=True):
    """Something that runs: the main process, a worker, a thread. `count` is a number, a text such
    as `len(jobs)`, or `?`; `daemon` is `yes`, `no` or `?`. `pool` is where the pool is made that
    runs it, `starters` are the processes that start it or hand it to the pool."""

    name: str
    kind: str
    count: str = "1"
    daemon: str = "no"
    pool: str = ""
    starters: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    killed: tuple[str, ...] = ()


class Use(Struct, frozen=True):
    """That a process does something to an object, and where. `sort` is `put`, `get` or `other`;
    `end` tells the ends of a pipe apart, 0 for what has no ends; `waits` says that it waits without
    a timeout until another process acts."""

    process: str
    does: str
    sort: str
    end: int
    waits: bool
    place: str


class Thing(Struct, frozen=True):
    """A channel, pool or lock. `through` are the calls that lead to the function that makes it,
    where there are several, and each makes one of its own. `bound` is the room of a queue or the
    size of a pool: a number, `none` or `?`; `closed` says that no unknown code gets hold of it."""

    kind: str
    made: str
    through: tuple[str, ...]
    bound: str
    closed: bool
    uses: tuple[Use, ...]


class Graph(Struct, frozen=True):
    """A whole program."""

    processes: tuple[Node, ...]
    channels: tuple[Thing, ...]
    pools: tuple[Thing, ...]
    locks: tuple[Thing, ...]

    @property
    def groups(self) -> tuple[tuple[str, tuple[Thing, ...]], ...]:
        """The things, by what they are called together."""
        return (
            ("channels", self.channels),
            ("pools", self.pools),
            ("locks and shared values", self.locks),
        )

    @property
    def files(self) -> list[str]:
        """The files that something of it is in, as shown."""
        places = {place for node in self.processes for place in (*node.made, *node.started)}
        for _, things in self.groups:
            places |= {thing.made for thing in things}
            places |= {use.place for thing in things for use in thing.uses}
        return sorted({_natural(place)[0] for place in places})

    def __bool__(self) -> bool:
        return len(self.processes) > 1 or any(things for _, things in self.groups)


def draw(program: Program, locate: Callable[[Site], str]) -> Graph:
    """The graph of a program; `locate` tells how to show a place, as `path:line`."""
    names = _Names(program, locate)
    alike: dict[tuple[str, str, tuple[str, ...]], list[Made]] = defaultdict(list)
    for made in program.made:
        # one line may make one of several things, by an import: to the reader, that is one
        if made.kind.family in ("process", "manager"):
            kind = "Pipe" if made.part else made.kind.name
            through = tuple(locate(site) for site in made.context)
            alike[kind, locate(made.site), through].append(made)
    found: dict[str, list[Thing]] = defaultdict(list)
    for key in sorted(alike, key=lambda key: (*_natural(key[1]), key[0], key[2])):
        thing = _thing(key, alike[key], program, names, locate)
        found[alike[key][0].kind.role].append(thing)
    return Graph(
        tuple(_nodes(program, names, locate)),
        tuple(thing for role in ("queue", "connection") for thing in found[role]),
        tuple(thing for role in ("pool", "executor") for thing in found[role]),
        tuple(_without_parts([thing for role in _LOCKS for thing in found[role]])),
    )


_LOCKS = ("lock", "event", "condition", "barrier", "value")


class _Names:
    """Names of processes that are different for different processes. Workers of one name that are
    made at the same places are one process, which is a thread where an import is another."""

    def __init__(self, program: Program, locate: Callable[[Site], str]) -> None:
        self.workers: dict[str, list[Worker]] = defaultdict(list)
        self._names: dict[Runner, str] = {"main": "main"}
        known: dict[tuple[str, tuple[str, ...]], str] = {}
        taken = {"main": 1}
        for worker in sorted(program.workers, key=_worker_order):
            name = _name(worker)
            key = name, tuple(locate(site) for site in worker.launched_at)
            if key not in known:
                count = taken[name] = taken.get(name, 0) + 1
                known[key] = name if count == 1 else f"{name} ({count})"
            self._names[worker] = known[key]
            self.workers[known[key]].append(worker)

    def of(self, runner: Runner) -> str:
        return self._names[runner]

    def all(self, runners: Iterable[Runner]) -> tuple[str, ...]:
        return tuple(sorted({self.of(runner) for runner in runners}))


SHOWN = 3
"""So many tasks of a pool, or files of a program, are named; of others, how many there are."""


def _name(worker: Worker) -> str:
    if not worker.in_pool:
        return worker.name
    return _listed([entry.scope.qualified_name for entry in worker.entries]) or worker.name


def _listed(texts: Iterable[str]) -> str:
    several = list(dict.fromkeys(texts))
    more = len(several) - SHOWN
    shown = ", ".join(several[:SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _worker_order(worker: Worker) -> tuple[str, int, str]:
    site = worker.launched_at[0]
    return (str(site.path), site.at, worker.name)


def _nodes(program: Program, names: _Names, locate: Callable[[Site], str]) -> Iterator[Node]:
    yield Node("main", "process")
    for name, workers in names.workers.items():
        holders = {
            locate(worker.holder.site): None
            for worker in workers
            if worker.in_pool and isinstance(worker.holder, Made)
        }
        starters = {
            runner
            for worker in workers
            for edge in worker.edges
            for runner in program.runners(edge.caller)
        }
        yield Node(
            name,
            " or ".join(sorted({_kind(worker) for worker in workers})),
            _only({_count(worker, program) for worker in workers}),
            _only({_DAEMON[worker.daemon] for worker in workers}),
            next(iter(holders), ""),
            names.all(starters),
            _places((site for worker in workers for site in worker.launched_at), locate),
            _places((site for worker in workers for site in _starts(worker)), locate),
            _places((site for worker in workers for site in _joins(worker)), locate),
            _places((site for worker in workers for site in _sites(worker, "kill")), locate),
        )


_DAEMON = {True: "yes", False: "no", None: "?"}


def _only(answers: set[str]) -> str:
    return answers.pop() if len(answers) == 1 else "?"


def _kind(worker: Worker) -> str:
    noun = worker.kind.noun
    if not worker.in_pool:
        return noun.partition(" ")[2]
    return f"{worker.how}{'s' if worker.how == 'task' else ''} of {noun}"


def _count(worker: Worker, program: Program) -> str:
    if _is_spawned(worker):
        return _number(program.solver.cells.get((worker.holder, "nprocs"), NOTHING))
    if worker.in_pool or len(worker.edges) != 1:
        return "?"
    (edge,) = worker.edges
    count = program.counter.turns(edge.caller, edge.at)
    return str(count) if count is not None else "?"


def _starts(worker: Worker) -> list[Site]:
    return worker.launched_at if _is_spawned(worker) else _sites(worker, "start")


def _joins(worker: Worker) -> list[Site]:
    found = _sites(worker, "join")
    if _is_spawned(worker):
        told = worker.program.solver.cells.get((worker.holder, "join"), NOTHING)
        if all(isinstance(value, Literal) and value.value for value in told):
            found += worker.launched_at
    return found


def _is_spawned(worker: Worker) -> bool:
    """Whether one call makes the processes, starts them and, unless told not to, joins them."""
    return (worker.holder, "spawned") in worker.program.solver.cells


def _sites(worker: Worker, verb: str) -> list[Site]:
    return [operation.site for operation in worker.operations(verb)]


def _places(sites: Iterable[Site], locate: Callable[[Site], str]) -> tuple[str, ...]:
    return tuple(sorted({locate(site) for site in sites}, key=_natural))


def _thing(
    key: tuple[str, str, tuple[str, ...]],
    alike: Sequence[Made],
    program: Program,
    names: _Names,
    locate: Callable[[Site], str],
) -> Thing:
    uses = {
        _use(operation, made, program, names.of(runner), locate)
        for made in alike
        for operation in program.on.get(made, ())
        for runner in operation.runners
    }
    return Thing(
        *key,
        _only({_bound(made, program) for made in alike}),
        all(_is_closed(made, program) for made in alike),
        tuple(sorted(uses, key=_use_order)),
    )


def _use(
    operation: Operation,
    made: Made,
    program: Program,
    process: str,
    locate: Callable[[Site], str],
) -> Use:
    sort = operation.does if operation.does in ("put", "get") else "other"
    channel = program.channels.get(made)
    never_full = sort == "put" and channel is not None and channel.bound == 0
    waits = operation.waits_for_ever and not never_full
    return Use(process, operation.name, sort, made.part, waits, locate(operation.site))


def _use_order(use: Use) -> tuple[object, ...]:
    sort = ("put", "get", "other").index(use.sort)
    return (sort, use.end, use.process != "main", use.process, _natural(use.place), use.does)


def _bound(made: Made, program: Program) -> str:
    channel = program.channels.get(made)
    if channel is not None and made.kind.role == "queue":
        return {0: "none", None: "?"}.get(channel.bound, str(channel.bound))
    if made.kind.role in ("pool", "executor"):
        sizes = program.solver.cells.get((made, made.kind.parameters[0]), NOTHING)
        return _number(sizes)
    return "none"


def _number(values: Values) -> str:
    numbers = {value.value if isinstance(value, Literal) else None for value in values}
    return _only({str(number) if type(number) is int else "?" for number in numbers})


def _is_closed(made: Made, program: Program) -> bool:
    channel = program.channels.get(made)
    if channel is not None:
        return channel.is_closed_world
    return made not in program.solver.escapes


def _without_parts(things: list[Thing]) -> Iterator[Thing]:
    """Without the lock that a shared value makes for itself, where nobody asks for it."""
    used = {thing.made for thing in things if thing.uses}
    return (thing for thing in things if thing.uses or thing.made not in used)


def _natural(place: str) -> tuple[str, int]:
    path, _, line = place.rpartition(":")
    return path, int(line)


# Text ---------------------------------------------------------------------------------------------


def to_text(graph: Graph) -> str:
    """For people: a block per group, a line per process and per use."""
    if not graph:
        return ""
    lines = ["processes"]
    for node in graph.processes:
        lines.append(f"  {_headline(node)}")
        lines += [f"    {what:<11} {where}" for what, where in _life(node)]
    for heading, things in graph.groups:
        if things:
            lines += ["", heading]
        for thing in things:
            lines.append(f"  {_described(thing)}")
            lines += [f"    {line}" for line in _uses(thing)]
    return "\n".join(lines)


def title(graph: Graph) -> str:
    """What a program is called: its files."""
    return _listed(graph.files)


def _times(node: Node) -> str:
    return node.name if node.count in ("1", "?") else f"{node.name} x {node.count}"


def _headline(node: Node) -> str:
    if node.name == "main":
        return node.name
    daemon = " (daemon)" if node.daemon == "yes" and not node.pool else ""
    many = ", how many is not known" if node.count == "?" and not node.pool else ""
    return f"{_times(node)}: {node.kind}{daemon}{many}"


def _life(node: Node) -> Iterator[tuple[str, str]]:
    """What becomes of a process, and where."""
    by = f" by {_listed(node.starters)}"
    if node.pool:
        yield "pool made", node.pool
        yield "handed over", f"{_together(node.made)}{by}"
    elif node.made:
        yield "made", f"{_together(node.made)}{by}"
        yield "started", _together(node.started)
        yield "joined", _together(node.joined)
        if node.killed:
            yield "terminated", _together(node.killed)


def _together(places: Iterable[str]) -> str:
    """Places with each file named once: `work.py:3, 8, main.py:5`."""
    found: list[str] = []
    before = None
    for path, line in map(_natural, places):
        found.append(str(line) if path == before else f"{path}:{line}")
        before = path
    return ", ".join(found) or "nowhere that is seen"


def _described(thing: Thing) -> str:
    text = f"{thing.kind} made {thing.made}"
    if thing.through:
        text += f" through {_together(thing.through)}"
    if thing.bound not in ("none", "?"):
        text += f", {thing.bound} workers" if "Pool" in thing.kind else f", room for {thing.bound}"
    return text if thing.closed else f"{text}, also used by code that is not seen"


def _uses(thing: Thing) -> Iterator[str]:
    """A line for all places at which a process does the same thing."""
    lines: dict[tuple[str, str, bool], list[str]] = {}
    for use in thing.uses:
        does = f"{use.does} on end {use.end}" if use.end else use.does
        lines.setdefault((does, use.process, use.waits), []).append(use.place)
    width = max((len(does) for does, _, _ in lines), default=0)
    for (does, process, waits), places in lines.items():
        timeless = ", waits without a timeout" if waits else ""
        yield f"{does:<{width}} by {process}: {_together(places)}{timeless}"


# Formats for other programs -----------------------------------------------------------------------


def to_json(graphs: Iterable[Graph]) -> str:
    """An array of graphs, one per program."""
    return json.dumps([{"files": graph.files, **to_builtins(graph)} for graph in graphs], indent=2)


def to_dot(graphs: Sequence[Graph]) -> str:
    """For Graphviz: processes are boxes, the rest ellipses, arrows show where items go."""
    lines = ["digraph mplint {", "  rankdir=LR;"]
    for number, graph in enumerate(graphs):
        inner = [f"  {line}" for line in _picture(graph, number, _DOT)]
        if len(graphs) > 1:
            heading = f'  label="{_DOT.escape(title(graph))}";'
            inner = [f"subgraph cluster_{number} {{", heading, *inner, "}"]
            inner = [f"  {line}" for line in inner]
        lines += inner
    return "\n".join([*lines, "}"])


def to_mermaid(graphs: Sequence[Graph]) -> str:
    """For Mermaid: the same picture as a flowchart."""
    lines = ["flowchart LR"]
    for number, graph in enumerate(graphs):
        inner = [f"  {line}" for line in _picture(graph, number, _MERMAID)]
        if len(graphs) > 1:
            heading = f'subgraph g{number}["{_MERMAID.escape(title(graph))}"]'
            inner = [f"  {line}" for line in (heading, *inner, "end")]
        lines += inner
    return "\n".join(lines)


class _Syntax(Struct, frozen=True):
    process: str
    thing: str
    arrow: str
    start: str
    new_line: str
    escapes: Mapping[str, str | int | None]

    def escape(self, text: str) -> str:
        return text.translate(str.maketrans(dict(self.escapes)))


_DOT = _Syntax(
    '{id} [shape=box, label="{label}"];',
    '{id} [shape=ellipse, label="{label}"];',
    '{start} -> {end} [label="{label}"];',
    '{start} -> {end} [style=dashed, label="{label}"];',
    "\\n",
    {"\\": "\\\\", '"': '\\"'},
)
_MERMAID = _Syntax(
    '{id}["{label}"]',
    '{id}(["{label}"])',
    '{start} -->|"{label}"| {end}',
    '{start} -.->|"{label}"| {end}',
    "<br/>",
    {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"},
)


def _picture(graph: Graph, number: int, syntax: _Syntax) -> Iterator[str]:
    ids = {node.name: f"p{number}_{index}" for index, node in enumerate(graph.processes)}
    for node in graph.processes:
        yield syntax.process.format(id=ids[node.name], label=syntax.escape(_times(node)))
    pools: dict[str, str] = {}
    things = [thing for _, group in graph.groups for thing in group]
    for index, thing in enumerate(things):
        here = f"t{number}_{index}"
        label = f"{syntax.escape(thing.kind)}{syntax.new_line}{syntax.escape(thing.made)}"
        yield syntax.thing.format(id=here, label=label)
        if thing in graph.pools:
            pools[thing.made] = here
        arrows = [(ids[use.process], use.does, use.sort == "get") for use in thing.uses]
        for process, does, back in dict.fromkeys(arrows):
            start, end = (here, process) if back else (process, here)
            yield syntax.arrow.format(start=start, end=end, label=does)
    for node in graph.processes:
        if node.pool in pools:
            yield syntax.start.format(start=pools[node.pool], end=ids[node.name], label="runs")
        else:
            for starter in node.starters:
                yield syntax.start.format(start=ids[starter], end=ids[node.name], label="starts")
