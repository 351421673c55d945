"""What the process of a worker cannot do, and what takes its end from its parent."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.nouns import Worker
from mplint.model.paths.raising import catches
from mplint.model.starting.startup import Start
from mplint.model.values import Activation, FunctionRef, Instance, Literal, Made, Named, Value

if TYPE_CHECKING:
    from mplint.model.program import Program


class Grandchild(Struct, frozen=True):
    """Something that starts a process in a process that may not have children."""

    worker: Worker
    start: Start


class Reaped(Struct, frozen=True):
    """A call that takes the exit status of any child, and the start of a process whose status it
    may be; `methods` are the start methods under which it certainly does."""

    text: str
    start: Start
    methods: tuple[str, ...]


class Children:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Daemons have no children -------------------------------------------------------------------

    def grandchild(self, at: int, activation: Activation) -> Grandchild | None:
        """For a place of a function: what is started there, though the function runs in daemonic
        processes only."""
        starts = self.program.startup.starts_at(activation, at)
        if not starts:
            return None
        start = starts[0]
        workers = self._workers(activation)
        if not workers or not all(self._is_daemon_to(worker, start) for worker in workers):
            return None
        if self._is_asked_for(start) or self._is_caught(start):
            return None
        return Grandchild(workers[0], start)

    def _is_daemon_to(self, worker: Worker, start: Start) -> bool:
        """Whether a worker's processes are daemonic, and the library that starts another one there
        knows: each knows its own only, and billiard's lets daemons have children."""
        libraries = {_library(self.program, holder) for holder in (worker.holder, start.holder)}
        known = libraries <= _ONE_LIBRARY or libraries == {"multiprocess"}
        return known and worker.kind.family == "process" and worker.daemon is True

    def _workers(self, activation: Activation) -> list[Worker]:
        """The processes that run a function; empty when the main process does so, too."""
        runners = self.program.runners(activation)
        workers = [runner for runner in runners if isinstance(runner, Worker)]
        return sorted(workers, key=lambda w: w.order) if len(workers) == len(runners) else []

    def _is_asked_for(self, start: Start) -> bool:
        """Whether the function decides by a parameter, or by what process it is in."""
        activation = start.activation
        parameters = {parameter.name for parameter in activation.scope.parameters}
        outline = self.program.outline(activation)
        for expression in outline.expressions.values():
            if isinstance(expression, f.Attribute) and expression.name == "daemon":
                owners = self.program.values(expression.value, activation)
                if start.holder not in owners:
                    return True
        for frame in outline.around(start.at):
            tests: list[f.Expr] = []
            if isinstance(frame.node, f.Branch):
                tests = [test for test, _ in frame.node.arms]
            elif isinstance(frame.node, (f.Conditional, f.While)):
                tests = [frame.node.test]
            elif isinstance(frame.node, f.Boolean):
                tests = [frame.node]
            if any(parameters & _names(test) for test in tests):
                return True
        return False

    def _is_caught(self, start: Start) -> bool:
        """Whether the error is caught: whoever wrote it knows."""
        for frame in self.program.outline(start.activation).around(start.at):
            if isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = self.program.values(handler.type, start.activation)
                    if catches(self.program, types, "AssertionError") is not False:
                        return True
        return False

    # Standard input -----------------------------------------------------------------------------

    def reads_input(self, at: int, activation: Activation) -> Worker | None:
        """For a place of a function: the worker in whose process it reads from standard input,
        which is empty there."""
        workers = self._workers(activation)
        if not workers or not self._reads(at, activation):
            return None
        if any(worker in self._with_own_input for worker in workers):
            return None
        return workers[0]

    def _reads(self, at: int, activation: Activation) -> bool:
        path = self.program.record.externals.get((activation, at), "")
        if path in _READS:
            return True
        outline = self.program.outline(activation)
        expression = outline.expressions.get(at)
        frame = next(outline.around(at), None) if expression is not None else None
        if expression is None or frame is None:
            return False
        looped = isinstance(frame.node, f.For) and frame.node.source is expression
        clause = isinstance(frame.node, f.Comprehension) and any(
            each.source is expression for each in frame.node.clauses
        )
        if not looped and not clause:
            return False
        values = self.program.values(expression, activation)
        return bool(values) and all(
            isinstance(value, Named) and value.path == "sys.stdin" for value in values
        )

    @cached_property
    def _with_own_input(self) -> set[object]:
        """The workers that open a standard input for themselves, and None."""
        found: set[object] = set()
        for activation in self.program.solver.activations:
            for step in f.steps(activation.scope.body):
                targets = step.targets if isinstance(step, f.Bind) else ()
                if any(isinstance(t, f.Attribute) and t.name == "stdin" for t in targets):
                    found |= self.program.runners(activation)
        return found

    # Exit status --------------------------------------------------------------------------------

    def reaps(self, call: f.Expr, activation: Activation) -> Reaped | None:
        """For a call: whether it takes the exit status of whichever child ends, in a process that
        starts processes on lines of the same file."""
        program = self.program
        if not isinstance(call, f.Call):
            return None
        path = program.record.externals.get((activation, call.at), "")
        methods = self._methods_of(path, call, activation)
        if not methods or self._forks(activation):
            return None
        here = program.runners(activation)
        for starts in program.startup.starts.values():
            for start in starts:
                same = start.activation.path == activation.path
                if same and here & program.runners(start.activation):
                    return Reaped(_text(path, call), start, methods)
        return None

    def _methods_of(self, path: str, call: f.Call, activation: Activation) -> tuple[str, ...]:
        given = [argument.value for argument in call.arguments if argument.keyword is None]
        values = [self.program.values(expression, activation) for expression in given[:2]]
        if path == "signal.signal" and len(values) == 2:
            ignores = _is_named(values[0], "signal.SIGCHLD", "signal.SIGCLD") and _is_named(
                values[1], "signal.SIG_IGN"
            )
            return ("fork", "spawn") if ignores else ()
        waits = path in ("os.wait", "os.wait3")
        if path in ("os.waitpid", "os.wait4") and values:
            waits = any(
                isinstance(v, Literal) and v.value == -1 for v in values[0]
            ) or _is_minus_one(given[0])
        if path == "os.waitid" and values:
            waits = _is_named(values[0], "os.P_ALL")
        if not waits:
            return ()
        return ("fork",) if activation.scope in self._handlers else ("fork", "spawn", "forkserver")

    @cached_property
    def _handlers(self) -> set[f.Scope]:
        """The functions that are called when a child ends."""
        program = self.program
        found: set[f.Scope] = set()
        for (activation, at), path in program.record.externals.items():
            call = program.outline(activation).expressions.get(at)
            if path == "signal.signal" and isinstance(call, f.Call) and len(call.arguments) == 2:
                for value in program.values(call.arguments[1].value, activation):
                    if isinstance(value, FunctionRef):
                        found.add(value.scope)
        return found

    def _forks(self, activation: Activation) -> bool:
        """Whether the file makes children in another way as well, for which the call may be."""
        return any(
            path in ("os.fork", "os.forkpty", "pty.fork", "os.posix_spawn") or "subprocess" in path
            for (holder, _), path in self.program.record.externals.items()
            if holder.path == activation.path
        )


