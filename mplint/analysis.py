"""One program, from its files to the diagnostics of those that are asked for."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mplint.config import Settings, matching
from mplint.diagnostics import START_METHODS, Diagnostic, Place, Related
from mplint.registry import INTERNAL, OWN, UNREADABLE, UNUSED, Registry
from mplint.rule import Finding, Rule
from mplint.source import Source, Unreadable
from mplint.suppress import Suppressions

if TYPE_CHECKING:
    import libcst as cst

    from mplint.model.project import Project, Root
    from mplint.model.values import Site
    from mplint.model.view import View


@dataclass(frozen=True, slots=True)
class Target:
    """A file to report on: where it is, how to show it, which rules are on."""

    path: Path
    shown: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Job:
    """One program to analyse, and which of its files to report on: all that another process needs
    to do it."""

    root: Root
    program: int
    targets: tuple[Target, ...]
    settings: Settings
    overlay: Mapping[Path, bytes]
    noqa: bool


def run(job: Job, registry: Registry, project: Project) -> list[Diagnostic]:
    """The diagnostics of one job. An internal failure is one diagnostic per file that it hits."""
    try:
        analysis = _Analysis(job, registry, project)
    except Exception:
        failure = _failure()
        return [internal(target.shown, failure) for target in job.targets]
    found: list[Diagnostic] = []
    for target in job.targets:
        try:
            found += analysis.check(target)
        except Unreadable as error:
            found.append(unreadable(target.shown, error))
        except Exception:
            found.append(internal(target.shown, _failure()))
    return found


class _Analysis:
    def __init__(self, job: Job, registry: Registry, project: Project) -> None:
        from mplint.model import program

        self.job = job
        self.registry = registry
        self.loader = project.loader
        self.program = program.link(self.loader, project.programs[job.program])
        self.shown = {target.path: target.shown for target in job.targets}

    def check(self, target: Target) -> Iterator[Diagnostic]:
        """The diagnostics of one file, without those that comments switch off. Raises Unreadable
        for a file that has no syntax tree."""
        source = self.loader.source(target.path)
        if target.path not in self.program.solver.files:
            if target.path in self.loader.gated:
                source.tree  # tells why
                raise Unreadable("the file is nested too deeply to be analysed")
            return  # no program needed it
        suppressions = Suppressions(source, noqa=self.job.noqa)
        rules = [self.registry.rules[code] for code in target.codes if code in self.registry.rules]
        for finding in self._findings(target.path, rules):
            diagnostic = self._diagnose(finding, source, target)
            if diagnostic is None:
                continue
            if not suppressions.hides(diagnostic.place.line, diagnostic.code, diagnostic.name):
                yield diagnostic
        if UNUSED in target.codes:
            yield from _unused(suppressions, target)

    def _findings(self, path: Path, rules: Iterable[Rule]) -> list[Finding]:
        from mplint.model.view import View

        lowered = self.loader.lowered[path]
        assert lowered is not None
        view = View(self.program, path, lowered)
        visitors = [rule.visitor(rule, view) for rule in rules]
        table: dict[str, list[Callable[[cst.CSTNode], None]]] = defaultdict(list)
        for visitor in visitors:
            for name, visit in visitor.visits:
                table[name].append(visit.__get__(visitor))
        for at, node in enumerate(lowered.nodes):
            handlers = table.get(type(node).__name__)
            if handlers and lowered.numbers[id(node)] == at:
                for visit in handlers:
                    visit(node)
        return [finding for visitor in visitors for finding in visitor.findings]

    def _diagnose(self, finding: Finding, source: Source, target: Target) -> Diagnostic | None:
        """A finding with its place; None when the project's own settings rule it out."""
        rule, settings = finding.rule, self.job.settings
        allowed = settings.start_methods or self.program.start_methods or START_METHODS
        methods = tuple(m for m in finding.start_methods if m in allowed)
        if not methods or not set(matching(rule.applies.python)) & set(settings.pythons):
            return None
        place = source.place(finding.node)
        related = tuple(
            Related(self._place(site, target), note) for site, note in finding.related
        )
        return Diagnostic(
            Place(target.shown, place.line, place.column, place.end_line, place.end_column),
            rule.code,
            rule.name,
            rule.kind,
            rule.message.format_map(finding.words),
            rule.help.format_map(finding.words),
            methods,
            rule.applies.python,
            related,
        )

    def _place(self, site: Site, target: Target) -> Place:
        lowered = self.loader.lowered[site.path]
        assert lowered is not None
        place = self.loader.source(site.path).place(lowered.nodes[site.at])
        shown = self.shown.get(site.path) or show(site.path, target)
        return Place(shown, place.line, place.column, place.end_line, place.end_column)


def show(path: Path, target: Target) -> str:
    """How to show a file that was not named: as the named one is, absolute or relative."""
    if not Path(target.shown).is_absolute():
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            pass
    return str(path)


def unreadable(shown: str, error: Unreadable) -> Diagnostic:
    """The diagnostic for a file that could not be read or parsed."""
    place = Place(shown, error.line, error.column, error.line, error.column + 1)
    return _own(UNREADABLE, place, error.reason)


def internal(shown: str, failure: str) -> Diagnostic:
    """The diagnostic for a failure of mplint itself."""
    message = f"mplint failed on this file, which says nothing about the file: {failure}"
    return _own(INTERNAL, Place(shown, 1, 1, 1, 2), message)


def _failure() -> str:
    """The last line of the traceback, and where in mplint it was raised."""
    lines = traceback.format_exc().strip().splitlines()
    places = [line.strip() for line in lines if line.strip().startswith("File ")]
    return f"{lines[-1]} ({places[-1]})" if places else lines[-1]


def _unused(suppressions: Suppressions, target: Target) -> Iterator[Diagnostic]:
    for comment in suppressions.unused(target.codes):
        what = ", ".join(sorted(comment.codes)) or "nothing"
        place = Place(target.shown, comment.line, comment.column, comment.line, comment.end_column)
        yield _own(UNUSED, place, f"this comment suppresses {what}, and nothing was found here")


def _own(code: str, place: Place, message: str) -> Diagnostic:
    name, kind, _ = OWN[code]
    return Diagnostic(place, code, name, kind, message)


