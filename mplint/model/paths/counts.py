"""How many: turns of a loop, processes of a worker, sentinels, results.

A count is a product of numbers and symbols. Two counts with equal factors are equal; different
symbols say nothing about each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.outline import Around, Outline
from mplint.model.solving import containers
from mplint.model.values import Activation, Container, Literal, Named, Site

if TYPE_CHECKING:
    from mplint.model.program import Program

Symbol: TypeAlias = "tuple[object, ...]"
"""A number that is not known but is the same wherever the symbol is the same."""


class Count(Struct, frozen=True):
    """`number` times every symbol. `text` shows it to the reader: `cpu_count()`, `len(jobs)`."""

    number: int
    symbols: tuple[Symbol, ...] = ()
    text: str = ""

    def __mul__(self, other: Count) -> Count:
        symbols = tuple(sorted((*self.symbols, *other.symbols), key=repr))
        text = " * ".join(str(part) for part in (self, other) if part != ONE)
        return Count(self.number * other.number, symbols, text)

    def same(self, other: Count) -> bool | None:
        """Whether two counts are equal; None when they cannot be compared."""
        if self.symbols == other.symbols:
            return self.number == other.number
        return None

    @property
    def known(self) -> int | None:
        return self.number if not self.symbols else None

    def __str__(self) -> str:
        if not self.symbols:
            return str(self.number)
        return self.text


ONE = Count(1)
MAX_DEPTH = 12


class Counter:
    """Counts over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._changed: dict[f.Scope, set[str]] = {}  # by function, what it changes
        self._set: dict[f.Scope, dict[str, list[str]]] = {}  # by class, who sets each attribute

    def turns(
        self,
        activation: Activation,
        at: int,
        within: Iterable[int] = (),
        *,
        at_most: bool = False,
    ) -> Count | None:
        """How often an expression is evaluated in one run of its function that comes so far; the
        loops numbered in `within` are not counted. None when a loop's turns are not known, or when
        it depends on something whether a turn reaches it; with `at_most` it is taken to do so."""
        count = ONE
        outside = set(within)
        outline = self.program.outline(activation)
        if not at_most:
            depends = False
            for frame in outline.around(at):
                if frame.node.at in outside:
                    break
                depends = depends or _depends(frame, at)
                repeats = isinstance(frame.node, (f.For, f.While, f.Comprehension))
                if depends and repeats and frame.part != "test":
                    return None
        for frame in outline.loops(at):
            if frame.node.at in outside:
                continue
            turns = self.loop(frame, activation, at_most=at_most)
            if turns is None:
                return None
            count = count * turns
        return count

    def loop(self, frame: Around, activation: Activation, *, at_most: bool) -> Count | None:
        """The turns of a loop or of a comprehension's clause."""
        node = frame.node
        if isinstance(node, f.For):
            if _leaves_early(node.body) and not at_most:
                return None
            return self.length(node.source, activation)
        if isinstance(node, f.Comprehension):
            clause = node.clauses[frame.index]
            if clause.tests and not at_most:
                return None
            return self.length(clause.source, activation)
        return None

    def length(self, source: f.Expr, activation: Activation, depth: int = 0) -> Count | None:
        """How many elements a loop over an expression sees."""
        if depth > MAX_DEPTH:
            return None
        match source:
            case f.Display(items=items):
                if any(isinstance(item, f.Star) for item in items):
                    return None
                return Count(len(items))
            case f.Constant(value=str() as text):
                return Count(len(text))
            case f.Call(function=f.Name(id=name), arguments=arguments):
                given = [argument.value for argument in arguments if not argument.star]
                if name == "range" and len(given) == 1:
                    return self.number(given[0], activation, depth + 1)
                if name == "range" and len(given) == 2:
                    return self._difference(given, activation, depth)
                if name in _SAME_LENGTH or (name in ("iter", "zip") and len(arguments) == 1):
                    if given:
                        return self.length(given[0], activation, depth + 1)
                if name == "zip" and given:
                    return _shortest([self.length(g, activation, depth + 1) for g in given])
            case f.Name() | f.Attribute():
                built = self._built(source, activation, depth)
                if built is not None:
                    return built
                if self._is_changed(source, activation):
                    return None
        key = self._key(source, activation, depth)
        return Count(1, (("items", key),), f"len({describe(source)})") if key else None

    def _difference(self, given: list[f.Expr], activation: Activation, depth: int) -> Count | None:
        bounds = [self.number(bound, activation, depth + 1) for bound in given]
        numbers = [bound.known if bound is not None else None for bound in bounds]
        if numbers[0] is not None and numbers[1] is not None:
            return Count(max(numbers[1] - numbers[0], 0))
        if numbers[0] == 0:
            return bounds[1]
        return None

    def number(self, expression: f.Expr, activation: Activation, depth: int = 0) -> Count | None:
        """The value of an expression that is a number of things."""
        if depth > MAX_DEPTH:
            return None
        values = self.program.values(expression, activation)
        if len(values) == 1:
            (value,) = values
            if isinstance(value, Literal) and type(value.value) is int:
                return Count(max(value.value, 0))
        match expression:
            case f.Call(function=f.Name(id="len"), arguments=(argument,)):
                return self.length(argument.value, activation, depth + 1)
            case f.Binary(operators=("*",), operands=(left, right)):
                factors = (
                    self.number(left, activation, depth + 1),
                    self.number(right, activation, depth + 1),
                )
                if factors[0] is not None and factors[1] is not None:
                    return factors[0] * factors[1]
                return None
            case f.Name():
                followed = self.definition(expression, activation)
                number = self.number(*followed, depth + 1) if followed is not None else None
                if number is not None:
                    return number
        key = self._key(expression, activation, depth)
        return Count(1, (("number", key),), describe(expression)) if key else None

    # Where a value comes from -------------------------------------------------------------------

    def definition(self, name: f.Name, activation: Activation) -> tuple[f.Expr, Activation] | None:
        """The one expression that a variable is set to, and the activation it stands in."""
        program = self.program
        cell = program.solver.variable(activation, name.id)
        if cell is None or not isinstance(cell[0], Activation):
            return None
        owner = cell[0]
        bindings = program.outline(owner).bindings.get(name.id, ())
        found = [binding.value if binding.whole else None for binding in bindings]
        parameter = next((p for p in owner.scope.parameters if p.name == name.id), None)
        if parameter is not None and not found:
            return self._given(owner, name.id)
        if parameter is None and len(found) == 1 and found[0] is not None:
            if name.id in program.solver.shared[owner.path]:
                return None
            return found[0], owner
        return None

    def _given(self, callee: Activation, name: str) -> tuple[f.Expr, Activation] | None:
        """The argument that the only call of a function gives for a parameter."""
        edges = {(e.caller, e.at): e for e in self.program.callers.get(callee, ())}
        if len(edges) != 1 or callee in self.program.solver.from_outside:
            return None
        (edge,) = edges.values()
        call = self.program.outline(edge.caller).expressions.get(edge.at)
        if not isinstance(call, f.Call):
            return None
        names = [p.name for p in callee.scope.parameters if p.kind == "positional"]
        given = call.arguments
        if edge.launch is not None:
            packed = next((a.value for a in given if a.keyword == "args"), None)
            if not isinstance(packed, f.Display):
                return None
            given = tuple(f.Argument(item) for item in packed.items)
        if any(argument.star for argument in given):
            return None
        offset = 1 if self.program.is_method(callee) and names else 0
        for index, argument in enumerate(given):
            if argument.keyword == name:
                return argument.value, edge.caller
            position = index + offset
            if argument.keyword is None and position < len(names) and names[position] == name:
                return argument.value, edge.caller
        return None

    def _built(self, source: f.Expr, activation: Activation, depth: int) -> Count | None:
        """The length of a list that one comprehension, display or loop of appends builds."""
        values = self.program.values(source, activation)
        containers = [value for value in values if isinstance(value, Container)]
        if len(containers) != 1 or len(values) != 1:
            return None
        (container,) = containers
        for maker in self.program.activations_at(container.site):
            if maker.context != container.context:
                continue
            expression = self.program.outline(maker).expressions[container.site.at]
            if isinstance(expression, f.Display):
                return self._appended(expression, container, maker, depth)
            if self._changes(container) or container in self.program.solver.escapes:
                return None
            if isinstance(expression, f.Comprehension):
                return self._clauses(expression, maker, depth)
            if isinstance(expression, f.Call):
                return self.length(expression, maker, depth + 1)
            return None
        return None

    def _changes(self, container: Container) -> set[Site]:
        """Where something may change the length of a container."""
        return self.program.record.changes.get(container, set())

    def _is_changed(self, source: f.Expr, activation: Activation) -> bool:
        """Whether a function changes something that it loops over and does not make itself."""
        scope = activation.scope
        if scope not in self._changed:
            self._changed[scope] = set(_changed(self.program.outline(activation)))
        return describe(source) in self._changed[scope]

    def _clauses(
        self, expression: f.Comprehension, activation: Activation, depth: int
    ) -> Count | None:
        count = ONE
        for clause in expression.clauses:
            turns = self.length(clause.source, activation, depth + 1)
            if turns is None or clause.tests:
                return None
            count = count * turns
        return count

    def _appended(
        self, display: f.Display, container: Container, maker: Activation, depth: int
    ) -> Count | None:
        """The length of a list: what it is made with, and what is appended in the same function."""
        outline = self.program.outline(maker)
        if any(isinstance(item, f.Star) for item in display.items):
            return None
        if container in self.program.solver.escapes:
            return None
        changes = self._changes(container)
        if not changes:
            return Count(len(display.items))
        if display.items or len(changes) > 1:
            return None
        (change,) = changes
        expression = outline.expressions.get(change.at)
        if change.path != maker.path or not isinstance(expression, f.Call):
            return None
        function = expression.function
        if not isinstance(function, f.Attribute) or function.name != "append":
            return None
        if len(self.program.values(function.value, maker)) > 1:
            return None
        home = [frame.node.at for frame in outline.around(display.at)]
        return self.turns(maker, change.at, home)

    def _key(self, expression: f.Expr, activation: Activation, depth: int) -> Symbol | None:
        """What identifies the value of an expression, as long as nothing is assigned between."""
        if depth > MAX_DEPTH:
            return None
        solver = self.program.solver
        match expression:
            case f.Constant(value=value):
                return ("constant", value)
            case f.Name(id=name):
                followed = self.definition(expression, activation)
                if followed is not None:
                    deeper = self._key(*followed, depth + 1)
                    if deeper is not None:
                        return deeper
                cell = solver.variable(activation, name)
                if cell is None:
                    return ("builtin", name)
                seen = solver.reaching[activation.scope].reads.get(expression.at)
                if seen is not None and len(seen) > 1:
                    return None
                return ("variable", *_owner(cell[0]), name, *(sorted(seen) if seen else ()))
            case f.Attribute(value=owner, name=name):
                if isinstance(owner, f.Name) and self._is_self(owner, activation):
                    if self._varies(name, activation):
                        return None
                    return ("attribute", self._class_of(activation), name)
                key = self._key(owner, activation, depth + 1)
                return ("attribute", key, name) if key is not None else None
            case f.Call(function=function, arguments=arguments):
                named = self.program.values(function, activation)
                path = next((v.path for v in named if isinstance(v, Named)), None)
                if path is None or path.rpartition(".")[2] not in _PURE:
                    return None
                keys = tuple(self._key(a.value, activation, depth + 1) for a in arguments)
                return ("call", path, *keys) if None not in keys else None
            case f.Binary(operators=operators, operands=operands):
                keys = tuple(self._key(o, activation, depth + 1) for o in operands)
                return ("arithmetic", *operators, *keys) if None not in keys else None
            case f.Boolean(operator=operator, operands=operands):
                keys = tuple(self._key(o, activation, depth + 1) for o in operands)
                return (operator, *keys) if None not in keys else None
        return None

    def _varies(self, name: str, activation: Activation) -> bool:
        """Whether an attribute of `self` is set outside of `__init__`, and not only once."""
        outer = activation.outer
        assert outer is not None
        if outer.scope not in self._set:
            found: dict[str, list[str]] = defaultdict(list)
            for scope in self.program.solver.files[outer.path].scopes:
                if scope.parent == outer.scope.index and scope.parameters:
                    for attribute in _set_on(scope.parameters[0].name, scope.body):
                        found[attribute].append(scope.name)
            self._set[outer.scope] = found
        places = self._set[outer.scope].get(name, [])
        return len(places) > 1 and any(place != "__init__" for place in places)

    def _is_self(self, name: f.Name, activation: Activation) -> bool:
        parameters = activation.scope.parameters
        return (
            self.program.is_method(activation)
            and bool(parameters)
            and parameters[0].name == name.id
        )

    def _class_of(self, activation: Activation) -> Symbol:
        outer = activation.outer
        assert outer is not None
        return ("class", str(outer.path), outer.scope.at)


