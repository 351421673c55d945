"""Checks files: from paths to sorted diagnostics.

*Files named = what may be reported; project on disk plus overlay = what may be known.* So checking
two files gives what checking each of them gives, in any order, from every front end.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mplint.analysis import Job, Target, internal, link, run, unreadable
from mplint.cache import FOLDER, Cache, Looked, Now, Witness, digest, tool
from mplint.config import ConfigError, Configuration, Settings
from mplint.diagnostics import Diagnostic, Place, Related
from mplint.model.loading.project import Project, Root, find_root, has_marker, walk
from mplint.model.loading.scripts import Survey
from mplint.registry import UNREADABLE, UNUSED, Registry, Selection, load
from mplint.source import Files, Source, Unreadable
from mplint.suppress import Suppressions

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pathspec import GitIgnoreSpec

SERIAL_FILES = 12
"""Fewer files than this are not worth another process."""

PROGRAMS_KEPT = 8
"""Linked programs that an engine remembers, if it does."""


Outcome: TypeAlias = tuple[list[Diagnostic], Looked | None]
"""What an analysis found, and what it looked at if that may be kept."""

Result: TypeAlias = tuple[Job, list[Diagnostic], Looked | None]


@dataclass(slots=True)
class Report:
    """What a check found. `files` counts the files checked, `analysed` those worth a parse.
    `errors` are settings that cannot be used; their files have not been checked."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    files: int = 0
    analysed: int = 0


