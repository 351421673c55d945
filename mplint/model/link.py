"""From files to a program: solve, look at what was mixed up, and solve again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mplint.collector import paused, sweep, sweep_is_due
from mplint.model import facts as f
from mplint.model.program import Program
from mplint.model.solving import calls
from mplint.model.solving.solve import RETURNED, Loader, Policy, Record, Solver
from mplint.model.values import (
    NOTHING,
    ClassRef,
    Instance,
    Site,
    Value,
    Values,
)

MAX_GROWTH = 6
"""How much more the second round may cost than the first, which stands if that is not enough."""

MAX_PLACES = 16
"""Objects of a class that is used more widely than this are not told apart."""


@paused()
def link(loader: Loader, paths: Iterable[Path], root: Path) -> Program:
    """Solves the program made of the given files of a project and those they draw in.

    A second round tells apart the calls and objects that the first one had to mix up.
    """
    paths = list(paths)
    solver = Solver(loader)
    solver.solve(paths)
    record = _collect(solver)
    policy = _refine(solver, record)
    if policy.functions or policy.classes:
        max_runs = MAX_GROWTH * solver.runs
        large = sweep_is_due()
        if large:  # then the first round's memory is needed for the second one
            del solver, record
            sweep()
        finer = Solver(loader, policy, max_runs=max_runs)
        finer.solve(paths)
        if not finer.overrun:
            return Program(finer, _collect(finer), root)
        if large:
            del finer
            sweep()
            solver = Solver(loader)
            solver.solve(paths)
            record = _collect(solver)
    return Program(solver, record, root)


def _collect(solver: Solver) -> Record:
    calls.settle(solver)
    return solver.collect()


def _refine(solver: Solver, record: Record) -> Policy:
    """Which functions get different objects from different calls, or make objects for several
    callers; and which classes hold different objects in different instances."""
    given: dict[f.Scope, dict[Site, dict[str, Values]]] = defaultdict(lambda: defaultdict(dict))
    for edge in record.edges:
        by_parameter = given[edge.callee.scope][Site(edge.caller.path, edge.at)]
        by_parameter.update(edge.given)
    functions = {
        scope
        for scope, by_site in given.items()
        for name in {name for handed in by_site.values() for name in handed}
        if len({handed.get(name, NOTHING) for handed in by_site.values()}) > 1
    }
    for (activation, _), values in record.made.items():
        scope = activation.scope
        if scope.name == "__init__":
            continue  # what it makes belongs to the object: these are told apart by their classes
        if len(given[scope]) > 1 and any(calls.is_shared(solver, value) for value in values):
            functions.add(scope)
    for activation in solver.activations:
        # what hands on a factory's objects is a factory itself
        returned = solver.cells.get((activation, RETURNED), NOTHING)
        if len(given[activation.scope]) > 1 and any(
            calls.is_shared(solver, value) for value in returned
        ):
            functions.add(activation.scope)
    # what each call of a function makes goes to another process, which must not meet the others'
    functions |= {
        edge.callee.scope
        for edge in record.edges
        if edge.launch is not None and edge.given and edge.caller.scope in functions
    }
    return Policy(frozenset(functions), _split_classes(solver, record))


def _split_classes(solver: Solver, record: Record) -> frozenset[f.Scope]:
    """The classes whose objects must be told apart: one function makes several of them, they are
    given different shared objects to hold, or they have the methods of one base."""
    created: dict[ClassRef, set[tuple[f.Scope, int]]] = defaultdict(set)
    for (activation, at), made in record.made.items():
        for value in made:
            if isinstance(value, Instance):
                created[value.cls].add((activation.scope, at))
    held: dict[ClassRef, int] = defaultdict(int)  # the most shared objects in one attribute
    for (owner, _), values in solver.cells.items():
        if isinstance(owner, Instance):
            held_here = sum(calls.is_shared(solver, value) for value in values)
            held[owner.cls] = max(held[owner.cls], held_here)
    holders = {cls for cls in created if held[cls]}
    # classes that share the methods of one base are told apart as well
    relatives: dict[Value, set[ClassRef]] = defaultdict(set)
    for cls in holders:
        for base in solver.ancestry(cls):
            relatives[base].add(cls)
    found = set()
    for cls in holders:
        bases = [base for base in solver.ancestry(cls) if isinstance(base, ClassRef)]
        family = {member for base in bases for member in relatives[base]}
        places = {place for member in family for place in created[member]}
        functions = {scope for scope, _ in places}
        together = (
            len(functions) < len(places)
            or len(family) > 1  # what their base calls on itself is another method in each
            or any(held[member] > 1 for member in family)
        )
        if 1 < len(places) <= MAX_PLACES and together:
            found.add(cls.scope)
    return frozenset(found)
