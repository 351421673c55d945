"""Whether there is one of a thing, and what runs at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.model.values import Activation, Literal, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program
    from mplint.model.solving.calls import Edge

MAX_DEPTH = 8
"""How far up the calls we look."""


def is_single(program: Program, made: Made) -> bool:
    """Whether a followed object is made once in a run of the program, as far as we see."""
    places = program.made.get(made, [])
    if made.given or len(places) != 1:
        return False
    activation, at = places[0]
    return not program.outline(activation).loops(at) and runs_once(program, activation)


def is_single_for(program: Program, made: Made, user: Activation) -> bool:
    """Whether a followed object is made once in a run of the program, or of a function that uses
    it: not by a factory that is called again and again."""
    places = program.made.get(made, [])
    if made.given or len(places) != 1:
        return False
    activation, at = places[0]
    if activation is user:
        return True
    return not program.outline(activation).loops(at) and runs_once(program, activation, of=user)


def runs_once(
    program: Program, activation: Activation, depth: int = 0, of: Activation | None = None
) -> bool:
    """Whether a function is called in one place only, and not in a loop; what nobody in sight
    calls is taken to run once, and so is the function `of` one of whose runs we speak."""
    if activation is of:
        return True
    if depth > MAX_DEPTH:
        return False
    if activation.scope.kind == "class" and activation.outer is not None:
        return runs_once(program, activation.outer, depth + 1, of)
    edges = {(edge.caller, edge.at): edge for edge in program.callers.get(activation, ())}
    if not edges:
        return True
    if len(edges) > 1:
        return False
    (edge,) = edges.values()
    if edge.launch is not None and any(
        is_many(program, worker)
        for worker in program.launches_at.get((edge.caller, edge.at), ())
        if activation in worker.entries
    ):
        return False
    looped = program.outline(edge.caller).loops(edge.at)
    return not looped and runs_once(program, edge.caller, depth + 1, of)


def is_many(program: Program, worker: Worker) -> bool:
    """Whether several processes of a worker certainly run at the same time."""
    if worker.kind.family != "process":
        return False
    if worker.in_pool:
        return _size(program, worker) != 1 and _has_many_tasks(program, worker)
    if program.solver.cells.get((worker.holder, "spawned")):
        return _constant(program, worker, "nprocs") != 1
    repeated = [edge for edge in worker.edges if _is_repeated(program, edge)]
    return any(not _replaces(program, edge) for edge in repeated) and not _one_by_one(worker)


def _size(program: Program, worker: Worker) -> object:
    """The number of processes of a pool, where it is constant."""
    name = "processes" if worker.kind.role == "pool" else "max_workers"
    return _constant(program, worker, name)


def _constant(program: Program, worker: Worker, name: str) -> object:
    values = program.solver.cells.get((worker.holder, name), frozenset())
    constants = [value.value for value in values if isinstance(value, Literal)]
    return constants[0] if len(values) == len(constants) == 1 else None


def _has_many_tasks(program: Program, worker: Worker) -> bool:
    """Whether a pool has several tasks of a worker at once."""
    for edge in worker.edges:
        for operation in program.operations_at.get((edge.caller, edge.at), ()):
            if operation.receiver is not worker.holder or not operation.method.tasks:
                continue
            if operation.method.tasks in ("map", "starmap", "executor-map"):
                return True
            if operation.does == "call" or _is_awaited(program, edge):
                continue
            if _is_repeated(program, edge):
                return True
    return False


def _is_awaited(program: Program, edge: Edge) -> bool:
    """Whether the result of a task is waited for before the next task is given."""
    outline = program.outline(edge.caller)
    loop = [frame.node for frame in outline.loops(edge.at)[-1:]]
    return any(
        operation.does in ("result", "wait")
        and [frame.node for frame in outline.loops(operation.at)[-1:]] == loop
        for operation in program.done_in.get(edge.caller, ())
    )


def _is_repeated(program: Program, edge: Edge, depth: int = 0) -> bool:
    """Whether a call is made several times: in a loop that turns more than once, here or where the
    function around it is called."""
    from mplint.model.paths.counts import Counter

    loops = program.outline(edge.caller).loops(edge.at)
    if loops:
        turns = Counter(program).turns(edge.caller, edge.at, at_most=True)
        return turns is None or turns.known is None or turns.known > 1
    if depth > MAX_DEPTH:
        return False
    callers = [e for e in program.callers.get(edge.caller, ()) if e.launch is None]
    return any(_is_repeated(program, caller, depth + 1) for caller in callers)


def _replaces(program: Program, edge: Edge, depth: int = 0) -> bool:
    """Whether somebody asks if a process is alive before a call makes one, in the same loop or the
    same function, or further up: the new one may take the place of one that has ended."""
    outline = program.outline(edge.caller)
    loops = {frame.node.at for frame in outline.loops(edge.at)}
    for name in ("is_alive", "exitcode"):
        for asked in outline.attributes.get(name, ()):
            around = {frame.node.at for frame in outline.loops(asked.at)}
            if around & loops or (not loops and asked.at < edge.at):
                return True
    if depth > MAX_DEPTH:
        return False
    callers = [e for e in program.callers.get(edge.caller, ()) if e.launch is None]
    return any(_replaces(program, caller, depth + 1) for caller in callers)


def _one_by_one(worker: Worker) -> bool:
    """Whether each process is joined before the next one is started."""
    starts = {_turn(start) for start in worker.operations("start")}
    joins = (join for join in worker.operations("join") if join.timed is False)
    return any(_turn(join) in starts for join in joins)


def _turn(operation: Operation) -> tuple[Activation, int | None]:
    """The function of an operation, and the innermost loop around it."""
    loops = operation.program.outline(operation.activation).loops(operation.at)
    return operation.activation, loops[-1].node.at if loops else None


def overlap(first: Worker, second: Worker) -> bool:
    """Whether processes of two workers may run at the same time: neither is joined before the other
    one is started, and none takes the place of one that has ended."""
    for worker in (first, second):
        if worker.edges and all(_replaces(worker.program, edge) for edge in worker.edges):
            return False
    return not (_ends_before(first, second) or _ends_before(second, first))


def _ends_before(first: Worker, second: Worker) -> bool:
    joins = [join for join in first.operations("join") if join.timed is False]
    starts = [(start.activation, start.at) for start in second.operations("start")]
    if second.in_pool:
        starts = [(edge.caller, edge.at) for edge in second.edges]
    if not joins or not starts:
        return False
    return any(
        all(join.activation is caller and join.at < at for caller, at in starts) for join in joins
    )
