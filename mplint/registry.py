"""Finds the rules: those of every rule pack that is installed.

A rule pack is a package that an entry point of the group `mplint.rules` names. Each folder directly
inside it that has a `RULE` is a rule; nothing below is imported, so never a `bad.py`. The package
may have `GROUPS`: by name, what the codes of a group of its rules begin with.
"""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from mplint.diagnostics import Diagnostic, Kind, Place
from mplint.rule import Rule

GROUP = "mplint.rules"

UNREADABLE, INTERNAL, UNUSED = "MPL001", "MPL002", "MPL003"
OWN: dict[str, tuple[str, Kind, str]] = {
    UNREADABLE: ("unreadable-file", "error", "the file cannot be read or parsed"),
    INTERNAL: ("internal-failure", "error", "mplint itself failed on the file"),
    UNUSED: ("unused-suppression", "advice", "a comment suppresses nothing"),
}
"""What mplint says of itself, by code: name, kind and summary. These belong to no rule pack."""

READINESS = "readiness-3.14"
"""The group of what works up to Python 3.13 and breaks on 3.14: as the only one, it goes by finding
and not by rule."""


def own(code: str, place: Place, message: str) -> Diagnostic:
    """A diagnostic of mplint's own, with one of the codes above."""
    name, kind, _ = OWN[code]
    return Diagnostic(place, code, name, kind, message)


class RegistryError(Exception):
    """The rules cannot be loaded, or a selector names none of them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Some findings: those of the rules in `ready` that belong to the group `readiness-3.14`, and
    those of the rules in `others` that do not."""

    ready: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @classmethod
    def of(cls, codes: Iterable[str]) -> Selection:
        """All findings of some rules."""
        both = frozenset(codes)
        return cls(both, both)

    @property
    def codes(self) -> frozenset[str]:
        """The rules of which it has some findings or all."""
        return self.ready | self.others

    @property
    def whole(self) -> frozenset[str]:
        """The rules of which it has all findings."""
        return self.ready & self.others

    def has(self, code: str, *, ready: bool) -> bool:
        """Whether it has those findings of a rule that belong to the group, or those that do
        not."""
        return code in (self.ready if ready else self.others)

    def __or__(self, other: Selection) -> Selection:
        return Selection(self.ready | other.ready, self.others | other.others)

    def __sub__(self, other: Selection) -> Selection:
        return Selection(self.ready - other.ready, self.others - other.others)


@dataclass(frozen=True)
class Registry:
    """All rules, by code, and the groups of them, by name."""

    rules: Mapping[str, Rule]
    folders: Mapping[str, Path]
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def default(self) -> frozenset[str]:
        """The codes that are on unless told otherwise: all but advice."""
        return frozenset(code for code, (_, kind) in self._known.items() if kind != "advice")

    @cached_property
    def _known(self) -> dict[str, tuple[str, Kind]]:
        known = {code: (name, kind) for code, (name, kind, _) in OWN.items()}
        return known | {code: (rule.name, rule.kind) for code, rule in self.rules.items()}

    def name(self, code: str) -> str:
        return self._known[code][0]

    def select(self, selector: str) -> Selection:
        """The findings that a selector means: a code, the beginning of codes, the name of a rule or
        of a group, or `ALL`.

        Raises RegistryError, with the nearest selector, when it means none.
        """
        if selector == READINESS:
            return Selection(ready=self.groups[READINESS])
        return Selection.of(self._select(selector))

    def _select(self, selector: str) -> Iterable[str]:
        if selector == "ALL":
            return self._known
        if selector in self.groups:
            return self.groups[selector]
        found = {
            code
            for code, (name, _) in self._known.items()
            if name == selector or (selector and code.startswith(selector.upper()))
        }
        if not found:
            names = [*self._known, *(name for name, _ in self._known.values())]
            names += [*self.groups, "ALL"]
            raise RegistryError(f"there is no rule {selector!r}{nearest(selector, names)}")
        return found

    def find(self, selector: str) -> list[Rule]:
        """The rules that a selector means, by code; those that can have such findings."""
        codes = self.select(selector).codes
        return [self.rules[code] for code in sorted(codes) if code in self.rules]

    def needed_for(self, selection: Selection) -> list[Rule]:
        """The rules that have to run for some findings, by code: those of which they are and, where
        only what belongs to `readiness-3.14` is asked of one, those that it yields to. Where they
        name the cause, it has never worked."""
        codes = set(selection.codes)
        for code in selection.ready - selection.others:
            codes.update(self.rules[code].yields_to)
        return [self.rules[code] for code in sorted(codes) if code in self.rules]

    def groups_of(self, code: str) -> list[str]:
        """The groups that a rule belongs to."""
        return [name for name, codes in self.groups.items() if code in codes]