_CHANGES = containers.CHANGES
_SAME_LENGTH = frozenset({"enumerate", "list", "tuple", "reversed", "sorted"})
_PURE = frozenset(
    {"cpu_count", "len", "max", "min", "int", "sched_getaffinity", "process_cpu_count"}
)


def _changed(outline: Outline) -> Iterator[str]:
    """What a function changes, as it is written."""
    for expression in outline.expressions.values():
        if isinstance(expression, f.Call) and isinstance(expression.function, f.Attribute):
            if expression.function.name in _CHANGES:
                yield describe(expression.function.value)
    for step in f.steps(outline.scope.body):
        if isinstance(step, f.Forget) or (isinstance(step, f.Bind) and step.operator):
            for target in step.targets:
                yield describe(target.value if isinstance(target, f.Subscript) else target)


def _set_on(name: str, block: f.Block) -> Iterator[str]:
    """The attributes of a variable that a block sets, each as often as it does."""
    for step in f.steps(block):
        for targets in step.targets if isinstance(step, f.Bind) else ():
            for target in f.leaves(targets):
                if isinstance(target, f.Attribute) and isinstance(target.value, f.Name):
                    if target.value.id == name:
                        yield target.name


def _owner(owner: object) -> tuple[object, ...]:
    if isinstance(owner, Activation):
        return (str(owner.path), owner.scope.at)
    return (repr(owner),)


