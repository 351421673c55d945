"""One program, from its files to the diagnostics of those that are asked for."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mplint import budget
from mplint.collector import paused
from mplint.config import Settings, matching
from mplint.depth import on_deep_stack
from mplint.diagnostics import (
    FORKSERVER_SINCE,
    Diagnostic,
    Place,
    Related,
    default_start_methods,
    is_since_forkserver,
)
from mplint.registry import INTERNAL, UNREADABLE, Registry, Selection, own
from mplint.rule import Finding, Rule, RuleVisitor
from mplint.source import Source, Unreadable

if TYPE_CHECKING:
    import libcst as cst

    from mplint.model.loading.extract import Lowered
    from mplint.model.loading.load import ProjectLoader
    from mplint.model.loading.project import Project, Root
    from mplint.model.program import Program
    from mplint.model.values import Site
    from mplint.model.view import View


@dataclass(frozen=True, slots=True)
class Target:
    """A file to report on: where it is, how to show it, which findings are asked for."""

    path: Path
    shown: str
    selection: Selection
    settings: Settings


@dataclass(frozen=True, slots=True)
class Job:
    """One program of a project to analyse, and which of its files to report on."""

    root: Root
    files: tuple[Path, ...]
    targets: tuple[Target, ...]


def link(project: Project, files: tuple[Path, ...]) -> Program:
    """Works out one program of a project: most of what a check costs."""
    from mplint.model import link

    return link.link(project.loader, files, project.root.folder)


@paused()
def run(
    job: Job,
    registry: Registry,
    project: Project,
    linker: Callable[[Project, tuple[Path, ...]], Program] = link,
) -> list[Diagnostic]:
    """The diagnostics of one job, before comments switch some off, with absolute paths. An internal
    failure is one diagnostic per file that it hits. `linker` may remember programs."""
    try:
        return _run(job, registry, project, linker)
    except RecursionError:
        pass
    # somewhere there is an expression like a sum of thousands of terms
    return on_deep_stack(lambda: _run(job, registry, project, linker, last=True))


def _run(
    job: Job,
    registry: Registry,
    project: Project,
    linker: Callable[[Project, tuple[Path, ...]], Program],
    *,
    last: bool = False,
) -> list[Diagnostic]:
    """Raises RecursionError, unless this is the last try."""
    try:
        with budget.limited(len(job.files)):
            analysis = _Analysis(registry, project, linker(project, job.files))
    except Exception as error:
        if isinstance(error, RecursionError) and not last:
            raise
        reason = failure()
        return [internal(target.path, reason) for target in job.targets]
    found: list[Diagnostic] = []
    for target in job.targets:
        try:
            with budget.limited():
                found += analysis.check(target)
        except budget.Exhausted:
            found.append(internal(target.path, failure()))
            # what was given up half-way may have left half an answer behind
            analysis = _Analysis(registry, project, link(project, job.files))
        except Unreadable as error:
            if UNREADABLE in target.selection.codes:
                found.append(unreadable(target.path, error))
        except Exception as error:
            if isinstance(error, RecursionError) and not last:
                raise
            found.append(internal(target.path, failure()))
    return found


def is_part(path: Path, program: Program, loader: ProjectLoader) -> bool:
    """Whether a program has looked into a file. Raises Unreadable when it should have but the file
    has no syntax tree."""
    if path in program.solver.files:
        return True
    if path in loader.gated:
        _ = loader.source(path).tree  # raises, and tells why
        raise Unreadable("the file is nested too deeply to be analysed")
    return False


_Asker = tuple[RuleVisitor, Callable[..., None]]


class _Analysis:
    def __init__(self, registry: Registry, project: Project, program: Program) -> None:
        self.registry = registry
        self.loader = project.loader
        self.program = program

    def check(self, target: Target) -> Iterator[Diagnostic]:
        """The diagnostics of one file. Raises Unreadable for a file that has no syntax tree."""
        if not is_part(target.path, self.program, self.loader):
            return  # no program needed it
        source, lowered = self.loader.syntax(target.path)
        rules = self.registry.needed_for(target.selection)
        for finding in self._findings(target.path, lowered, rules):
            diagnostic = self._diagnose(finding, source, lowered, target)
            if diagnostic is not None:
                yield diagnostic
        self.loader.release(target.path)
        self.program.forget_values()

    def _findings(self, path: Path, lowered: Lowered, rules: Iterable[Rule]) -> list[Finding]:
        from mplint.model.view import View

        view = View(self.program, path, lowered)
        subjects = self.program.subjects
        visitors = [
            rule.visitor(rule, view)
            for rule in rules
            if not rule.subjects or not subjects.isdisjoint(rule.subjects)
        ]
        table: dict[str, list[Callable[[cst.CSTNode], None]]] = defaultdict(list)
        for visitor in visitors:
            for name, visit in visitor.visits:
                table[name].append(visit.__get__(visitor))
        # each question is asked once for all rules
        asked: dict[str, dict[tuple[str, ...], list[_Asker]]] = {}
        for visitor in visitors:
            for question, method in visitor.answers:
                by_words = asked.setdefault(question.name, {})
                by_words.setdefault(question.words, []).append((visitor, method))
        for name, by_words in asked.items():
            table["Call"].append(partial(_answer, getattr(view, name), by_words))
        for at, node in enumerate(lowered.nodes):
            handlers = table.get(type(node).__name__)
            if handlers and lowered.numbers[id(node)] == at:
                budget.spend()
                for visit in handlers:
                    visit(node)
        found = [finding for visitor in visitors for finding in visitor.findings]
        return list(_causes(found, view))

    def _diagnose(
        self, finding: Finding, source: Source, lowered: Lowered, target: Target
    ) -> Diagnostic | None:
        """A finding with its place; None when it is not asked for, or the project's own settings
        rule it out."""
        from mplint.model.values import Site

        rule, settings = finding.rule, target.settings
        defaults = self.program.defaults
        fixed = defaults.methods_in(target.path)
        # a program that says itself how it starts processes takes no notice of a new default
        ready = is_since_forkserver(finding.start_methods) and not fixed
        if not target.selection.has(rule.code, ready=ready):
            return None
        pythons = set(settings.pythons)
        if ready and rule.code not in target.selection.others and not settings.target_version:
            pythons.add(FORKSERVER_SINCE)  # whoever selects the group asks about it
        allowed: Iterable[str] = settings.start_methods or fixed
        if not allowed:
            allowed = {*default_start_methods(pythons), *defaults.methods_named}
        methods = tuple(m for m in finding.start_methods if m in allowed)
        if not methods or not pythons.intersection(matching(rule.applies.python)):
            return None
        at = finding.at
        if isinstance(at, Site):
            at = lowered.nodes[at.at]
        related = tuple(Related(self.loader.place(site), note) for site, note in finding.related)
        return Diagnostic(
            source.place(at),
            rule.code,
            rule.name,
            rule.kind,
            rule.message.format_map(finding.words),
            rule.help.format_map(finding.words),
            methods,
            rule.applies.python,
            related,
        )


def _answer(
    ask: Callable[..., list[Any]],
    by_words: Mapping[tuple[str, ...], list[_Asker]],
    node: cst.Call,
) -> None:
    """Calls the methods of some visitors with what a view answers about a call."""
    if not ask(node):
        return  # of most calls nothing is known, whichever words there are
    for words, askers in by_words.items():
        answers = ask(node, *words)
        for visitor, method in askers if answers else ():
            told = len(visitor.findings)
            for answer in answers:
                method(visitor, node, answer)
                if len(visitor.findings) > told:
                    break


def _causes(found: list[Finding], view: View) -> Iterator[Finding]:
    """The findings, without those that only show what another one is the cause of."""
    places: dict[str, list[frozenset[Site]]] = defaultdict(list)
    for finding in found:
        places[finding.rule.code].append(_places(finding, view))
    for finding in found:
        own = _places(finding, view)
        causes = (place for code in finding.rule.yields_to for place in places[code])
        if not any(own & place for place in causes):
            yield finding


def _places(finding: Finding, view: View) -> frozenset[Site]:
    """What a finding speaks of: its statement, and its other ends."""
    from mplint.model.values import Site

    at = finding.at if isinstance(finding.at, Site) else view.site(finding.at)
    return frozenset({at, view.statement(at), *(site for site, _ in finding.related)})


def unreadable(path: Path, error: Unreadable) -> Diagnostic:
    """The diagnostic for a file that could not be read or parsed."""
    place = Place(str(path), error.line, error.column, error.line, error.column + 1)
    return own(UNREADABLE, place, error.reason)


def internal(path: Path, failure: str) -> Diagnostic:
    """The diagnostic for a failure of mplint itself."""
    message = f"mplint failed on this file, which says nothing about the file: {failure}"
    return own(INTERNAL, Place(str(path), 1, 1, 1, 2), message)


def failure() -> str:
    """The last line of the traceback, and where in mplint it was raised."""
    lines = traceback.format_exc().strip().splitlines()
    places = [line.strip() for line in lines if line.strip().startswith("File ")]
    return f"{lines[-1]} ({places[-1]})" if places else lines[-1]
