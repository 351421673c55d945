"""What a manager offers: objects that live in its server process, and proxies for them.

Every single operation on a proxy is safe from the others; what is read and then written is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mplint.catalog import multiprocessing as mp
from mplint.catalog.kinds import Kind, Maker, Method, Role

_FULL = ("queue.Full",)

QUEUE = Kind(
    "Queue",
    "queue",
    "manager",
    "a manager's queue",
    crosses="pickle",
    methods={
        **{
            name: method
            for name, method in mp.JOINABLE_QUEUE.methods.items()
            if "thread" not in name
        },
        "put": Method("put", ("item", "block", "timeout"), waits=True, raises=_FULL),
        "put_nowait": Method("put", ("item",), raises=_FULL),
    },
    parameters=("maxsize",),
)


def _proxy(name: str, noun: str) -> Kind:
    return Kind(name, "proxy", "manager", noun, crosses="pickle")


DICT = _proxy("dict", "a manager's dict")
LIST = _proxy("list", "a manager's list")
SET = _proxy("set", "a manager's set")
NAMESPACE = _proxy("Namespace", "a manager's namespace")
POOL = _proxy("Pool", "a manager's pool")


def _value(name: str, noun: str, attributes: frozenset[str], parameters: tuple[str, ...]) -> Kind:
    methods = {"get": Method("other"), "set": Method("other")} if name == "Value" else {}
    return Kind(name, "value", "manager", noun, "pickle", methods, attributes, parameters)


VALUE = _value("Value", "a manager's value", frozenset({"value"}), ("typecode", "value"))
ARRAY = _value("Array", "a manager's array", frozenset(), ("typecode", "sequence"))


def _primitive(kind: Kind, noun: str, role: Role, methods: Mapping[str, Method]) -> Kind:
    return replace(
        kind, noun=noun, role=role, family="manager", crosses="pickle", methods={**methods}
    )


_LOCK = {
    "acquire": Method("acquire", ("blocking", "timeout"), waits=True),
    "release": Method("release"),
}
LOCK = _primitive(mp.LOCK, "a manager's lock", "lock", _LOCK)
RLOCK = _primitive(mp.RLOCK, "a manager's lock", "lock", _LOCK)
SEMAPHORE = _primitive(mp.SEMAPHORE, "a manager's semaphore", "lock", _LOCK)
BOUNDED_SEMAPHORE = _primitive(mp.BOUNDED_SEMAPHORE, "a manager's semaphore", "lock", _LOCK)
CONDITION = _primitive(
    mp.CONDITION, "a manager's condition", "condition", {**mp.CONDITION.methods, **_LOCK}
)
EVENT = _primitive(mp.EVENT, "a manager's event", "event", mp.EVENT.methods)
BARRIER = _primitive(mp.BARRIER, "a manager's barrier", "barrier", mp.BARRIER.methods)

_OFFERS: dict[str, Kind] = {
    "Queue": QUEUE,
    "JoinableQueue": QUEUE,
    "dict": DICT,
    "list": LIST,
    "set": SET,
    "Namespace": NAMESPACE,
    "Pool": POOL,
    "Value": VALUE,
    "Array": ARRAY,
    "Lock": LOCK,
    "RLock": RLOCK,
    "Semaphore": SEMAPHORE,
    "BoundedSemaphore": BOUNDED_SEMAPHORE,
    "Condition": CONDITION,
    "Event": EVENT,
    "Barrier": BARRIER,
}

MANAGER = Kind(
    "Manager",
    "manager",
    "process",
    "a manager",
    crosses="never",
    methods={
        "start": Method("start", ("initializer", "initargs")),
        "shutdown": Method("shutdown"),
        "connect": Method("other"),
        "get_server": Method("other"),
        "register": Method("other"),
        "join": Method("join", ("timeout",), waits=True),
        **{
            name: Method("other", kind.parameters, gives=f"manager:{name}")
            for name, kind in _OFFERS.items()
        },
    },
    attributes=frozenset({"address"}),
    parameters=("address", "authkey", "serializer"),
)

UNSTARTED = replace(MANAGER, name="BaseManager")
"""A manager whose server does not run until somebody starts it."""

SHARED_MEMORY_MANAGER = replace(
    MANAGER,
    name="SharedMemoryManager",
    methods={
        **{name: method for name, method in MANAGER.methods.items() if name not in _OFFERS},
        "SharedMemory": Method("other", ("size",), gives="manager:SharedMemory"),
        "ShareableList": Method("other", ("sequence",)),
    },
)

MAKERS: dict[str, Maker] = {
    "Manager": Maker(MANAGER),
    "managers.SyncManager": Maker(UNSTARTED),
    "managers.BaseManager": Maker(UNSTARTED),
    "managers.SharedMemoryManager": Maker(SHARED_MEMORY_MANAGER),
}
"""The callables that make a manager, below the library's root."""

GIVEN: dict[str, Kind] = {
    **{f"manager:{name}": kind for name, kind in _OFFERS.items()},
    "manager:SharedMemory": mp.SHARED_MEMORY,
}
"""What its methods give back, by the word in `Method.gives`."""
