"""Which start method is in force for a file: what the scripts set that lead to it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mplint import catalog
from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.loading.scripts import is_test
from mplint.model.values import Activation, Literal, Made

if TYPE_CHECKING:
    from mplint.model.program import Program

TEST_FOLDERS = frozenset({"test", "tests", "testing"})


class Defaults:
    """The questions about the start method that a whole process has, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.scripts = program.solver.loader.scripts
        self._methods_in: dict[Path, tuple[str, ...]] = {}
        self._set: dict[Path, frozenset[str]] = {}

    def methods_in(self, path: Path) -> tuple[str, ...]:
        """The start methods that the scripts set in which a file is used; empty when one of them
        leaves that to Python, or sets something that is not known."""
        if path not in self._methods_in:
            self._methods_in[path] = self._find_methods(path)
        return self._methods_in[path]

    def _find_methods(self, path: Path) -> tuple[str, ...]:
        if not self._calls and not self.scripts.settings:
            return ()  # who uses which file, is a long question
        found: set[str] = set()
        for script in self._users(path):
            if script not in self._set:
                self._set[script] = self._set_for(script)
            methods = self._set[script]
            if not methods:
                return ()
            found |= methods
        return tuple(method for method in START_METHODS if method in found)

    @cached_property
    def methods_named(self) -> frozenset[str]:
        """The start methods that the program names somewhere, for all or for one context."""
        named: set[object] = set().union(*(methods for _, _, methods in self._calls))
        for (owner, name), values in self.program.solver.cells.items():
            if name == "method" and isinstance(owner, Made) and owner.kind.role == "context":
                named |= {value.value for value in values if isinstance(value, Literal)}
        return frozenset(method for method in START_METHODS if method in named)

    # Which scripts ------------------------------------------------------------------------------

    def _users(self, path: Path) -> set[Path]:
        """The scripts that a file is used in; where none is seen to use it, all of the program."""
        configured = self._configuration_of(path)
        if configured:
            return configured
        # what a test sets, it sets for itself
        inside = self._inside if is_test(path) else self._inside_but_tests
        outside = {script for script in self._outside if path in self.scripts.drawn_in(script)}
        users = {script for script in self._drawing.get(path, ()) if script in inside} | outside
        if not users:
            packages = {init for init in self.scripts.settings if self._is_package_of(init, path)}
            return packages or inside
        return users

    @cached_property
    def _inside(self) -> set[Path]:
        """The files of the program that may set a start method or be run as scripts."""
        return {call[0].path for call in self._calls} | self.program.startup.guarded

    @cached_property
    def _drawing(self) -> dict[Path, list[Path]]:
        """Those of them that import a file."""
        found: dict[Path, list[Path]] = {}
        for script in self._inside:
            for path in self.program.startup.drawn_in(script):
                found.setdefault(path, []).append(script)
        return found

    @cached_property
    def _inside_but_tests(self) -> set[Path]:
        return {script for script in self._inside if not is_test(script)}

    @cached_property
    def _outside(self) -> list[Path]:
        """The files of the project that set a start method for what they import, and are either no
        part of the program or lead to it through files that are not."""
        files = self.program.solver.files
        inside = {call[0].path for call in self._calls}
        return [
            script
            for script in self.scripts.settings
            if not is_test(script) and (script not in files or script in inside)
        ]

    def _configuration_of(self, path: Path) -> set[Path]:
        """The files `conftest.py` that set a start method for a test."""
        return {
            script
            for script in self.scripts.settings
            if script.name == "conftest.py"
            and script.parent in path.parents
            and (is_test(path) or self._is_among_tests(path, script.parent))
        }

    def _is_among_tests(self, path: Path, folder: Path) -> bool:
        inside = (folder.name, *path.relative_to(folder).parts[:-1])
        return bool(TEST_FOLDERS & set(inside))

    def _is_package_of(self, init: Path, path: Path) -> bool:
        """Whether a file is imported whenever another one is, and sets a method then."""
        around = init.name == "__init__.py" and init.parent in path.parents
        return around and self.scripts.settings[init].at_import

    # What they set ------------------------------------------------------------------------------

    def _set_for(self, script: Path) -> frozenset[str]:
        """What a script sets, by itself or by what it imports and calls; empty where that is left
        to Python or not known."""
        own = self._set_in(script)
        if own is not None:
            return own
        drawn = self.program.startup.drawn_in(script)
        found: set[str] = set()
        for activation, at, methods in self._calls:
            if activation.path in drawn and self._is_run(activation, at):
                if not methods:
                    return frozenset()
                found |= methods
        for init, setting in self.scripts.settings.items():
            if init not in drawn and any(self._is_package_of(init, path) for path in drawn):
                if not setting.methods:
                    return frozenset()
                found |= setting.methods
        return frozenset(found)

    def _set_in(self, script: Path) -> frozenset[str] | None:
        """What a file itself sets; None if nothing, empty where that is not known."""
        if script in self.program.solver.files:
            sets = [methods for activation, _, methods in self._calls if activation.path == script]
            if not sets:
                return None
            return frozenset().union(*sets) if all(sets) else frozenset()
        setting = self.scripts.settings.get(script)
        return setting.methods if setting is not None else None

    def _is_run(self, activation: Activation, at: int) -> bool:
        """Whether a place is run by those who import its file, or call a function of it."""
        if activation.scope.kind == "module":
            return not self.program.startup.is_guarded(activation, at)
        return bool(self.program.callers[activation])

    @cached_property
    def _calls(self) -> list[tuple[Activation, int, frozenset[str]]]:
        """The calls of `set_start_method` in the program, with what they set; empty where that is
        not known."""
        program = self.program
        found = []
        for (activation, at), path in program.record.externals.items():
            if path.rpartition(".")[2] == "set_start_method" and catalog.library(path):
                call = program.outline(activation).expressions.get(at)
                if isinstance(call, f.Call) and call.arguments:
                    values = program.values(call.arguments[0].value, activation)
                    named = {str(v.value) for v in values if isinstance(v, Literal)}
                    known = len(named) == len(values) and named <= set(START_METHODS)
                    found.append((activation, at, frozenset(named) if known else frozenset()))
        return found
