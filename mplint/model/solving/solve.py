"""Which objects every expression can be: points-to analysis, solved to a fixed point.

Every variable, attribute and container element of the program is a *cell* that holds a set of
values. A *task* is one statement of one activation; running it evaluates its expressions and adds
to cells, and it runs again when a cell that it has read grows. Sets only grow, so this ends. The
order of statements plays no part here: `flow` asks about order.

Activations of a function are told apart by call site only where merging them would mix different
objects up (see `Policy`), which keeps most programs at one activation per function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from msgspec import Struct, field

from mplint import budget, catalog
from mplint.model import facts as f
from mplint.model.loading.scripts import Scripts
from mplint.model.solving import calls, classes, containers, expressions, intrinsics
from mplint.model.solving.reaching import ENTRY, Reaching, reaching
from mplint.model.solving.replacing import Replacing
from mplint.model.values import (
    JUST_DATA,
    JUST_UNKNOWN,
    NOTHING,
    UNKNOWN,
    Activation,
    Bound,
    ClassRef,
    Container,
    Context,
    Deferred,
    FunctionRef,
    Instance,
    Interner,
    Made,
    Named,
    Site,
    Super,
    Value,
    Values,
)

Cell: TypeAlias = tuple[Any, Any]
"""(owner, name): an activation's variable, an object's attribute, a container's element."""

RETURNED, BASES, LOADED = "<return>", "<bases>", "<loaded>"
"""Cells of an activation, a class or a file that no source can name."""

MAX_VALUES = 40
"""A cell with more values than this also holds UNKNOWN: it answers no question any more."""

MAX_RUNS = 1_000_000
"""Tasks run; far above what any real program needs, a bound on what a made-up one can cost."""


class Loader(Protocol):
    """Where the solver gets the project's files from."""

    @property
    def scripts(self) -> Scripts:
        """The files of the project that set a start method."""

    def facts(self, path: Path) -> f.FileFacts | None:
        """The facts of a file; None when it cannot be read."""

    def code(self, path: Path) -> bytes | None:
        """The bytes of a file without its comments and strings; None when it cannot be read."""

    def extends_gated(self, path: Path, name: str) -> bool:
        """Whether a name is bound to a class with a base in a file that has to do with processes,
        as far as the bytes show."""

    def resolve(self, importer: Path, module: str, name: str | None, level: int) -> Imported:
        """What an import of the project means."""

    def defines(self, path: Path, name: str) -> bool:
        """Whether a module defines a name that a star import brings along, as far as the bytes
        show."""

    def follow(self, module: Path, name: str) -> Imported:
        """The definition behind a name of a module that may only hand it on."""


class Imported(Struct, frozen=True):
    """Where an import leads: to a module of the project (`name` is None), to a name of it, or, when
    `path` is None, out of the project, to the dotted name `name`."""

    path: Path | None
    name: str | None


class Policy(Struct, frozen=True):
    """Which functions are analysed once per call site, and which classes once per place where an
    object of them is made."""

    functions: frozenset[f.Scope] = frozenset()
    classes: frozenset[f.Scope] = frozenset()

    def __or__(self, other: Policy) -> Policy:
        return Policy(self.functions | other.functions, self.classes | other.classes)


class Task(Struct, frozen=True, eq=False):
    activation: Activation
    step: f.Step


class Record(Struct):
    """What the calls of a solved program do, by activation and expression."""

    edges: list[calls.Edge] = field(default_factory=list)
    operations: list[calls.RawOperation] = field(default_factory=list)
    externals: dict[tuple[Activation, int], str] = field(default_factory=dict)
    deferred: dict[tuple[Activation, int], set[Deferred]] = field(default_factory=dict)
    """Where functions of files that are not followed are called."""
    unknown: set[tuple[Activation, int]] = field(default_factory=set)
    made: dict[tuple[Activation, int], set[Value]] = field(default_factory=dict)
    looks: set[tuple[Activation, int]] = field(default_factory=set)  # at exitcode or sentinel
    changes: dict[Value, set[Site]] = field(default_factory=dict)
    """By container, where its length may be changed."""
    strangers: dict[str, set[tuple[Activation, int]]] = field(default_factory=dict)
    """By attribute name, where it is read from an object that is not known."""


