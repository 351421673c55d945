"""Large data that is sent to the processes of a pool with every task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.catalog import bulk as catalog
from mplint.model import facts as f
from mplint.model.crossing.attributes import Attribute, Attributes
from mplint.model.facts import describe
from mplint.model.values import Activation, FunctionRef, Instance, Literal, Named, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

LARGE = 100_000
"""So many elements or bytes are large: to pickle them takes longer than to hand over a task."""

MAX_DEPTH = 5
"""Names for names, where we look for what an expression is."""

_CHANGES = frozenset({"add", "append", "clear", "extend", "insert", "pop", "remove", "update"})


class Repeated(Struct, frozen=True):
    """Large data in a task that is handed over again and again: `at` is where it is given, `made`
    where it is made. `name` is how it is called, and `way` how it gets into the task."""

    name: str
    way: str
    at: Site
    made: Site


class Bulk:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.attributes = Attributes(program)

    def repeated(self, task: Operation) -> Repeated | None:
        """For a task of a pool of processes: large data that does not change, and that is pickled
        again for each of several tasks."""
        if task.kind.family != "process" or not task.crosses or task.launch is not None:
            return None
        if task.kind.role not in ("pool", "executor"):
            return None
        parts = list(self.program.pickling.task_parts(task))
        if task.method.tasks in ("map", "starmap", "executor-map"):
            if not parts or self._is_short(parts[1:], task):
                return None
            found = self._of_function(parts[0], task.activation, task.at, 0)
            return found or next(self._of_elements(parts[1:], task), None)
        if task.method.tasks in ("apply", "submit", "loop"):
            return self._in_loop(parts, task)
        return None

    # Where it is in a task ----------------------------------------------------------------------

    def _is_short(self, inputs: list[f.Expr], task: Operation) -> bool:
        """Whether there are no more tasks than processes, as far as that is known."""
        counter = self.program.counter
        counts = [counter.length(each, task.activation) for each in inputs]
        known = [count.known for count in counts if count is not None and count.known is not None]
        return bool(known) and min(known) <= self._processes(task)

    def _processes(self, task: Operation) -> int:
        for name in ("processes", "max_workers"):
            values = self.program.solver.cells.get((task.receiver, name), frozenset())
            for value in values:
                if isinstance(value, Literal) and isinstance(value.value, int):
                    return value.value
        return 1

    def _in_loop(self, parts: list[f.Expr], task: Operation) -> Repeated | None:
        outline = self.program.outline(task.activation)
        loops = outline.loops(task.at)
        if not loops or not parts:
            return None
        counter = self.program.counter
        count = counter.loop(loops[-1], task.activation, at_most=True)
        if count is not None and count.known is not None and count.known <= self._processes(task):
            return None
        found = self._of_function(parts[0], task.activation, task.at, 0)
        if found is not None:
            return found
        for part in parts[1:]:
            for given in part.items if isinstance(part, f.Display) else (part,):
                found = self._given(given, task.activation, task.at, "among its arguments")
                if found is not None:
                    return found
        return None

    def _of_function(
        self, function: f.Expr, activation: Activation, at: int, depth: int
    ) -> Repeated | None:
        """What a `partial` or a bound method holds."""
        if depth > MAX_DEPTH:
            return None
        if isinstance(function, f.Name):
            followed = self.program.counter.definition(function, activation)
            if followed is None or self._shares_loop(followed, activation, at):
                return None
            return self._of_function(*followed, at, depth + 1)
        if isinstance(function, f.Call):
            if self._path(function, activation) != "functools.partial":
                return None
            for argument in function.arguments[1:]:
                if not argument.star:
                    found = self._given(argument.value, activation, at, "in a `partial`")
                    if found is not None:
                        return found
        if isinstance(function, f.Attribute):
            return self._of_object(function, activation, at)
        return None

    def _of_object(self, method: f.Attribute, activation: Activation, at: int) -> Repeated | None:
        """What the object of a bound method holds."""
        values = self.program.values(method, activation)
        if len(values) != 1:
            return None
        (value,) = values
        if not isinstance(value, FunctionRef) or not isinstance(value.receiver, Instance):
            return None
        instance = value.receiver
        if self.attributes.is_own(instance.cls):
            return None
        for attribute in self.attributes.held(instance, activation, at):
            for home in self.program.activations(attribute.scope)[:1]:
                made = self._large(attribute.value, home, 0)
                if made is not None and not self._is_set_again(attribute):
                    name = f"{describe(method.value)}.{attribute.name}"
                    site = Site(activation.path, method.at)
                    return Repeated(name, "in the object of the method", site, made)
        return None

    def _is_set_again(self, attribute: Attribute) -> bool:
        """Whether another function of the file gives an attribute of this name another value, or
        changes an element of it."""
        file = self.program.solver.files.get(attribute.site.path)
        for scope in file.scopes if file is not None else ():
            for step in f.steps(scope.body) if scope is not attribute.scope else ():
                for target in step.targets if isinstance(step, f.Bind) else ():
                    for leaf in f.leaves(target):
                        inner = leaf.value if isinstance(leaf, f.Subscript) else leaf
                        if isinstance(inner, f.Attribute) and inner.name == attribute.name:
                            return True
        return False

    def _of_elements(self, inputs: list[f.Expr], task: Operation) -> Iterator[Repeated]:
        """What every element of a collection of arguments holds."""
        for given in inputs:
            for name in _repeated(given, self._path(given, task.activation)):
                found = self._given(name, task.activation, task.at, "among its arguments")
                if found is not None:
                    yield found

    def _given(
        self, expression: f.Expr, activation: Activation, at: int, way: str
    ) -> Repeated | None:
        """Large data that has a name, and was made before the tasks."""
        if not isinstance(expression, (f.Name, f.Attribute)):
            return None
        followed = self._followed(expression, activation)
        if followed is None or self._shares_loop(followed, activation, at):
            return None
        made = self._large(*followed, 1)
        if made is None or self._is_changed(expression, activation, at):
            return None
        return Repeated(describe(expression), way, Site(activation.path, expression.at), made)

    def _followed(
        self, expression: f.Expr, activation: Activation
    ) -> tuple[f.Expr, Activation] | None:
        """What a variable, or an attribute of `self`, is set to."""
        if isinstance(expression, f.Name):
            return self.program.counter.definition(expression, activation)
        if not isinstance(expression, f.Attribute):
            return None
        owners = self.program.values(expression.value, activation)
        if len(owners) == 1:
            (owner,) = owners
            if isinstance(owner, Instance):
                for attribute in self.attributes.held(owner, activation, expression.at):
                    if attribute.name == expression.name:
                        for home in self.program.activations(attribute.scope)[:1]:
                            return attribute.value, home
        return None

    def _shares_loop(
        self, followed: tuple[f.Expr, Activation], activation: Activation, at: int
    ) -> bool:
        """Whether something is made anew in every turn of the loop around a task."""
        made, home = followed
        if home is not activation:
            return False
        outline = self.program.outline(activation)
        inside = {frame.node.at for frame in outline.loops(made.at)}
        return any(frame.node.at in inside for frame in outline.loops(at))

    def _is_changed(self, expression: f.Expr, activation: Activation, at: int) -> bool:
        """Whether a loop around a task changes what it sends."""
        text = describe(expression)
        outline = self.program.outline(activation)
        loops = {frame.node.at for frame in outline.loops(at)}
        for place, found in outline.expressions.items():
            if not loops & {frame.node.at for frame in outline.loops(place)}:
                continue
            if isinstance(found, f.Call) and isinstance(found.function, f.Attribute):
                method = found.function
                if method.name in _CHANGES and describe(method.value) == text:
                    return True
        for step in f.steps(activation.scope.body):
            if isinstance(step, f.Bind) and loops & {fr.node.at for fr in outline.loops(step.at)}:
                for target in step.targets:
                    inner = target.value if isinstance(target, f.Subscript) else target
                    if describe(inner) == text:
                        return True
        return False

    # What is large ------------------------------------------------------------------------------

    def _large(self, expression: f.Expr, activation: Activation, depth: int) -> Site | None:
        """Where large data is made: a literal times a number, a list of a long range, an array of a
        known size, or a table that is read from a file."""
        if depth > MAX_DEPTH:
            return None
        site = Site(activation.path, expression.at)
        if isinstance(expression, (f.Name, f.Attribute)):
            followed = self._followed(expression, activation)
            return self._large(*followed, depth + 1) if followed is not None else None
        if isinstance(expression, f.Binary) and expression.operators == ("*",):
            return site if self._product(expression, activation) >= LARGE else None
        if isinstance(expression, f.Comprehension) and expression.shape != "generator":
            return site if self._turns(expression, activation) >= LARGE else None
        if isinstance(expression, f.Call):
            return site if self._is_large_call(expression, activation) else None
        return None

    def _number(self, expression: f.Expr, activation: Activation) -> int | None:
        count = self.program.counter.number(expression, activation)
        return count.known if count is not None else None

    def _product(self, product: f.Binary, activation: Activation) -> int:
        """The length of `[0] * n` or `"text" * n`."""
        left, right = product.operands
        if not isinstance(left, f.Display) and not _is_text(left):
            left, right = right, left
        if isinstance(left, f.Display):
            length = len(left.items)
        elif isinstance(left, f.Constant) and isinstance(left.value, (str, bytes)):
            length = len(left.value)
        else:
            return 0  # of numbers
        return length * (self._number(right, activation) or 0)

    def _turns(self, comprehension: f.Comprehension, activation: Activation) -> int:
        total = 1
        for clause in comprehension.clauses:
            count = self.program.counter.length(clause.source, activation)
            if clause.tests or count is None or count.known is None:
                return 0
            total *= count.known
        return total

    def _is_large_call(self, call: f.Call, activation: Activation) -> bool:
        path = self._path(call, activation)
        given = call.arguments
        if path in catalog.READERS:
            return not any(a.keyword in catalog.PARTLY or a.star for a in given)
        if not given or any(argument.star for argument in given):
            return False
        if path in catalog.ARRAYS:
            return self._size(call, activation) >= LARGE
        name = call.function.id if isinstance(call.function, f.Name) else ""
        if path in catalog.TEXTS or name in ("bytes", "bytearray"):
            return (self._number(given[0].value, activation) or 0) >= LARGE
        if name in ("list", "tuple", "set", "sorted"):
            inner = given[0].value
            if isinstance(inner, f.Call):
                count = self.program.counter.length(inner, activation)
                return count is not None and (count.known or 0) >= LARGE
        return False

    def _size(self, call: f.Call, activation: Activation) -> int:
        """How many elements an array has that `numpy` makes."""
        first = call.arguments[0].value
        name = call.function.name if isinstance(call.function, f.Attribute) else ""
        sizes: tuple[f.Expr, ...] = (first,)
        if isinstance(first, f.Display):
            sizes = first.items
        elif name in ("rand", "randn"):
            sizes = tuple(a.value for a in call.arguments if a.keyword is None)
        elif name == "arange" and len([a for a in call.arguments if a.keyword is None]) != 1:
            return 0
        total = 1
        for size in sizes:
            total *= self._number(size, activation) or 0
        return total

    def _path(self, call: f.Expr, activation: Activation) -> str | None:
        if not isinstance(call, f.Call):
            return None
        values = self.program.values(call.function, activation)
        names = [value.path for value in values if isinstance(value, Named)]
        return names[0] if len(names) == len(values) == 1 else None


def _is_text(expression: f.Expr) -> bool:
    return isinstance(expression, f.Constant) and isinstance(expression.value, (str, bytes))


def _repeated(given: f.Expr, path: str | None) -> Iterator[f.Expr]:
    """The names that are in every element of a collection: `repeat(x)`, and the `x` of
    `[(x, i) for i in …]`."""
    if isinstance(given, f.Call):
        if path == "itertools.repeat" and given.arguments:
            yield given.arguments[0].value
    if isinstance(given, f.Comprehension) and isinstance(given.element, f.Display):
        targets = {
            leaf.id
            for clause in given.clauses
            for leaf in f.leaves(clause.target)
            if isinstance(leaf, f.Name)
        }
        for item in given.element.items:
            if isinstance(item, f.Name) and item.id not in targets:
                yield item
