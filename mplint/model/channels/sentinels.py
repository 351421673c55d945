"""How consumers are told to stop: which value ends their loop, who sends it, and how often."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.channels.lost_identity import LostIdentity, lost_identity
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine, Raised
from mplint.model.paths.raising import Error
from mplint.model.values import (
    DATA,
    UNKNOWN,
    Activation,
    ClassRef,
    Container,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Test(Struct, frozen=True):
    """`item is None`: a comparison of something that was got from a channel with a sentinel.
    `equal` says whether it holds for the sentinel, `whole` whether all of the item is compared, not
    a part of it."""

    get: Operation
    sentinel: Values
    equal: bool
    operator: str
    at: int
    whole: bool


class Consumer(Struct, frozen=True):
    """A worker that takes from a channel for ever, until it gets one of `sentinels`, as a `whole`
    item or as a part of one."""

    worker: Worker
    channel: Channel
    get: Operation
    sentinels: Values
    test: Site
    whole: bool


class Shortage(Struct, frozen=True):
    """Too few sentinels for the processes of a consumer: how many are sent and needed, in words."""

    consumer: Consumer
    sent: str
    needed: str


class Unsent(Struct, frozen=True):
    """A consumer that is joined though nobody tells it to stop; `late` is the put after the join,
    None where there is none at all."""

    consumer: Consumer
    late: Operation | None


class _Told(Machine[str]):
    """Whether a path was told to stop since the last get. With `failing`, an error may end it as
    well."""

    def __init__(self, sentinels: Sentinels, channel: Channel, *, failing: bool) -> None:
        self.sentinels = sentinels
        self.channel = channel
        self.failing = failing
        self.tests: dict[int, Test] = {}

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.does == "get" and is_end(operation.receiver, self.channel.exit):
            return ("got" if operation.waits_for_ever else "loose",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def fail(self, state: str, error: Error, at: Site) -> str:
        return "failed" if self.failing and state in ("idle", "got") else state

    def repeated(self, state: str) -> Iterable[str]:
        return ("loose",)

    def test(self, state: str, test: f.Expr, activation: Activation, holds: bool) -> str | None:
        found = self.sentinels.test_of(test, activation)
        if found is not None and is_end(found.get.receiver, self.channel.exit):
            self.tests[found.at] = found
            if found.equal is holds:
                return "told"
        return state


class _Telling(Machine[str]):
    """`untold` until a sentinel is put; notes in which state a join is reached."""

    def __init__(self, join: Operation, senders: list[Operation]) -> None:
        self.join = join
        self.senders = frozenset(senders)
        self.at_join: set[str] = set()
        self.late: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.join:
            self.at_join.add(state)
        if operation in self.senders:
            if self.at_join and self.late is None:
                self.late = operation
            return ("told",)
        return (state,)

    def repeated(self, state: str) -> Iterable[str]:
        return ("told",)


class Sentinels:
    """The questions about sentinels, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._consumers: dict[tuple[Worker, Made, bool], Consumer | None] = {}
        self._shortages: dict[Channel, tuple[Operation, Shortage] | None] = {}
        self._sends: dict[tuple[Operation, Values], bool | None] = {}

    # Tests --------------------------------------------------------------------------------------

    def test_of(self, test: f.Expr, activation: Activation) -> Test | None:
        """The sentinel test that an expression is, or contains in the place that decides."""
        match test:
            case f.Unary(operator="not", operand=operand):
                inner = self.test_of(operand, activation)
                if inner is not None:
                    return replace(inner, equal=not inner.equal)
            case f.Comparison(left=left, rest=((operator, right),)):
                for one, other in ((left, right), (right, left)):
                    get = self.source(one, activation)
                    if get is not None and operator in _OPERATORS:
                        sentinel = self.program.values(other, activation)
                        if "in" in operator.split():
                            sentinel = self._members(sentinel)
                            if not all(isinstance(member, Literal) for member in sentinel):
                                continue  # a table that is looked up, not a list of signals
                        equal = operator in ("is", "==", "in")
                        whole = self._is_whole(one, activation)
                        return Test(get, sentinel, equal, operator, test.at, whole)
            case f.Name() | f.Walrus() | f.Subscript():
                get = self.source(test, activation)
                if get is not None:
                    intern = self.program.solver.intern
                    false = frozenset(intern(Literal, value) for value in _FALSE)
                    whole = self._is_whole(test, activation)
                    return Test(get, false, False, "truth", test.at, whole)
            case f.Boolean(operands=operands):
                for operand in operands:
                    inner = self.test_of(operand, activation)
                    if inner is not None:
                        return inner
        return None

    def _members(self, values: Values) -> Values:
        """What the containers among some values hold; `in` means any of these."""
        members: set[Value] = set()
        for value in values:
            cells = self.program.solver.cells
            inner = cells.get((value, "all")) if isinstance(value, Container) else None
            members |= inner or {UNKNOWN}
        return frozenset(members)

    def source(
        self, expression: f.Expr, activation: Activation, depth: int = 0
    ) -> Operation | None:
        """The get that an expression's value comes from, directly or through a variable."""
        if depth > 6:
            return None
        match expression:
            case f.Walrus(value=value) | f.Await(value=value):
                return self.source(value, activation, depth + 1)
            case f.Subscript(value=value):
                return self.source(value, activation, depth + 1)
            case f.Display(items=(item,)):
                return self.source(item, activation, depth + 1)
            case f.Call():
                for operation in self.program.operations_at.get((activation, expression.at), ()):
                    if operation.does == "get":
                        return operation
            case f.Name(id=name):
                for value in self._assigned(name, expression.at, activation):
                    if not isinstance(value, f.Constant):  # `item = None`, in case nothing comes
                        return self.source(value, activation, depth + 1)
        return None

    def _is_whole(self, expression: f.Expr, activation: Activation) -> bool:
        """Whether an expression is all of what was got, not an element of it."""
        match expression:
            case f.Walrus(value=value):
                return self._is_whole(value, activation)
            case f.Name(id=name):
                bindings = self.program.outline(activation).bindings.get(name, ())
                return all(isinstance(b.value, f.Call) and b.whole for b in bindings)
        return isinstance(expression, f.Call)

    def _assigned(self, name: str, at: int, activation: Activation) -> Iterator[f.Expr]:
        """The expressions that a variable can hold where it is read."""
        reaching = self.program.solver.reaching.get(activation.scope)
        seen = reaching.reads.get(at) if reaching is not None else None
        for binding in self.program.outline(activation).bindings_at(name, seen):
            if binding.value is not None:
                yield binding.value

    # Consumers ----------------------------------------------------------------------------------

    def consumer(
        self, worker: Worker, channel: Channel, *, failing: bool = False
    ) -> Consumer | None:
        """A worker as a consumer that only a sentinel on the channel ends; None when it can end in
        another way as well, or is not known to end by a sentinel. With `failing`, it may also end
        by an error that it catches itself."""
        key = (worker, channel.exit, failing)
        if key not in self._consumers:
            self._consumers[key] = self._consumer(worker, channel, failing=failing)
        return self._consumers[key]

    def _consumer(self, worker: Worker, channel: Channel, *, failing: bool) -> Consumer | None:
        gets = [get for get in channel.gets if worker in get.runners]
        if len(gets) != 1 or not gets[0].sure or self.program.failing.is_opaque(worker.entries[0]):
            return None
        (get,) = gets
        looped = self.iterated_until(get)
        if looped is not None:
            return Consumer(worker, channel, get, looped, get.site, whole=True)
        machine = _Told(self, channel, failing=failing)
        flow = Flow(self.program, machine)
        if not get.waits_for_ever or not self._in_endless_loop(get):
            return None
        for entry in worker.entries:
            for way, states in flow.ends(entry, "idle").items():
                if not isinstance(way, Raised) and set(states) - {"told", "failed"}:
                    return None
        sentinels: set[Value] = set()
        for test in machine.tests.values():
            sentinels |= test.sentinel
        if not sentinels:
            return None
        at = min(machine.tests)
        whole = all(test.whole for test in machine.tests.values())
        site = Site(get.activation.path, at)
        return Consumer(worker, channel, get, frozenset(sentinels), site, whole)

    def _in_endless_loop(self, get: Operation) -> bool:
        outline = self.program.outline(get.activation)
        return any(isinstance(frame.node, f.While) for frame in outline.around(get.at))

    def iterated_until(self, get: Operation) -> Values | None:
        """The sentinel of `iter(q.get, sentinel)`."""
        outline = self.program.outline(get.activation)
        found = outline.expressions.get(get.at)
        if isinstance(found, f.Call) and isinstance(found.function, f.Name):
            if found.function.id == "iter" and len(found.arguments) == 2:
                return self.program.values(found.arguments[1].value, get.activation)
        return None

    def consumers(self, channel: Channel) -> list[Consumer] | None:
        """All who take from a channel, when all of them are workers that a sentinel ends."""
        found: dict[Worker, Consumer] = {}
        for get in channel.gets:
            for runner in get.runners:
                if isinstance(runner, str):
                    return None
                consumer = self.consumer(runner, channel)
                if consumer is None:
                    return None
                found[runner] = consumer
        return list(found.values())

    # Who sends it -------------------------------------------------------------------------------

    def sends(self, put: Operation, sentinels: Values) -> bool | None:
        """Whether what a put sends is a sentinel."""
        key = (put, sentinels)
        if key not in self._sends:
            self._sends[key] = self._find_sends(put, sentinels)
        return self._sends[key]

    def _find_sends(self, put: Operation, sentinels: Values) -> bool | None:
        item = put.argument(put.method.parameters[0])
        if item is None:
            return None
        keys = {_key(value) for value in sentinels}
        if None in keys:
            return None
        values = put.values(item)
        if DATA in values and not isinstance(item, f.Text) and _are_computed(sentinels):
            if not self._is_element(item, put.activation, keys):
                return None
        answers = {self._is_sentinel(value, keys) for value in values}
        if len(answers) == 1:
            answer = answers.pop()
            if answer is None and self._is_element(item, put.activation, keys):
                return False
            return answer
        if answers == {None, False} and self._is_element(item, put.activation, keys):
            return False
        return None

    def tells(self, put: Operation, consumer: Consumer) -> bool | None:
        """Whether what a put sends ends a consumer."""
        return self.sends_one(put, consumer.sentinels, whole=consumer.whole)

    def sends_one(self, put: Operation, sentinels: Values, *, whole: bool) -> bool | None:
        """Whether what a put sends is a sentinel, where `whole` items are compared with it."""
        answer = self.sends(put, sentinels)
        item = put.argument(put.method.parameters[0])
        if answer is None and item is not None and whole:
            solver = self.program.solver
            if not any(isinstance(value, Container) for value in sentinels):
                if all(isinstance(v, Container) and solver.arity.get(v) for v in put.values(item)):
                    return False  # a tuple with something in it, whatever that is
        return answer

    def _is_sentinel(self, value: Value, keys: set[Hashable | None]) -> bool | None:
        if value is UNKNOWN:
            return None
        key = _key(value)
        if isinstance(value, Container):
            if key in keys:
                return True
            solver = self.program.solver
            if _key(solver.intern(Literal, False)) in keys and not solver.arity.get(value):
                return None  # it may be empty, and so false
            if any(isinstance(known, tuple) and known[0] == "container" for known in keys):
                return None  # they may be equal
            inner = solver.cells.get((value, "all"), frozenset())
            # `put(("stop", None))` may be compared by its first part
            answers = {self._is_sentinel(element, keys) for element in inner}
            return False if answers <= {False} else None
        return key in keys if key is not None else None if value is not DATA else False

    def _is_element(self, item: f.Expr, activation: Activation, keys: set[Hashable | None]) -> bool:
        """Whether an expression is what a loop goes through: somebody's data, not a signal."""
        if isinstance(item, f.Display):
            elements = [self._is_element(inner, activation, keys) for inner in item.items]
            return bool(elements) and all(elements)
        if isinstance(item, f.Constant):
            return _key(self.program.solver.intern(Literal, item.value)) not in keys
        if not isinstance(item, f.Name):
            return False
        targets = [
            inner
            for step in f.steps(activation.scope.body)
            if isinstance(step, f.For)
            for inner in f.leaves(step.target)
        ]
        return any(isinstance(target, f.Name) and target.id == item.id for target in targets)

    def lost_identity(self, test: f.Comparison, activation: Activation) -> LostIdentity | None:
        """For a comparison with a sentinel: why the copy that arrives is never the same."""
        return lost_identity(self.program, test, activation)

    # How many are told --------------------------------------------------------------------------

    def shortage(self, put: Operation) -> Shortage | None:
        """For a put of a sentinel: the consumers for which there are not enough."""
        channel = self.program.waiting.channel_of(put)
        if channel is None or not channel.is_closed_world or not put.sure:
            return None
        if channel not in self._shortages:
            self._shortages[channel] = self._shortage(channel)
        first, shortage = self._shortages[channel] or (None, None)
        return shortage if put is first else None

    def _shortage(self, channel: Channel) -> tuple[Operation, Shortage] | None:
        """The first put of a sentinel, where there are not enough of them."""
        consumers = self.consumers(channel)
        if consumers is None or len(consumers) != 1:
            return None
        (consumer,) = consumers
        if not self._is_awaited(consumer) or self._passes_on(consumer):
            return None
        sends = [(each, self.sends(each, consumer.sentinels)) for each in channel.puts]
        if any(answer is None for _, answer in sends):
            return None
        sentinels = [each for each, answer in sends if answer]
        if not sentinels:
            return None
        if any(not all(isinstance(r, str) for r in each.runners) for each in sentinels):
            return None
        needed = self.program.amounts.processes(consumer.worker, channel)
        sent = self.program.amounts.puts(sentinels, channel)
        if needed is None or sent is None or sent.known is None:
            return None
        if needed.known is not None:
            short = sent.known < needed.known
        else:
            short = sent.known == 1 and not self._in_loop(sentinels)
        if not short:
            return None
        many = f"only {sent}" if sent.known > 1 else "one"
        return sentinels[0], Shortage(consumer, many, str(needed))

    def _in_loop(self, puts: list[Operation]) -> bool:
        return any(self.program.outline(put.activation).loops(put.at) for put in puts)

    def _passes_on(self, consumer: Consumer) -> bool:
        """Whether a consumer puts the sentinel back for the next one."""
        return consumer.worker in consumer.channel.senders

    def _is_awaited(self, consumer: Consumer) -> bool:
        """Whether somebody waits for the consumer, by a join or at exit, and nobody kills it."""
        worker = consumer.worker
        if worker.in_pool or worker.operations("kill") or self.program.killing.kills_children:
            return False
        return bool(worker.operations("join")) or worker.daemon is False

    def unsent(self, join: Operation) -> Unsent | None:
        """For a join that waits for ever: the consumer that is never told to stop, or too late."""
        if join.timed is not False or join.kind.role != "process":
            return None
        program = self.program
        if program.killing.kills_children:
            return None
        for worker in program.processes_of(join.receiver):
            if worker.daemon is None:
                continue
            for channel in program.channels_with(worker, "get"):
                if channel.kind.family != "process" or not channel.is_closed_world:
                    continue
                consumer = self.consumer(worker, channel)
                if consumer is None or worker.operations("kill"):
                    continue
                unsent = self._unsent(join, consumer)
                if unsent is not None:
                    return unsent
        return None

    def _unsent(self, join: Operation, consumer: Consumer) -> Unsent | None:
        answers = {put: self.sends(put, consumer.sentinels) for put in consumer.channel.puts}
        if all(answer is False for answer in answers.values()):
            return Unsent(consumer, None)
        senders = [put for put, answer in answers.items() if answer is not False]
        if any(put.activation is not join.activation for put in senders):
            return None
        machine = _Telling(join, senders)
        Flow(self.program, machine).ends(join.activation, "untold")
        if machine.at_join == {"untold"} and machine.late is not None:
            return Unsent(consumer, machine.late)
        return None


def _are_computed(sentinels: Values) -> bool:
    """Whether arithmetic could give a sentinel: it never gives None, or an object."""
    return any(isinstance(s, Literal) and s.value is not None for s in sentinels)


_OPERATORS = frozenset({"is", "is not", "==", "!=", "in", "not in"})
_FALSE = (None, False, 0, "", b"")


def _key(value: Value) -> Hashable | None:
    """What makes a value the same sentinel in another process; None when that is not known."""
    match value:
        case Literal(value=constant):
            return (type(constant).__name__, constant)
        case Named(path=path):
            return ("named", path)
        case Made(kind=kind, site=site) if kind.name == "object":
            return ("object", site)
        case Made():
            return ("object", id(value))
        case Container():
            return ("container", id(value))
        case ClassRef(path=path, scope=scope) | FunctionRef(path=path, scope=scope):
            return ("defined", path, scope.at)
        case Instance(cls=cls):
            return ("instance", cls.path, cls.scope.at)
    return None