class Solver:
    """Solves one program: the given files, and those they draw in."""

    def __init__(
        self, loader: Loader, policy: Policy | None = None, max_runs: int = MAX_RUNS
    ) -> None:
        self.loader = loader
        self.max_runs = max_runs
        self.policy = policy or Policy()
        self.intern = Interner()
        self.cells: dict[Cell, Values] = {}
        self.readers: dict[Cell, set[Task]] = {}
        self.own: frozenset[Path] = frozenset()  # the files that the program is made of
        self.files: dict[Path, f.FileFacts] = {}
        self.shared: dict[Path, frozenset[str]] = {}  # names that several scopes assign
        self.declared_global: dict[Path, frozenset[str]] = {}
        self.modules: dict[Path, Activation] = {}
        self.activations: dict[Activation, list[Task]] = {}
        self.of_function: dict[f.Scope, list[Activation]] = {}
        self.functions: dict[FunctionRef, None] = {}  # every `def` and `lambda` seen, in order
        self.subclasses: dict[ClassRef, set[ClassRef]] = {}
        self.instances: dict[ClassRef, set[Instance]] = {}
        self.decorations: dict[f.Scope, frozenset[str]] = {}
        self.replacing = Replacing(self)
        self.arity: dict[Container, int] = {}
        self.prefix: dict[Container, int] = {}  # how many come before those of unknown number
        self.keys: dict[Container, set[object]] = {}
        self.star_imports: dict[Path, list[f.Imported]] = {}
        self.reaching: dict[f.Scope, Reaching] = {}
        self.calling: set[Value] = set()  # guards against objects that call themselves
        # once nothing changes any more, what expressions are, and all that is inside of them
        self.kept: dict[tuple[int, Activation], tuple[f.Expr, Values]] | None = None
        self.escapes: set[Value] = set()
        self.uncalled_runs: list[tuple[Instance, catalog.Maker, calls.CallSite]] = []
        self.from_outside: set[Activation] = set()  # may be called by code that we do not see
        self.closing = False  # nothing more will be learnt of what is empty now
        self.record: Record | None = None
        self.overrun = False
        self._mentioned: dict[f.Scope, frozenset[str]] = {}
        self._ancestries: dict[ClassRef, tuple[list[Value], tuple[Cell, ...]]] = {}
        self._bases_read: list[Cell] = []
        self._current: Task | None = None
        self._pending: deque[Task] = deque()
        self._queued: set[Task] = set()
        self.runs = 0

    # Fixed point --------------------------------------------------------------------------------

    def solve(self, roots: Iterable[Path]) -> None:
        """Solves the program whose files are `roots`; more are loaded as they are needed."""
        self.own = frozenset(roots)
        for path in sorted(self.own):
            self.load(path)
        self._run()
        while self._enter_uncalled():
            self._run()
        self.closing = True
        for tasks in list(self.activations.values()):
            for task in tasks:
                self._schedule(task)
        self._run()
        while self._enter_uncalled():
            self._run()

    def collect(self) -> Record:
        """One more pass over the solved program, which writes down what every call does."""
        self.readers.clear()  # nothing is scheduled any more, and they are as large as the cells
        self.record = record = Record()
        for tasks in list(self.activations.values()):
            for task in tasks:
                self._execute(task)
        for instance, maker, site in self.uncalled_runs:
            if instance.cls not in self.instances:
                intrinsics.made_by_subclass(self, instance, maker, site, calls.Arguments())
        self.record = None
        return record

    def _run(self) -> None:
        while self._pending:
            budget.spend()
            task = self._pending.popleft()
            self._queued.discard(task)
            self.runs += 1
            if self.runs > self.max_runs:
                self.overrun = True
                self._pending.clear()
                self._queued.clear()
                return
            self._current = task
            self._execute(task)
            self._current = None

    def _schedule(self, task: Task) -> None:
        if task not in self._queued:
            self._queued.add(task)
            self._pending.append(task)

    def _enter_uncalled(self) -> bool:
        """Enters functions of our own files that nobody calls so far: somebody outside may.

        A function that another uncalled function mentions waits for that one, which may call it or
        start it as a process and so tell what its parameters are.
        """
        uncalled = {
            function: uncalled_name(function)
            for function in self.functions
            if function.path in self.own and function.scope not in self.of_function
        }
        wanted = frozenset(uncalled.values())
        mentioned: dict[str, int] = {}
        for function in uncalled:
            for name in self.mentions(function.scope, function.path) & wanted:
                if name != uncalled[function]:
                    mentioned[name] = mentioned.get(name, 0) + 1
        ready = [function for function, name in uncalled.items() if name not in mentioned]
        if not ready and uncalled:  # they mention each other: begin with a public one
            ready = [min(uncalled, key=lambda function: _publicity(function, mentioned))]
        for function in ready:
            self._enter_from_outside(function)
        return bool(ready)

    def mentions(self, scope: f.Scope, path: Path) -> frozenset[str]:
        """The names that a function of a file reads, as variables or as attributes."""
        known = self._mentioned.get(scope)
        if known is None:
            known = self._mentioned[scope] = _mentions(self.files[path], scope)
        return known

    def _enter_from_outside(self, function: FunctionRef) -> None:
        activation = self.activation_of(function, None)
        receivers = classes.receivers_of_uncalled(self, function)
        if function.scope.name == "run" and receivers is not None:
            # the run method of a process or thread class that nobody in sight makes
            if classes.launch_uncalled(self, function, receivers):
                return
        self.enter(activation)
        self.from_outside.add(activation)
        for index, parameter in enumerate(function.scope.parameters):
            values = JUST_UNKNOWN
            if index == 0 and receivers is not None:
                values = receivers
            if parameter.annotation is not None:
                values |= self.annotated(parameter.annotation, activation)
            self.define(activation, parameter.name, ENTRY, values)

    def annotated(self, annotation: f.Expr, activation: Activation) -> Values:
        """The object that an annotation promises, for a parameter that nobody in sight fills."""
        if isinstance(annotation, f.Constant) and isinstance(annotation.value, str):
            return NOTHING
        outer = activation.outer or activation
        made: set[Value] = set()
        for value in self.evaluate(annotation, outer):
            if isinstance(value, Named):
                maker = catalog.find(value.path)
                if isinstance(maker, catalog.Maker) and maker.kind.family != "other":
                    site = Site(activation.path, annotation.at)
                    library = catalog.library(value.path)
                    owner = library[0] if library else None
                    made.add(self.intern(Made, maker.kind, owner, site, (), 0, None, True))
        for value in made:
            self.escape(value)
        return frozenset(made)

    # Cells --------------------------------------------------------------------------------------

    def add(self, cell: Cell, values: Values) -> None:
        known = self.cells.get(cell, NOTHING)
        if values <= known:
            return
        grown = known | values
        if len(grown) > MAX_VALUES:
            if UNKNOWN in known:
                return
            grown = known | JUST_UNKNOWN
        self.cells[cell] = grown
        if cell[1] is LOADED or (type(cell[1]) is tuple and cell[1][0] is BASES):
            self._ancestries.clear()
        if cell[1] == "all" and isinstance(cell[0], Container) and cell[0] in self.escapes:
            for value in grown - known:
                self.escape(value)
        for task in self.readers.get(cell, ()):
            self._schedule(task)

    def read(self, cell: Cell) -> Values:
        if self._current is not None:
            readers = self.readers.get(cell)
            if readers is None:
                self.readers[cell] = {self._current}
            else:
                readers.add(self._current)
        return self.cells.get(cell, NOTHING)

    def escape(self, value: Value) -> None:
        """Notes that code we do not see gets hold of a value, and of all that it holds."""
        todo = [value]
        while todo:
            value = todo.pop()
            if value in self.escapes:
                continue  # and so has all that it holds, by now or as soon as it is added
            match value:
                case Made():
                    self.escapes.add(value)
                case Container():
                    self.escapes.add(value)
                    todo.extend(self.cells.get((value, "all"), NOTHING))
                case FunctionRef():
                    calls.call_from_outside(self, value)
                case Bound(receiver=receiver):
                    todo.append(receiver)

    # Files and activations ----------------------------------------------------------------------

    def load(self, path: Path) -> Activation | None:
        """Runs a module's body; None when the file cannot be read."""
        if path in self.modules:
            return self.modules[path]
        facts = self.loader.facts(path)
        if facts is None:
            return None
        self.files[path] = facts
        self.declared_global[path] = frozenset().union(
            *(scope.global_names for scope in facts.scopes)
        )
        self.shared[path] = frozenset().union(
            *(scope.global_names | scope.nonlocal_names for scope in facts.scopes)
        )
        activation = self.modules[path] = self.intern.activation(path, facts.module, None, ())
        self.enter(activation)
        self.add((path, LOADED), JUST_DATA)
        return activation

    def enter(self, activation: Activation) -> None:
        """Schedules the body of an activation, the first time it is reached."""
        if activation in self.activations:
            return
        scope = activation.scope
        self.of_function.setdefault(scope, []).append(activation)
        if scope not in self.reaching:
            self.reaching[scope] = reaching(scope, self.shared[activation.path])
        tasks = [Task(activation, step) for step in f.steps(activation.scope.body)]
        self.activations[activation] = tasks
        for task in tasks:
            self._schedule(task)

    def activation_of(
        self,
        function: FunctionRef,
        site: Site | None,
        caller: Activation | None = None,
        *,
        launched: bool = False,
    ) -> Activation:
        """The activation that a call of `function` at `site` reaches. What is launched by a helper
        belongs to the call of those that the helper works for."""
        context: Context = ()
        receiver = function.receiver
        if isinstance(receiver, Instance) and receiver.site is not None:
            context = (receiver.site,)
        elif function.scope in self.policy.functions and site is not None:
            context = (site, *(caller.context[: 1 + launched] if caller else ()))
        return self.intern.activation(function.path, function.scope, function.outer, context)

    def owner(self, activation: Activation) -> Activation | ClassRef:
        """Whose cells the variables of an activation are: the names of a class body are the
        class's attributes."""
        if activation.scope.kind == "class":
            return self.intern(ClassRef, activation.path, activation.scope, activation.outer)
        return activation

    def variable(self, activation: Activation, name: str) -> Cell | None:
        """The cell of a name as it is seen in an activation; None for builtins."""
        current: Activation | None = activation
        while current is not None:
            scope = current.scope
            if current is activation or scope.kind != "class":
                if name in scope.global_names:
                    return (self.modules[activation.path], name)
                if name in scope.bound:
                    return (self.owner(current), name)
            current = current.outer
        # a module has the names, too, that only its functions declare as global and assign
        module = self.modules.get(activation.path)
        if module is not None and name in self.declared_global[activation.path]:
            return (module, name)
        return None

    def define(self, activation: Activation, name: str, at: int, values: Values) -> None:
        """Assigns to a variable of an activation; `at` numbers the assignment."""
        cell = self.variable(activation, name) or (activation, name)
        self.add(cell, values)
        if cell[0] is activation and name in self.reaching[activation.scope].names:
            self.add((activation, (name, at)), values)

    # Steps --------------------------------------------------------------------------------------

    def _execute(self, task: Task) -> None:
        activation, step = task.activation, task.step
        match step:
            case f.Bind():
                self._bind(step, activation)
            case f.Leave(kind="return", value=value) if value is not None:
                self.add((activation, RETURNED), self.evaluate(value, activation))
            case f.For(target=target, source=source):
                elements = self.iterate(self.evaluate(source, activation), activation, source.at)
                self.assign(target, elements, activation)
            case f.With(items=items):
                for manager, target_or_none in items:
                    values = self.evaluate(manager, activation)
                    entered = classes.enter_with(self, values, activation, manager.at)
                    classes.close_with(self, manager, values, activation, step.at)
                    if target_or_none is not None:
                        self.assign(target_or_none, entered, activation)
            case f.Define():
                self._define(step, activation)
            case f.Match(subject=subject, cases=cases):
                values = self.evaluate(subject, activation)
                for case in cases:
                    for capture in case.captures:
                        self.assign(capture, values | JUST_UNKNOWN, activation)
                    if case.guard is not None:
                        self.evaluate(case.guard, activation)
            case f.Try(handlers=handlers):
                for handler in handlers:
                    if handler.type is not None:
                        self.evaluate(handler.type, activation)
                    if handler.name is not None:
                        self.define(activation, handler.name, handler.at, JUST_DATA)
            case f.Evaluate(value=f.Imported(name="*") as star):
                self._import_star(star, activation)
            case f.Forget(targets=targets):
                for target in targets:
                    if isinstance(target, f.Subscript):
                        for owner in self.evaluate(target.value, activation):
                            containers.note_change(self, owner, activation, target.at)
            case _:
                for expression in f.expressions(step):
                    self.evaluate(expression, activation)

    def _bind(self, step: f.Bind, activation: Activation) -> None:
        if step.value is None:
            return
        values = self.evaluate(step.value, activation)
        if step.operator is not None:
            target = step.targets[0]
            before = self.evaluate(target, activation)
            containers.extend_in_place(self, before, values, activation, step.at)
            held = frozenset(value for value in before if isinstance(value, Container))
            self.assign(target, held or JUST_DATA, activation)
            return
        for target in step.targets:
            self.assign(target, values, activation)

    def _define(self, step: f.Define, activation: Activation) -> None:
        scope = self.files[activation.path].scopes[step.scope]
        names = frozenset(
            name
            for decorator in step.decorators
            for name in classes.decorator_names(self, decorator, activation)
        )
        self.decorations[scope] = names
        defined: Value
        if scope.kind == "class":
            defined = self.intern(ClassRef, activation.path, scope, activation)
            for index, argument in enumerate(scope.arguments):
                if argument.keyword is None:
                    bases = self.evaluate(argument.value, activation)
                    self.add((defined, (BASES, index)), bases)
            self.enter(self.intern.activation(activation.path, scope, activation, ()))
        else:
            defined = self.intern(FunctionRef, activation.path, scope, activation, None)
            self.functions[defined] = None
            for parameter in scope.parameters:
                if parameter.default is not None:
                    self.evaluate(parameter.default, activation)
        self.define(activation, step.name, step.at, frozenset({defined}))

    def _import_star(self, star: f.Imported, activation: Activation) -> None:
        stars = self.star_imports.setdefault(activation.path, [])
        if star not in stars:
            stars.append(star)
            # names that were looked up before must be looked up again
            self.add((activation.path, "*"), JUST_DATA)

    def assign(self, target: f.Expr, values: Values, activation: Activation) -> None:
        """Assigns to a name, an attribute, an element or several of them."""
        match target:
            case f.Name(id=name):
                self.define(activation, name, target.at, values)
            case f.Attribute(value=owner, name=name):
                for receiver in self.evaluate(owner, activation):
                    classes.set_attribute(self, receiver, name, values, activation, target.at)
            case f.Subscript(value=owner, index=index):
                key = containers.key_of(self, index, activation)
                for receiver in self.evaluate(owner, activation):
                    if isinstance(index, f.Slice):
                        containers.note_change(self, receiver, activation, target.at)
                    containers.set_item(self, receiver, key, values, activation, target.at)
            case f.Display(items=items):
                self._unpack(items, values, activation)
            case f.Star(value=inner):
                self.assign(inner, values, activation)
            case _:
                self.evaluate(target, activation)

    def _unpack(self, items: tuple[f.Expr, ...], values: Values, activation: Activation) -> None:
        at = items[0].at if items else 0
        everything: Values | None = None
        starred = next((i for i, item in enumerate(items) if isinstance(item, f.Star)), None)
        for index, item in enumerate(items):
            if starred is None or index < starred:
                element: set[Value] = set()
                for value in values:
                    element |= containers.get_item(self, value, index, activation, at)
                self.assign(item, frozenset(element), activation)
                continue
            if everything is None:
                everything = self.iterate(values, activation, at)
            if index == starred and isinstance(item, f.Star):
                rest = containers.make(self, "list", activation, item.at)
                containers.put(self, rest, everything)
                self.assign(item.value, frozenset({rest}), activation)
            else:
                self.assign(item, everything, activation)

    # Expressions --------------------------------------------------------------------------------

    def evaluate(self, expression: f.Expr, activation: Activation) -> Values:
        """The values of an expression. Effects of its calls are part of the evaluation."""
        if self.kept is None or self.calling:
            return expressions.EVALUATE[type(expression)](self, expression, activation)
        key = (id(expression), activation)
        known = self.kept.get(key)
        if known is None:
            values = expressions.EVALUATE[type(expression)](self, expression, activation)
            # with the expression, or another one may get its id
            known = self.kept[key] = expression, values
        return known[1]

    def iterate(self, values: Values, activation: Activation, at: int) -> Values:
        """What a loop over the values sees."""
        seen: set[Value] = set()
        for value in values:
            seen |= containers.elements(self, value, activation, at)
        if not seen and self.closing:
            return JUST_UNKNOWN
        return frozenset(seen)

    def global_name(self, path: Path, name: str) -> Values:
        """A name of a module of the project, which is not loaded for it."""
        self.read((path, LOADED))
        module = self.modules.get(path)
        if module is None:
            return frozenset({self.intern(Deferred, path, name)})
        return self.read((module, name))

    # Classes ------------------------------------------------------------------------------------

    def ancestry(self, cls: ClassRef) -> list[Value]:
        """The class, its bases and theirs, nearest first; foreign classes as Named, the others as
        UNKNOWN."""
        known = self._ancestries.get(cls)
        if known is None:
            self._bases_read = []
            known = self._ancestries[cls] = (self._ancestry(cls), tuple(self._bases_read))
        for cell in known[1]:
            self.read(cell)
        return known[0]

    def _ancestry(self, cls: ClassRef) -> list[Value]:
        found: dict[Value, None] = {}
        todo: list[Value] = [cls]
        while todo:
            value = todo.pop(0)
            if value in found:
                continue
            found[value] = None
            if isinstance(value, ClassRef):
                # depth first, left to right: the nearest definition wins
                todo[:0] = self._bases(value, load=cls.path in self.own)
        return list(found)

    def _bases(self, cls: ClassRef, *, load: bool) -> list[Value]:
        """The direct bases of a class; those in other files are read in for classes of our own."""
        bases: list[Value] = []
        for index in range(len(cls.scope.arguments)):
            cell = (cls, (BASES, index))
            self._bases_read.append(cell)
            values = self.read(cell)
            for value in list(values):
                if isinstance(value, Deferred):
                    self._bases_read.append((value.path, LOADED))
                    if load:
                        values |= calls.needed(self, value)
            for value in values:
                if isinstance(value, ClassRef) and value is not cls:
                    self.subclasses.setdefault(value, set()).add(cls)
            bases += sorted(values, key=_base_order)
        return bases

    def kind_of(self, value: Value) -> catalog.Kind | None:
        """The kind of a followed object, or of the class that an instance's class derives from."""
        if isinstance(value, Made):
            return value.kind
        if isinstance(value, Instance):
            maker = self.maker_of(value.cls)
            return maker.kind if maker is not None else None
        if isinstance(value, Super):
            return self.kind_of(value.receiver)
        return None

    def maker_of(self, cls: ClassRef) -> catalog.Maker | None:
        """What the library base class of a class makes: Process, for most."""
        for base in self.ancestry(cls):
            if isinstance(base, Named):
                maker = catalog.find(base.path)
                if isinstance(maker, catalog.Maker):
                    return maker
        return None

    def base_name(self, cls: ClassRef) -> Named | None:
        """The library base class behind `maker_of`."""
        for base in self.ancestry(cls):
            if isinstance(base, Named) and isinstance(catalog.find(base.path), catalog.Maker):
                return base
        return None


def uncalled_name(function: FunctionRef) -> str:
    """The name by which others mention a function: its class's, for a method that Python calls."""
    name = function.scope.name
    outer = function.outer
    if outer is not None and outer.scope.kind == "class":
        if name == "run" or name.startswith("__"):
            return outer.scope.name
    return name


def _mentions(file: f.FileFacts, scope: f.Scope) -> frozenset[str]:
    found: set[str] = set()
    for expression in f.evaluated(scope.body):
        match expression:
            case f.Name(id=name) | f.Attribute(name=name):
                found.add(name)
            case f.Lambda(scope=index):
                found |= _mentions(file, file.scopes[index])
    return frozenset(found)


def _publicity(function: FunctionRef, mentioned: dict[str, int]) -> tuple[bool, int, str, int]:
    name = uncalled_name(function)
    return (name.startswith("_"), mentioned[name], str(function.path), function.scope.at)


def _base_order(value: Value) -> tuple[int, str]:
    if isinstance(value, ClassRef):
        return 0, value.name
    return (1, value.path) if isinstance(value, Named) else (2, "")
