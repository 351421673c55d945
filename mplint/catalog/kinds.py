"""The words in which the tables of this folder are written.

A *kind* is a sort of object that the model follows (a queue, a lock, a pool). It says what the
object is for, what its methods do to other processes, and how it can reach another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["process", "manager", "thread", "asyncio", "other"]
"""What the object connects: processes, processes through a manager's server, the threads or the
coroutines of one process, or nothing."""

Role: TypeAlias = Literal[
    "queue",
    "connection",
    "lock",
    "event",
    "condition",
    "barrier",
    "value",
    "process",
    "pool",
    "executor",
    "result",
    "manager",
    "context",
    "proxy",
    "memory",
    "logger",
    "file",
    "thing",
]
"""What it is for. Every rule that speaks of queues speaks of the role, never of a class name."""

Crossing: TypeAlias = Literal["pickle", "inherit", "never"]
"""How it reaches another process: in any message; only while a process is started (as an argument
of Process or of an initializer); not at all."""

Verb: TypeAlias = Literal[
    "put",  # hands an item over
    "get",  # takes an item out
    "look",  # asks how much there is, without taking it
    "poll",  # waits a moment for an item, without taking it
    "task-done",
    "join-tasks",  # waits until every item is marked as done
    "close",
    "flush",  # waits for the feeder thread
    "drop",  # gives up what the feeder thread still holds
    "acquire",
    "release",
    "wait",
    "set",
    "clear",
    "notify",
    "start",
    "join",  # waits for a process or for the workers of a pool
    "alive",  # asks whether a process lives
    "kill",
    "call",  # hands a task to a pool and waits for the result
    "call-later",  # hands a task to a pool and returns a handle
    "result",  # waits for the result of a task
    "shutdown",
    "other",
]
"""What a method does, seen from other processes."""


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """What one method of a kind does.

    `parameters` are its parameters in order, as far as they can be given by position. `raises`
    names what a timed or non-blocking call raises when it has to give up. `gives` is the kind of
    what it returns: a kind's name, `item` (what was put), `self`, or `data`.
    """

    does: Verb
    parameters: tuple[str, ...] = ()
    waits: bool = False
    raises: tuple[str, ...] = ()
    gives: str = "data"
    tasks: Literal["", "apply", "map", "starmap", "submit", "executor-map", "delayed", "loop"] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A sort of object. `parameters` are those of its constructor, in order."""

    name: str
    role: Role
    family: Family
    noun: str  # for messages: "a queue"
    crosses: Crossing = "inherit"
    methods: Mapping[str, Method] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()
    given_to: Mapping[str, Method] = field(default_factory=dict)
    """What methods of others do with it when it is their first argument."""

    def knows(self, name: str) -> bool:
        return name in self.methods or name in self.attributes


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """A package that starts processes. Most offer the names of `multiprocessing` under a root of
    their own; those with `own_names` have tables of theirs."""

    root: str
    pickler: Literal["pickle", "dill", "cloudpickle"] = "pickle"
    threads: bool = False  # a look-alike that starts threads
    own_names: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Maker:
    """A callable that makes one object of a kind (or a pair, for pipes)."""

    kind: Kind
    pair: bool = False
    context: bool = True  # the object belongs to the start method in force
    start_method: str = ""  # the one that it belongs to by its name
    threads: Kind | None = None  # what it makes instead when `threads_when` says so
    threads_when: Mapping[str, frozenset[object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Launcher:
    """A callable that makes a process, pool or executor and gives it its work in one go:
    `torch.multiprocessing.spawn`. `maps` is the method of the executor that gets the arguments;
    without one, the processes run the first of them."""

    kind: Kind
    parameters: tuple[str, ...] = ()
    maps: str = ""
    first_argument_is_index: bool = False
    start_method: str = ""
