"""What was found before, and whether that still holds.

An entry is what the analysis of one program found in its files, with everything that it looked at:
the contents of the files that it read, and which of the files that it looked for are there. It
holds as long as all of that is as it was, under the same settings, rules and versions. Times of
files decide nothing. Entries are text, so that reading one can run no code, and each carries its
own digest: one that was damaged is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mplint import __version__
from mplint.analysis import Job, Target
from mplint.config import Settings
from mplint.diagnostics import Diagnostic, Place, Related
from mplint.model.loading.project import Root
from mplint.model.loading.scripts import Survey
from mplint.registry import INTERNAL, Registry, Selection
from mplint.source import Files, Unreadable

FOLDER = ".mplint_cache"
"""The folder of a project that its entries are kept in."""

_NAME = re.compile(r"[0-9a-f]{32}\.json(?P<unfinished>\.\d+\.part)?")

ABANDONED_AFTER = 3600
"""Seconds after which an unfinished file is taken to be left by a process that died."""

_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# What mplint has found before; it may be deleted at any time. About this file, which keeps the
# folder out of backups: https://bford.info/cachedir/
"""


def digest(data: bytes) -> str:
    """What stands for some contents."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Looked:
    """What an analysis looked at, by absolute path: the digests of the files that it read, or why
    it could not; and which of those that it looked for are there."""

    read: Mapping[str, str]
    sought: Mapping[str, bool]


class Witness(Files):
    """Files that remember what is asked of them."""

    def __init__(self, files: Files) -> None:
        super().__init__(files.overlay)
        self._read: dict[str, str] = {}
        self._steady = True

    def read(self, path: Path) -> bytes:
        try:
            data = super().read(path)
        except Unreadable as error:
            self._note(path, error.reason)
            raise
        self._note(path, digest(data))
        return data

    def _note(self, path: Path, found: str) -> None:
        if self._read.setdefault(str(path), found) != found:
            self._steady = False

    @property
    def looked(self) -> Looked | None:
        """What was asked; None when a file changed in between, so that no answer fits all of it."""
        if not self._steady:
            return None
        return Looked(self._read, {str(path): there for path, there in self._exists.items()})


class Now:
    """The files as they are now, each looked at once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._contents: dict[str, str] = {}
        self._there: dict[str, bool] = {}

    def contents(self, path: str) -> str:
        """The digest of a file, or why it cannot be read."""
        known = self._contents.get(path)
        if known is None:
            try:
                known = digest(self._files.read(Path(path)))
            except Unreadable as error:
                known = error.reason
            self._contents[path] = known
        return known

    def is_there(self, path: str) -> bool:
        known = self._there.get(path)
        if known is None:
            known = self._there[path] = os.path.isfile(path)
        return known


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was looked at, and what was found in each file under which settings. Paths are those
    inside the project, so that it can be moved."""

    read: dict[str, str]
    sought: dict[str, bool]
    targets: dict[str, Any]

    def fits(self, other: _Entry) -> bool:
        """Whether two entries have seen the same state of the files."""
        return all(
            theirs.get(path, was) == was
            for mine, theirs in ((self.read, other.read), (self.sought, other.sought))
            for path, was in mine.items()
        )


class Cache:
    """The entries of one project. Nothing that goes wrong here is an error: an entry that cannot be
    read is not there, and one that cannot be written is not kept."""

    def __init__(self, folder: Path, root: Root, survey: Survey, tool: str, now: Now) -> None:
        self.folder = folder
        self._root = os.path.join(root.folder, "")
        self._now = now
        # the files that have to do with processes decide where programs begin and end
        seen = [
            sorted(self._inside(path) for path in survey.gated),
            sorted(
                [self._inside(path), sorted(setting.methods), setting.at_import]
                for path, setting in survey.settings.items()
            ),
        ]
        self._state = f"{tool} {root.deep} {digest(json.dumps(seen).encode())}"

    def find(self, job: Job) -> tuple[list[Diagnostic], tuple[Target, ...]]:
        """What is known to be found in a job's files, and the targets that are not known."""
        try:
            return self._find(job)
        except (AttributeError, KeyError, TypeError, ValueError):  # nothing that mplint wrote
            return [], job.targets

    def _find(self, job: Job) -> tuple[list[Diagnostic], tuple[Target, ...]]:
        entry = self._entry(job.files)
        if entry is None or not self._holds(entry):
            return [], job.targets
        found: list[Diagnostic] = []
        unknown: list[Target] = []
        for target in job.targets:
            known = entry.targets.get(self._inside(target.path))
            if known is None or known["settings"] != _settings(target.selection, target.settings):
                unknown.append(target)
            else:
                found += [self._from_json(item) for item in known["found"]]
        return found, tuple(unknown)

    def keep(self, job: Job, found: Iterable[Diagnostic], looked: Looked | None) -> None:
        """Keeps what was found in a job's files."""
        by_path: dict[str, list[dict[str, Any]]] = {str(target.path): [] for target in job.targets}
        for item in found:
            if item.code == INTERNAL:
                return  # it may be another time
            by_path[item.path].append(self._to_json(item))
        if looked is None:
            return
        new = _Entry(
            {self._inside(path): was for path, was in looked.read.items()},
            {self._inside(path): was for path, was in looked.sought.items()},
            {
                self._inside(target.path): {
                    "settings": _settings(target.selection, target.settings),
                    "found": by_path[str(target.path)],
                }
                for target in job.targets
            },
        )
        old = self._entry(job.files)
        if old is not None and old.fits(new):
            new = _Entry(
                {**old.read, **new.read},
                {**old.sought, **new.sought},
                {**old.targets, **new.targets},
            )
        with suppress(OSError):
            self._write(self._file(job.files), new, self._state)

    def prune(self, programs: Iterable[tuple[Path, ...]]) -> None:
        """Deletes the entries of programs that are no longer there, and what dying processes left
        behind."""
        if not self._is_ours():
            return
        current = {self._file(files).name for files in programs}
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                written = _NAME.fullmatch(entry.name)
                if written is None or entry.name in current:
                    continue
                if not written["unfinished"] or _is_abandoned(entry):
                    with suppress(OSError):
                        os.unlink(entry.path)

    # Entries ------------------------------------------------------------------------------------

    def _entry(self, files: tuple[Path, ...]) -> _Entry | None:
        if not self._is_ours():
            return None
        try:
            state, *parts = json.loads(_intact(self._file(files).read_bytes()))
        except (OSError, TypeError, ValueError):
            return None
        if state != self._state or [type(part) for part in parts] != [dict, dict, dict]:
            return None
        return _Entry(*parts)

    def _holds(self, entry: _Entry) -> bool:
        """Whether everything that was looked at is as it was."""
        return all(
            self._now.contents(self._outside(path)) == was for path, was in entry.read.items()
        ) and all(
            self._now.is_there(self._outside(path)) == was for path, was in entry.sought.items()
        )

    def _file(self, files: tuple[Path, ...]) -> Path:
        names = json.dumps([self._inside(path) for path in files])
        return self.folder / f"{digest(names.encode())}.json"

    def _write(self, file: Path, entry: _Entry, state: str) -> None:
        """Writes an entry, as a whole or not at all."""
        content = json.dumps([state, entry.read, entry.sought, entry.targets]).encode()
        self._make_folder()
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        with open(part, "xb") as stream:
            try:
                stream.write(f"{digest(content)}\n".encode() + content)
                stream.close()
                os.replace(part, file)
            except BaseException:
                part.unlink(missing_ok=True)
                raise

    def _is_ours(self) -> bool:
        """Whether the folder is where it seems to be. A repository may come with a link in its
        place, which leads to files that are none of ours."""
        return not os.path.islink(self.folder)

    def _make_folder(self) -> None:
        if not self._is_ours():
            raise OSError("a symbolic link")
        if not os.path.isdir(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            # each keeps itself out of what it is not meant for, whoever made the project
            (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
            (self.folder / "CACHEDIR.TAG").write_text(_TAG, encoding="utf-8")

    # Paths ---------------------------------------------------------------------------------------

    def _inside(self, path: Path | str) -> str:
        return str(path).removeprefix(self._root)

    def _outside(self, path: str) -> str:
        return path if os.path.isabs(path) else self._root + path

    def _to_json(self, item: Diagnostic) -> dict[str, Any]:
        return asdict(_moved(item, self._inside))

    def _from_json(self, stored: dict[str, Any]) -> Diagnostic:
        related = tuple(
            Related(Place(**item["place"]), item["message"]) for item in stored["related"]
        )
        item = Diagnostic(
            **{
                **stored,
                "place": Place(**stored["place"]),
                "start_methods": tuple(stored["start_methods"]),
                "related": related,
            }
        )
        return _moved(item, self._outside)


def _moved(item: Diagnostic, move: Callable[[str], str]) -> Diagnostic:
    related = (
        replace(other, place=replace(other.place, path=move(other.place.path)))
        for other in item.related
    )
    return replace(
        item, place=replace(item.place, path=move(item.place.path)), related=tuple(related)
    )


def _intact(stored: bytes) -> bytes:
    """The content of an entry's file. Raises ValueError when it is not what was written."""
    said, _, content = stored.partition(b"\n")
    if said.decode("latin-1") != digest(content):
        raise ValueError("damaged")
    return content


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    try:
        return time.time() - entry.stat().st_mtime > ABANDONED_AFTER
    except OSError:
        return False


@lru_cache(maxsize=256)
def _settings(selection: Selection, settings: Settings) -> str:
    """Stands for everything in the settings of a file that decides what is found in it."""
    said = [
        sorted(selection.ready),
        sorted(selection.others),
        settings.start_methods,
        settings.target_version,
        settings.pythons,
    ]
    return digest(json.dumps(said).encode())


def tool(registry: Registry) -> str:
    """Stands for mplint, its rule packs and what they run on: other versions may find something
    else. Contents count, since whoever writes rules changes them under one version."""
    folders = {Path(__file__).parent, *(folder.parent for folder in registry.folders.values())}
    contents = [
        digest(path.read_bytes())
        for folder in sorted(folders)
        for path in sorted(folder.rglob("*.py"))
    ]
    versions = [__version__, version("libcst"), *sys.version_info[:2]]
    return digest(json.dumps([versions, contents]).encode())
