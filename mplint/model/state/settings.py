"""Settings that the parent makes for itself, where its children expect them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.catalog.settings import SETTINGS, Setting
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.state.globals import Place
from mplint.model.values import Activation, Literal, Made, Named, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program

_KEPT = frozenset({"sys", "os", "__main__"})
"""Modules whose attributes are no patches."""

_LEVELS = frozenset({"DEBUG", "INFO", "NOTSET"})


class Unset(Struct, frozen=True):
    """A setting that the parent makes at `at`, for itself alone, and a worker uses. `what` names
    it, `effect` says what the worker does without it."""

    at: Site
    worker: Worker
    use: Site
    what: str
    effect: str
    start_methods: tuple[str, ...]


class Settings:
    """The questions about settings, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def unset_in_child(self, path: Path) -> list[Unset]:
        """The settings that are made in a file, and that children do not have."""
        return [unset for unset in self._unset if unset.at.path == path]

    @cached_property
    def _unset(self) -> list[Unset]:
        found: dict[Site, Unset] = {}
        if not self.globals.workers:
            return []
        for setting in SETTINGS:
            for place in self._settings_made(setting):
                if not self.globals.is_in_parent_only(place):
                    continue
                for worker in self.globals.workers:
                    unset = self._missed(setting, place, worker)
                    if unset is not None:
                        found.setdefault(place.site, unset)
        for place, name in self._patches:
            for worker in self.globals.workers:
                unset = self._unpatched(place, name, worker)
                if unset is not None:
                    found.setdefault(place.site, unset)
        return list(found.values())

    def _missed(self, setting: Setting, place: Place, worker: Worker) -> Unset | None:
        methods = self.globals.start_methods(worker)
        if not setting.copied:
            methods = self.program.methods_of(worker.holder)
        if not methods or not self._is_before(place, worker):
            return None
        use = next(self._uses(setting, worker), None)
        if use is None or self._may_be_set_in_child(setting, worker):
            return None
        return Unset(place.site, worker, use.site, setting.noun, setting.effect, methods)

    def _is_before(self, place: Place, worker: Worker) -> bool:
        starts = self.globals.starts(worker)
        return any(self.globals.comes_before(place, start) for start in starts)

    # Where settings are made --------------------------------------------------------------------

    @cached_property
    def _calls(self) -> dict[str, list[Place]]:
        """The calls of each function of a library."""
        found: dict[str, list[Place]] = {}
        for (activation, at), path in self.program.record.externals.items():
            found.setdefault(path, []).append(Place(activation, at))
        return found

    def _called(self, names: tuple[str, ...]) -> Iterator[Place]:
        for path, places in self._calls.items():
            if any(path == n or (n.endswith(".") and path.startswith(n)) for n in names):
                yield from places

    def _settings_made(self, setting: Setting) -> Iterator[Place]:
        for place in sorted(self._called(setting.sets), key=lambda p: (str(p.site.path), p.at)):
            call = self.program.outline(place.activation).expressions.get(place.at)
            if isinstance(call, f.Call) and self._has_effect(setting, call, place):
                yield place

    def _has_effect(self, setting: Setting, call: f.Call, place: Place) -> bool:
        """Whether a call certainly changes something that a child would notice."""
        outline = self.program.outline(place.activation)
        if setting.name == "logging" and "basicConfig" in describe(call.function):
            levels = [a.value for a in call.arguments if a.keyword == "level"]
            return any(isinstance(level, f.Attribute) and level.name in _LEVELS for level in levels)
        if describe(call.function).endswith("getcontext"):  # `getcontext().prec = 50`
            step = outline.step_of(call.at)
            return isinstance(step, f.Bind) and any(
                isinstance(target, f.Attribute) and target.value is call for target in step.targets
            )
        return not describe(call.function).endswith("localcontext")

    # What children use and set ------------------------------------------------------------------

    def _run_by(self, worker: Worker) -> Iterator[Activation]:
        for activation in list(self.program.solver.activations):
            if worker in self.program.runners(activation):
                yield activation

    def _uses(self, setting: Setting, worker: Worker) -> Iterator[Place]:
        if setting.name == "recursion":
            for activation in self._run_by(worker):
                for (caller, at), callees in list(self.program.callees_at.items()):
                    if caller is activation and activation in callees:
                        yield Place(activation, at)
            return
        for place in self._called(setting.uses):
            if worker in self.program.runners(place.activation):
                yield place
        for activation in self._run_by(worker):
            for at, expression in self.program.outline(activation).expressions.items():
                if not isinstance(expression, f.Call):
                    continue
                if setting.name == "logging" and self._is_logged(expression, activation):
                    yield Place(activation, at)

    def _is_logged(self, call: f.Call, activation: Activation) -> bool:
        """Whether a call logs something below a warning, by one of the loggers of `logging`."""
        function = call.function
        if not isinstance(function, f.Attribute) or function.name not in ("info", "debug"):
            return False
        loggers = self.program.values(function.value, activation)
        return bool(loggers) and all(
            isinstance(logger, Made) and logger.kind.role == "logger" and logger.library is None
            for logger in loggers
        )

    def _may_be_set_in_child(self, setting: Setting, worker: Worker) -> bool:
        """Whether a child sets it while it imports or runs, as far as names can tell."""
        for activation in list(self.program.solver.activations):
            in_child = self._runs_in_child(activation)
            for at, expression in self.program.outline(activation).expressions.items():
                if not isinstance(expression, f.Call):
                    continue
                place = Place(activation, at)
                if not in_child and not self.globals.is_at_import(place):
                    continue
                if self._sets(setting, expression, place):
                    return True
        return False

    def _runs_in_child(self, activation: Activation) -> bool:
        runners = self.program.runners(activation)
        return any(worker in runners for worker in self.program.processes)

    def _sets(self, setting: Setting, call: f.Call, place: Place) -> bool:
        """Whether a call makes a setting, or is of code that we do not see and may do so."""
        path = self.program.record.externals.get((place.activation, place.at))
        if path is not None and any(path == n or path.startswith(n) for n in setting.sets):
            return True
        name = describe(call.function).rpartition(".")[2].lower()
        if name in ("addhandler", "setlevel"):
            return setting.name == "logging"
        if self.program.callees_at.get((place.activation, place.at)):
            return False  # looked into
        if path is not None and path.startswith(("logging.", "random.", "numpy.random.")):
            return "seed" in name or "default_rng" in name
        if self._is_logged(call, place.activation) or name == "getlogger":
            return False
        return any(word in name for word in setting.words)

    # Patches ------------------------------------------------------------------------------------

    @cached_property
    def _patches(self) -> list[tuple[Place, str]]:
        """Where the parent puts something else in the place of a library's function, by its
        name."""
        found = []
        for activation in list(self.program.solver.activations):
            for step in f.steps(activation.scope.body):
                for place, name in self._patched(step, activation):
                    found.append((place, name))
        return sorted(found, key=lambda pair: (str(pair[0].site.path), pair[0].at))

    def _patched(self, step: f.Step, activation: Activation) -> Iterator[tuple[Place, str]]:
        if isinstance(step, f.Bind) and step.value is not None and step.operator is None:
            for target in step.targets:
                if isinstance(target, f.Attribute) and isinstance(target.value, f.Name):
                    owners = self.program.values(target.value, activation)
                    if len(owners) == 1:
                        (owner,) = owners
                        if isinstance(owner, Named) and owner.path not in _KEPT:
                            yield Place(activation, target.at), f"{owner.path}.{target.name}"
        elif isinstance(step, f.With):
            for manager, _ in step.items:
                path = self.program.record.externals.get((activation, manager.at), "")
                if path.endswith("mock.patch") and isinstance(manager, f.Call):
                    for argument in manager.arguments[:1]:
                        for value in self.program.values(argument.value, activation):
                            if isinstance(value, Literal) and isinstance(value.value, str):
                                yield Place(activation, manager.at), value.value

    def _unpatched(self, place: Place, name: str, worker: Worker) -> Unset | None:
        methods = self.globals.start_methods(worker)
        if not methods or not self.globals.is_in_parent_only(place):
            return None
        if not self._is_before(place, worker):
            return None
        for other, same in self._patches:
            if same == name and not self.globals.is_in_parent_only(other):
                return None
        for activation in self._run_by(worker):
            for at, expression in self.program.outline(activation).expressions.items():
                if isinstance(expression, (f.Name, f.Attribute)):
                    values = self.program.values(expression, activation)
                    paths = {value.path for value in values if isinstance(value, Named)}
                    if len(values) == 1 and name in paths:
                        what = f"another `{name}`"
                        effect = "it has the original"
                        use = Site(activation.path, at)
                        return Unset(place.site, worker, use, what, effect, methods)
        return None