class Engine:
    """Checks files with the rules of a registry. `overlay` are contents that stand before what is
    on disk, by absolute path; `noqa` is False where somebody else looks after `# noqa`; `cached`
    says whether to keep what was found for the next run, and to believe what an earlier one kept;
    `remembers` is for front ends that bring their files one by one: what was read, and the last
    programs that were worked out, stay in memory.
    """

    def __init__(
        self,
        registry: Registry,
        configuration: Configuration | None = None,
        overlay: Mapping[Path, bytes] | None = None,
        jobs: int = 1,
        *,
        noqa: bool = True,
        cached: bool = False,
        remembers: bool = False,
    ) -> None:
        self.registry = registry
        self.configuration = configuration or Configuration()
        self.files = Files(overlay)
        self.jobs = jobs
        self.noqa = noqa
        self.cached = cached
        self.remembers = remembers
        self._projects: dict[Root, Project] = {}
        self._roots: dict[Path, Root] = {}
        self._ignore_files: dict[Path, GitIgnoreSpec | None] = {}
        self._ignored_by: dict[Path, tuple[Path, ...]] = {}
        self._link = lru_cache(maxsize=PROGRAMS_KEPT)(link)

    # Which files --------------------------------------------------------------------------------

    def discover(self, paths: Iterable[str], *, force_exclude: bool = False) -> dict[Path, str]:
        """The files behind paths, each with how to show it. Folders are searched, respecting
        `.gitignore` and `exclude`; what is named itself is taken, whatever it is called and unless
        `force_exclude`, even if excluded. A folder that cannot be searched stands for itself:
        checking it says why."""
        found: dict[Path, str] = {}
        for given in paths:
            path = Path(os.path.abspath(given))
            if os.path.isdir(path):
                for inner in self._search(path, force_exclude):
                    relative = inner.relative_to(path)
                    found.setdefault(inner, os.path.normpath(os.path.join(given, relative)))
            elif not (force_exclude and self.is_excluded(path)):
                found.setdefault(path, given)
        return found

    def is_excluded(self, path: Path, *, is_folder: bool = False) -> bool:
        """Whether `exclude` names a file or a folder above it. Settings that cannot be used exclude
        nothing: checking the file says what is wrong with them."""
        try:
            return self.configuration.excludes(path, is_folder=is_folder)
        except ConfigError:
            return False

    def _search(self, folder: Path, force_exclude: bool) -> Iterator[Path]:
        closed: list[Path] = []
        # what hides the folder that is named has no say in what is inside
        top = folder if self._is_ignored(folder, is_folder=True) else None
        excluding = force_exclude or not self.is_excluded(folder, is_folder=True)

        def skip(path: Path, is_folder: bool) -> bool:
            if self._is_ignored(path, is_folder=is_folder, top=top):
                return True
            if excluding and self.is_excluded(path, is_folder=is_folder):
                return True
            if is_folder and not _is_open(path):
                closed.append(path)
                return True
            return False

        if _is_open(folder):
            yield from walk(folder, deep=True, skip=skip)
        else:
            closed.append(folder)
        yield from closed

    def _is_ignored(self, path: Path, *, is_folder: bool, top: Path | None = None) -> bool:
        """Whether a `.gitignore` between the path and its repository's root, or `top`, names it.
        As with git, the innermost that has something to say decides."""
        for parent in self._folders_that_ignore(path.parent):
            if top is not None and not parent.is_relative_to(top):
                break
            spec = self._ignore_file(parent)
            if spec is not None:
                relative = path.relative_to(parent).as_posix()
                said = spec.check_file(f"{relative}/" if is_folder else relative).include
                if said is not None:
                    return said
        return False

    def _folders_that_ignore(self, folder: Path) -> tuple[Path, ...]:
        """The folders with a `.gitignore`, from a folder up to its repository's root."""
        below: list[Path] = []
        while (above := self._ignored_by.get(folder)) is None:
            below.append(folder)
            if os.path.exists(folder / ".git") or folder == folder.parent:
                break
            folder = folder.parent
        found = above or ()
        for inner in reversed(below):
            if self._ignore_file(inner) is not None:
                found = (inner, *found)
            self._ignored_by[inner] = found
        return found

    def _ignore_file(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._ignore_files:
            file = folder / ".gitignore"
            self._ignore_files[folder] = _read_ignore_file(file) if os.path.isfile(file) else None
        return self._ignore_files[folder]

    # Checking -----------------------------------------------------------------------------------

    def check(
        self, files: Mapping[Path, str], progress: Callable[[int, int], None] | None = None
    ) -> Report:
        """Checks files, given by absolute path with how to show each. `progress` is told how many
        of how many files are done."""
        report = Report()
        targets = list(self._targets(files, report.errors))
        report.files = len(targets)
        found: dict[str, set[Diagnostic]] = {str(target.path): set() for target in targets}
        jobs = self._jobs(targets, found)
        report.analysed = total = sum(len(job.targets) for job in jobs)
        done = 0
        for job, diagnostics in self._find(jobs):
            for diagnostic in diagnostics:
                found[diagnostic.path].add(diagnostic)
            done += len(job.targets)
            if progress is not None:
                progress(done, total)
        folder = os.getcwd()
        for target in targets:
            for item in self._without_suppressed(target, found[str(target.path)]):
                report.diagnostics.append(_shown(item, target, folder))
        report.diagnostics.sort()
        return report

    def _find(self, jobs: list[Job]) -> Iterator[tuple[Job, Iterable[Diagnostic]]]:
        """What each job finds, from what is known of earlier runs where that still holds."""
        caches = self._caches({job.root for job in jobs})
        unknown = []
        for job in jobs:
            cache = caches.get(job.root)
            if cache is not None:
                known, targets = cache.find(job)
                yield replace(job, targets=tuple(set(job.targets) - set(targets))), known
                job = replace(job, targets=targets)
            if job.targets:
                unknown.append(job)
        for job, found, looked in self._run(unknown):
            if job.root in caches:
                caches[job.root].keep(job, found, looked)
            yield job, found
        for root, cache in caches.items():
            cache.prune(self._projects[root].programs)

    def _caches(self, roots: Iterable[Root]) -> dict[Root, Cache]:
        if not self.cached or self.files.overlay:  # an editor's buffers are nobody else's
            return {}
        now, version = Now(self.files), tool(self.registry)
        caches = {}
        for root in roots:
            folder = self._cache_folder(root)
            if folder is not None:
                caches[root] = Cache(folder, root, self._projects[root].survey, version, now)
        return caches

    def programs(self, paths: Iterable[Path]) -> dict[tuple[Project, tuple[Path, ...]], list[Path]]:
        """The programs that some of the files given are part of or start, each as its project and
        all its files, with those of the files."""
        found: dict[tuple[Project, tuple[Path, ...]], list[Path]] = defaultdict(list)
        for path in paths:
            project = self._project_of(path)
            for program in project.programs_behind(path):
                found[project, program].append(path)
        return found

    def _targets(self, files: Mapping[Path, str], errors: list[str]) -> Iterator[Target]:
        """The files whose settings can be used, with the rules that are on for each."""
        known: dict[Path, tuple[Settings, Selection] | None] = {}
        for path, shown in files.items():
            folder = path.parent
            if folder not in known:
                try:
                    settings = self.configuration.for_folder(folder)
                    known[folder] = settings, settings.selection(self.registry)
                except ConfigError as error:
                    known[folder] = None
                    if str(error) not in errors:
                        errors.append(str(error))
            usable = known[folder]
            if usable is not None:
                settings, selection = usable
                selection -= settings.ignored_in(path, self.registry)
                yield Target(path, shown, selection, settings)

    def _jobs(self, targets: Iterable[Target], found: Mapping[str, set[Diagnostic]]) -> list[Job]:
        """The programs to look at. What can be said without that goes into `found`."""
        wanted: dict[tuple[Project, tuple[Path, ...]], list[Target]] = defaultdict(list)
        for target in targets:
            try:
                _ = Source(str(target.path), self.files.read(target.path)).text
            except Unreadable as error:
                if UNREADABLE in target.selection.codes:
                    found[str(target.path)].add(unreadable(target.path, error))
                continue
            project = self._project_of(target.path)
            for program in project.programs_of(target.path):
                wanted[project, program].append(target)
        return [
            Job(project.root, files, tuple(chosen)) for (project, files), chosen in wanted.items()
        ]

    def _cache_folder(self, root: Root) -> Path | None:
        """Where the entries of a project are: where the settings say, or in the project. A few
        files without a project get no folder that nobody asked for."""
        try:
            chosen = self.configuration.for_folder(root.folder).cache_dir
        except ConfigError:  # said of the files that it concerns
            return None
        if chosen is not None:
            return chosen / f"{root.folder.name}-{digest(str(root.folder).encode())[:12]}"
        return root.folder / FOLDER if has_marker(root.folder) else None

    def _project_of(self, path: Path) -> Project:
        root = self._roots.get(path.parent)
        if root is None:
            root = self._roots[path.parent] = find_root(path, self.files)
        if root not in self._projects:
            self._projects[root] = Project(self.files, root)
        return self._projects[root]

    def _without_suppressed(self, target: Target, found: set[Diagnostic]) -> Iterable[Diagnostic]:
        failed = any(diagnostic.kind == "error" for diagnostic in found)
        if failed or not (found or UNUSED in target.selection.codes):
            return found
        try:
            source = Source(str(target.path), self.files.read(target.path))
        except Unreadable:  # it was there a moment ago
            return found
        suppressions = Suppressions(source, noqa=self.noqa)
        return suppressions.apply(found, target.selection.whole, self.registry)

    # Running ------------------------------------------------------------------------------------

    def _run(self, jobs: list[Job]) -> Iterator[Result]:
        largest_first = sorted(jobs, key=lambda job: len(job.files), reverse=True)
        few = len(jobs) < 2 or sum(len(job.files) for job in jobs) < SERIAL_FILES
        # another process knows the installed rules only
        if self.jobs < 2 or few or self.registry is not load():
            for job in jobs:
                yield self._run_here(job)
            return
        lost: list[Job] = []
        for job, result in self._run_in_processes(largest_first, min(self.jobs, len(jobs))):
            if result is None:
                lost.append(job)
            else:
                yield job, *result
        # a process that dies takes what waits for it along; alone, only the culprit is lost
        for culprit in lost:
            for job, result in self._run_in_processes([culprit], 1):
                died = [internal(target.path, "its process died") for target in job.targets]
                yield job, *(result or (died, None))

    def _run_here(self, job: Job) -> Result:
        project = self._projects[job.root]
        if self.remembers:
            return job, run(job, self.registry, project, self._link), None
        if not self.cached:
            return job, run(job, self.registry, project.afresh(self.files), link), None
        files = Witness(self.files)
        return job, run(job, self.registry, project.afresh(files), link), files.looked

    def _run_in_processes(
        self, jobs: list[Job], count: int
    ) -> Iterator[tuple[Job, Outcome | None]]:
        """What each job found and looked at, None where its process died."""
        from concurrent.futures import ProcessPoolExecutor, as_completed
        from concurrent.futures.process import BrokenProcessPool
        from multiprocessing import active_children, get_context

        others = active_children()
        futures: dict[Future[Outcome], Job] = {}
        lost: list[Job] = []
        try:
            with _in_safe_folder():
                # spawn: a front end may have threads, which a forked child would inherit half of
                surveys = {job.root: self._projects[job.root].survey for job in jobs}
                executor = ProcessPoolExecutor(
                    count, get_context("spawn"), _start_worker, (self.files.overlay, surveys)
                )
                for job in jobs:
                    try:
                        futures[executor.submit(_run_elsewhere, job)] = job
                    except BrokenProcessPool:
                        lost.append(job)
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except BrokenProcessPool:
                    lost.append(futures[future])
        except BaseException:  # Ctrl-C above all: nobody waits for the rest
            for child in active_children():
                if child not in others:
                    child.terminate()
            raise
        executor.shutdown()
        for job in lost:
            yield job, None


_overlay: Mapping[Path, bytes] = {}
_surveys: Mapping[Root, Survey] = {}
"""What a process that checks for another knows of its files and need not search for."""


def _start_worker(overlay: Mapping[Path, bytes], surveys: Mapping[Root, Survey]) -> None:
    global _overlay, _surveys
    _overlay, _surveys = overlay, surveys
    gc.disable()  # as in the process that started this one: an analysis sweeps when it has to
    # Ctrl-C is for the process that started this one to report; this one just ends
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run_elsewhere(job: Job) -> Outcome:
    """A job in a process of its own. What it has read goes with it: few programs share files."""
    files = Witness(Files(_overlay))
    return run(job, load(), Project(files, job.root, _surveys[job.root])), files.looked


@contextmanager
def _in_safe_folder() -> Iterator[None]:
    """Starts processes in the folder of the standard library. A process that is spawned looks for
    `multiprocessing` and what that needs in the current folder first, and there the code that is
    being checked may have a `queue.py` or a `socket.py`, which must not run."""
    here = os.getcwd()
    try:
        os.chdir(os.path.dirname(os.__file__))
    except OSError:  # a standard library in an archive
        yield
        return
    try:
        yield
    finally:
        os.chdir(here)


def _shown(item: Diagnostic, target: Target, folder: str) -> Diagnostic:
    """A diagnostic as the user is told: paths as its file is given, absolute or relative to a
    folder. It does not matter which other files are checked, so that checking two files says what
    checking each of them says."""

    def show(place: Place) -> Place:
        if place.path == item.path:
            shown = target.shown
        elif os.path.isabs(target.shown):
            return place
        else:
            shown = relative(place.path, folder)
        return replace(place, path=shown)

    related = (Related(show(other.place), other.message) for other in item.related)
    return replace(item, place=show(item.place), related=tuple(related))


def relative(path: Path | str, folder: str) -> str:
    """A path as seen from a folder, if it can be seen from there."""
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive
        return str(path)


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _read_ignore_file(file: Path) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec

    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    try:
        return GitIgnoreSpec.from_lines(lines)
    except Exception:  # a line that is no pattern, which git passes over
        return GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except Exception:  # ValueError, re.error, by the version of pathspec
        return False
    return True
