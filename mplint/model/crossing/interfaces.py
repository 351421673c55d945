"""What objects can be asked to do: operations that a kind does not have, handlers that cannot catch
what a call raises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.catalog import multiprocessing as mp
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.raising import catches
from mplint.model.values import (
    NOTHING,
    Activation,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program


class Missing(Struct, frozen=True):
    """An operation that an object does not have: what is written, what it does (`raises
    AttributeError`, `is always true`), and what to write instead."""

    written: str
    effect: str
    instead: str
    made: Site | None


class WrongHandler(Struct, frozen=True):
    """A handler around a call that cannot catch what the call raises."""

    call: Operation
    handler: Site
    written: str
    error: str
    missing: bool  # the handler names something that does not exist


class Interfaces:
    """The questions about operations and handlers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._prepared: dict[f.Step | f.Expr, bool] = {}

    # Operations ---------------------------------------------------------------------------------

    def channel(self, values: Values) -> Made | None:
        """The queue or pipe end between processes that an expression certainly is."""
        if len(values) != 1:
            return None
        (value,) = values
        if not isinstance(value, Made) or value.kind.role not in ("queue", "connection"):
            return None
        return value if value.kind.family == "process" else None

    def missing_attribute(self, attribute: f.Attribute, activation: Activation) -> Missing | None:
        """An attribute that a queue, a pipe end or the module does not have."""
        missing = self._missing_attribute(attribute, activation)
        if missing is None or self.is_prepared(attribute.at, activation):
            return None
        return missing

    def _missing_attribute(self, attribute: f.Attribute, activation: Activation) -> Missing | None:
        name = attribute.name
        values = self.program.values(attribute.value, activation)
        made = self.channel(values)
        if made is not None:
            known = made.kind.knows(name) or (made, name) in self.program.solver.cells
            if known or name.startswith("_"):
                return self._wrong_direction(attribute, made)
            instead = _INSTEAD.get(name, _SEE)
            written = f"{describe(attribute.value)}.{name}"
            what = f"raises AttributeError: {made.kind.noun} has no `{name}`"
            return Missing(written, what, instead, made.site)
        return self._missing_in_module(values, name)

    def is_prepared(self, at: int, activation: Activation) -> bool:
        """Whether the code asks first what the object is, or catches the error."""
        return any(
            self._prepares(frame.node)
            for frame in self.program.outline(activation).around(at)
            if frame.part in _PREPARED_IN.get(type(frame.node), ())
        )

    def _prepares(self, node: f.Step | f.Expr) -> bool:
        """Whether a `try` or a condition prepares for an object of another type. Each is asked once
        only: a branch can have thousands of tests, and as many calls inside."""
        known = self._prepared.get(node)
        if known is None:
            match node:
                case f.Try(handlers=handlers):
                    types = [describe(h.type) if h.type is not None else "" for h in handlers]
                    known = any(name in text for text in types for name in _PREPARED_FOR)
                case f.Branch(arms=arms):
                    known = any(_asks_for_type(test) for test, _ in arms)
                case f.Conditional(test=test):
                    known = _asks_for_type(test)
                case _:
                    known = False
            self._prepared[node] = known
        return known

    def _missing_in_module(self, values: Values, name: str) -> Missing | None:
        if len(values) != 1:
            return None
        (value,) = values
        if not isinstance(value, Named) or value.context is not None:
            return None
        if value.path == "multiprocessing" and name not in mp.MODULE_NAMES:
            if name.startswith("_"):
                return None
            instead = _MODULE_INSTEAD.get(name, _SEE)
            written = f"{value.path}.{name}"
            return Missing(written, "raises AttributeError: there is no such name", instead, None)
        maker = catalog.find(value.path)
        if isinstance(maker, catalog.Maker) and maker.kind.role == "queue":
            if maker.kind.family == "process" and maker.kind.knows(name):
                written = f"{value.path}.{name}"
                effect = f"raises AttributeError: `{value.path}` is a function, not a queue"
                return Missing(written, effect, f"Call it: `{value.path}()`.", None)
        return None

    def _wrong_direction(self, attribute: f.Attribute, made: Made) -> Missing | None:
        """`send` on the receiving end of a one-way pipe, `recv` on the sending end."""
        duplex = self.program.solver.cells.get((made, "duplex"), NOTHING)
        answers = {value.value if isinstance(value, Literal) else None for value in duplex}
        if answers != {False} or not made.part:
            return None
        method = made.kind.methods.get(attribute.name)
        wrong = {1: "put", 2: "get"}[made.part]
        if method is None or method.does != wrong:
            return None
        end, other = ("first", "second") if made.part == 1 else ("second", "first")
        does = "receives" if made.part == 1 else "sends"
        return Missing(
            f"{describe(attribute.value)}.{attribute.name}",
            f"raises OSError: of `Pipe(duplex=False)`, the {end} end only {does}",
            f"Use the {other} end.",
            made.site,
        )

    def missing_argument(self, operation: Operation) -> Missing | None:
        """An argument that a method does not take: `SimpleQueue.get(timeout=1)`."""
        call = operation.call
        made = operation.receiver
        if call is None or not isinstance(made, Made) or made.kind is not mp.SIMPLE_QUEUE:
            return None
        taken = len(operation.method.parameters)
        given = [argument for argument in call.arguments if not argument.star]
        if len(given) <= taken or not operation.sure:
            return None
        extra = given[taken]
        shown = f"{extra.keyword}=" if extra.keyword else describe(extra.value)
        return Missing(
            f"{describe(call.function)}({shown}…)",
            f"raises TypeError: a simple queue's `{operation.name}` takes no such argument",
            "Use `multiprocessing.Queue()`, which has timeouts.",
            made.site,
        )

    def misplaced_timeout(self, operation: Operation) -> Missing | None:
        """A timeout given where `block` stands, beside `block=False`, or to a `recv`."""
        if operation.kind.family not in ("process", "manager") or not operation.sure:
            return None
        call = operation.call
        if call is None:
            return None
        text = describe(call.function)
        given = [argument for argument in call.arguments if not argument.star]
        if operation.kind.role == "connection" and operation.name == "recv" and given:
            shown = f"{given[0].keyword}=" if given[0].keyword else ""
            return Missing(
                f"{text}({shown}{describe(given[0].value)})",
                "raises TypeError: a pipe end's `recv` takes no timeout",
                f"Write `if {describe(_owner(call))}.poll(timeout):` before it.",
                None,
            )
        block = operation.constant("block")
        timeout = operation.argument("timeout")
        if type(block) in (int, float) and block not in (0, 1) and timeout is None:
            waits = "waits for ever" if block else "does not wait"
            in_c = operation.kind.role == "lock" or operation.kind.family == "process"
            if isinstance(block, float) and operation.does != "get" and in_c:
                waits += " (up to Python 3.11, it raises TypeError)"
            return Missing(
                f"{text}({self._before_block(operation)}{block!r})",
                f"{waits}: the {block!r} is taken for `block`, not for `timeout`",
                f"Write `{text}({self._before_block(operation)}timeout={block!r})`.",
                None,
            )
        # a timeout of 0 says the same as `block=False`
        if block is False and timeout is not None and operation.constant("timeout"):
            return Missing(
                f"{text}(…, timeout)",
                "does not wait at all: with `block=False` the timeout is ignored",
                "Leave `block` out.",
                None,
            )
        return None

    def _before_block(self, operation: Operation) -> str:
        item = operation.argument(operation.method.parameters[0])
        is_put = operation.does == "put" and item is not None
        return f"{describe(item)}, " if is_put and item is not None else ""

    def treated_as_collection(self, expression: f.Expr, activation: Activation) -> Missing | None:
        """A queue in a `for`, an `in` or a `len()`, or as a condition."""
        use = ""
        match expression:
            case f.Comparison(rest=(("in" | "not in", right),)):
                expression, use = right, "in"
            case f.Call(function=f.Name(id="len"), arguments=(argument,)):
                expression, use = argument.value, "len"
            case f.Unary(operator="not", operand=operand):
                expression = operand
            case f.Call() | f.Comparison():
                return None
        made = self.channel(self.program.values(expression, activation))
        if made is None or made.kind.role != "queue" or self.is_prepared(expression.at, activation):
            return None
        use = use or self._use(expression, activation)
        if use not in _COLLECTION or (use == "truth" and self._is_optional(expression, activation)):
            return None
        text = describe(expression)
        written, effect, instead = _COLLECTION[use]
        return Missing(written.format(text), effect, instead.format(text), made.site)

    def _is_optional(self, expression: f.Expr, activation: Activation) -> bool:
        """Whether a parameter may be left out, so that asking for its truth makes sense."""
        return isinstance(expression, f.Name) and any(
            parameter.name == expression.id and parameter.default is not None
            for parameter in activation.scope.parameters
        )

    def _use(self, expression: f.Expr, activation: Activation) -> str:
        """What the statement around takes an expression for."""
        outline = self.program.outline(activation)
        for frame in outline.around(expression.at):
            node = frame.node
            if isinstance(node, (f.For, f.While)) and frame.part == "test":
                return "for" if isinstance(node, f.For) else "truth"
            if isinstance(node, f.Branch) and frame.part == "test":
                # `if not queue: raise` asks whether there is a queue
                near = {node.at, *(loop.node.at for loop in outline.loops(node.at))}
                taken = any(
                    inner.node.at in near
                    for get in self._gets(expression, activation)
                    for inner in outline.around(get.at)
                )
                return "truth" if taken else ""
            if not isinstance(node, (f.Unary, f.Boolean)):
                return ""
        return ""

    def _gets(self, expression: f.Expr, activation: Activation) -> list[Operation]:
        """What the function takes from a queue."""
        return [
            operation
            for value in self.program.values(expression, activation)
            for operation in self.program.on.get(value, ())
            if operation.activation is activation and operation.does == "get"
        ]

    # Handlers -----------------------------------------------------------------------------------

    def wrong_handler(self, operation: Operation) -> WrongHandler | None:
        """The handler around a call that is meant for what the call raises and cannot catch it."""
        errors = [error for error in operation.gives_up_with if error != "EOFError"]
        if not errors or not operation.sure or operation.kind.family not in ("process", "manager"):
            return None
        activation = operation.activation
        if self.program.failing.is_opaque(activation):
            return None
        outline = self.program.outline(activation)
        found: WrongHandler | None = None
        for frame in outline.around(operation.at):
            if isinstance(frame.node, f.With) and self._suppresses(frame.node, activation):
                return None
            if not isinstance(frame.node, f.Try) or frame.part != "body":
                continue
            for handler in frame.node.handlers:
                if handler.type is None:
                    return None
                for error in errors:
                    missing = self._missing_exception(handler.type, activation)
                    if not missing:
                        types = self.program.values(handler.type, activation)
                        if catches(self.program, types, error) is not False:
                            return None
                    if found is None and (missing or self._is_meant(handler.type, activation)):
                        at = Site(activation.path, handler.type.at)
                        text = describe(handler.type)
                        found = WrongHandler(operation, at, text, error, missing)
        if found is not None and self._is_caught_above(activation, errors):
            return None
        return found

    def _suppresses(self, step: f.With, activation: Activation) -> bool:
        """Whether a `with` may swallow exceptions: `contextlib.suppress(…)`."""
        return any(
            isinstance(value, Named) and value.path == "contextlib.suppress"
            for manager, _ in step.items
            if isinstance(manager, f.Call)
            for value in self.program.values(manager.function, activation)
        )

    def _is_caught_above(self, activation: Activation, errors: Iterable[str]) -> bool:
        """Whether a function that calls this one catches what it lets through."""
        todo, seen = [activation], {activation}
        while todo:
            for edge in self.program.callers[todo.pop()]:
                for frame in self.program.outline(edge.caller).around(edge.at):
                    if isinstance(frame.node, f.Try) and frame.part == "body":
                        if self._catches_some(frame.node, edge.caller, errors):
                            return True
                if edge.caller not in seen and edge.launch is None:
                    seen.add(edge.caller)
                    todo.append(edge.caller)
        return False

    def _catches_some(self, step: f.Try, activation: Activation, errors: Iterable[str]) -> bool:
        for handler in step.handlers:
            if handler.type is None:
                return True
            types = self.program.values(handler.type, activation)
            if any(catches(self.program, types, error) is not False for error in errors):
                return True
        return False

    def _missing_exception(self, type_: f.Expr, activation: Activation) -> bool:
        """Whether a handler's type does not exist: `multiprocessing.Queue.Empty`, `q.Empty`."""
        if not isinstance(type_, f.Attribute) or type_.name not in ("Empty", "Full"):
            return False
        owners = self.program.objects(self.program.values(type_.value, activation))
        return bool(owners) and all(self._has_no_exceptions(owner) for owner in owners)

    def _has_no_exceptions(self, owner: Value) -> bool:
        if isinstance(owner, (Made, Instance)):
            return self.program.solver.kind_of(owner) is not None
        if not isinstance(owner, Named):
            return False
        found = catalog.library(owner.path)
        return found is not None and found[1] not in ("queues", "dummy", "managers")

    def _is_meant(self, type_: f.Expr, activation: Activation) -> bool:
        """Whether a handler looks as if it were for an empty or full queue, or a timeout."""
        if isinstance(type_, f.Display):
            return any(self._is_meant(inner, activation) for inner in type_.items)
        return any(
            isinstance(value, Named) and value.path.rpartition(".")[2] in _TIMEOUTS
            for value in self.program.values(type_, activation)
        )


