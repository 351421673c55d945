"""Whoever interrupts proofs waits for none of them: each is cancelled, and none is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mplint.outcome import Quiet
from mplint.prove import runner
from mplint.prove.interpreters import Interpreter
from mplint.prove.run import Spec
from mplint.prove.supervise import Cancelled
from mplint.rule import Rule, RuleVisitor

RULE = Rule("TST001", "name", "bug", "", "", "", RuleVisitor, Quiet())


class Endless:
    """Programs that run until somebody cancels them, in the place of a Supervisor."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.is_cancelled = False
        self.threads: list[threading.Thread] = []

    def observe(self, spec: Spec) -> None:
        self.threads.append(threading.current_thread())
        self.over.wait()
        raise Cancelled

    def cancel(self) -> None:
        self.is_cancelled = True
        self.over.set()


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Endless:
    programs = Endless()
    monkeypatch.setattr(runner, "Supervisor", lambda: programs)
    return programs


class Pool(ThreadPoolExecutor):
    """A pool that ends all programs before it waits for its threads, so that a test fails, and does
    not hang, where nobody has cancelled them."""

    programs: Endless
    on_submit: Callable[[int], None]

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs)
        self.submitted = 0

    def submit(self, *task: Any, **arguments: Any) -> Future[Any]:
        self.submitted += 1
        type(self).on_submit(self.submitted)
        return super().submit(*task, **arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        assert wait
        self.programs.over.set()
        super().shutdown(wait, cancel_futures=cancel_futures)


@pytest.fixture
def pool(endless: Endless, monkeypatch: pytest.MonkeyPatch) -> type[Pool]:
    class Used(Pool):
        programs = endless
        on_submit = staticmethod(lambda number: None)

    monkeypatch.setattr(runner, "ThreadPoolExecutor", Used)
    return Used


def prove(folder: Path) -> None:
    folder.joinpath("bad.py").touch()
    python = Interpreter("python", "CPython", "3.11.7", ("fork", "spawn"))
    runner.prove([RULE], {RULE.code: folder}, interpreters=[python], programs=["bad"], jobs=2)


def test_interrupt_while_tasks_run(
    endless: Endless, pool: type[Pool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(futures: Sequence[Future[Any]], timeout: float | None = None) -> None:
        assert timeout is not None and timeout <= 1
        raise KeyboardInterrupt

    def result(future: Future[Any], timeout: float | None = None) -> Any:
        assert future.done() or timeout is not None, "waits for ever"
        return known(future, timeout)

    known = Future.result
    monkeypatch.setattr(runner, "wait", interrupted)
    monkeypatch.setattr(Future, "result", result)
    with pytest.raises(KeyboardInterrupt):
        prove(tmp_path)
    assert endless.is_cancelled
    assert not any(thread.is_alive() for thread in endless.threads)


def test_interrupt_while_tasks_are_handed_out(
    endless: Endless, pool: type[Pool], tmp_path: Path
) -> None:
    def interrupted(number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt

    pool.on_submit = staticmethod(interrupted)
    with pytest.raises(KeyboardInterrupt):
        prove(tmp_path)
    assert endless.is_cancelled
    assert not any(thread.is_alive() for thread in endless.threads)
