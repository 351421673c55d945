"""What a file does when it is imported: spawn and forkserver import the main module again in every
child, so a process that is started there starts processes for ever."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.outline import can_leave
from mplint.model.starting.strangers import Strangers
from mplint.model.values import Activation, FunctionRef, Made, Named, Site, Value

if TYPE_CHECKING:
    from mplint.model.outline import Around
    from mplint.model.program import Program

SHOWCASES = frozenset({"fixtures", "testdata", "test_data", "functional", "snippets"})
"""Folders with code that is read, not run."""


MAX_HOPS = 3
"""Calls between a statement of a module and the start that it leads to."""

ANYWHERE = -1


class Start(Struct, frozen=True):
    """Something that starts processes, where, and what it is in words."""

    activation: Activation
    at: int
    what: str
    holder: Value

    @property
    def site(self) -> Site:
        return Site(self.activation.path, self.at)


class Unguarded(Struct, frozen=True):
    """A statement of a module that starts processes whenever the module is imported: `at` is the
    expression in it that leads to the start. `guard` is a misspelt guard around it, under which
    nothing runs at all."""

    at: int
    start: Start
    start_methods: tuple[str, ...]
    guard: str | None = None

    @property
    def why(self) -> str:
        """What goes wrong, in words."""
        if self.guard is not None:
            return f"`__name__` is never {self.guard}: nothing below this test ever runs"
        return (
            f"{self.start.what} is started whenever this module is imported, and every child "
            "imports it: the children fail, or start children for ever"
        )


class Startup:
    """The questions about import-time code, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._guarded_places: dict[tuple[Activation, int], bool] = {}
        self._loops: dict[Activation, list[f.While]] = {}
        self._drawn: dict[Path, set[Path]] = {}
        self._leaving: dict[Activation, list[f.While | f.Branch]] = {}
        self._strangers = Strangers(program)

    @cached_property
    def starts(self) -> dict[Activation, list[Start]]:
        """What starts processes, by the function that does."""
        found: dict[Activation, list[Start]] = {}
        for start in self._starts():
            found.setdefault(start.activation, []).append(start)
        for starts in found.values():
            starts.sort(key=lambda start: start.at)
        return found

    def starts_at(self, activation: Activation, at: int) -> list[Start]:
        """What a place starts."""
        return self._starts_at.get((activation, at), [])

    @cached_property
    def _starts_at(self) -> dict[tuple[Activation, int], list[Start]]:
        found: dict[tuple[Activation, int], list[Start]] = {}
        for starts in self.starts.values():
            for start in starts:
                found.setdefault((start.activation, start.at), []).append(start)
        return found

    def _starts(self) -> Iterator[Start]:
        program = self.program
        for operation in program.operations:
            kind = operation.kind
            if kind.family != "process" or self._needs_no_main(operation.receiver):
                continue
            starts_process = kind.role in ("process", "manager") and operation.does == "start"
            if starts_process or (kind.role == "executor" and operation.method.tasks):
                yield Start(operation.activation, operation.at, kind.noun, operation.receiver)
        for made, places in program.made.items():
            kind = made.kind
            named_manager = kind.role == "manager" and not self._is_class_call(made)
            spawned = (made, "spawned") in program.solver.cells
            if kind.family == "process" and (kind.role == "pool" or named_manager or spawned):
                for activation, at in places:
                    yield Start(activation, at, kind.noun, made)

    def _needs_no_main(self, holder: Value) -> bool:
        """Whether its processes get functions by value, and do not import the main module."""
        library = self.program.library_of(holder)
        return library is not None and library.pickler == "cloudpickle"

    def _is_class_call(self, made: Made) -> bool:
        """Whether a manager was made by its class, which starts nothing before `start()`."""
        for activation in self.program.activations_at(made.site):
            call = self.program.outline(activation).expressions.get(made.site.at)
            if isinstance(call, f.Call):
                for value in self.program.values(call.function, activation):
                    if isinstance(value, Named) and value.path.endswith(".Manager"):
                        return False
        return True

    # Scripts ------------------------------------------------------------------------------------

    def is_script(self, path: Path) -> bool:
        """Whether a file has a main guard."""
        return path in self.guarded

    @cached_property
    def guarded(self) -> set[Path]:
        """The files that are scripts: those with a main guard."""
        return {
            path
            for path, module in self.program.solver.modules.items()
            for step in module.scope.body
            if isinstance(step, f.Branch)
            and self._is_guard(step.arms[0][0], module) in ("main", "child")
        }

    def drawn_in(self, script: Path) -> set[Path]:
        """The files of the program that a script imports, itself included."""
        found = self._drawn.get(script)
        if found is None:
            found = self._drawn[script] = set()
            todo = [script]
            while todo:
                path = todo.pop()
                if path not in found:
                    found.add(path)
                    todo += self._imports[path]
        return found

    @cached_property
    def _imports(self) -> dict[Path, set[Path]]:
        """By file of the program, the others that it imports."""
        solver = self.program.solver
        found: dict[Path, set[Path]] = {path: set() for path in solver.files}
        for path, file in solver.files.items():
            for scope in file.scopes:
                for step in f.steps(scope.body):
                    for expression in f.expressions(step):
                        if isinstance(expression, f.Imported):
                            name = expression.name if expression.name != "*" else None
                            target = solver.loader.resolve(
                                path, expression.module, name, expression.level
                            )
                            if target.path in found:
                                found[path].add(target.path)
        return found

    # Modules ------------------------------------------------------------------------------------

    def unguarded(self, path: Path) -> Unguarded | None:
        """The first statement of a module that starts processes when the module is imported."""
        module = self.program.solver.modules.get(path)
        if module is None or SHOWCASES & set(self._inside(path)):
            return None
        for body, at in self._at_import(module):
            start = self._start_behind(body, at)
            if start is None or self.methods(start) == ("fork",):
                continue
            inside = at if body is module else self.program.outline(module).defined_at(body.scope)
            guard = self._guard(module, inside)
            if guard == "good" or self._left_before(module, inside):
                continue
            if guard is None and self._strangers.decide(module, inside):
                continue
            if guard is None or guard == "misspelt":
                text = self._misspelt_text(module, at) if guard else None
                importing = ("spawn", "forkserver")
                methods = tuple(m for m in self.methods(start) if text or m in importing)
                return Unguarded(at, start, methods, text)
        return None

    def is_run_by_children(self, module: Activation, at: int) -> bool:
        """Whether the children that spawn or forkserver start run a place of a module again, when
        they import it: somebody in sight starts such children, and no guard is around it."""
        if SHOWCASES & set(self._inside(module.path)):
            return False
        if self._guard(module, at) is not None or self._left_before(module, at):
            return False
        return any(
            self.methods(start) != ("fork",)
            and (
                module.path in self.drawn_in(start.activation.path)
                or start.activation.path in self.drawn_in(module.path)
            )
            for starts in self.starts.values()
            for start in starts
        )

    def _at_import(self, module: Activation) -> list[tuple[Activation, int]]:
        """The calls that lead to a start, in a module or in the body of one of its classes."""
        bodies = [module, *self._classes.get(module, ())]
        places = {(body, at) for body in bodies for at in self.leads.get(body, ())}
        places |= {(body, start.at) for body in bodies for start in self.starts.get(body, ())}
        return sorted(places, key=lambda place: place[1])

    @cached_property
    def _classes(self) -> dict[Activation, list[Activation]]:
        """The bodies of the classes of each module."""
        found: dict[Activation, list[Activation]] = {}
        for activation in self.program.solver.activations:
            if activation.scope.kind == "class" and activation.outer is not None:
                found.setdefault(activation.outer, []).append(activation)
        return found

    def _inside(self, path: Path) -> tuple[str, ...]:
        root = self.program.root
        return path.relative_to(root).parts[:-1] if root in path.parents else path.parts[:-1]

    @cached_property
    def leads(self) -> dict[Activation, list[int]]:
        """The calls that lead to a start, in the end, in the functions that they stand in."""
        calling: dict[Activation, list[tuple[Activation, int]]] = {}
        for place, callees in self.program.callees_at.items():
            for callee in callees:
                calling.setdefault(callee, []).append(place)
        leads: dict[Activation, set[int]] = {}
        todo = list(self.starts)
        reaching = set(todo)
        while todo:
            for holder, at in calling.get(todo.pop(), ()):
                leads.setdefault(holder, set()).add(at)
                if holder not in reaching:
                    reaching.add(holder)
                    todo.append(holder)
        return {holder: sorted(places) for holder, places in leads.items()}

    def _start_behind(self, activation: Activation, at: int) -> Start | None:
        """The start that a call leads to, by few enough calls that the two belong together."""
        seen = set()
        todo: list[tuple[Activation, int, int]] = [(activation, at, 0)]
        while todo:
            holder, place, hops = todo.pop(0)
            for start in self.starts.get(holder, ()):
                if place in (start.at, ANYWHERE):
                    return start
            if hops > MAX_HOPS:
                continue
            for callee in self.program.callees_at.get((holder, place), ()):
                if callee not in seen:
                    seen.add(callee)
                    todo.append((callee, ANYWHERE, hops + 1))
                    todo += [(callee, inner, hops + 1) for inner in self.leads.get(callee, ())]
        return None

    def methods(self, start: Start) -> tuple[str, ...]:
        """The start methods that may be in force for a start."""
        return self.program.methods_of(start.holder)

    # Guards -------------------------------------------------------------------------------------

    def is_dead(self, module: Activation, at: int) -> bool:
        """Whether a place of a module comes after a loop that is never left."""
        if module not in self._loops:
            loops = [step for step in module.scope.body if isinstance(step, f.While)]
            self._loops[module] = loops
        return any(
            loop.at < at and self._never_ends(loop, at, module) for loop in self._loops[module]
        )

    def is_guarded(self, module: Activation, at: int) -> bool:
        """Whether a place of a module is not come to when the module is imported."""
        # all places of a statement that has no statements inside it are alike
        step = self.program.outline(module).step_of(at)
        place = (module, at if step is None or any(f.blocks(step)) else step.at)
        if place not in self._guarded_places:
            guarded = self._guard(module, at) is not None or self._left_before(module, at)
            self._guarded_places[place] = guarded
        return self._guarded_places[place]

    def is_in_main(self, module: Activation, at: int) -> bool:
        """Whether a place of a module is under a main guard, so that a program begins there."""
        return self._guard(module, at) == "good"

    def _guard(self, module: Activation, at: int) -> str | None:
        """`good`, `misspelt`, or None for no guard around a place of a module."""
        for frame in self.program.outline(module).around(at):
            if self._is_guarded_by(frame, at, module):
                return "good"
            if not isinstance(frame.node, f.Branch):
                continue
            test = (
                frame.node.arms[frame.index][0] if frame.part == "body" else frame.node.arms[-1][0]
            )
            answer = self._is_guard(test, module)
            if answer == "misspelt" and frame.part == "body":
                return "misspelt"
            if answer == ("main" if frame.part == "body" else "child"):
                return "good"
            if answer is None and self._asks_for_process(test, module):
                return "good"
        return None

    def is_main_only(self, module: Activation, at: int) -> bool:
        """Whether a place of a module is under a main guard, so that children never come there."""
        around = self.program.outline(module).around(at)
        return any(self.is_main_guard(frame, module) for frame in around)

    def is_main_guard(self, frame: Around, module: Activation) -> bool:
        """Whether what is around a place of a module is a main guard."""
        return (
            isinstance(frame.node, f.Branch)
            and frame.part == "body"
            and module.scope.kind == "module"
            and self._is_guard(frame.node.arms[frame.index][0], module) == "main"
        )

    def _is_guarded_by(self, frame: Around, at: int, module: Activation) -> bool:
        """Whether a `match __name__`, or a guard inside an expression, is around a place."""
        match frame.node:
            case f.Match(subject=f.Name(id="__name__")):
                return frame.part == "body"
            case f.Conditional(test=test):
                return self._is_guard(test, module) == "main"
            case f.Boolean(operator="and", operands=operands):
                before = [operand for operand in operands if operand.at < at]
                return any(self._is_guard(operand, module) == "main" for operand in before)
        return False

    def _is_guard(self, test: f.Expr, module: Activation) -> str | None:
        """`main` for a test that holds in the main module only, `child` for its opposite."""
        match test:
            case f.Name(id=name):
                return self._is_guard_by_name(name, module)
            case f.Call(function=function):
                for value in self.program.values(function, module):
                    answer = _answer(value.scope) if isinstance(value, FunctionRef) else None
                    if answer is not None:
                        return self._is_guard(answer, module)
                return None
            case f.Boolean(operator="and", operands=operands):
                answers = [self._is_guard(operand, module) for operand in operands]
                return next((answer for answer in answers if answer), None)
            case f.Unary(operator="not", operand=operand):
                inner = self._is_guard(operand, module)
                return {"main": "child", "child": "main"}.get(inner or "")
            case f.Comparison(left=left, rest=((operator, right),)):
                if isinstance(right, f.Name):
                    left, right = right, left
                if not (isinstance(left, f.Name) and left.id == "__name__"):
                    return None
                if operator == "in":
                    return "main"
                if not isinstance(right, f.Constant) or not isinstance(right.value, str):
                    return "main" if operator in ("==", "is") else None
                if right.value == "__main__":
                    return {"==": "main", "is": "main", "!=": "child"}.get(operator)
                plain = right.value.strip("_").lower()
                return "misspelt" if operator == "==" and plain in ("main", "name") else "main"
        return None

    def _is_guard_by_name(self, name: str, module: Activation) -> str | None:
        """The same for a variable that holds such a test."""
        for step in module.scope.body:
            if isinstance(step, f.Bind) and isinstance(step.value, (f.Comparison, f.Boolean)):
                if any(isinstance(t, f.Name) and t.id == name for t in step.targets):
                    return self._is_guard(step.value, module)
        return None

    def _asks_for_process(self, test: f.Expr, module: Activation) -> bool:
        """Whether a test asks in which process it runs: `current_process().name == …`. To ask for
        `parent_process()` is no guard: it is None while a child imports the main module."""
        return any(
            isinstance(value, Named) and value.path.rpartition(".")[2] == "current_process"
            for part in f.within(test)
            if isinstance(part, f.Call)
            for value in self.program.values(part.function, module)
        )

    def _misspelt_text(self, module: Activation, at: int) -> str:
        for frame in self.program.outline(module).around(at):
            if isinstance(frame.node, f.Branch) and frame.part == "body":
                test = frame.node.arms[frame.index][0]
                if isinstance(test, f.Comparison):
                    for part in f.parts(test):
                        if isinstance(part, f.Constant):
                            return repr(part.value)
        return "?"

    def _never_ends(self, loop: f.While, at: int, module: Activation) -> bool:
        """Whether a place comes after a loop that is never left."""
        inside = any(frame.node is loop for frame in self.program.outline(module).around(at))
        endless = self.program.truth(loop.test, module) is True
        return endless and not inside and not can_leave(loop.body)

    def _left_before(self, module: Activation, at: int) -> bool:
        """Whether a child has left the module before: `if __name__ != "__main__": sys.exit()`."""
        if module not in self._leaving:
            self._leaving[module] = [
                step for step in module.scope.body if isinstance(step, (f.While, f.Branch))
            ]
        for step in self._leaving[module]:
            if step.at >= at:
                return False
            if isinstance(step, f.While) and self._never_ends(step, at, module):
                return True
            if isinstance(step, f.Branch):
                test, then = step.arms[0]
                if self._is_guard(test, module) == "child" and then:
                    last = then[-1]
                    if isinstance(last, f.Leave):
                        return True
                    if isinstance(last, f.Evaluate) and isinstance(last.value, f.Call):
                        return True
        return False


def _answer(function: f.Scope) -> f.Expr | None:
    """What a function returns that does nothing but answer."""
    *before, last = function.body or (None,)
    if not isinstance(last, f.Leave):
        return None
    value = last.value
    for step in reversed(before):
        if not isinstance(step, f.Bind):
            return None
        targets = (target.id for target in step.targets if isinstance(target, f.Name))
        if isinstance(value, f.Name) and value.id in targets:
            value = step.value
    return value