def _owner(call: f.Call) -> f.Expr:
    return call.function.value if isinstance(call.function, f.Attribute) else call.function


def _asks_for_type(test: f.Expr) -> bool:
    return any(
        isinstance(part, f.Call)
        and isinstance(part.function, f.Name)
        and part.function.id in ("hasattr", "isinstance", "callable", "type")
        for part in f.within(test)
    )


_PREPARED_FOR = ("AttributeError", "TypeError")
_PREPARED_IN = {
    f.Try: ("body",),
    f.Branch: ("body", "otherwise"),
    f.Conditional: ("part",),
}

_TIMEOUTS = frozenset({"TimeoutError", "QueueEmpty", "QueueFull", "Empty", "Full", "timeout"})

_SEE = "See the documentation of `multiprocessing`."

_INSTEAD = {
    "task_done": "Use `multiprocessing.JoinableQueue()`.",
    "join": "Use `multiprocessing.JoinableQueue()`.",
    "put_no_wait": "The name is `put_nowait`.",
    "get_no_wait": "The name is `get_nowait`.",
    "put_nowait": "Use `multiprocessing.Queue()`.",
    "get_nowait": "Use `multiprocessing.Queue()`.",
    "qsize": "Use `multiprocessing.Queue()`.",
    "full": "Use `multiprocessing.Queue()`.",
    "is_empty": "The name is `empty`.",
    "isEmpty": "The name is `empty`.",
    "size": "The name is `qsize`.",
    "append": "The name is `put`.",
    "pop": "The name is `get`.",
    "receive": "The name is `recv`.",
    "read": "The name is `recv`.",
    "write": "The name is `send`.",
    "put": "The name is `send`.",
    "get": "The name is `recv`.",
}

_MODULE_INSTEAD = {
    "queue": "The exceptions are in the module `queue`: `import queue`, then `queue.Empty`.",
    "Empty": "The exception is `queue.Empty`: `import queue`.",
    "Full": "The exception is `queue.Full`: `import queue`.",
    "process": "The class is `multiprocessing.Process`.",
    "Pool": "The function is `multiprocessing.Pool`.",
    "cpucount": "The function is `multiprocessing.cpu_count`.",
}

_COLLECTION = {
    "for": (
        "for … in {}",
        "raises TypeError: a queue cannot be iterated over",
        "Write `for item in iter({}.get, None)`, and put `None` at the end.",
    ),
    "in": (
        "… in {}",
        "raises TypeError: a queue cannot be searched",
        "Take the items out with `{}.get()`.",
    ),
    "len": (
        "len({})",
        "raises TypeError: a queue has no `len()`",
        "`{}.qsize()` gives an approximate number.",
    ),
    "truth": (
        "{}",
        "is always true, with items in it or not",
        "Wait for an item with `{}.get(timeout=…)`.",
    ),
}
