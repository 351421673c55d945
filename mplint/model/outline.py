"""Where an expression stands inside its function: in which loop, branch, `try` or comprehension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from mplint.model import facts as f


class Around(Struct, frozen=True):
    """One thing that an expression or step is inside of, and in which part of it: `body`,
    `otherwise`, `handler`, `final`, `test`, `element` …"""

    node: f.Step | f.Expr
    part: str
    index: int = 0  # which handler, arm or clause


class Binding(Struct, frozen=True):
    """An assignment to a variable, as number `at`: of `value`, or of a part of it where it is not
    the `whole`; of something that has no expression, such as the turns of a loop, where it is
    None."""

    at: int
    value: f.Expr | None
    whole: bool = True


class Outline:
    """The nesting of one scope. Nested functions and classes have outlines of their own."""

    def __init__(self, scope: f.Scope) -> None:
        self.scope = scope
        self.expressions: dict[int, f.Expr] = {}
        self.steps: dict[int, f.Step] = {}
        self._parents: dict[int, tuple[Around, int] | None] = {}
        self._around: dict[int, f.Step | None] = {}
        self._orders: dict[str, dict[int, int]] = {}
        self._block(scope.body, None)

    def around(self, at: int) -> Iterator[Around]:
        """What is around an expression or step, innermost first."""
        link = self._parents.get(at)
        while link is not None:
            frame, outer = link
            yield frame
            link = self._parents.get(outer)

    def loops(self, at: int) -> list[Around]:
        """The loops and comprehension clauses that repeat an expression, outermost first."""
        found = []
        for frame in self.around(at):
            node = frame.node
            if isinstance(node, (f.For, f.While)) and frame.part in ("body", "test"):
                if not (isinstance(node, f.For) and frame.part == "test"):
                    found.append(frame)
            elif isinstance(node, f.Comprehension) and frame.part == "element":
                found += [
                    Around(node, "clause", index) for index in reversed(range(len(node.clauses)))
                ]
            elif isinstance(node, f.Comprehension) and frame.part == "clause":
                found += [Around(node, "clause", i) for i in reversed(range(frame.index))]
        return found[::-1]

    def exclude(self, one: int, other: int) -> bool:
        """Whether two expressions or steps stand in different arms of one branch."""
        arms = {
            id(frame.node): (frame.part, frame.index)
            for frame in self.around(one)
            if isinstance(frame.node, (f.Branch, f.Match)) and frame.part != "test"
        }
        return any(
            arms.get(id(frame.node), (frame.part, frame.index)) != (frame.part, frame.index)
            for frame in self.around(other)
            if isinstance(frame.node, (f.Branch, f.Match)) and frame.part != "test"
        )

    def precedes(self, one: int, other: int) -> bool:
        """Whether one of two places that are not in different arms comes before the other: the
        parts of a call come before it."""
        outer, inner = min(one, other), max(one, other)
        for frame in self.around(inner):
            if not isinstance(frame.node, f.Expr):
                break
            if frame.node.at == outer and isinstance(frame.node, f.Call):
                return one == inner
        return one < other

    def step_of(self, at: int) -> f.Step | None:
        """The innermost step that an expression belongs to."""
        if at in self.steps:
            return self.steps[at]
        passed = []
        while at not in self._around:
            passed.append(at)
            link = self._parents.get(at)
            if link is None:
                self._around[at] = None
                break
            node = link[0].node
            if not isinstance(node, f.Expr):
                self._around[at] = node
                break
            at = link[1]
        step = self._around[at]
        for each in passed:
            self._around[each] = step
        return step

    @cached_property
    def caught(self) -> frozenset[int]:
        """The expressions in the types of handlers."""
        found: set[int] = set()
        for at in self.expressions:  # from the outside inward
            frame, outer = self._parents.get(at) or (None, at)
            if frame is None:
                continue
            is_type = isinstance(frame.node, f.Try) and frame.part == "test"
            if is_type or (isinstance(frame.node, f.Expr) and outer in found):
                found.add(at)
        return frozenset(found)

    def block_of(self, at: int) -> tuple[int, str, int]:
        """What tells the block of a step from the others: what it belongs to, and which part it is
        of that."""
        link = self._parents.get(at)
        return (link[1], link[0].part, link[0].index) if link is not None else (-1, "", 0)

    @cached_property
    def _positions(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        todo = [self.scope.body]
        while todo:
            block = todo.pop()
            for index, step in enumerate(block):
                found[step.at].append((id(block), index))
                todo += f.blocks(step)
        return found

    def block_positions(self, at: int) -> Iterator[tuple[int, int]]:
        """The steps that an expression or step is inside of, each as the id of its block and the
        number in that. None where it is nowhere in the scope."""
        step = self.step_of(at)
        while step is not None:
            yield from self._positions[step.at]
            frames = (frame.node for frame in self.around(step.at))
            step = next((node for node in frames if not isinstance(node, f.Expr)), None)

    def defined_at(self, inner: f.Scope) -> int:
        """The number of the `def` or `class` of a scope that stands directly in this one."""
        defined = self.definitions.get(inner.index)
        return inner.at if defined is None else defined.at

    @cached_property
    def definitions(self) -> dict[int, f.Define]:
        """The `def` or `class` of each scope that stands directly in this one."""
        found: dict[int, f.Define] = {}
        for step in self.steps.values():
            if isinstance(step, f.Define):
                found.setdefault(step.scope, step)
        return found

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """The assignments to each variable, in source order."""
        found: dict[str, list[Binding]] = defaultdict(list)

        def bind(target: f.Expr, value: f.Expr | None) -> None:
            for leaf in f.leaves(target):
                if isinstance(leaf, f.Name):
                    found[leaf.id].append(Binding(leaf.at, value, leaf is target))

        for step in f.steps(self.scope.body):
            match step:
                case f.Bind(targets=targets, value=value, operator=operator):
                    for target in targets:
                        bind(target, value if operator is None else None)
                case f.For(target=target):
                    bind(target, None)
                case f.With(items=items):
                    for _, maybe in items:
                        if maybe is not None:
                            bind(maybe, None)
            for walrus in f.walruses(*f.expressions(step)) if self.has_walrus else ():
                bind(walrus.target, walrus.value)
        return found

    @cached_property
    def has_walrus(self) -> bool:
        """Whether there is any `:=`: each of them takes long to find, and most code has none."""
        return any(type(expression) is f.Walrus for expression in self.expressions.values())

    @cached_property
    def calls(self) -> list[int]:
        """The numbers of the calls, in order."""
        return sorted(at for at, found in self.expressions.items() if isinstance(found, f.Call))

    @cached_property
    def bound_calls(self) -> dict[str, set[int]]:
        """The calls whose results are assigned, by the text of what they are assigned to."""
        found: dict[str, set[int]] = defaultdict(set)
        for step in f.steps(self.scope.body):
            if isinstance(step, f.Bind) and isinstance(step.value, f.Call):
                for target in step.targets:
                    found[f.describe(target)].add(step.value.at)
        return found

    @cached_property
    def turns(self) -> dict[str, list[f.For]]:
        """The loops that give each variable its values, one by one."""
        found: dict[str, list[f.For]] = defaultdict(list)
        for step in self.steps.values():
            if isinstance(step, f.For) and isinstance(step.target, f.Name):
                found[step.target.id].append(step)
        return found

    @cached_property
    def names(self) -> dict[str, list[f.Name]]:
        """Where each variable is read or assigned."""
        found: dict[str, list[f.Name]] = defaultdict(list)
        for expression in self.expressions.values():
            if isinstance(expression, f.Name):
                found[expression.id].append(expression)
        return found

    @cached_property
    def attributes(self) -> dict[str, list[f.Attribute]]:
        """The attributes that are read or set, by name."""
        found: dict[str, list[f.Attribute]] = defaultdict(list)
        for expression in self.expressions.values():
            if isinstance(expression, f.Attribute):
                found[expression.name].append(expression)
        return found

    def bindings_at(self, name: str, places: frozenset[int] | None) -> list[Binding]:
        """The assignments to a variable at some places, or all, in source order."""
        found = self.bindings.get(name, [])
        if places is None or not found:
            return found
        order = self._orders.get(name)
        if order is None:
            order = self._orders[name] = {binding.at: i for i, binding in enumerate(found)}
        return [found[index] for index in sorted(order[at] for at in places if at in order)]

    # Building -----------------------------------------------------------------------------------

    def _block(self, block: f.Block, link: tuple[Around, int] | None) -> None:
        for step in block:
            self.steps[step.at] = step
            self._parents.setdefault(step.at, link)
            self._step(step)

    def _step(self, step: f.Step) -> None:
        at = step.at
        match step:
            case f.Branch(arms=arms, otherwise=otherwise):
                for index, (test, then) in enumerate(arms):
                    self._expression(test, (Around(step, "test", index), at))
                    self._block(then, (Around(step, "body", index), at))
                self._block(otherwise, (Around(step, "otherwise"), at))
            case f.Match(subject=subject, cases=cases):
                self._expression(subject, (Around(step, "test"), at))
                for index, case in enumerate(cases):
                    if case.guard is not None:
                        self._expression(case.guard, (Around(step, "test", index), at))
                    self._block(case.body, (Around(step, "body", index), at))
            case f.For(source=source, target=target, body=body, otherwise=otherwise):
                self._expression(source, (Around(step, "test"), at))
                self._expression(target, (Around(step, "body"), at))
                self._block(body, (Around(step, "body"), at))
                self._block(otherwise, (Around(step, "otherwise"), at))
            case f.While(test=test, body=body, otherwise=otherwise):
                self._expression(test, (Around(step, "test"), at))
                self._block(body, (Around(step, "body"), at))
                self._block(otherwise, (Around(step, "otherwise"), at))
            case f.With(body=body):
                for expression in f.expressions(step):
                    self._expression(expression, (Around(step, "test"), at))
                self._block(body, (Around(step, "body"), at))
            case f.Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                self._block(body, (Around(step, "body"), at))
                for index, handler in enumerate(handlers):
                    if handler.type is not None:
                        self._expression(handler.type, (Around(step, "test", index), at))
                    self._block(handler.body, (Around(step, "handler", index), at))
                self._block(otherwise, (Around(step, "otherwise"), at))
                self._block(final, (Around(step, "final"), at))
            case _:
                for expression in f.expressions(step):
                    self._expression(expression, (Around(step, "own"), at))

    def _expression(self, expression: f.Expr, link: tuple[Around, int]) -> None:
        at = expression.at
        if at in self.expressions:
            return
        self.expressions[at] = expression
        # an import or a lambda's body has the number of its step
        self._parents.setdefault(at, link)
        if isinstance(expression, f.Comprehension):
            for index, clause in enumerate(expression.clauses):
                inner = (Around(expression, "clause", index), at)
                self._expression(clause.source, inner)
                after = (Around(expression, "clause", index + 1), at)
                self._expression(clause.target, after)
                for test in clause.tests:
                    self._expression(test, after)
            element = (Around(expression, "element"), at)
            if expression.key is not None:
                self._expression(expression.key, element)
            self._expression(expression.element, element)
            return
        for index, part in enumerate(f.parts(expression)):
            self._expression(part, (Around(expression, "part", index), at))


def can_leave(block: f.Block, *, loop: bool = True) -> bool:
    """Whether a loop's body has a way out of the loop: `break`, `return`, `raise` or an exit."""
    for step in block:
        if isinstance(step, f.Leave):
            if step.kind in ("return", "raise") or (step.kind == "break" and loop):
                return True
        elif isinstance(step, (f.For, f.While)):
            if can_leave(step.body, loop=False) or can_leave(step.otherwise, loop=loop):
                return True
        elif any(can_leave(inner, loop=loop) for inner in f.blocks(step)):
            return True
        elif isinstance(step, f.Evaluate) and isinstance(step.value, (f.Yield, f.Call)):
            if isinstance(step.value, f.Yield):
                return True  # whoever iterates may stop
            function = step.value.function
            if isinstance(function, f.Attribute) and function.name in ("exit", "_exit"):
                return True
            if isinstance(function, f.Name) and function.id in ("exit", "quit"):
                return True
        elif isinstance(step, f.Bind) and isinstance(step.value, f.Yield):
            return True
    return False
