"""What the names of other libraries mean: tables, no logic.

`find` looks a dotted name up. Everything that differs between libraries is data here, never a
special case elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from mplint.catalog import (
    futures,
    joblib,
    managers,
    multiprocessing,
    passive,
    pathos,
    things,
    threads,
)
from mplint.catalog.kinds import Kind, Launcher, Library, Maker, Method

__all__ = [
    "GATE",
    "GATE_WORDS",
    "Kind",
    "Launcher",
    "Library",
    "Maker",
    "Method",
    "find",
    "given",
    "is_passive",
    "library",
]

GATE = re.compile(
    rb"multiprocess|concurrent(?:\.futures|[ \t]+import)|tqdm\.contrib"
    rb"|\b(?:billiard|pathos|loky|joblib)\b"
)
"""A file without this has nothing to look at, unless another file draws it in."""

GATE_WORDS = (
    b"multiprocess",
    b"concurrent",
    b"tqdm.contrib",
    b"billiard",
    b"pathos",
    b"loky",
    b"joblib",
)
"""One of these is in every file that the gate lets through: quicker to look for."""

LIBRARIES: tuple[Library, ...] = (
    Library("multiprocessing.dummy", threads=True),
    Library("multiprocessing"),
    Library("torch.multiprocessing"),
    Library("billiard"),
    Library("multiprocess.dummy", threads=True),
    Library("multiprocess", pickler="dill"),
    Library("pathos.helpers.mp", pickler="dill"),
    Library("multiprocessing_on_dill", pickler="dill"),
    Library("pathos", pickler="dill", own_names=True),
    Library("joblib", pickler="cloudpickle", own_names=True),
    Library("loky", pickler="cloudpickle", own_names=True),
)

_TORCH_SPAWN = Launcher(
    multiprocessing.PROCESS_GROUP,
    ("fn", "args", "nprocs", "join", "daemon", "start_method"),
    first_argument_is_index=True,
    start_method="spawn",
)

_MAP_AND_WAIT = Method("call", ("fn",), waits=True, tasks="executor-map")

LAUNCHERS: dict[str, Launcher] = {
    "torch.multiprocessing.spawn": _TORCH_SPAWN,
    "torch.multiprocessing.start_processes": _TORCH_SPAWN,
    "torch.multiprocessing.spawn.spawn": _TORCH_SPAWN,
    "torch.multiprocessing.spawn.start_processes": _TORCH_SPAWN,
    **{
        f"tqdm.contrib.concurrent.{name}": Launcher(
            replace(executor, methods={"map": _MAP_AND_WAIT}), maps="map"
        )
        for name, executor in {
            "process_map": futures.PROCESS_EXECUTOR,
            "thread_map": futures.THREAD_EXECUTOR,
            "interpreter_map": futures.INTERPRETER_EXECUTOR,
        }.items()
    },
}

_OTHERS: dict[str, Maker] = {
    **threads.MAKERS,
    **futures.MAKERS,
    **joblib.MAKERS,
    **pathos.MAKERS,
    **things.MAKERS,
}
_GIVEN: dict[str, Kind] = {**multiprocessing.GIVEN, **managers.GIVEN, **futures.GIVEN}

THREAD_POOL = pathos.THREAD_POOL
_THREAD_CONNECTION = replace(
    multiprocessing.CONNECTION, family="thread", noun="a pipe end for threads", crosses="never"
)

_THREAD_MAKERS: dict[str, Maker] = {
    "Process": threads.MAKERS["threading.Thread"],
    "Queue": threads.MAKERS["queue.Queue"],
    "JoinableQueue": threads.MAKERS["queue.Queue"],
    "Pool": Maker(THREAD_POOL, context=False),
    "Pipe": Maker(_THREAD_CONNECTION, pair=True, context=False),
    "connection.Pipe": Maker(_THREAD_CONNECTION, pair=True, context=False),
    **{
        name: threads.MAKERS[f"threading.{name}"]
        for name in (
            "Lock",
            "RLock",
            "Semaphore",
            "BoundedSemaphore",
            "Event",
            "Condition",
            "Barrier",
        )
    },
}


def library(path: str) -> tuple[Library, str] | None:
    """The library that a dotted name belongs to, and the rest of the name."""
    for candidate in LIBRARIES:
        if path == candidate.root:
            return candidate, ""
        if path.startswith(candidate.root + "."):
            return candidate, path[len(candidate.root) + 1 :]
    return None


def is_passive(path: str) -> bool:
    """Whether a dotted name is one that starts nothing and shares nothing, or of such a module."""
    if path.rpartition(".")[2].startswith("__"):
        return True  # as in `billiard.__version__`
    pieces = path.split(".")
    return any(".".join(pieces[:end]) in passive.NAMES for end in range(1, passive.DEPTH + 1))


@cache
def find(path: str) -> Maker | Launcher | None:
    """What a dotted name makes or launches; None when that is nothing the model follows."""
    launcher = LAUNCHERS.get(path)
    if launcher is not None:
        return launcher
    if path in _OTHERS:
        return _OTHERS[path]
    found = library(path)
    if found is None:
        return None
    lib, name = found
    if lib.own_names:
        return None
    if lib.threads:
        return _THREAD_MAKERS.get(name)
    if name == "pool.ThreadPool":
        return _THREAD_MAKERS["Pool"]
    return multiprocessing.MAKERS.get(name) or managers.MAKERS.get(name)


def given(word: str) -> Kind | None:
    """The kind behind the word in `Method.gives`."""
    return _GIVEN.get(word)
