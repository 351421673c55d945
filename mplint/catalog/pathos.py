"""`pathos`: pools with an interface of their own, which pickle with dill.

Its `multiprocessing.Pool` is the `Pool` of `multiprocess`; `ProcessPool` has `map(f, *iterables)`
as executors do, and is not closed at the end of a `with`.
"""

from __future__ import annotations

from dataclasses import replace

from mplint.catalog import multiprocessing
from mplint.catalog.kinds import Kind, Maker, Method

_F = ("f",)
_METHODS = {
    "map": Method("call", _F, waits=True, tasks="executor-map"),
    "imap": Method("call-later", _F, gives="IMapIterator", tasks="executor-map"),
    "uimap": Method("call-later", _F, gives="IMapIterator", tasks="executor-map"),
    "amap": Method("call-later", _F, gives="AsyncResult", tasks="executor-map"),
    "pipe": Method("call", _F, waits=True, tasks="submit"),
    "apipe": Method("call-later", _F, gives="AsyncResult", tasks="submit"),
    "close": Method("close"),
    "terminate": Method("kill"),
    "join": Method("join", waits=True),
    "clear": Method("shutdown", waits=True),
    "restart": Method("other"),
}

PROCESS_POOL = Kind(
    "ProcessPool",
    "executor",
    "process",
    "a pathos pool",
    "never",
    _METHODS,
    frozenset({"id", "ncpus", "nodes"}),
    ("nodes",),
)
OWN_THREAD_POOL = replace(
    PROCESS_POOL, name="ThreadPool", family="thread", noun="a pathos thread pool"
)
SERIAL_POOL = replace(PROCESS_POOL, name="SerialPool", family="thread", noun="a pathos serial pool")
"""It runs its tasks here and now, as a single thread would."""

THREAD_POOL = replace(
    multiprocessing.POOL, name="ThreadPool", family="thread", noun="a thread pool"
)

MAKERS: dict[str, Maker] = {
    f"pathos.{name}": Maker(kind, context=kind.family == "process")
    for kind, names in {
        PROCESS_POOL: (
            "multiprocessing.ProcessPool",
            "multiprocessing.ProcessingPool",
            "pools.ProcessPool",
        ),
        OWN_THREAD_POOL: (
            "multiprocessing.ThreadingPool",
            "pools.ThreadPool",
            "threading.ThreadPool",
            "threading.ThreadingPool",
        ),
        SERIAL_POOL: ("pools.SerialPool", "serial.SerialPool"),
        multiprocessing.POOL: (
            "multiprocessing.Pool",
            "multiprocessing._ProcessPool",
            "pools._ProcessPool",
            "helpers.ProcessPool",
        ),
        THREAD_POOL: (
            "multiprocessing.ThreadPool",
            "pools._ThreadPool",
            "helpers.ThreadPool",
        ),
    }.items()
    for name in names
}
