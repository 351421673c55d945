"""What is the same in all processes that run a line, and whether there are several of them at once.

Both answers are for rules that need to be certain: "no" means "not for certain".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.nouns import MAIN, Operation, Worker
from mplint.model.values import Activation, Literal, Made, Named

if TYPE_CHECKING:
    from mplint.model.program import Program
    from mplint.model.solving.calls import Edge

MAX_DEPTH = 12

_PURE = frozenset(
    {
        "os.fspath",
        "os.getcwd",
        "os.path.abspath",
        "os.path.basename",
        "os.path.dirname",
        "os.path.expanduser",
        "os.path.join",
        "os.path.normpath",
        "os.path.realpath",
        "pathlib.Path",
        "pathlib.Path.cwd",
        "pathlib.Path.home",
        "pathlib.PurePath",
        "str",
        "tempfile.gettempdir",
    }
)
"""Functions whose results are the same wherever their arguments are."""

_PURE_METHODS = frozenset(
    {"absolute", "expanduser", "format", "joinpath", "resolve", "with_name", "with_suffix"}
)


class Everywhere:
    """The questions about what several processes have in common, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Several processes --------------------------------------------------------------------------

    def several(self, activation: Activation) -> list[Worker]:
        """The workers that run a function in more than one process at a time."""
        runners = [r for r in self.program.runners(activation) if isinstance(r, Worker)]
        return [worker for worker in runners if self.is_several(worker)]

    def is_several(self, worker: Worker) -> bool:
        """Whether processes of one worker, or tasks of one pool, certainly run side by side."""
        if worker.in_pool:
            cells = self.program.solver.cells
            for name in ("processes", "max_workers"):
                size = cells.get((worker.holder, name), frozenset())
                if any(isinstance(v, Literal) and v.value == 1 for v in size):
                    return False
            if worker.how == "initializer":
                return True
        return any(self._is_repeated(edge, worker) for edge in worker.edges)

    def _is_repeated(self, edge: Edge, worker: Worker) -> bool:
        """Whether a line starts several processes, or hands in several tasks, without waiting for
        one before the next."""
        outline = self.program.outline(edge.caller)
        loops = [frame.node for frame in outline.loops(edge.at)]
        for operation in self.program.operations_at.get((edge.caller, edge.at), ()):
            if operation.method.tasks in ("map", "starmap", "executor-map"):
                return True
            if operation.does == "call":
                return False  # it waits for the result
        if not loops:
            return False
        waits = {
            operation.at
            for operation in self.program.operations
            if operation.activation is edge.caller and operation.does in ("join", "result")
        }
        here = {frame.node.at for frame in outline.loops(edge.at)}
        return not any(
            here & {frame.node.at for frame in outline.loops(at)} or at in here for at in waits
        )

    # The same value -----------------------------------------------------------------------------

    def is_same(self, expression: f.Expr, activation: Activation, depth: int = 0) -> bool:
        """Whether an expression certainly has the same value in all processes that run it."""
        if depth > MAX_DEPTH:
            return False
        values = self.program.values(expression, activation)
        if len(values) == 1 and all(isinstance(value, Literal) for value in values):
            return True
        match expression:
            case f.Constant():
                return True
            case f.Text(parts=parts) | f.Binary(operands=parts):
                return all(self.is_same(part, activation, depth + 1) for part in parts)
            case f.Call(function=function, arguments=arguments):
                if any(argument.star for argument in arguments):
                    return False
                if not all(self.is_same(a.value, activation, depth + 1) for a in arguments):
                    return False
                if self.path_of(function, activation) in _PURE:
                    return True
                return (
                    isinstance(function, f.Attribute)
                    and function.name in _PURE_METHODS
                    and self.is_same(function.value, activation, depth + 1)
                )
            case f.Attribute(value=owner, name="parent" | "name" | "stem"):
                return self.is_same(owner, activation, depth + 1)
            case f.Attribute(value=f.Name() as owner, name=name):
                return self._is_of_one_object(owner, name, activation)
            case f.Name(id=name):
                return self._is_same_name(name, activation, depth)
        return False

    def path_of(self, function: f.Expr, activation: Activation) -> str | None:
        """The dotted name of a library's function."""
        values = self.program.values(function, activation)
        paths = [value.path for value in values if isinstance(value, Named)]
        return paths[0] if len(values) == len(paths) == 1 else None

    def _is_same_name(self, name: str, activation: Activation, depth: int) -> bool:
        program = self.program
        if name == "__file__":
            return True
        cell = program.solver.variable(activation, name)
        if cell is None or not isinstance(cell[0], Activation):
            return False
        owner = cell[0]
        if name in program.solver.shared[owner.path] and owner.outer is None:
            return False  # set by a function: who knows when
        bindings = program.outline(owner).bindings.get(name, [])
        parameter = next((p for p in owner.scope.parameters if p.name == name), None)
        if parameter is not None:
            return not bindings and self._is_given_the_same(owner, name, depth)
        if len(bindings) != 1 or not bindings[0].whole or bindings[0].value is None:
            return False
        return self.is_same(bindings[0].value, owner, depth + 1)

    def _is_of_one_object(self, owner: f.Name, name: str, activation: Activation) -> bool:
        """Whether `self.name` is an attribute of the one object whose method is the target, and is
        set in its constructor only."""
        program = self.program
        parameters = activation.scope.parameters
        if not program.is_method(activation) or not parameters or parameters[0].name != owner.id:
            return False
        workers = [r for r in program.runners(activation) if isinstance(r, Worker)]
        if any(worker.how == "run" for worker in workers):
            return False
        outer = activation.outer
        assert outer is not None
        if any(entry.outer is not outer for worker in workers for entry in worker.entries):
            return False
        places = [
            scope.name
            for scope in program.solver.files[outer.path].scopes
            for step in f.steps(scope.body)
            if isinstance(step, f.Bind)
            for targets in step.targets
            for target in f.leaves(targets)
            if isinstance(target, f.Attribute) and target.name == name
        ]
        return places == ["__init__"]

    def _is_given_the_same(self, owner: Activation, name: str, depth: int) -> bool:
        """Whether all calls and launches of a function give the same for a parameter."""
        edges = self.program.callers.get(owner, [])
        if not edges or owner in self.program.solver.from_outside:
            return False
        sites = {(edge.caller, edge.at) for edge in edges}
        if len(sites) > 1:
            return False
        given = self._given(edges[0], owner, name)
        if given is None:
            return False
        caller = edges[0].caller
        if self.program.runners(caller) == {MAIN}:
            return self._is_invariant(given, caller, edges[0].at)
        return self.is_same(given, caller, depth + 1)

    def _given(self, edge: Edge, callee: Activation, name: str) -> f.Expr | None:
        """The expression that a call or a launch gives for a parameter."""
        call = self.program.outline(edge.caller).expressions.get(edge.at)
        if not isinstance(call, f.Call):
            return None
        given = call.arguments
        if edge.launch is not None:
            launched = self._launched(call, edge)
            if launched is None:
                return None
            given = launched
        if any(argument.star for argument in given):
            return None
        names = [p.name for p in callee.scope.parameters if p.kind == "positional"]
        offset = 1 if self.program.is_method(callee) and names else 0
        position = offset
        for argument in given:
            if argument.keyword == name:
                return argument.value
            if argument.keyword is None:
                if position < len(names) and names[position] == name:
                    return argument.value
                position += 1
        return next((p.default for p in callee.scope.parameters if p.name == name), None)

    def _launched(self, call: f.Call, edge: Edge) -> tuple[f.Argument, ...] | None:
        """The arguments that a process or a task is given, where they are written out."""
        assert edge.launch is not None
        keyword = "initargs" if edge.launch.how == "initializer" else "args"
        operations = self.program.operations_at.get((edge.caller, edge.at), ())
        tasks = {operation.method.tasks for operation in operations}
        if tasks == {"submit"}:
            return call.arguments[1:]
        packed = next((a.value for a in call.arguments if a.keyword == keyword), None)
        if packed is None and tasks == {"apply"} and len(call.arguments) > 1:
            packed = call.arguments[1].value
        if isinstance(packed, f.Display) and packed.shape == "tuple":
            return tuple(f.Argument(item) for item in packed.items)
        return None

    def _is_invariant(self, expression: f.Expr, activation: Activation, at: int) -> bool:
        """Whether an expression is the same in all turns of the loops around a place."""
        program = self.program
        outline = program.outline(activation)
        loops = {frame.node.at for frame in outline.loops(at)}
        for part in f.within(expression):
            if isinstance(part, (f.Subscript, f.Comprehension, f.Lambda, f.Await, f.Yield)):
                return False
            if isinstance(part, f.Call):
                if self.path_of(part.function, activation) not in _PURE:
                    return False
            if isinstance(part, f.Name):
                if "@" in part.id:
                    return False  # the variable of a comprehension
                for binding in outline.bindings.get(part.id, ()):
                    around = {frame.node.at for frame in outline.around(binding.at)}
                    if loops & around:
                        return False
        return True

    # What is around -----------------------------------------------------------------------------

    def is_locked(self, activation: Activation, at: int) -> bool:
        """Whether a place may be inside something that lets one process in at a time, here or in a
        function that calls this one: a lock, or an object in a `with` that we do not know."""
        program = self.program
        for here, number in program.places_above((activation, at)):
            for frame in program.outline(here).around(number):
                if isinstance(frame.node, f.With) and frame.part == "body":
                    if not all(self._is_open(manager, here) for manager, _ in frame.node.items):
                        return True
            if any(self._takes(o) for o in program.operations if o.activation is here):
                return True
        return False

    def _takes(self, operation: Operation) -> bool:
        return operation.does == "acquire" and operation.call is not None

    def _is_open(self, manager: f.Expr, activation: Activation) -> bool:
        """Whether a `with` over something certainly keeps nobody else out."""
        values = self.program.values(manager, activation)
        return bool(values) and all(
            isinstance(value, Made) and value.kind.role in ("file", "pool", "executor", "memory")
            for value in values
        )

    def depends(self, activation: Activation, at: int, but: frozenset[int] = frozenset()) -> bool:
        """Whether something decides if a place is reached, here or in the functions that call this
        one: only one of the processes may come so far. The steps in `but` do not count."""
        program = self.program
        seen: set[tuple[Activation, int]] = set()
        todo = [(activation, at)]
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            here, number = place
            outline = program.outline(here)
            if program.runners(here) == {MAIN}:
                continue
            for frame in outline.around(number):
                if frame.node.at in but:
                    continue
                if isinstance(frame.node, (f.Branch, f.Match)) and frame.part != "test":
                    return True
                if isinstance(frame.node, (f.Conditional, f.Boolean)) and frame.index > 0:
                    return True
                if isinstance(frame.node, f.Try) and frame.part in ("handler", "otherwise"):
                    return True
            if self._may_be_left(here, number, but):
                return True
            todo += [(e.caller, e.at) for e in program.callers.get(here, ()) if e.launch is None]
        return False

    def _may_be_left(self, activation: Activation, at: int, but: frozenset[int]) -> bool:
        """Whether a function can return before it comes to a place: `if rank: return`."""
        return any(
            isinstance(step, f.Leave)
            and step.kind == "return"
            and step.at < at
            and not any(
                frame.node.at in but for frame in self.program.outline(activation).around(step.at)
            )
            for step in f.steps(activation.scope.body)
        )
