"""Which files several processes write."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN, Worker
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine
from mplint.model.paths.raising import catches
from mplint.model.state.everywhere import Everywhere
from mplint.model.values import Activation, Literal, Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

_ROTATING = frozenset(
    {"logging.handlers.RotatingFileHandler", "logging.handlers.TimedRotatingFileHandler"}
)
_LOOKS = frozenset({"os.path.exists", "os.path.isdir", "os.path.isfile", "os.path.lexists"})
_MAKES = frozenset({"os.mkdir", "os.makedirs", "os.symlink"})
_PATHS = frozenset({"pathlib.Path", "pathlib.PosixPath"})


class Unsaved(Struct, frozen=True):
    """A file that is opened in the parent and written in a worker, which ends without closing it:
    forked children throw away what is still in the buffer."""

    file: Made
    worker: Worker
    start_methods: tuple[str, ...]


class Shared(Struct, frozen=True):
    """A file that several processes open for themselves; `rotates` when they also rename it."""

    worker: Worker
    rotates: bool


class Race(Struct, frozen=True):
    """A look whether something is there, before several processes make it."""

    look: Site
    look_text: str
    text: str
    worker: Worker


class _Saving(Machine[str]):
    """Whether what a path writes to a file gets there. States: `unused`; `unsaved` after a write;
    `saved` after a flush or close that follows it."""

    def __init__(self, file: Made) -> None:
        self.file = file

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if not self._is_it(operation):
            return (state,)
        if operation.name in ("write", "writelines"):
            return ("unsaved",)
        return ("unused" if state == "unused" else "saved",)

    def _is_it(self, operation: Operation) -> bool:
        """Whether an operation is on the file, or on what is there in its place."""
        receiver = operation.receiver_expression
        if operation.receiver is self.file or receiver is None:
            return operation.receiver is self.file
        return self.file in operation.values(receiver)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def repeated(self, state: str) -> Iterable[str]:
        return ("saved",)


class SharedFiles:
    """The questions about files that several processes have to do with, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def everywhere(self) -> Everywhere:
        return Everywhere(self.program)

    # Written in a child -------------------------------------------------------------------------

    def unsaved(self, write: Operation) -> Unsaved | None:
        """For a write in a worker to a file that its parent has opened: whether the worker always
        ends with some of it unsaved."""
        file = write.receiver
        if not isinstance(file, Made) or file.kind.role != "file" or write.name == "flush":
            return None
        if write.does == "close" or file in self.program.solver.escapes:
            return None
        if not self._is_buffered(file) or not self._is_for_files(write):
            return None
        makers = {r for a, _ in self.program.made[file] for r in self.program.runners(a)}
        if MAIN not in makers:
            return None
        for runner in write.runners:
            if isinstance(runner, Worker) and self._is_first_write(write, file, runner):
                methods = self.program.methods_of(runner.holder)
                if "fork" in methods and self._ends_unsaved(runner, file):
                    return Unsaved(file, runner, ("fork",))
        return None

    def _is_for_files(self, operation: Operation) -> bool:
        """Whether the receiver can be nothing but a file."""
        call = operation.call
        if call is None or not isinstance(call.function, f.Attribute):
            return False
        values = self.program.objects(operation.values(call.function.value))
        return all(isinstance(value, Made) and value.kind.role == "file" for value in values)

    def _is_first_write(self, write: Operation, file: Made, worker: Worker) -> bool:
        writes = [
            operation
            for operation in self.program.on[file]
            if operation.name in ("write", "writelines") and worker in operation.runners
        ]
        return bool(writes) and writes[0].site == write.site

    def _is_buffered(self, file: Made) -> bool:
        """Whether a file keeps what is written in a buffer, as far as its opening says."""
        for activation, at in self.program.made[file]:
            call = self.program.outline(activation).expressions.get(at)
            if not isinstance(call, f.Call) or len(call.arguments) > 2:
                return False
            if any(argument.keyword == "buffering" for argument in call.arguments):
                return False
        return True

    def _ends_unsaved(self, worker: Worker, file: Made) -> bool:
        flow = Flow(self.program, _Saving(file))
        ends = [flow.ends(entry, "unused").get(NORMAL, {}) for entry in worker.entries]
        return any("unsaved" in states for states in ends) and not any(
            "saved" in states for states in ends
        )

    # Opened by several --------------------------------------------------------------------------

    def shared(self, call: f.Call, activation: Activation) -> Shared | None:
        """For a call that opens a file to write it anew, or makes a handler that renames log files:
        whether several processes do so with the same file."""
        path = self.everywhere.path_of(call.function, activation)
        rotates = path in _ROTATING
        if not rotates and path not in ("open", "io.open", "codecs.open"):
            return None
        if not rotates and not self._truncates(call, activation):
            return None
        name = call.arguments[0].value if call.arguments else None
        keyword = call.arguments[0].keyword if call.arguments else None
        if name is None or keyword not in (None, "file", "filename") or call.arguments[0].star:
            return None
        workers = self.everywhere.several(activation)
        if not workers or MAIN in self.program.runners(activation):
            return None
        if not self.everywhere.is_same(name, activation) or self._is_null(name, activation):
            return None
        if not rotates and (
            self.everywhere.is_locked(activation, call.at)
            or self.everywhere.depends(activation, call.at)
        ):
            return None
        return Shared(workers[0], rotates)

    def _truncates(self, call: f.Call, activation: Activation) -> bool:
        """Whether a call of `open` empties the file."""
        mode = next((a.value for a in call.arguments if a.keyword == "mode"), None)
        if mode is None and len(call.arguments) > 1 and call.arguments[1].keyword is None:
            mode = call.arguments[1].value
        if mode is None:
            return False
        values = self.program.values(mode, activation)
        return bool(values) and all(
            isinstance(value, Literal) and "w" in str(value.value) for value in values
        )

    def _is_null(self, name: f.Expr, activation: Activation) -> bool:
        if self.everywhere.path_of(name, activation) == "os.devnull":
            return True
        values = self.program.values(name, activation)
        return any(isinstance(v, Literal) and str(v.value).startswith("/dev/") for v in values)

    # Looked at, then made -----------------------------------------------------------------------

    def race(self, call: f.Call, activation: Activation) -> Race | None:
        """For a call that makes a folder or a file and fails where it is there already: the look
        that is to keep it from failing, though several processes come so far together."""
        made = self._makes(call, activation)
        if made is None:
            return None
        workers = self.everywhere.several(activation)
        if not workers or MAIN in self.program.runners(activation):
            return None
        look = self._look(made, call.at, activation)
        if look is None or not self.everywhere.is_same(made, activation):
            return None
        test, step = look
        if self.everywhere.depends(activation, call.at, frozenset({step.at})):
            return None
        if self.everywhere.is_locked(activation, call.at) or self._is_caught(activation, call.at):
            return None
        site = Site(activation.path, test.at)
        return Race(site, describe(test), describe(call.function), workers[0])

    def _makes(self, call: f.Call, activation: Activation) -> f.Expr | None:
        """The path that a call makes, where it fails when that is there."""
        function = call.function
        for argument in call.arguments:
            if argument.star:
                return None
            if argument.keyword == "exist_ok":
                if self.program.truth(argument.value, activation) is not False:
                    return None
        path = self.everywhere.path_of(function, activation)
        if path in _MAKES:
            given = [a.value for a in call.arguments if a.keyword is None]
            index = 1 if path == "os.symlink" else 0
            if path == "os.makedirs" and len(given) > 2:
                return None
            return given[index] if index < len(given) else None
        if path in ("open", "io.open") and call.arguments:
            mode = call.arguments[1].value if len(call.arguments) > 1 else None
            if isinstance(mode, f.Constant) and "x" in str(mode.value):
                return call.arguments[0].value
        if isinstance(function, f.Attribute) and function.name == "mkdir":
            positional = [a for a in call.arguments if a.keyword is None]
            if len(positional) < 3 and self._is_path(function.value, activation):
                return function.value
        return None

    def _is_path(self, expression: f.Expr, activation: Activation, depth: int = 0) -> bool:
        """Whether an expression is a `pathlib.Path`."""
        if depth > 8:
            return False
        match expression:
            case f.Call(function=function):
                if self.everywhere.path_of(function, activation) in _PATHS:
                    return True
                return isinstance(function, f.Attribute) and self._is_path(
                    function.value, activation, depth + 1
                )
            case f.Binary(operators=("/", *_), operands=operands):
                return self._is_path(operands[0], activation, depth + 1)
            case f.Attribute(value=owner, name="parent"):
                return self._is_path(owner, activation, depth + 1)
            case f.Name():
                found = self.program.counter.definition(expression, activation)
                return found is not None and self._is_path(*found, depth + 1)
        return False

    def _look(self, made: f.Expr, at: int, activation: Activation) -> tuple[f.Call, f.Step] | None:
        """The test whether a path is there that decides if a place is reached, and its step."""
        text = describe(made)
        if "…" in text:
            return None
        outline = self.program.outline(activation)
        frames = list(outline.around(at))
        for frame in frames:
            node = frame.node
            if not isinstance(node, f.Branch) or frame.part == "test":
                continue
            for test, _ in node.arms:
                found = self._look_in(test, text, activation)
                if found is not None:
                    return found, node
        # `if os.path.exists(path): return` before it, in the same block
        step = outline.step_of(at)
        block = self._block_of(step, activation)
        for before in block:
            if before is step:
                break
            if isinstance(before, f.Branch) and len(before.arms) == 1:
                test, then = before.arms[0]
                leaves = bool(then) and isinstance(then[-1], f.Leave)
                found = self._look_in(test, text, activation) if leaves else None
                if found is not None:
                    return found, before
        return None

    def _block_of(self, step: f.Step | None, activation: Activation) -> f.Block:
        """The block that a step stands in."""
        if step is None:
            return ()
        frame = next(self.program.outline(activation).around(step.at), None)
        if frame is None or isinstance(frame.node, f.Expr):
            return activation.scope.body
        return next((block for block in f.blocks(frame.node) if step in block), ())

    def _look_in(self, test: f.Expr, text: str, activation: Activation) -> f.Call | None:
        """The call of `exists` for a path in a test."""
        if isinstance(test, f.Call):
            function = test.function
            if self.everywhere.path_of(function, activation) in _LOOKS and test.arguments:
                if describe(test.arguments[0].value) == text:
                    return test
            if isinstance(function, f.Attribute) and function.name in ("exists", "is_dir"):
                if describe(function.value) == text:
                    return test
            return None
        for part in f.parts(test):
            found = self._look_in(part, text, activation)
            if found is not None:
                return found
        return None

    def _is_caught(self, activation: Activation, at: int) -> bool:
        """Whether somebody may catch the error that it is there already."""
        program = self.program
        for here, number in program.places_above((activation, at)):
            for frame in program.outline(here).around(number):
                if not isinstance(frame.node, f.Try) or frame.part != "body":
                    continue
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = program.values(handler.type, here)
                    if catches(program, types, "FileExistsError") is not False:
                        return True
        return False
