"""Loops that put items back into order by their numbers.

Several workers send `(number, result)`, and whoever takes these keeps what comes too early in a
dict until it is its turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.values import Activation, Site, Values

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program


class Reordering(Struct, frozen=True):
    """A loop that takes numbered items from a channel and goes through them in order: `position` is
    that of the number in an item, and `sentinels` end the loop."""

    get: Operation
    position: int
    kept: Site
    end: Site
    sentinels: Values
    whole: bool


class Reorderings:
    """Finds these loops, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, test: f.Comparison, activation: Activation) -> Reordering | None:
        """The loop that a test `number in kept` belongs to, where that only keeps items from a
        channel until it is their turn, and ends without a look at what is left."""
        match test:
            case f.Comparison(left=f.Name() as number, rest=(("in" | "not in", f.Name() as kept),)):
                pass
            case _:
                return None
        if not self._is_counter(number.id, activation) or not self._is_dict(kept.id, activation):
            return None
        if not (self._is_own(number, activation) and self._is_own(kept, activation)):
            return None
        if not self._is_first(test, kept.id, activation):
            return None
        stores = self._stores(kept.id, number.id, activation)
        if stores is None or len(stores) != 1:
            return None
        ((store, key),) = stores
        source = self._numbered(key, activation)
        if source is None:
            return None
        get, position = source
        if not get.sure or self._is_counted(number.id, get, activation):
            return None
        end = self._end(get, activation)
        if end is None:
            return None
        site, sentinels, whole = end
        return Reordering(get, position, Site(activation.path, store), site, sentinels, whole)

    def _is_own(self, name: f.Name, activation: Activation) -> bool:
        """Whether a variable is one of the function alone."""
        scope = activation.scope
        if scope.kind == "class" or name.id not in scope.bound:
            return False
        if any(parameter.name == name.id for parameter in scope.parameters):
            return False
        return not self.program.sight.is_named_elsewhere(name.id, activation)

    def _is_counter(self, name: str, activation: Activation) -> bool:
        """Whether a variable begins with a number and only ever grows by one."""
        begins = grows = 0
        for value, operator in _given_to(name, activation):
            if operator is None and _is_number(value):
                begins += 1
            elif _is_number(value, 1) if operator == "+" else _is_sum(value, name):
                grows += 1
        bindings = self.program.outline(activation).bindings.get(name, ())
        return begins == 1 and grows > 0 and len(bindings) == begins + grows

    def _is_dict(self, name: str, activation: Activation) -> bool:
        """Whether a variable only ever holds a dict that begins empty."""
        if len(self.program.outline(activation).bindings.get(name, ())) != 1:
            return False
        match list(_given_to(name, activation)):
            case [(f.DictDisplay(items=()), None)]:
                return True
            case [(f.Call(function=f.Name(id="dict"), arguments=()), None)]:
                return True
        return False

    def _stores(
        self, kept: str, number: str, activation: Activation
    ) -> list[tuple[int, f.Expr]] | None:
        """Where a dict gets its items, and under which keys; None where it is used for more than to
        take out the one whose turn it is."""
        outline = self.program.outline(activation)
        defined = {binding.at for binding in outline.bindings[kept]}
        found: list[tuple[int, f.Expr]] = []
        for name in outline.names[kept]:
            if name.at in defined:
                continue
            frames = list(outline.around(name.at))
            match frames[0].node:
                case f.Subscript(index=f.Name(id=key)) if key == number:
                    continue
                case f.Subscript() as element:
                    step = outline.step_of(name.at)
                    if not isinstance(step, f.Bind) or element not in step.targets:
                        return None
                    if step.operator is not None:
                        return None
                    found.append((step.at, element.index))
                case f.Comparison(left=f.Name(id=key), rest=(("in" | "not in", _),)):
                    if key != number:
                        return None
                case f.Attribute(name="pop") if len(frames) > 1:
                    match frames[1].node:
                        case f.Call(arguments=(f.Argument(value=f.Name(id=key)), *_)):
                            if key != number:
                                return None
                        case _:
                            return None
                case _:
                    return None
        return found

    def _numbered(self, key: f.Expr, activation: Activation) -> tuple[Operation, int] | None:
        """The get that a key comes from, and its position in what that takes."""
        match key:
            case f.Subscript(value=f.Name() as item, index=f.Constant(value=int() as position)):
                get = self.taken_from(item, activation)
                return (get, position) if get is not None else None
            case f.Name(id=name):
                for step in f.steps(activation.scope.body):
                    targets = [step.target] if isinstance(step, f.For) else []
                    if isinstance(step, f.Bind):
                        targets += step.targets
                    for target in targets:
                        if isinstance(target, f.Display):
                            names = [getattr(item, "id", None) for item in target.items]
                            if name in names:
                                get = self.taken_from(key, activation)
                                return (get, names.index(name)) if get is not None else None
        return None

    def _is_counted(self, number: str, get: Operation, activation: Activation) -> bool:
        """Whether a counter is compared with a number, or looked at after the loop: then somebody
        may see that something is missing."""
        outline = self.program.outline(activation)
        loops = outline.loops(get.at)
        loop = loops[0].node if loops else next(self._loops_over_gets(activation), None)
        defined = {binding.at for binding in outline.bindings[number]}
        for name in outline.names[number]:
            frames = list(outline.around(name.at))
            node = frames[0].node
            if name.at in defined:
                continue
            if isinstance(node, f.Comparison):
                if [operator for operator, _ in node.rest] not in (["in"], ["not in"]):
                    return True
            elif isinstance(node, f.Subscript) or _is_pop(node):
                continue
            elif not any(frame.node is loop for frame in frames):
                return True
        return False

    def _end(self, get: Operation, activation: Activation) -> tuple[Site, Values, bool] | None:
        """Where a loop ends because of what it has taken, by which values, and whether these are
        whole items."""
        sentinels = self.program.sentinels
        looped = sentinels.iterated_until(get)
        if looped is not None:
            return get.site, looped, True
        for step in f.steps(activation.scope.body):
            arms = list(step.arms) if isinstance(step, f.Branch) else []
            if isinstance(step, f.While):
                arms.append((step.test, step.body))
            for test, body in arms:
                found = sentinels.test_of(test, activation)
                if found is None or found.get.site != get.site:
                    continue
                if isinstance(step, f.While):
                    return Site(activation.path, step.at), found.sentinel, found.whole
                assert isinstance(step, f.Branch)
                told = body if found.equal else step.otherwise
                for leave in f.steps(told):
                    if isinstance(leave, f.Leave) and leave.kind in ("break", "return"):
                        return Site(activation.path, leave.at), found.sentinel, found.whole
        return None

    def taken_from(self, number: f.Expr, activation: Activation) -> Operation | None:
        """The get that a number comes from, as a part of what that takes."""
        found = self.program.sentinels.source(number, activation)
        if found is not None:
            return found
        while isinstance(number, f.Subscript):
            number = number.value
        if not isinstance(number, f.Name):
            return None
        for loop in self._loops_over_gets(activation):
            names = [leaf.id for leaf in f.leaves(loop.target) if isinstance(leaf, f.Name)]
            if number.id in names:
                return self._iterated(loop, activation)
        return None

    def _loops_over_gets(self, activation: Activation) -> Iterator[f.For]:
        for step in f.steps(activation.scope.body):
            if isinstance(step, f.For) and self._iterated(step, activation) is not None:
                yield step

    def _iterated(self, loop: f.For, activation: Activation) -> Operation | None:
        """The `q.get` of `for item in iter(q.get, None)`."""
        found = self.program.operations_at.get((activation, loop.source.at), ())
        return next((o for o in found if o.is_iterated and o.does == "get"), None)

    def _is_first(self, test: f.Comparison, kept: str, activation: Activation) -> bool:
        """Whether a test is the first one of its kind in the function."""
        outline = self.program.outline(activation)
        around = [next(outline.around(name.at)).node for name in outline.names[kept]]
        return min(node.at for node in around if isinstance(node, f.Comparison)) == test.at


def _given_to(name: str, activation: Activation) -> Iterator[tuple[f.Expr, str | None]]:
    """What is assigned to a variable as it is, or added to it."""
    for step in f.steps(activation.scope.body):
        if not isinstance(step, f.Bind) or step.value is None:
            continue
        for target in step.targets:
            pairs = [(target, step.value)]
            match target, step.value:
                case f.Display(items=targets), f.Display(items=values):
                    if len(targets) == len(values):
                        pairs = list(zip(targets, values, strict=True))
            for one, value in pairs:
                if isinstance(one, f.Name) and one.id == name:
                    yield value, step.operator


def _is_number(value: f.Expr | None, number: int | None = None) -> bool:
    if not isinstance(value, f.Constant) or type(value.value) is not int:
        return False
    return number is None or value.value == number


def _is_sum(value: f.Expr, name: str) -> bool:
    """Whether an expression is `name + 1`."""
    match value:
        case f.Binary(operators=("+",), operands=(f.Name(id=one), two)):
            return one == name and _is_number(two, 1)
    return False


def _is_pop(node: object) -> bool:
    function = node.function if isinstance(node, f.Call) else None
    return isinstance(function, f.Attribute) and function.name == "pop"
