"""`concurrent.futures`: executors of processes and of threads, and what they give back."""

from __future__ import annotations

from dataclasses import replace

from mplint.catalog.kinds import Kind, Maker, Method

_METHODS = {
    "submit": Method("call-later", ("fn",), gives="Future", tasks="submit"),
    "map": Method("call-later", ("fn",), gives="results", tasks="executor-map"),
    "shutdown": Method("shutdown", ("wait",), waits=True),
}

RUN_IN_EXECUTOR = "run_in_executor"
_LOOP = {RUN_IN_EXECUTOR: Method("call-later", ("executor", "func"), tasks="loop")}

PROCESS_EXECUTOR = Kind(
    "ProcessPoolExecutor",
    "executor",
    "process",
    "a process pool executor",
    "never",
    {**_METHODS, "terminate_workers": Method("kill"), "kill_workers": Method("kill")},
    parameters=("max_workers", "mp_context", "initializer", "initargs"),
    given_to=_LOOP,
)
THREAD_EXECUTOR = Kind(
    "ThreadPoolExecutor",
    "executor",
    "thread",
    "a thread pool executor",
    "never",
    _METHODS,
    parameters=("max_workers", "thread_name_prefix", "initializer", "initargs"),
    given_to=_LOOP,
)
INTERPRETER_EXECUTOR = replace(
    THREAD_EXECUTOR, name="InterpreterPoolExecutor", noun="an interpreter pool executor"
)
"""Of threads with an interpreter each (3.14): they are no processes."""

FUTURE = Kind(
    "Future",
    "result",
    "process",
    "a future",
    "never",
    {
        "result": Method(
            "result", ("timeout",), waits=True, raises=("concurrent.futures.TimeoutError",)
        ),
        "exception": Method(
            "result", ("timeout",), waits=True, raises=("concurrent.futures.TimeoutError",)
        ),
        "done": Method("look"),
        "running": Method("look"),
        "cancelled": Method("look"),
        "cancel": Method("other"),
        "add_done_callback": Method("other", ("fn",)),
    },
)
RESULTS = Kind("results", "result", "process", "an iterator of results", "never")

MAKERS: dict[str, Maker] = {
    "concurrent.futures.ProcessPoolExecutor": Maker(PROCESS_EXECUTOR),
    "concurrent.futures.process.ProcessPoolExecutor": Maker(PROCESS_EXECUTOR),
    "concurrent.futures.ThreadPoolExecutor": Maker(THREAD_EXECUTOR, context=False),
    "concurrent.futures.thread.ThreadPoolExecutor": Maker(THREAD_EXECUTOR, context=False),
    "concurrent.futures.InterpreterPoolExecutor": Maker(INTERPRETER_EXECUTOR, context=False),
    "concurrent.futures.interpreter.InterpreterPoolExecutor": Maker(
        INTERPRETER_EXECUTOR, context=False
    ),
}

GIVEN = {"Future": FUTURE, "results": RESULTS}
