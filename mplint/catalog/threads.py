"""The look-alikes of one process: threads, their queues and locks, and asyncio's.

They have the method names of the process objects and none of their pitfalls, so the model has to
know them as well.
"""

from __future__ import annotations

from mplint.catalog.kinds import Crossing, Family, Kind, Maker, Method

_EMPTY, _FULL = ("queue.Empty",), ("queue.Full",)


def _queue(name: str, family: Family, noun: str, *, item: str = "item") -> Kind:
    waits = family == "thread"
    methods = {
        "put": Method("put", (item, "block", "timeout"), waits=waits, raises=_FULL),
        "get": Method("get", ("block", "timeout"), waits=waits, raises=_EMPTY, gives="item"),
        "put_nowait": Method("put", (item,), raises=_FULL),
        "get_nowait": Method("get", raises=_EMPTY, gives="item"),
        "qsize": Method("look"),
        "empty": Method("look"),
        "full": Method("look"),
        "task_done": Method("task-done"),
        "join": Method("join-tasks", waits=waits),
        "shutdown": Method("shutdown", ("immediate",)),
    }
    attributes = frozenset({"maxsize", "queue", "mutex", "not_empty", "not_full", "all_tasks_done"})
    crosses: Crossing = "pickle" if family == "asyncio" else "never"
    return Kind(name, "queue", family, noun, crosses, methods, attributes, ("maxsize",))


QUEUE = _queue("Queue", "thread", "a thread queue")
SIMPLE_QUEUE = _queue("SimpleQueue", "thread", "a thread queue")
ASYNCIO_QUEUE = _queue("Queue", "asyncio", "an asyncio queue")

_LOCK_METHODS = {
    "acquire": Method("acquire", ("blocking", "timeout"), waits=True),
    "release": Method("release"),
    "locked": Method("look"),
}
LOCK = Kind("Lock", "lock", "thread", "a thread lock", "never", _LOCK_METHODS)
RLOCK = Kind("RLock", "lock", "thread", "a thread lock", "never", _LOCK_METHODS)
SEMAPHORE = Kind("Semaphore", "lock", "thread", "a thread semaphore", "never", _LOCK_METHODS)
_EVENT_METHODS = {
    "set": Method("set"),
    "clear": Method("clear"),
    "is_set": Method("look"),
    "wait": Method("wait", ("timeout",), waits=True),
}
EVENT = Kind("Event", "event", "thread", "a thread event", "never", _EVENT_METHODS)
CONDITION = Kind(
    "Condition",
    "condition",
    "thread",
    "a thread condition",
    "never",
    {
        **_LOCK_METHODS,
        "wait": Method("wait", ("timeout",), waits=True),
        "wait_for": Method("wait", ("predicate", "timeout"), waits=True),
        "notify": Method("notify"),
        "notify_all": Method("notify"),
    },
)
BARRIER = Kind("Barrier", "barrier", "thread", "a thread barrier", "never")
LOCAL = Kind("local", "thing", "thread", "thread-local data", "never")
THREAD = Kind(
    "Thread",
    "process",
    "thread",
    "a thread",
    "never",
    {
        "start": Method("start"),
        "join": Method("join", ("timeout",), waits=True),
        "is_alive": Method("alive"),
        "run": Method("other"),
    },
    frozenset({"name", "daemon", "ident", "native_id"}),
    ("group", "target", "name", "args", "kwargs"),
)
TIMER = Kind(
    "Timer",
    "process",
    "thread",
    "a timer",
    "never",
    {**THREAD.methods, "cancel": Method("kill")},
    THREAD.attributes,
    ("interval", "target", "args", "kwargs"),
)

_ASYNC = {name: Method("other") for name in ("acquire", "release", "locked")}
ASYNCIO_LOCK = Kind("Lock", "lock", "asyncio", "an asyncio lock", "pickle", _ASYNC)
ASYNCIO_EVENT = Kind("Event", "event", "asyncio", "an asyncio event", "pickle")

MAKERS: dict[str, Maker] = {
    name: Maker(kind, context=False)
    for name, kind in {
        "queue.Queue": QUEUE,
        "queue.LifoQueue": QUEUE,
        "queue.PriorityQueue": QUEUE,
        "queue.SimpleQueue": SIMPLE_QUEUE,
        "threading.Lock": LOCK,
        "threading.RLock": RLOCK,
        "threading.Semaphore": SEMAPHORE,
        "threading.BoundedSemaphore": SEMAPHORE,
        "threading.Event": EVENT,
        "threading.Condition": CONDITION,
        "threading.Barrier": BARRIER,
        "threading.local": LOCAL,
        "threading.Thread": THREAD,
        "threading.Timer": TIMER,
        "asyncio.Queue": ASYNCIO_QUEUE,
        "asyncio.LifoQueue": ASYNCIO_QUEUE,
        "asyncio.PriorityQueue": ASYNCIO_QUEUE,
        "asyncio.Lock": ASYNCIO_LOCK,
        "asyncio.Semaphore": ASYNCIO_LOCK,
        "asyncio.Event": ASYNCIO_EVENT,
        "asyncio.Condition": ASYNCIO_EVENT,
    }.items()
}
