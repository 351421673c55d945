"""Whether results are paired with what they are the results of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.values import Activation, Named, Site

if TYPE_CHECKING:
    from mplint.model.program import Program


class Mispaired(Struct, frozen=True):
    """Results in the order in which they are ready, that are paired with `inputs` by position:
    where they come from, by which call, and how to keep them together."""

    at: Site
    call: str
    inputs: str
    cure: str


_ORDERED = "Use `imap()`, which keeps the order, or let the task return its input with its result."
_LOOKED_UP = "Keep a dict from each future to its input, and look the future up in it."


class Pairing:
    """The questions about pairs of inputs and results, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def mispaired(self, call: f.Call, activation: Activation) -> Mispaired | None:
        """For `zip(inputs, results)`: results that come in another order than the inputs."""
        externals = self.program.record.externals
        if externals.get((activation, call.at)) != "zip" and not f.is_name(call.function, "zip"):
            return None
        if self._are_used_apart(call, activation):
            return None
        given = [argument.value for argument in call.arguments if not argument.star]
        for expression in given:
            found = self.unordered(expression, activation)
            if found is None:
                continue
            source, inputs, cure = found
            for other in given:
                if other is not expression and describe(other) in inputs:
                    text = describe(source.function) + "()"
                    return Mispaired(Site(activation.path, source.at), text, describe(other), cure)
        return None

    def _are_used_apart(self, call: f.Call, activation: Activation) -> bool:
        """Whether a loop over the pairs never uses both sides of one together."""
        frame = next(self.program.outline(activation).around(call.at), None)
        if frame is None or not isinstance(frame.node, f.For):
            return False
        names = [leaf.id for leaf in f.leaves(frame.node.target) if isinstance(leaf, f.Name)]
        if len(names) < 2:
            return False
        for step in f.steps(frame.node.body):
            parts = f.within(*f.expressions(step))
            if len({part.id for part in parts if isinstance(part, f.Name)} & set(names)) > 1:
                return False
        return True

    def mispaired_by_index(self, loop: f.For, activation: Activation) -> Mispaired | None:
        """For `for i, result in enumerate(results)` whose body looks up `inputs[i]`."""
        source, target = loop.source, loop.target
        if not (isinstance(source, f.Call) and f.is_name(source.function, "enumerate")):
            return None
        if not (isinstance(target, f.Display) and len(target.items) == 2 and source.arguments):
            return None
        index = target.items[0]
        found = self.unordered(source.arguments[0].value, activation)
        if found is None or not isinstance(index, f.Name):
            return None
        call, inputs, cure = found
        for part in f.evaluated(loop.body):
            if isinstance(part, f.Subscript) and f.is_name(part.index, index.id):
                if describe(part.value) in inputs:
                    site = Site(activation.path, call.at)
                    text = describe(call.function) + "()"
                    return Mispaired(site, text, describe(part.value), cure)
        return None

    def unordered(
        self, expression: f.Expr, activation: Activation, depth: int = 0
    ) -> tuple[f.Call, set[str], str] | None:
        """The call that gives results as they get ready, what it is given, and the cure; through
        `list(…)`, a comprehension over all of them and a variable."""
        if depth > 4:
            return None
        program = self.program
        match expression:
            case f.Name(id=name):
                bindings = program.outline(activation).bindings.get(name, ())
                if len(bindings) == 1 and bindings[0].whole and bindings[0].value is not None:
                    return self.unordered(bindings[0].value, activation, depth + 1)
            case f.Comprehension(shape="list" | "generator", clauses=(clause,)):
                if not clause.tests:
                    return self.unordered(clause.source, activation, depth + 1)
            case f.Call(arguments=arguments):
                for operation in program.operations_at.get((activation, expression.at), ()):
                    if operation.name == "imap_unordered" and operation.crosses:
                        given = operation.argument("iterable")
                        if not isinstance(given, (f.Name, f.Attribute)):
                            return None
                        return expression, {describe(given)}, _ORDERED
                functions = program.values(expression.function, activation)
                paths = {value.path for value in functions if isinstance(value, Named)}
                if paths == {"concurrent.futures.as_completed"} and arguments:
                    texts = self._submitted(arguments[0].value, activation)
                    return expression, texts, _LOOKED_UP
                if isinstance(expression.function, f.Name) and arguments:
                    if expression.function.id in ("list", "tuple", "iter"):
                        return self.unordered(arguments[0].value, activation, depth + 1)
                if any(path.startswith("tqdm.") for path in paths) and arguments:
                    return self.unordered(arguments[0].value, activation, depth + 1)
        return None

    def _submitted(self, futures: f.Expr, activation: Activation) -> set[str]:
        """The name of a list of futures of processes, and of what it was made from."""
        texts = {describe(futures)} if isinstance(futures, f.Name) else set()
        value: f.Expr | None = futures
        if isinstance(futures, f.Name):
            bindings = self.program.outline(activation).bindings.get(futures.id, ())
            value = bindings[0].value if len(bindings) == 1 else None
        if not isinstance(value, f.Comprehension) or len(value.clauses) != 1:
            return set()
        operations = self.program.operations_at.get((activation, value.element.at), ())
        if not any(o.name == "submit" and o.kind.family == "process" for o in operations):
            return set()
        source = value.clauses[0].source
        if isinstance(source, (f.Name, f.Attribute)):
            texts.add(describe(source))
        return texts
