"""Checks files: from paths to sorted diagnostics.

*Files named = what may be reported; project on disk plus overlay = what may be known.* So checking
two files gives what checking each of them gives, in any order, from every front end.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mplint.analysis import Job, Target, run, unreadable
from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic
from mplint.model.project import Project, Root, find_root, walk
from mplint.registry import UNREADABLE, Registry, load
from mplint.source import Files, Unreadable

SERIAL_FILES = 12
"""Fewer files than this are not worth another process."""


@dataclass(slots=True)
class Report:
    """What a check found. `files` counts the files looked at, `analysed` those worth a parse."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    files: int = 0
    analysed: int = 0


class Engine:
    """Checks files with the rules of a registry. `overlay` are contents that stand before what is
    on disk, by absolute path; `noqa` is False where somebody else looks after `# noqa`."""

    def __init__(
        self,
        registry: Registry,
        configuration: Configuration | None = None,
        overlay: Mapping[Path, bytes] | None = None,
        jobs: int = 1,
        *,
        noqa: bool = True,
    ) -> None:
        self.registry = registry
        self.configuration = configuration or Configuration()
        self.files = Files(overlay)
        self.jobs = jobs
        self.noqa = noqa
        self._projects: dict[Root, Project] = {}
        self._ignored: dict[Path, Callable[[str], bool] | None] = {}

    # Which files --------------------------------------------------------------------------------

    def discover(self, paths: Iterable[str]) -> dict[Path, str]:
        """The files behind paths, each with how to show it. Folders are searched, respecting
        `.gitignore` and `exclude`; files that are named are taken, whatever they are called."""
        found: dict[Path, str] = {}
        for given in paths:
            path = Path(os.path.abspath(given))
            if path.is_dir():
                for inner in walk(path, deep=True, skip=self._skips):
                    found.setdefault(inner, os.path.join(given, inner.relative_to(path)))
            else:
                found.setdefault(path, given)
        return found

    def _skips(self, path: Path, is_folder: bool) -> bool:
        settings = self.configuration.for_folder(path.parent)
        return settings.excludes(path, is_folder=is_folder) or self._is_ignored(path, is_folder)

    def _is_ignored(self, path: Path, is_folder: bool) -> bool:
        """Whether a `.gitignore` between the path and its repository's root names it."""
        for parent in path.parents:
            matches = self._gitignore(parent)
            if matches is not None:
                relative = path.relative_to(parent).as_posix()
                if matches(f"{relative}/" if is_folder else relative):
                    return True
            if (parent / ".git").exists():
                break
        return False

    def _gitignore(self, folder: Path) -> Callable[[str], bool] | None:
        if folder not in self._ignored:
            self._ignored[folder] = None
            file = folder / ".gitignore"
            if file.is_file():
                from pathspec import GitIgnoreSpec

                try:
                    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                    self._ignored[folder] = GitIgnoreSpec.from_lines(lines).match_file
                except (OSError, ValueError):  # git would not follow it either
                    pass
        return self._ignored[folder]

    # Checking -----------------------------------------------------------------------------------

    def check(
        self, files: Mapping[Path, str], progress: Callable[[int, int], None] | None = None
    ) -> Report:
        """Checks files, given by absolute path with how to show each. `progress` is told how many
        of how many programs are done. Raises ConfigError for settings that cannot be used."""
        report = Report(files=len(files))
        jobs = list(self._jobs(files, report.diagnostics))
        report.analysed = sum(len(job.targets) for job in jobs)
        for done, found in enumerate(self._run(jobs), 1):
            report.diagnostics += found
            if progress is not None:
                progress(done, len(jobs))
        report.diagnostics = sorted(set(report.diagnostics))
        return report

    def _jobs(self, files: Mapping[Path, str], into: list[Diagnostic]) -> Iterator[Job]:
        wanted: dict[tuple[Root, int, Settings], list[Target]] = defaultdict(list)
        for path, shown in files.items():
            settings = self.configuration.for_file(path)
            codes = settings.codes(self.registry) - settings.ignored_in(path, self.registry)
            try:
                self.files.read(path)
            except Unreadable as error:
                if UNREADABLE in codes:
                    into.append(unreadable(shown, error))
                continue
            for root, number in self._programs_of(path):
                wanted[root, number, settings].append(Target(path, shown, codes))
        for (root, number, settings), targets in wanted.items():
            yield Job(root, number, tuple(targets), settings, self.files.overlay, self.noqa)

    def _programs_of(self, path: Path) -> Iterator[tuple[Root, int]]:
        root = find_root(path, self.files)
        if root not in self._projects:
            self._projects[root] = Project(self.files, root)
        for number in self._projects[root].programs_of(path):
            yield root, number

    def _run(self, jobs: list[Job]) -> Iterator[list[Diagnostic]]:
        sizes = [len(self._projects[job.root].programs[job.program]) for job in jobs]
        if self.jobs < 2 or len(jobs) < 2 or sum(sizes) < SERIAL_FILES:
            for job in jobs:
                yield run(job, self.registry, self._projects[job.root])
            return
        from concurrent.futures import ProcessPoolExecutor, as_completed
        from multiprocessing import get_context

        # spawn: a front end may have threads, which a forked child would inherit half of
        with ProcessPoolExecutor(min(self.jobs, len(jobs)), get_context("spawn")) as executor:
            futures = [
                executor.submit(_run_elsewhere, job, self._projects[job.root].gated)
                for _, job in sorted(zip(sizes, jobs), key=lambda pair: -pair[0])
            ]
            for future in as_completed(futures):
                yield future.result()


def _run_elsewhere(job: Job, gated: frozenset[Path]) -> list[Diagnostic]:
    """A job in a process of its own, which need not search the project again."""
    return run(job, load(), Project(Files(job.overlay), job.root, gated))

