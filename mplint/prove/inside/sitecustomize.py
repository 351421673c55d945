"""Runs at the start of every Python process of an observed program, before the program.

It answers the observer's signal with the stacks of all threads, notes which processes come and go,
and makes the wished start method the default one. The program must not notice: nothing here prints,
raises, starts a thread, or imports a module that the program's own folder could hide, and the
modules of `multiprocessing` are only touched once the program imports them.

It runs under the program's interpreter: any CPython from 3.8 on, with its standard library alone.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import time

MYPY = False
if MYPY:  # `typing` may not be imported here
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.environ.get("MPLINT_RUN", "")
START_METHOD = os.environ.get("MPLINT_START_METHOD", "")
ALL_THREADS, ONE_THREAD = map(int, os.environ.get("MPLINT_SIGNALS", "0,0").split(","))
HIGH = 200  # descriptors from here on, so that the program's own keep their numbers

_stack_file = -1


def note(event: str, *fields: object) -> None:
    """Appends a line to the run's journal. One write each, so that lines of several processes do
    not mix."""
    texts = (event, str(os.getpid()), repr(time.time()), *map(str, fields))
    line = b"\t".join(text[:1000].encode("unicode_escape") for text in texts) + b"\n"
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        journal = os.open(os.path.join(RUN, "journal"), flags, 0o600)
        try:
            os.write(journal, line)
        finally:
            os.close(journal)
    except OSError:
        pass  # the run is over, its folder is gone


def answer() -> None:
    """Has this process write its stacks to a file of its own whenever the observer asks."""
    global _stack_file
    path = os.path.join(RUN, "stacks", str(os.getpid()))
    try:
        opened = _high(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError:
        return
    if ALL_THREADS:
        faulthandler.register(ALL_THREADS, file=opened, all_threads=True)
        faulthandler.register(ONE_THREAD, file=opened, all_threads=False)
    else:
        faulthandler.dump_traceback_later(0.5, repeat=True, file=opened)
    if _stack_file >= 0:
        os.close(_stack_file)
    _stack_file = opened


def _high(opened: int) -> int:
    try:
        import fcntl

        moved: int = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except (ImportError, OSError):
        return opened
    os.close(opened)
    return moved


def forked() -> None:
    """In the child of a fork: the file must be its own."""
    answer()
    note("start", "fork", os.getppid(), LIBRARY)


class AfterImport:
    """Calls a function with a module once that module has been imported, whoever imports it."""

    def __init__(self, wanted: dict[str, Callable[[Any], None]]) -> None:
        self.wanted = wanted

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        ready = self.wanted.pop(name, None)
        if ready is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                self._then(spec.loader, ready)
                return spec
        return None

    def _then(self, loader: Any, ready: Callable[[Any], None]) -> None:
        if isinstance(loader, type) or not hasattr(loader, "exec_module"):
            return  # a loader that other modules share

        original = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            original(module)
            del loader.exec_module
            try:
                ready(module)
            except Exception as error:
                note("failed", ready.__name__, repr(error))

        loader.exec_module = exec_module


def processes(module: Any) -> None:
    """`multiprocessing.process`: note every child's name, and the status with which it ends."""
    original = module.BaseProcess._bootstrap

    def _bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:
        note("name", self.name, self._parent_pid)
        status = original(self, *args, **kwargs)
        note("end", status)
        return status

    module.BaseProcess._bootstrap = _bootstrap


def contexts(module: Any) -> None:
    """`multiprocessing.context`: the default start method, which the program may still change, and
    a name for semaphores by which they are found again."""
    concrete = module._concrete_contexts.get(START_METHOD)
    if concrete is not None:
        module._default_context._default_context = concrete
    config = module.process.current_process()._config
    config["semprefix"] = "/" + os.path.basename(RUN)


def blocks(module: Any) -> None:
    """`multiprocessing.shared_memory`: note the names of the blocks that are made."""
    posix = module._posixshmem
    original = posix.shm_open

    def shm_open(path: str, flags: int, mode: int = 0o777) -> int:
        opened: int = original(path, flags, mode)
        if flags & os.O_CREAT:
            note("block", path)
        return opened

    posix.shm_open = shm_open


def next_sitecustomize() -> None:
    """Runs the `sitecustomize` that this one hides, if there is one."""
    for finder in sys.meta_path:
        spec = finder.find_spec("sitecustomize", None)
        if spec is not None and spec.loader is not None:
            module = type(sys)("sitecustomize")
            module.__file__ = spec.origin
            spec.loader.exec_module(module)
            return


sys.path[:] = [entry for entry in sys.path if entry != HERE]
LIBRARY = os.path.dirname(os.path.abspath(os.__file__))
if RUN:
    answer()
    note("start", "exec", os.getppid(), LIBRARY)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forked)
    sys.meta_path.insert(
        0,
        AfterImport(
            {
                "multiprocessing.process": processes,
                "multiprocessing.context": contexts,
                "multiprocessing.shared_memory": blocks,
            }
        ),
    )
next_sitecustomize()