def _shortest(counts: list[Count | None]) -> Count | None:
    """The least of some counts; None when that is not known."""
    known = [count.known if count is not None else None for count in counts]
    numbers = [number for number in known if number is not None]
    if len(numbers) == len(counts):
        return Count(min(numbers))
    first = counts[0]
    if first is None or not all(c is not None and c.same(first) for c in counts):
        return None
    return first


def _depends(frame: Around, at: int) -> bool:
    """Whether something decides if what is inside is reached."""
    match frame.node:
        case f.Branch() | f.Match():
            return frame.part in ("body", "otherwise")
        case f.Try():
            return frame.part in ("handler", "otherwise")
        case f.Boolean() | f.Conditional():
            return frame.index > 0
        case f.For(body=body) | f.While(body=body):
            return frame.part == "body" and _skips(body, at)
    return False


def _skips(block: f.Block, at: int) -> bool:
    """Whether a turn of a loop can be over before it comes to a place."""
    for step in block:
        if step.at >= at:
            return False
        if isinstance(step, f.Leave):
            return True
        if isinstance(step, (f.For, f.While)):
            continue  # what it leaves is itself, most often
        if any(_skips(inner, at) for inner in f.blocks(step)):
            return True
    return False


def _leaves_early(body: f.Block) -> bool:
    """Whether a loop's body has a `break` of its own."""
    for step in body:
        if isinstance(step, f.Leave) and step.kind == "break":
            return True
        if isinstance(step, (f.For, f.While)):
            if _leaves_early(step.otherwise):
                return True
            continue
        if any(_leaves_early(block) for block in f.blocks(step)):
            return True
    return False
