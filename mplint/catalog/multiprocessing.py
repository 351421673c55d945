"""What the names of `multiprocessing` mean.

Taken from the standard library's documentation and source, CPython 3.8 to 3.14.
"""

from __future__ import annotations

from mplint.catalog.kinds import Kind, Maker, Method

_EMPTY, _FULL = ("queue.Empty",), ("queue.Full",)

_SIMPLE_QUEUE = {
    "put": Method("put", ("obj",), waits=True),
    "get": Method("get", (), waits=True, gives="item"),
    "empty": Method("look"),
    "close": Method("close"),
}
_QUEUE = {
    "put": Method("put", ("obj", "block", "timeout"), waits=True, raises=_FULL),
    "get": Method("get", ("block", "timeout"), waits=True, raises=_EMPTY, gives="item"),
    "put_nowait": Method("put", ("obj",), raises=_FULL),
    "get_nowait": Method("get", (), raises=_EMPTY, gives="item"),
    "qsize": Method("look"),
    "empty": Method("look"),
    "full": Method("look"),
    "close": Method("close"),
    "join_thread": Method("flush", waits=True),
    "cancel_join_thread": Method("drop"),
}
_JOINABLE_QUEUE = {
    **_QUEUE,
    "task_done": Method("task-done"),
    "join": Method("join-tasks", waits=True),
}

QUEUE = Kind("Queue", "queue", "process", "a queue", methods=_QUEUE, parameters=("maxsize",))
JOINABLE_QUEUE = Kind(
    "JoinableQueue",
    "queue",
    "process",
    "a joinable queue",
    methods=_JOINABLE_QUEUE,
    parameters=("maxsize",),
)
SIMPLE_QUEUE = Kind("SimpleQueue", "queue", "process", "a simple queue", methods=_SIMPLE_QUEUE)

CONNECTION = Kind(
    "Connection",
    "connection",
    "process",
    "a pipe end",
    crosses="pickle",
    methods={
        "send": Method("put", ("obj",), waits=True),
        "recv": Method("get", (), waits=True, raises=("EOFError",), gives="item"),
        "send_bytes": Method("put", ("buf", "offset", "size"), waits=True),
        "recv_bytes": Method("get", ("maxlength",), waits=True, raises=("EOFError",)),
        "recv_bytes_into": Method("get", ("buf", "offset"), waits=True, raises=("EOFError",)),
        "poll": Method("poll", ("timeout",)),
        "close": Method("close"),
        "fileno": Method("other"),
    },
    attributes=frozenset({"closed", "readable", "writable"}),
    parameters=("duplex",),
)

_LOCK = {
    "acquire": Method("acquire", ("block", "timeout"), waits=True),
    "release": Method("release"),
}
LOCK = Kind("Lock", "lock", "process", "a lock", methods={**_LOCK, "locked": Method("look")})
RLOCK = Kind("RLock", "lock", "process", "a lock", methods={**_LOCK, "locked": Method("look")})
SEMAPHORE = Kind(
    "Semaphore",
    "lock",
    "process",
    "a semaphore",
    methods={**_LOCK, "get_value": Method("look"), "locked": Method("look")},
    parameters=("value",),
)
BOUNDED_SEMAPHORE = Kind(
    "BoundedSemaphore",
    "lock",
    "process",
    "a semaphore",
    methods=SEMAPHORE.methods,
    parameters=("value",),
)
EVENT = Kind(
    "Event",
    "event",
    "process",
    "an event",
    methods={
        "set": Method("set"),
        "clear": Method("clear"),
        "is_set": Method("look"),
        "wait": Method("wait", ("timeout",), waits=True),
    },
)
CONDITION = Kind(
    "Condition",
    "condition",
    "process",
    "a condition",
    methods={
        **_LOCK,
        "wait": Method("wait", ("timeout",), waits=True),
        "wait_for": Method("wait", ("predicate", "timeout"), waits=True),
        "notify": Method("notify", ("n",)),
        "notify_all": Method("notify"),
    },
    parameters=("lock",),
)
BARRIER = Kind(
    "Barrier",
    "barrier",
    "process",
    "a barrier",
    methods={
        "wait": Method("wait", ("timeout",), waits=True),
        "reset": Method("other"),
        "abort": Method("other"),
    },
    attributes=frozenset({"parties", "n_waiting", "broken"}),
    parameters=("parties", "action", "timeout"),
)
_SYNCHRONIZED = {
    **_LOCK,
    "get_lock": Method("other", gives="Lock"),
    "get_obj": Method("other"),
}
VALUE = Kind(
    "Value",
    "value",
    "process",
    "a shared value",
    methods=_SYNCHRONIZED,
    attributes=frozenset({"value"}),
    parameters=("typecode_or_type",),
)
ARRAY = Kind(
    "Array",
    "value",
    "process",
    "a shared array",
    methods=_SYNCHRONIZED,
    attributes=frozenset({"value", "raw"}),
    parameters=("typecode_or_type", "size_or_initializer"),
)
RAW_VALUE = Kind("RawValue", "value", "process", "a shared value", attributes=frozenset({"value"}))
RAW_ARRAY = Kind(
    "RawArray", "value", "process", "a shared array", attributes=frozenset({"value", "raw"})
)

