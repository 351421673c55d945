"""Library calls that make processes and give them their work in one go: `torch.multiprocessing`'s
spawn, tqdm's maps, and joblib's `Parallel` with `delayed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint import catalog
from mplint.catalog import joblib
from mplint.model.solving import calls, intrinsics
from mplint.model.values import (
    JUST_DATA,
    NOTHING,
    Bound,
    Literal,
    Made,
    Partial,
    Site,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solving.calls import Arguments, CallSite
    from mplint.model.solving.solve import Solver

_DELAYED = "<delayed>"
"""The name under which `delayed(f)` waits for its arguments; no source can name it."""

_SETTINGS = ("joblib", "settings")
"""The cell that says that `Parallel` may use anything."""


def launch(
    solver: Solver, path: str, launcher: catalog.Launcher, site: CallSite, given: Arguments
) -> Values:
    """A call that makes processes and runs something in them."""
    at = Site(site.activation.path, site.at)
    library = catalog.library(path)
    holder = solver.intern(
        Made,
        launcher.kind,
        library and library[0],
        at,
        site.activation.context,
        0,
        None,
        False,
    )
    intrinsics.note(solver, site, [holder])
    solver.add((holder, "spawned"), JUST_DATA)
    if launcher.maps:
        method = launcher.kind.methods[launcher.maps]
        if solver.record is not None:
            raw = calls.RawOperation(site.activation, site.at, holder, launcher.maps, None)
            solver.record.operations.append(raw)
        return intrinsics.task(solver, holder, launcher.kind, method, site, given)
    for name in launcher.parameters:
        values = given.named(launcher.parameters, name)
        if values is not None:
            solver.add((holder, name), values)
    if launcher.start_method:
        chosen = given.named(launcher.parameters, "start_method")
        default = frozenset({solver.intern(Literal, launcher.start_method)})
        solver.add((holder, "method"), chosen or default)
    packed = given.named(launcher.parameters, "args")
    inner = calls.unpacked(solver, packed, site)
    if launcher.first_argument_is_index:
        inner.positional.insert(0, JUST_DATA)
    targets = given.named(launcher.parameters, "fn") or NOTHING
    intrinsics.launch(solver, site, calls.Launch("target", holder), targets, inner)
    return frozenset({holder})


def kinds(solver: Solver, maker: catalog.Maker, given: Arguments) -> tuple[catalog.Kind, ...]:
    """What a maker may make: for some, arguments choose between processes and threads."""
    if maker.threads is None:
        return (maker.kind,)
    if given.open or given.rest or solver.read(_SETTINGS):
        return (maker.kind, maker.threads)
    unsure = False
    for name, words in maker.threads_when.items():
        values = given.named(maker.kind.parameters, name) or NOTHING
        chosen = {v.value if isinstance(v, Literal) else ... for v in values}
        if chosen and chosen <= words:
            return (maker.threads,)
        # a number of processes that is not known is seldom one
        unsure = unsure or bool(chosen & words) or (name != "n_jobs" and ... in chosen)
    return (maker.kind, maker.threads) if unsure else (maker.kind,)


def changes_settings(solver: Solver, path: str) -> None:
    """Notes a call after which `Parallel` may use threads."""
    if path in joblib.SETTINGS:
        solver.add(_SETTINGS, JUST_DATA)


def delayed(solver: Solver, site: CallSite, given: Arguments) -> Values:
    """`delayed(f)`: it waits for the arguments of a task."""
    partial = solver.intern(Partial, Site(site.activation.path, site.at), site.activation.context)
    if given.positional:
        solver.add((partial, "function"), given.positional[0])
    return frozenset({solver.intern(Bound, partial, _DELAYED)})


def make_task(solver: Solver, function: Bound, site: CallSite, given: Arguments) -> Values:
    """`delayed(f)(x)`: nothing runs before `Parallel` gets it."""
    return calls.partial_of(solver, solver.read((function.receiver, "function")), site, given)


def is_delayed(function: Bound) -> bool:
    return function.name == _DELAYED


def tasks_of(solver: Solver, given: Arguments, site: CallSite) -> Values:
    """The tasks among what `Parallel` is given."""
    first = given.get(0, "iterable") or NOTHING
    found = solver.iterate(first, site.activation, site.at)
    return frozenset(task for task in found if isinstance(task, Partial))