def nearest(word: str, words: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing."""
    found = closest(word, words)
    return f"; did you mean {found!r}?" if found is not None else ""


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one of some words that is most like a word, if any is."""
    by_lower = {candidate.lower(): candidate for candidate in words}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


@lru_cache(maxsize=1)
def load() -> Registry:
    """Imports the rules of all installed rule packs. Raises RegistryError."""
    rules: dict[str, Rule] = {}
    folders: dict[str, Path] = {}
    beginnings: dict[str, str] = {}
    with _installed_only():
        points = sorted(entry_points(group=GROUP))
        if not points:
            raise RegistryError(
                "no rule pack is installed; `pip install mplint` brings one, "
                f"other packages offer one through the entry-point group {GROUP!r}"
            )
        for point in points:
            package = _package(point)
            beginnings |= getattr(package, "GROUPS", {})
            for rule, folder in _rules_in(package):
                if rule.code in rules:
                    raise RegistryError(
                        f"{rule.code} is defined twice, in {folders[rule.code]} and {folder}"
                    )
                rules[rule.code] = rule
                folders[rule.code] = folder
    ordered = sorted(rules)
    return Registry(
        {code: rules[code] for code in ordered},
        {code: folders[code] for code in ordered},
        _groups(rules, beginnings),
    )


def _groups(rules: Mapping[str, Rule], beginnings: Mapping[str, str]) -> dict[str, frozenset[str]]:
    found = {
        name: frozenset(code for code in rules if code.startswith(beginning))
        for name, beginning in beginnings.items()
    }
    found[READINESS] = frozenset(
        code for code, rule in rules.items() if rule.applies.since_forkserver
    )
    return found


def _package(point: EntryPoint) -> ModuleType:
    try:
        package: ModuleType = point.load()
    except Exception as error:
        raise RegistryError(f"the rule pack {point.value!r} cannot be loaded: {error}") from error
    if not hasattr(package, "__path__"):
        raise RegistryError(f"the rule pack {point.value!r} is not a package: it has no folder")
    return package


def _rules_in(package: ModuleType) -> Iterator[tuple[Rule, Path]]:
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if not module.ispkg:
            continue
        name = f"{package.__name__}.{module.name}"
        try:
            loaded = importlib.import_module(name)
        except Exception as error:
            raise RegistryError(f"the rule {name} cannot be loaded: {error}") from error
        rule = getattr(loaded, "RULE", None)
        if not isinstance(rule, Rule):
            raise RegistryError(f"{name} has no RULE")
        yield rule, Path(loaded.__path__[0])


@contextmanager
def _installed_only() -> Iterator[None]:
    """Keeps Python from importing a rule pack out of the current folder, which belongs to whoever
    wrote the code that is being checked."""
    here = os.path.realpath(os.curdir)
    installed = here == os.path.realpath(Path(__file__).parent.parent)
    before = list(sys.path)
    sys.path[:] = [
        entry for entry in before if entry and (installed or os.path.realpath(entry) != here)
    ]
    try:
        yield
    finally:
        sys.path[:] = before
