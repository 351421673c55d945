"""Proves rules: runs their programs, and compares what is seen with what each rule claims."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from packaging.specifiers import SpecifierSet

from mplint.diagnostics import START_METHODS
from mplint.outcome import Outcome, Quiet
from mplint.prove import ProveError, cleanup, judge
from mplint.prove.describe import describe
from mplint.prove.interpreters import Interpreter
from mplint.prove.observation import Observation
from mplint.prove.run import Spec
from mplint.prove.supervise import Supervisor
from mplint.registry import nearest
from mplint.rule import Rule

GLANCE = 0.5
"""Seconds between two looks whether somebody has interrupted."""

SECONDS = 60.0
"""How long a program gets. All need but a moment, on a machine that is not overloaded."""

Program: TypeAlias = Literal["bad", "good"]


@dataclass(frozen=True, slots=True)
class Task:
    """One program of one rule, to be run once. `claim` is what the rule says of it."""

    rule: Rule
    program: Program
    path: Path
    interpreter: Interpreter
    start_method: str
    claim: Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen, and whether the rule's claim holds."""

    task: Task
    observation: Observation
    seen: str
    holds: bool


def prove(
    rules: Sequence[Rule],
    folders: Mapping[str, Path],
    *,
    interpreters: Sequence[Interpreter],
    start_methods: Sequence[str] = (),
    programs: Sequence[Program] = ("bad", "good"),
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Runs the programs of rules, whose folders are given by code, on each interpreter and under
    each start method (none given: all that the interpreter has), `jobs` at once.

    The results come in the order of rules, interpreters, start methods and programs. `progress` is
    called with the number of runs done and of all. Raises ProveError, before anything runs, when
    something cannot be run; on KeyboardInterrupt everything is ended and cleaned up first.
    """
    tasks = [
        task
        for rule in rules
        for interpreter in interpreters
        for method in _methods(interpreter, start_methods)
        for task in _tasks(rule, folders[rule.code], interpreter, method, programs)
    ]
    cleanup.sweep()
    supervisor = Supervisor()
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        try:  # from the first task on: whoever interrupts between two, must not wait for these
            futures = [pool.submit(_run, task, supervisor) for task in tasks]
            results = []
            for done, future in enumerate(futures):
                if progress is not None:
                    progress(done, len(tasks))
                # an interrupt that comes right before a wait without a limit does not end it
                while not future.done():
                    wait([future], timeout=GLANCE)
                results.append(future.result())
        except BaseException:
            supervisor.cancel()
            pool.shutdown(cancel_futures=True)
            raise
    if progress is not None:
        progress(len(tasks), len(tasks))
    return results


def _methods(interpreter: Interpreter, wished: Sequence[str]) -> tuple[str, ...]:
    for method in wished:
        if method not in START_METHODS:
            raise ProveError(f"there is no start method {method!r}{nearest(method, START_METHODS)}")
        if method not in interpreter.start_methods:
            raise ProveError(f"{interpreter.path} has no start method {method!r}")
    return tuple(method for method in interpreter.start_methods if not wished or method in wished)


def _tasks(
    rule: Rule,
    folder: Path,
    interpreter: Interpreter,
    method: str,
    programs: Sequence[Program],
) -> Iterator[Task]:
    for program in programs:
        claim = claimed(rule, interpreter.version, method) if program == "bad" else Quiet()
        yield Task(rule, program, find(folder, program), interpreter, method, claim)


def find(folder: Path, program: Program) -> Path:
    """A rule's program: `bad.py`, or `bad/main.py`. Raises ProveError when there is neither."""
    for path in (folder / f"{program}.py", folder / program / "main.py"):
        if path.is_file():
            return path
    raise ProveError(f"{folder} has no {program}.py")


def applies(rule: Rule, version: str, method: str) -> bool:
    """Whether a rule says that its misuse bites there."""
    pythons = SpecifierSet(rule.applies.python)
    return method in rule.applies.start_methods and pythons.contains(version, prereleases=True)


def claimed(rule: Rule, version: str, method: str) -> Outcome:
    """What a rule says that its bad program does there. Raises ProveError when it says nothing."""
    if not applies(rule, version, method):
        return Quiet()
    if not isinstance(rule.proof, Mapping):
        return rule.proof
    try:
        return rule.proof[method]
    except KeyError:
        raise ProveError(
            f"{rule.code} applies under {method}, of which its proof says nothing"
        ) from None


def _run(task: Task, supervisor: Supervisor) -> Result:
    path = task.path.resolve()
    observation = supervisor.observe(
        Spec(
            command=(task.interpreter.path, str(path)),
            environment=_environment(),
            source=str(path.parent),
            start_method=task.start_method,
            seconds=SECONDS,
        )
    )
    return Result(task, observation, describe(observation), judge.holds(task.claim, observation))


def _environment() -> dict[str, str]:
    """The environment without what is meant for the Python that runs mplint."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}