PROCESS = Kind(
    "Process",
    "process",
    "process",
    "a process",
    crosses="never",
    methods={
        "start": Method("start"),
        "join": Method("join", ("timeout",), waits=True),
        "is_alive": Method("alive"),
        "terminate": Method("kill"),
        "kill": Method("kill"),
        "interrupt": Method("kill"),
        "close": Method("close"),
        "run": Method("other"),
    },
    attributes=frozenset({"name", "daemon", "pid", "ident", "exitcode", "authkey", "sentinel"}),
    parameters=("group", "target", "name", "args", "kwargs"),
)

PROCESS_GROUP = Kind(
    "ProcessContext",
    "process",
    "process",
    "a group of processes",
    crosses="never",
    methods={
        "join": Method("join", ("timeout", "grace_period"), waits=True),
        "pids": Method("look"),
    },
    attributes=frozenset({"processes", "sentinels", "error_files"}),
)
"""What `torch.multiprocessing.spawn(…, join=False)` returns."""

_RESULT = {
    "get": Method("result", ("timeout",), waits=True, raises=("multiprocessing.TimeoutError",)),
    "wait": Method("wait", ("timeout",), waits=True),
    "ready": Method("look"),
    "successful": Method("look"),
}
ASYNC_RESULT = Kind(
    "AsyncResult", "result", "process", "a result", crosses="never", methods=_RESULT
)
IMAP_ITERATOR = Kind(
    "IMapIterator",
    "result",
    "process",
    "an iterator of results",
    crosses="never",
    methods={
        "next": Method("result", ("timeout",), waits=True, raises=("multiprocessing.TimeoutError",))
    },
)

_MAP = ("func", "iterable", "chunksize")
_MAP_LATER = (*_MAP, "callback", "error_callback")
POOL = Kind(
    "Pool",
    "pool",
    "process",
    "a pool",
    crosses="never",
    methods={
        "apply": Method("call", ("func", "args", "kwds"), waits=True, tasks="apply"),
        "map": Method("call", _MAP, waits=True, tasks="map"),
        "starmap": Method("call", _MAP, waits=True, tasks="starmap"),
        "apply_async": Method(
            "call-later",
            ("func", "args", "kwds", "callback", "error_callback"),
            gives="AsyncResult",
            tasks="apply",
        ),
        "map_async": Method("call-later", _MAP_LATER, gives="AsyncResult", tasks="map"),
        "starmap_async": Method("call-later", _MAP_LATER, gives="AsyncResult", tasks="starmap"),
        "imap": Method("call-later", _MAP, gives="IMapIterator", tasks="map"),
        "imap_unordered": Method("call-later", _MAP, gives="IMapIterator", tasks="map"),
        "close": Method("close"),
        "terminate": Method("kill"),
        "join": Method("join", waits=True),
    },
    parameters=("processes", "initializer", "initargs", "maxtasksperchild"),
)

CONTEXT = Kind("context", "context", "process", "a context", crosses="pickle")

SHARED_MEMORY = Kind(
    "SharedMemory",
    "memory",
    "process",
    "a shared memory block",
    crosses="pickle",
    methods={"close": Method("close"), "unlink": Method("other")},
    attributes=frozenset({"buf", "name", "size"}),
    parameters=("name", "create", "size"),
)

