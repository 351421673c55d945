"""Says in one line what was seen of a run."""

from __future__ import annotations

import ast
import linecache
import re
import signal
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from mplint.prove.observation import HELPERS, Error, Observation, ProcessSeen, Stack
from mplint.prove.stacks import in_library

MOST = 3
"""So many things of a kind are told one by one."""


_SERVICES = (
    ("multiprocessing/pool.py", ("worker", "_handle_workers", "_handle_tasks", "_handle_results")),
    ("multiprocessing/queues.py", ("_feed",)),
    ("multiprocessing/managers.py", ("_run_server", "serve_client", "accepter", "handle_request")),
    ("multiprocessing/resource_sharer.py", ("_serve",)),
    ("concurrent/futures/process.py", ("_process_worker", "run")),
)
_AT_EXIT = ("_exit_function", "_run_finalizers", "__call__", "_shutdown", "<module>")
"""The functions of the library that a process runs through at its end, on the way to one that
waits."""
_BEGIN = ("_bootstrap", "_bootstrap_inner", "run", "_worker")
"""Those that a thread begins with."""
_IDLE = "for work"
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # another one in every run
_PAST = {True: "at its end", False: "in a thread"}


def describe(observation: Observation) -> str:
    """As in `hangs: main waits in Process.join (bad.py:14), Process-1 waits in Queue.put …`."""
    if observation.failure:
        return f"not observed: {observation.failure.strip().splitlines()[-1]}"
    if observation.ending == "stopped":
        return "stopped before its end"
    parts = []
    if observation.ending == "hangs":
        parts.append(f"hangs: {waits(observation.processes)}")
        if observation.replaced:
            parts.append(
                f"its workers fail and are replaced for ever ({observation.replaced} seen)"
            )
    elif observation.ending == "undecided":
        doing = waits(observation.processes, ("is", "are"))
        parts.append(f"not decided: neither ended nor blocked in {observation.seconds:.0f} s")
        parts += [doing] if doing else []
    parts += _shortened(_errors(observation.errors))
    expected, got = results(observation)
    if expected != got:
        parts.append(f"expected {_short(expected) or 'nothing'}, got {_short(got) or 'nothing'}")
    parts += _shortened(
        [f"leaves {a(left.kind)} behind ({left.name})" for left in observation.left]
    )
    if observation.ending == "ended" and not observation.errors:
        parts += _status(observation.exit_status)
    return ", ".join(parts) or "nothing"


def results(observation: Observation) -> tuple[str, str]:
    """What the program printed as `expected: …` and as `got: …`, the last of each; twice nothing
    when it did not print both."""
    found: dict[str, str] = {}
    for line in observation.stdout.splitlines():
        word, _, value = line.partition(":")
        if word in ("expected", "got"):
            found[word] = value.strip()
    return (found["expected"], found["got"]) if len(found) == 2 else ("", "")


def waits(processes: Iterable[ProcessSeen], verb: tuple[str, str] = ("waits", "wait")) -> str:
    """Which process waits in which call: those with the same wait together."""
    by_wait: dict[str, list[str]] = {}
    for process in sorted(processes, key=lambda process: _order(process.name)):
        if process.alive and process.kind not in HELPERS and process.stacks:
            by_wait.setdefault(_wait(main_stack(process)), []).append(process.name)
    verbs = {True: ("waits", "wait"), False: verb}
    return ", ".join(
        f"{_names(names)} {verbs[wait == _IDLE][len(names) > 1]} {wait}"
        for wait, names in by_wait.items()
    )


def main_stack(process: ProcessSeen) -> Stack:
    """The stack that says what a process is doing: the main thread's, or another's when the main
    thread is past the program's own code, or only serves."""
    main = next((stack for stack in process.stacks if stack.main), process.stacks[-1])
    if any(frame.user for frame in main.frames):
        return main
    others = [stack for stack in process.stacks if not stack.main and not is_service(stack)]
    return others[0] if others else main


def is_service(stack: Stack) -> bool:
    """Whether a thread of the library waits for work to do for others, and so by nature: the worker
    of a pool or an executor, a manager, the feeder of a queue."""
    if any(frame.user for frame in stack.frames):
        return False
    if any(in_library(frame, "concurrent/futures/thread.py") for frame in stack.frames[:1]):
        return True  # but not further in, where it runs a function of the library for somebody
    return any(
        in_library(frame, path) and frame.function in functions
        for frame in stack.frames
        for path, functions in _SERVICES
    )


def _wait(stack: Stack) -> str:
    if is_service(stack):
        return _IDLE
    if not stack.frames:
        return "outside of Python"
    place = next((index for index, frame in enumerate(stack.frames) if frame.user), None)
    if place is None:
        passed = _AT_EXIT if stack.main else _BEGIN
        calls = [frame for frame in stack.frames if frame.function not in passed]
        call = (calls or stack.frames)[-1]
        return f"in {qualified(call.file, call.line, call.function)} {_PAST[stack.main]}"
    frame = stack.frames[place]
    at = f"({Path(frame.file).name}:{frame.line})"
    if place == 0:
        text = linecache.getline(frame.file, frame.line).strip()
        return f"in `{_short(text)}` {at}" if text else f"at {at}"
    call = stack.frames[place - 1]
    return f"in {qualified(call.file, call.line, call.function)} {at}"


def qualified(file: str, line: int, function: str) -> str:
    """A function's name with that of its class, without the marks of the library's inner classes:
    `BaseProcess.join` is `Process.join` to everybody else."""
    classes = [name for begin, end, name in _classes(file) if begin <= line <= end]
    if not classes:
        return function
    name = classes[-1].strip("_").removeprefix("Base").removesuffix("Base")
    return f"{name or classes[-1]}.{function}"


@lru_cache(maxsize=64)
def _classes(file: str) -> tuple[tuple[int, int, str], ...]:
    """The classes of a file, outer ones first, by their lines."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    return tuple(
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )


def _errors(errors: Iterable[Error]) -> list[str]:
    """Who raises what: processes with the same exception together."""
    by_said: dict[tuple[str, bool], list[str]] = {}
    for error in errors:
        text = _short(_ADDRESS.sub("", error.text))
        said = f"{error.type.rpartition('.')[2]}{f': {text}' if text else ''}"
        names = by_said.setdefault((said, error.ends), [])
        if error.process not in names:
            names.append(error.process)
    verbs = {True: ("raises", "raise"), False: ("prints", "print")}
    return [
        f"{_names(names)} {verbs[ends][len(names) > 1]} {said}"
        for (said, ends), names in by_said.items()
    ]


def _status(status: int | None) -> list[str]:
    if status is None or status == 0:
        return []
    if status > 0:
        return [f"exit status {status}"]
    try:
        return [f"main is killed by {signal.Signals(-status).name}"]
    except ValueError:
        return [f"main is killed by signal {-status}"]


def a(kind: str) -> str:
    """`a semaphore`, but `shared memory`."""
    return kind if kind.startswith("shared memory") else f"a {kind}"


def _shortened(told: list[str]) -> list[str]:
    if len(told) <= MOST:
        return told
    return [*told[:MOST], f"and {len(told) - MOST} more of the kind"]


def _order(name: str) -> tuple[bool, list[str | int]]:
    """Sorts main before all others, and Process-2 before Process-10."""
    texts = re.split(r"(\d+)", name)
    return name != "main", [int(text) if place % 2 else text for place, text in enumerate(texts)]


def _names(names: list[str]) -> str:
    names = sorted(names, key=_order)
    if len(names) > MOST:
        return f"{names[0]} and {len(names) - 1} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= 80 else f"{text[:77]}..."
