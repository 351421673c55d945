"""What there is to read about each rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mplint.diagnostics import Kind
from mplint.registry import OWN, Registry


@dataclass(frozen=True, slots=True)
class Page:
    """A rule as a reader sees it. `text` is Markdown; `start_methods` and `python` say under which
    the rule bites; these and `groups` are empty for what mplint says of itself."""

    code: str
    name: str
    kind: Kind
    summary: str
    text: str
    start_methods: tuple[str, ...] = ()
    python: str = ""
    groups: tuple[str, ...] = ()

    @property
    def opening(self) -> str:
        """The first paragraph."""
        for paragraph in re.split(r"\n\s*\n", self.text):
            if paragraph.strip() and not paragraph.lstrip().startswith(("#", "```")):
                return " ".join(paragraph.split())
        return self.summary


def pages(registry: Registry, selectors: Iterable[str] = ()) -> Iterator[Page]:
    """The rules that some selectors mean, or all, by code, and what mplint says of itself. Raises
    RegistryError."""
    codes = {code for selector in selectors or ("ALL",) for code in registry.select(selector).codes}
    for code in sorted(codes):
        yield page(registry, code)


def page(registry: Registry, code: str) -> Page:
    """One rule, with the README of its folder; without one, what the rule itself says."""
    if code in OWN:
        name, kind, summary = OWN[code]
        return Page(code, name, kind, summary, _without_readme(code, name, summary))
    rule = registry.rules[code]
    readme = registry.folders[code] / "README.md"
    try:
        text = readme.read_text(encoding="utf-8")
    except OSError:
        text = _without_readme(code, rule.name, rule.summary)
    methods, python = rule.applies.start_methods, rule.applies.python
    groups = tuple(registry.groups_of(code))
    return Page(code, rule.name, rule.kind, rule.summary, text, methods, python, groups)


def _without_readme(code: str, name: str, text: str) -> str:
    return f"# {name} ({code})\n\n{text}\n"