SHAREABLE_LIST = Kind(
    "ShareableList",
    "value",
    "process",
    "a shareable list",
    crosses="pickle",
    methods={"count": Method("look"), "index": Method("look")},
    attributes=frozenset({"shm", "format"}),
    parameters=("sequence", "name"),
)

_MAKERS: dict[str, Maker] = {
    "Queue": Maker(QUEUE),
    "JoinableQueue": Maker(JOINABLE_QUEUE),
    "SimpleQueue": Maker(SIMPLE_QUEUE),
    "Pipe": Maker(CONNECTION, pair=True),
    "Lock": Maker(LOCK),
    "RLock": Maker(RLOCK),
    "Semaphore": Maker(SEMAPHORE),
    "BoundedSemaphore": Maker(BOUNDED_SEMAPHORE),
    "Event": Maker(EVENT),
    "Condition": Maker(CONDITION),
    "Barrier": Maker(BARRIER),
    "Value": Maker(VALUE),
    "Array": Maker(ARRAY),
    "RawValue": Maker(RAW_VALUE),
    "RawArray": Maker(RAW_ARRAY),
    "Process": Maker(PROCESS),
    "Pool": Maker(POOL),
}

MAKERS: dict[str, Maker] = {
    **_MAKERS,
    "queues.Queue": Maker(QUEUE),
    "queues.JoinableQueue": Maker(JOINABLE_QUEUE),
    "queues.SimpleQueue": Maker(SIMPLE_QUEUE),
    "connection.Pipe": Maker(CONNECTION, pair=True),
    "connection.Client": Maker(CONNECTION),
    "connection.Connection": Maker(CONNECTION),
    "process.Process": Maker(PROCESS),
    "process.BaseProcess": Maker(PROCESS),
    "context.Process": Maker(PROCESS),
    "context.ForkProcess": Maker(PROCESS, context=False, start_method="fork"),
    "context.SpawnProcess": Maker(PROCESS, context=False, start_method="spawn"),
    "context.ForkServerProcess": Maker(PROCESS, context=False, start_method="forkserver"),
    "context.ForkContext": Maker(CONTEXT, context=False, start_method="fork"),
    "context.SpawnContext": Maker(CONTEXT, context=False, start_method="spawn"),
    "context.ForkServerContext": Maker(CONTEXT, context=False, start_method="forkserver"),
    "pool.Pool": Maker(POOL),
    "shared_memory.SharedMemory": Maker(SHARED_MEMORY),
    "shared_memory.ShareableList": Maker(SHAREABLE_LIST, context=False),
    "sharedctypes.Value": Maker(VALUE),
    "sharedctypes.Array": Maker(ARRAY),
    "sharedctypes.RawValue": Maker(RAW_VALUE),
    "sharedctypes.RawArray": Maker(RAW_ARRAY),
    "pool.AsyncResult": Maker(ASYNC_RESULT),
    **{
        f"synchronize.{name}": _MAKERS[name]
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
"""The callables that make an object, below the library's root."""

GIVEN: dict[str, Kind] = {
    "AsyncResult": ASYNC_RESULT,
    "IMapIterator": IMAP_ITERATOR,
    "Lock": LOCK,
}
"""The kinds that methods give back, by the word in `Method.gives`."""

MODULE_NAMES = frozenset(
    {
        *_MAKERS,
        "Manager",
        "AuthenticationError",
        "BufferTooShort",
        "ProcessError",
        "TimeoutError",
        "active_children",
        "allow_connection_pickling",
        "connection",
        "context",
        "cpu_count",
        "current_process",
        "dummy",
        "forkserver",
        "freeze_support",
        "get_all_start_methods",
        "get_context",
        "get_logger",
        "get_start_method",
        "heap",
        "log_to_stderr",
        "managers",
        "parent_process",
        "pool",
        "popen_fork",
        "popen_forkserver",
        "popen_spawn_posix",
        "popen_spawn_win32",
        "process",
        "queues",
        "reducer",
        "reduction",
        "resource_sharer",
        "resource_tracker",
        "set_executable",
        "set_forkserver_preload",
        "set_start_method",
        "shared_memory",
        "sharedctypes",
        "spawn",
        "sys",
        "synchronize",
        "util",
    }
)
"""What `multiprocessing` itself offers: its `__all__`, and the submodules."""
