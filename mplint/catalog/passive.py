"""Names of libraries of processes that only tell something, name a type, or are for threads: a file
that uses no others starts no process and shares nothing with one."""

from __future__ import annotations

_TELLING = (
    "cpu_count",
    "current_process",
    "dummy",
    "get_logger",
    "log_to_stderr",
    "parent_process",
    "pool.ThreadPool",
    "process.current_process",
    "process.parent_process",
    "util",
    "AuthenticationError",
    "BufferTooShort",
    "ProcessError",
    "TimeoutError",
)

_BY_ROOT: dict[str, tuple[str, ...]] = {
    "multiprocessing": _TELLING,
    "torch.multiprocessing": (*_TELLING, "_set_thread_name", "reductions"),
    "multiprocess": _TELLING,
    "billiard": (
        *_TELLING,
        "common",
        "compat",
        "einfo",
        "ensure_multiprocessing",
        "exceptions",
    ),
    "joblib": (
        "Memory",
        "cpu_count",
        "dump",
        "effective_n_jobs",
        "func_inspect",
        "hash",
        "hashing",
        "load",
        "logger",
        "memory",
        "numpy_pickle",
    ),
    "loky": ("cpu_count",),
    "concurrent.futures": (
        "BrokenExecutor",
        "CancelledError",
        "Future",
        "InvalidStateError",
        "ThreadPoolExecutor",
        "TimeoutError",
        "as_completed",
        "wait",
        "FIRST_COMPLETED",
        "FIRST_EXCEPTION",
        "ALL_COMPLETED",
        "thread",
        "_base.Future",
        "process.BrokenProcessPool",
        "thread.BrokenThreadPool",
    ),
}

NAMES = frozenset(f"{root}.{name}" for root, names in _BY_ROOT.items() for name in names)
DEPTH = max(name.count(".") + 1 for name in NAMES)
"""No name has more pieces."""
