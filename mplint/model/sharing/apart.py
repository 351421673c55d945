"""Whether a test lets only one of several processes go on: `if rank == 0`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.crossing.handover import handovers
from mplint.model.paths.counts import Counter
from mplint.model.values import DATA, Activation, FunctionRef

if TYPE_CHECKING:
    from mplint.model.outline import Around
    from mplint.model.program import Program
    from mplint.model.solving.calls import Edge


def keeps_others_out(program: Program, frame: Around, activation: Activation) -> bool:
    """Whether only one of several processes may come to a part of an `if`."""
    node = frame.node
    if not isinstance(node, f.Branch) or frame.part not in ("body", "otherwise"):
        return False
    tests = [test for test, _ in node.arms[: frame.index + 1 if frame.part == "body" else None]]
    tests = [
        test
        for test in tests
        if _tells_apart(test, activation) and not _is_common(program, test, activation, set())
    ]
    if frame.part == "otherwise" and all(_picks_one(program, test, activation) for test in tests):
        return not _are_more(program, activation, len(tests) + 1) if tests else False
    return bool(tests)


def _tells_apart(test: f.Expr, activation: Activation) -> bool:
    match test:
        case f.Unary(operand=operand):
            return _tells_apart(operand, activation)
        case f.Boolean(operands=operands):
            return any(_tells_apart(operand, activation) for operand in operands)
        case f.Comparison(left=left, rest=rest):
            equal = any(operator in ("==", "is") for operator, _ in rest)
            sides = [left, *(right for _, right in rest)]
            return equal and not any(isinstance(side, (f.Binary, f.Subscript)) for side in sides)
        case f.Name(id=name):
            return name in {parameter.name for parameter in activation.scope.parameters}
        case f.Attribute():
            return True
        case f.Call(function=f.Attribute(name=name)):
            return name in ("is_set", "acquire")
    return False


def _picks_one(program: Program, test: f.Expr, activation: Activation) -> bool:
    """Whether a test is that of a number against one that all processes have in common."""
    if not isinstance(test, f.Comparison) or [operator for operator, _ in test.rest] != ["=="]:
        return False
    sides = (test.left, test.rest[0][1])
    numbers = [side for side in sides if not _is_common(program, side, activation, set())]
    return len(numbers) == 1 and (
        isinstance(numbers[0], f.Name) and program.values(numbers[0], activation) == {DATA}
    )


def _are_more(program: Program, activation: Activation, number: int) -> bool:
    """Whether a loop starts more processes that begin with a function than so many, as far as one
    can see."""
    counter = Counter(program)
    for edge in program.callers.get(activation, ()):
        if edge.launch is None:
            continue
        turns = counter.turns(edge.caller, edge.at, at_most=True)
        if turns is None or turns.known is None or turns.known > number:
            return True
    return False


# What all processes have in common ----------------------------------------------------------------


def _is_common(
    program: Program, expression: f.Expr, activation: Activation, seen: set[str]
) -> bool:
    """Whether an expression certainly is the same in all processes that begin with a function."""
    match expression:
        case f.Constant():
            return True
        case f.Name(id=name):
            return name in seen or _is_common_name(program, name, activation, {*seen, name})
        case f.Unary() | f.Binary() | f.Boolean() | f.Comparison():
            inner = f.parts(expression)
            return all(_is_common(program, part, activation, seen) for part in inner)
    return False


def _is_common_name(program: Program, name: str, activation: Activation, seen: set[str]) -> bool:
    outline = program.outline(activation)
    bindings = outline.bindings.get(name, ())
    for binding in bindings:
        if any(not isinstance(fr.node, (f.Bind, f.With)) for fr in outline.around(binding.at)):
            return False
        value, step = binding.value, outline.step_of(binding.at)
        if isinstance(step, f.Bind) and step.operator is not None:
            value = step.value  # `quiet &= other`: what it was before has bindings of its own
        if value is None or not _is_common(program, value, activation, seen):
            return False
    if name in {parameter.name for parameter in activation.scope.parameters}:
        edges = program.callers.get(activation, ())
        return bool(edges) and all(_hands_over(program, edge, name) for edge in edges)
    return bool(bindings) or _is_set_by_import(program, name, activation)


def _is_set_by_import(program: Program, name: str, activation: Activation) -> bool:
    """Whether a name is a variable of the module that only the import sets."""
    cell = program.solver.variable(activation, name)
    writes = program.globals.writes.get(cell, []) if cell is not None else []
    return bool(writes) and all(program.globals.is_at_import(write) for write in writes)


def _hands_over(program: Program, edge: Edge, name: str) -> bool:
    """Whether a call in a loop gives the same to a parameter of all processes."""
    outline = program.outline(edge.caller)
    call = outline.expressions.get(edge.at)
    for given in handovers(program, call, edge.caller) if isinstance(call, f.Call) else ():
        if given.how != "target" or given.open or not isinstance(given.packed, f.Display):
            continue
        targets = program.values(given.function, edge.caller) if given.function else ()
        bound = any(isinstance(v, FunctionRef) and v.receiver is not None for v in targets)
        names = [parameter.name for parameter in edge.callee.scope.parameters][bound:]
        index = names.index(name) if name in names else len(names)
        items = given.packed.items
        if index < len(items) and not any(isinstance(i, f.Star) for i in items[: index + 1]):
            return _outlasts(items[index], outline.loops(edge.at), edge, program)
    return False


def _outlasts(item: f.Expr, loops: list[Around], edge: Edge, program: Program) -> bool:
    """Whether something is the same in all turns of the loops around a call, of which there must be
    some: else it is the turns of another function that make the processes many."""
    match item:
        case f.Constant():
            return bool(loops)
        case f.Unary() | f.Binary() | f.Boolean() | f.Comparison():
            return all(_outlasts(part, loops, edge, program) for part in f.parts(item))
        case f.Name(id=name):
            return bool(loops) and name not in _bound_by(loops, edge, program)
    return False


def _bound_by(loops: list[Around], edge: Edge, program: Program) -> set[str]:
    """The variables that get another value in each turn of some loops."""
    targets: list[f.Expr] = []
    for frame in loops:
        if isinstance(frame.node, f.For):
            targets.append(frame.node.target)
        elif isinstance(frame.node, f.Comprehension):
            targets += [clause.target for clause in frame.node.clauses]
    leaves = [leaf for target in targets for leaf in f.leaves(target)]
    found = {leaf.id for leaf in leaves if isinstance(leaf, f.Name)}
    outline = program.outline(edge.caller)
    within = {frame.node.at for frame in loops}
    for name, bindings in outline.bindings.items():
        if any(within & {fr.node.at for fr in outline.loops(b.at)} for b in bindings):
            found.add(name)
    return found
