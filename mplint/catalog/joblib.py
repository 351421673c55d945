"""`joblib` and `loky`: their tasks are pickled with cloudpickle, which takes lambdas too.

Neither uses the start method of `multiprocessing`: their processes are always started afresh.
"""

from __future__ import annotations

from dataclasses import replace

from mplint.catalog import futures
from mplint.catalog.kinds import Kind, Maker, Method

EXECUTOR = replace(
    futures.PROCESS_EXECUTOR,
    noun="a loky executor",
    parameters=(
        "max_workers",
        "job_reducers",
        "result_reducers",
        "timeout",
        "context",
        "initializer",
        "initargs",
    ),
)
REUSABLE_EXECUTOR = replace(
    EXECUTOR, name="get_reusable_executor", parameters=("max_workers", "context", "timeout")
)

PARALLEL = Kind(
    "Parallel",
    "executor",
    "process",
    "`joblib.Parallel`",
    "never",
    {"__call__": Method("call", ("iterable",), waits=True, tasks="delayed")},
    parameters=("n_jobs", "backend"),
)
PARALLEL_THREADS = replace(PARALLEL, family="thread", noun="`joblib.Parallel` with threads")

DELAYED = frozenset({"joblib.delayed", "joblib.parallel.delayed"})

SETTINGS = frozenset(
    {
        "joblib.parallel_backend",
        "joblib.parallel_config",
        "joblib.register_parallel_backend",
        "joblib.parallel.parallel_backend",
        "joblib.parallel.parallel_config",
    }
)
"""After a call of one of these, `Parallel` may use processes or threads."""

_PARALLEL = Maker(
    PARALLEL,
    context=False,
    threads=PARALLEL_THREADS,
    threads_when={
        "n_jobs": frozenset({1}),  # it runs the tasks itself
        "backend": frozenset({"threading", "sequential"}),
        "prefer": frozenset({"threads"}),
        "require": frozenset({"sharedmem"}),
    },
)

MAKERS: dict[str, Maker] = {
    "joblib.Parallel": _PARALLEL,
    "joblib.parallel.Parallel": _PARALLEL,
    **{
        f"{root}.{name}": Maker(kind, context=False, start_method="spawn")
        for root in ("loky", "joblib.externals.loky")
        for name, kind in {
            "ProcessPoolExecutor": EXECUTOR,
            "process_executor.ProcessPoolExecutor": EXECUTOR,
            "get_reusable_executor": REUSABLE_EXECUTOR,
            "reusable_executor.get_reusable_executor": REUSABLE_EXECUTOR,
        }.items()
    },
}