_ONE_LIBRARY = {"", "multiprocessing", "torch"}  # executors have none of their own
_READS = frozenset(
    {
        "input",
        "sys.stdin.read",
        "sys.stdin.readline",
        "sys.stdin.readlines",
        "sys.stdin.buffer.read",
    }
)


def _library(program: Program, holder: Value) -> str:
    if isinstance(holder, Made):
        return holder.library.root.partition(".")[0] if holder.library is not None else ""
    base = program.solver.base_name(holder.cls) if isinstance(holder, Instance) else None
    return base.path.partition(".")[0] if base is not None else ""


def _is_named(values: frozenset[Value], *paths: str) -> bool:
    return bool(values) and all(isinstance(v, Named) and v.path in paths for v in values)


def _is_minus_one(expression: f.Expr) -> bool:
    match expression:
        case f.Unary(operator="-", operand=f.Constant(value=1)):
            return True
    return False


def _names(expression: f.Expr) -> set[str]:
    return {part.id for part in f.within(expression) if isinstance(part, f.Name)}


def _text(path: str, call: f.Call) -> str:
    if path == "signal.signal":
        return "signal.signal(SIGCHLD, SIG_IGN)"
    return f"{path}(-1)" if path in ("os.waitpid", "os.wait4") else f"{path}()"
