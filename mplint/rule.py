"""What a rule is: a value that says what it finds, and a visitor that finds it.

A rule pack's modules import this, `mplint.outcome` and, for types only, libcst, and nothing else of
mplint: rules are loaded for every check, and most files need no syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from mplint.diagnostics import START_METHODS, Kind, is_since_forkserver

if TYPE_CHECKING:
    import libcst as cst

    # what visitors are called with: for the annotations of rules
    from mplint.model.crossing.handover import Handover as Handover
    from mplint.model.nouns import Operation as Operation
    from mplint.model.values import Made as Made
    from mplint.model.values import Site
    from mplint.model.view import View
    from mplint.outcome import Outcome

__all__ = ["Applies", "Finding", "Rule", "RuleVisitor", "on_handover", "on_made", "on_operation"]

Method = TypeVar("Method", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Applies:
    """Under which start methods and Python versions a misuse bites.

    `python` is a version specifier as in `requires-python`. `narrowed` are the fewer start methods
    of single findings, where a visitor reports such.
    """

    start_methods: tuple[str, ...] = START_METHODS
    python: str = ">=3.8"
    narrowed: tuple[str, ...] = ()

    @property
    def since_forkserver(self) -> bool:
        """Whether some findings are of what worked on Linux until forkserver became the default."""
        return is_since_forkserver(self.start_methods) or is_since_forkserver(self.narrowed)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `message` and `help` are format strings; the visitor's `report` gives the words.

    `proof` is what the rule's `bad.py` does when it is run, per start method where they differ.
    `yields_to` are the codes of rules that name the cause of what this one finds: where one of them
    speaks of the same statement or the same objects in the same file, this one is silent.
    `subjects` are the objects that it is about, by their roles and families in the catalog (such as
    `lock` and `thread`): where a program has none of them, its visitor is not called.
    """

    code: str
    name: str
    kind: Kind
    summary: str
    message: str
    help: str
    visitor: type[RuleVisitor]
    proof: Outcome | Mapping[str, Outcome]
    applies: Applies = field(default_factory=Applies)
    yields_to: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{2,5}\d{3}", self.code):
            raise ValueError(f"{self.code!r} is no code: letters and three digits, as in MPL101")
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError(f"{self.code}: {self.name!r} is no name: words joined by hyphens")
        if self.kind not in ("bug", "portability", "advice"):
            raise ValueError(f"{self.code}: {self.kind!r} is not bug, portability or advice")
        for method in (*self.applies.start_methods, *self.applies.narrowed):
            if method not in START_METHODS:
                raise ValueError(f"{self.code}: there is no start method {method!r}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a visitor reports, before it has a place in a file."""

    rule: Rule
    at: cst.CSTNode | Site
    words: Mapping[str, object]
    related: tuple[tuple[Site, str], ...]
    start_methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a view is asked about every call: the name of its method, and the further arguments."""

    name: str
    words: tuple[str, ...] = ()


def on_operation(*verbs: str) -> Callable[[Method], Method]:
    """Marks a method that is called with a call and each of those operations that it does to
    followed objects: `@on_operation("put")` before `def check(self, node, put)`. When the method
    has reported one, the call's others (those of further activations) are passed over."""
    return _on(Question("operations", verbs))


def on_made(method: Method) -> Method:
    """The same for each followed object that a call makes."""
    return _on(Question("made"))(method)


def on_handover(method: Method) -> Method:
    """The same for each thing that a call gives to processes to run."""
    return _on(Question("handovers"))(method)


def _on(question: Question) -> Callable[[Method], Method]:
    def mark(method: Method) -> Method:
        method.question = question  # type: ignore[attr-defined]
        return method

    return mark


class RuleVisitor:
    """Picks nodes, asks the model, reports. It keeps no state: one object serves a whole file.

    A method `visit_X(self, node)` is called for every node of libcst's class `X`; one that is
    marked by `on_operation`, `on_made` or `on_handover`, for what the model knows of a call.
    """

    visits: ClassVar[tuple[tuple[str, Callable[..., None]], ...]] = ()
    answers: ClassVar[tuple[tuple[Question, Callable[..., None]], ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = [(name, getattr(cls, name)) for name in sorted(dir(cls))]
        cls.visits = tuple(
            (name.removeprefix("visit_"), method)
            for name, method in methods
            if name.startswith("visit_")
        )
        cls.answers = tuple(
            (method.question, method) for _, method in methods if hasattr(method, "question")
        )

    def __init__(self, rule: Rule, model: View) -> None:
        self.rule = rule
        self.model = model
        self.findings: list[Finding] = []

    def report(
        self,
        at: cst.CSTNode | Site,
        *,
        related: Iterable[tuple[Site, str]] = (),
        start_methods: tuple[str, ...] | None = None,
        **words: object,
    ) -> None:
        """Adds a finding at a node, or at a place of this file. `related` are other places with a
        note each; `start_methods` narrows the rule's own for this finding: `Applies.narrowed`
        says so where that leaves fork out."""
        methods = start_methods or self.rule.applies.start_methods
        self.findings.append(Finding(self.rule, at, words, tuple(related), methods))
