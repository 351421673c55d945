"""The runtime companion: what it sees of programs, and that it leaves nothing of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

import psutil
import pytest

from mplint import registry
from mplint.outcome import AnyOf, Differs, Hangs, Leaks, Outcome, Quiet, Raises
from mplint.prove import (
    ProveError,
    cleanup,
    command,
    interpreters,
    judge,
    runner,
    stacks,
    tracebacks,
)
from mplint.prove.describe import describe
from mplint.prove.observation import Error, Frame, Left, Observation, ProcessSeen, Stack
from mplint.prove.output import HEAD, LARGE, TAIL, Output
from mplint.prove.run import Run, Spec
from mplint.prove.supervise import Cancelled, Supervisor
from mplint.registry import Registry, RegistryError
from mplint.rule import Applies, Rule, RuleVisitor

PROGRAMS = Path(__file__).parent / "prove_programs"
METHODS = interpreters.ask().start_methods
SPAWNED = tuple(method for method in METHODS if method != "fork")
IS_314 = sys.version_info >= (3, 14)

# What each program does, under which start methods, and a part of what is said of it.
CASES: list[tuple[str, tuple[str, ...], Outcome, str]] = [
    ("get_never_fed", METHODS, Hangs("get"), "hangs: main waits in Queue.get (get_never_fed.py:7)"),
    ("join_before_drain", METHODS, Hangs("join"), "main waits in Process.join"),
    ("join_before_drain", METHODS, Hangs("_finalize_join"), "Queue._finalize_join at its end"),
    ("get_outlives_producer", METHODS, Hangs("get"), "Process-1 raises ZeroDivisionError: "),
    ("lock_twice", METHODS, Hangs("acquire"), "taker waits in `lock.acquire()` (lock_twice.py:8)"),
    ("manager_get", METHODS, Hangs("get"), "main waits in get (manager_get.py:7)"),
    ("pool_lost_task", METHODS, Hangs("map"), "wait for work"),
    ("polling_pool", METHODS, Hangs("map"), "main waits in Pool.map (polling_pool.py:9)"),
    ("thread_waits", METHODS, Hangs("get"), "main waits in Queue.get in a thread"),
    ("pool_initializer", METHODS, Hangs("map"), "its workers fail and are replaced for ever"),
    ("pool_unguarded", ("fork",), Quiet(), "nothing"),
    ("pool_unguarded", ("spawn",), Hangs("map"), "RuntimeError: An attempt has been made"),
    (
        "pool_unguarded",
        ("forkserver",),
        AnyOf((Hangs("map"), Raises("ConnectionResetError"))),
        "RuntimeError: An attempt has been made",
    ),
    ("child_raises", METHODS, Raises("Refused", "today nor"), "worker raises Refused: not today"),
    ("main_raises", METHODS, Raises("ZeroDivisionError"), "main raises ZeroDivisionError: "),
    ("lost_result", METHODS, Differs(), "expected 1, got 0"),
    (
        "flood",
        ("fork",),
        Raises("ValueError", "all that"),
        "ValueError: after all that, expected 1, got 2",
    ),
    ("leaves_block", ("spawn",), Leaks("shared memory"), "leaves shared memory behind (/psm_"),
    ("leaves_tracked_block", ("spawn",), Leaks("shared memory"), "by the resource tracker"),
    ("leaves_semaphore", ("spawn",), Leaks("semaphore"), "leaves a semaphore behind ("),
    ("leaves_file", ("fork",), Leaks("file"), "leaves a file behind (forgotten-"),
    ("leaves_daemon", ("fork",), Leaks("process"), "leaves a process behind ("),
    ("good_queue", METHODS, Quiet(), "nothing"),
    ("good_mix", METHODS, Quiet(), "nothing"),
    ("replaced_workers", METHODS, Quiet(), "nothing"),
    ("slow_forkserver", ("forkserver",), Quiet(), "nothing"),
    ("retries", METHODS, Raises("ConnectionError"), "raise ConnectionError: not yet"),
]
UNDECIDED = [
    ("busy", METHODS, "Process-1 is in `sum(itertools.repeat(0))`"),
    ("sleeper", METHODS, "Process-1 is in `time.sleep(600)`"),
    ("timed_get", ("fork",), "main is in Queue.get"),
    ("polling_thread", ("fork",), "main is in Queue.get"),
]
UNDECIDED_SECONDS = 6.0

posix_only = pytest.mark.skipif(os.name != "posix", reason="runs are not locked here")


def spec_of(
    name: str, method: str | None, seconds: float = 30.0, *arguments: str, **environment: str
) -> Spec:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    path = str(PROGRAMS / f"{name}.py")
    return Spec(
        command=(sys.executable, "-B", path, *arguments),
        environment={**kept, **environment},
        source=str(PROGRAMS),
        start_method=method,
        seconds=seconds,
    )


@pytest.fixture(scope="module")
def observed() -> Iterator[Mapping[tuple[str, str], Observation]]:
    """What was seen of each program under each of its start methods, several run at once."""
    wished = {(name, method): 30.0 for name, methods, *_ in CASES for method in methods}
    wished |= {(name, m): UNDECIDED_SECONDS for name, methods, _ in UNDECIDED for m in methods}
    wished = {key: seconds for key, seconds in wished.items() if key[1] in METHODS}
    specs = {key: spec_of(*key, seconds) for key, seconds in wished.items()}
    supervisor = Supervisor()
    with ThreadPoolExecutor(4) as pool:
        futures = {key: pool.submit(supervisor.observe, spec) for key, spec in specs.items()}
        seen = {key: future.result() for key, future in futures.items()}
    for spec in specs.values():
        assert remains(spec.folder) == []
    yield seen


def remains(folder: str) -> list[str]:
    """What there still is of a run: processes with its mark or its name in their command line, its
    folder, and what carries its name in shared memory."""
    name = Path(folder).name
    left = [
        str(path) for path in (Path(folder), *Path("/dev/shm").glob(f"*{name}*")) if path.exists()
    ]
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = [*process.cmdline(), process.environ().get("MPLINT_RUN", "")]
        except psutil.Error:
            continue
        if any(name in word for word in words):
            left.append(str(process))
    return left


def wait_for(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What a condition says, once it says something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return found


# --- what is seen ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "method", "outcome", "said"),
    [
        pytest.param(name, method, outcome, said, id=f"{name}-{method}")
        for name, methods, outcome, said in CASES
        for method in methods
        if method in METHODS
    ],
)
def test_outcome(observed: Any, name: str, method: str, outcome: Outcome, said: str) -> None:
    seen = observed[name, method]
    assert judge.holds(outcome, seen), describe(seen) + seen.stderr
    assert said in describe(seen)
    assert judge.is_quiet(seen) == (outcome == Quiet())


@pytest.mark.parametrize(
    ("name", "method", "said"),
    [
        pytest.param(name, method, said, id=f"{name}-{method}")
        for name, methods, said in UNDECIDED
        for method in methods
    ],
)
def test_whoever_runs_or_will_wake_up_does_not_hang(
    observed: Any, name: str, method: str, said: str
) -> None:
    seen = observed[name, method]
    assert seen.ending == "undecided"
    assert seen.seconds >= UNDECIDED_SECONDS
    assert said in describe(seen)
    assert not judge.holds(Hangs("join"), seen)
    assert not judge.holds(Hangs("get"), seen)


@pytest.mark.parametrize("method", METHODS)
def test_hang_says_where_each_process_waits(observed: Any, method: str) -> None:
    seen = observed["join_before_drain", method]
    main, child = (process for process in seen.processes if process.kind in ("main", "child"))
    assert (main.name, child.name) == ("main", "Process-1")
    assert main.alive and child.alive and child.parent == main.pid
    frames = [frame for stack in main.stacks for frame in stack.frames if frame.user]
    assert [(Path(frame.file).name, frame.line) for frame in frames] == [
        ("join_before_drain.py", 14)
    ]
    # nothing of what the parent did before it made the child
    assert not any(frame.user for stack in child.stacks for frame in stack.frames)
    assert any(frame.function == "_feed" for stack in child.stacks for frame in stack.frames)


def test_idle_worker_is_no_evidence(observed: Any) -> None:
    seen = observed["pool_lost_task", "fork"]
    assert any(
        frame.function == "recv_bytes" or frame.function == "__enter__"
        for process in seen.processes
        if process.kind == "child"
        for stack in process.stacks
        for frame in stack.frames
    )
    for call in ("recv_bytes", "_handle_workers", "__enter__", "recv"):
        assert not judge.holds(Hangs(call), seen)


@pytest.mark.parametrize("method", METHODS)
def test_helpers_are_known(observed: Any, method: str) -> None:
    seen = observed["join_before_drain", method]
    kinds = {process.kind for process in seen.processes}
    assert ("forkserver" in kinds) == (method == "forkserver")
    assert ("resource tracker" in kinds) == (method != "fork")


def test_exit_status_of_a_child_is_known(observed: Any) -> None:
    (child,) = (p for p in observed["child_raises", "fork"].processes if p.kind == "child")
    assert (child.name, child.alive, child.exit_status) == ("worker", False, 1)


def test_observation_survives_json(observed: Any) -> None:
    for seen in observed.values():
        assert Observation.from_json(json.loads(json.dumps(seen.to_json()))) == seen


def test_text_is_bounded_and_its_end_is_kept(observed: Any) -> None:
    seen = observed["flood", "fork"]
    assert len(seen.stderr) < 200_000
    assert seen.stderr.startswith("0" * 1000)
    assert seen.stderr.rstrip().endswith("ValueError: after all that")
    assert "bytes left out" in seen.stderr


def test_feeder_that_prints_ends_no_process() -> None:
    seen = Supervisor().observe(spec_of("feeder_prints", "spawn"))
    assert not judge.holds(Raises("PicklingError"), seen)
    assert not judge.is_quiet(seen)
    assert "prints PicklingError" in describe(seen)


def test_exit_status_alone_is_told_but_proves_nothing() -> None:
    seen = Supervisor().observe(spec_of("killed", None))
    assert describe(seen) == "main is killed by SIGKILL"
    for outcome in (Quiet(), Differs(), Raises("KeyboardInterrupt"), Leaks("process")):
        assert not judge.holds(outcome, seen)


# --- the program does not notice ------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_start_method_is_only_the_default(method: str) -> None:
    supervisor = Supervisor()
    seen = supervisor.observe(spec_of("start_method", method))
    assert seen.stdout == f"got: {method}\n"
    other = METHODS[METHODS.index(method) - 1]
    chosen = supervisor.observe(spec_of("start_method", method, 30.0, other))
    assert chosen.stdout == f"got: {other}\n" and chosen.stderr == ""


def test_other_sitecustomize_runs_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.customized = True\n")
    seen = Supervisor().observe(spec_of("shadow", None, PYTHONPATH=str(tmp_path)))
    assert (seen.stdout, seen.stderr) == ("got: True\n", "")


def test_modules_beside_the_program_are_not_hidden(tmp_path: Path) -> None:
    """What runs before the program has not imported a library module of the same name."""
    names = ("json", "queue", "random", "signal", "socket", "tempfile", "typing", "selectors")
    for name in names:
        (tmp_path / f"{name}.py").write_text("own = True\n")
    lines = [f"import {', '.join(names)}", f"print(all(m.own for m in ({', '.join(names)})))"]
    (tmp_path / "main.py").write_text("\n".join(lines))
    spec = spec_of("shadow", METHODS[0])
    command = (sys.executable, str(tmp_path / "main.py"))
    seen = Supervisor().observe(Spec(command, spec.environment, str(tmp_path), METHODS[0]))
    assert (seen.stdout, seen.stderr) == ("True\n", "")


def test_program_that_cannot_start_is_told() -> None:
    seen = Supervisor().observe(Spec(("/nowhere/python",), {}, "/"))
    assert seen.ending == "undecided" and "/nowhere/python" in describe(seen)
    assert not judge.is_quiet(seen)


# --- where the system tells less ------------------------------------------------------------------

BLIND = """
import sys
from mplint.prove import kernel, observer
kernel.sys = type(sys)("sys")
kernel.sys.platform = "elsewhere"
sys.exit(observer.main())
"""


def observe_blindly(spec: Spec) -> Observation:
    observer = subprocess.Popen(
        [sys.executable, "-c", BLIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert observer.stdin and observer.stdout
    with observer.stdin, observer.stdout:
        observer.stdin.write(json.dumps(spec.to_json()) + "\n")
        observer.stdin.flush()
        answer = observer.stdout.read()
    observer.wait()
    return Observation.from_json(json.loads(answer))


def test_hang_is_seen_without_knowledge_of_single_threads() -> None:
    names = {"get_never_fed": 30.0, "manager_get": 30.0, "sleeper": 8.0, "pool_initializer": 30.0}
    with ThreadPoolExecutor(4) as pool:
        specs = [spec_of(name, "fork", seconds) for name, seconds in names.items()]
        seen = dict(zip(names, pool.map(observe_blindly, specs), strict=True))
    assert judge.holds(Hangs("get"), seen["get_never_fed"])
    assert seen["get_never_fed"].seconds > 5
    assert judge.holds(Hangs("get"), seen["manager_get"])
    assert judge.holds(Hangs("map"), seen["pool_initializer"])
    assert seen["sleeper"].ending == "undecided"


# --- nothing is left ------------------------------------------------------------------------------

CONTROLLER = """
import signal, sys
from pathlib import Path
from mplint.outcome import Quiet
from mplint.prove import interpreters, runner
from mplint.rule import Rule, RuleVisitor
signal.signal(signal.SIGINT, signal.default_int_handler)
rule = Rule("TST001", "name", "bug", "", "", "", RuleVisitor, Quiet())
results = runner.prove(
    [rule], {"TST001": Path(sys.argv[1])}, interpreters=[interpreters.ask()],
    start_methods=["fork"], programs=["bad"], jobs=1,
)
print(results[0].seen)
"""


class Controlled:
    """mplint at work, and all that belongs to it."""

    def __init__(self, *arguments: str) -> None:
        self.mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, "PROVE_TEST": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.folder = ""

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("PROVE_TEST") == self.mark
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
                    self.folder = process.environ().get("MPLINT_RUN") or self.folder
            except psutil.Error:
                continue
        return found

    def observers(self) -> list[psutil.Process]:
        return [p for p in self.processes() if "mplint.prove.observer" in _command(p)]

    def first_process(self) -> bool:
        return any(p.pid for p in self.processes() if "bad.py" in _command(p))

    def children(self) -> bool:
        self.processes()
        return bool(self.folder) and len(self.escaped()) >= 1

    def everything(self) -> bool:
        self.processes()
        return bool(self.folder) and len(self.escaped()) == 3

    def escaped(self) -> list[psutil.Process]:
        """Those in a session of their own and without the environment."""
        name = Path(self.folder).name
        return [p for p in psutil.process_iter() if _command(p).endswith(f"sleep(600) {name}")]

    def gone(self) -> bool:
        return not self.processes() and (not self.folder or remains(self.folder) == [])

    def end(self) -> None:
        for process in [*self.processes(), *(self.escaped() if self.folder else [])]:
            process.kill()
        self.process.communicate()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.fixture
def controlled(tmp_path: Path) -> Iterator[Controlled]:
    """mplint with a program that makes cleaning up hard."""
    tmp_path.joinpath("bad.py").write_text((PROGRAMS / "everything.py").read_text())
    controlled = Controlled("-c", CONTROLLER, str(tmp_path))
    yield controlled
    controlled.end()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["observers", "first_process", "children", "everything"])
def test_nothing_is_left_when_mplint_is_stopped(
    controlled: Controlled, moment: str, number: signal.Signals
) -> None:
    wait_for(getattr(controlled, moment))
    controlled.process.send_signal(number)
    _, stderr = controlled.process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert stderr.rstrip().endswith("KeyboardInterrupt")
        assert controlled.gone()  # before mplint itself has ended
    wait_for(controlled.gone)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_observer_is_stopped(
    controlled: Controlled, number: signal.Signals
) -> None:
    wait_for(controlled.everything)
    (observer,) = controlled.observers()
    observer.send_signal(number)
    stdout, stderr = controlled.process.communicate(timeout=30)
    assert controlled.gone()
    assert stderr == ""
    said = {signal.SIGKILL: "not observed: the observer ended with status -9\n"}
    assert stdout == said.get(number, "stopped before its end\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_command_has_ended(number: signal.Signals) -> None:
    controlled = Controlled("-m", "mplint", "prove", "MPL111")
    try:
        wait_for(controlled.first_process)
        controlled.process.send_signal(number)
        stdout, stderr = controlled.process.communicate(timeout=30)
        assert controlled.gone()
    finally:
        controlled.end()
    said = {signal.SIGINT: "mplint: interrupted\n"}
    assert (stdout, stderr) == ("", said.get(number, ""))
    assert controlled.process.returncode == {signal.SIGINT: 2}.get(number, 128 + number)


@posix_only
def test_next_run_removes_what_mplint_and_its_observer_left(controlled: Controlled) -> None:
    wait_for(controlled.everything)
    both = [*controlled.observers(), psutil.Process(controlled.process.pid)]
    for process in both:
        process.suspend()  # so that neither cleans up after the other
    for process in both:
        process.kill()
    for process in both:
        process.wait()
    cleanup.sweep()
    wait_for(controlled.gone)  # another `mplint prove` on this machine may do it as well


@posix_only
def test_sweep_spares_runs_that_are_watched() -> None:
    run = Run(Path(spec_of("shadow", None).folder))
    run.make()
    cleanup.sweep()
    assert run.stacks.is_dir()
    shutil.rmtree(run.folder)


@posix_only
def test_sweep_spares_who_only_has_a_number_or_a_name_of_an_old_run() -> None:
    run = Run(Path(spec_of("shadow", None).folder))
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, start_new_session=True)
    block = shared_memory.SharedMemory(create=True, size=1)
    try:
        run.stacks.mkdir(parents=True)
        said = [f"main\t{other.pid}\t0", f"start\t{other.pid}\t1.0\texec\t1\t/lib"]
        said += ["not ours", f"block\t{other.pid}\t1.0\t/{block.name}", ""]
        run.journal.write_text("\n".join(said))
        for path in run.folder.iterdir():
            os.utime(path, (1.0, 1.0))
        cleanup.sweep()
        assert not run.folder.exists()
        assert other.poll() is None
        shared_memory.SharedMemory(block.name).close()
    finally:
        other.communicate()
        block.close()
        block.unlink()


@posix_only
def test_sweep_removes_what_is_left_of_a_folder() -> None:
    """Whoever made or removed it was killed on the way."""
    empty, begun, new = (Run(Path(spec_of("shadow", None).folder)) for _ in range(3))
    for run in (empty, begun, new):
        run.folder.mkdir()
    begun.stacks.mkdir()
    os.utime(empty.folder, (1.0, 1.0))
    cleanup.sweep()
    assert not empty.folder.exists() and not begun.folder.exists()
    assert new.folder.exists()  # its observer has yet to lock it
    new.folder.rmdir()


def test_a_run_is_known_for_one_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the removal of a run is cut short, the next one goes on."""
    for last in range(20):
        run = Run(Path(spec_of("shadow", None).folder))
        run.make()
        run.journal.write_text("main\t0\t0\n")
        (run.work / "kept").mkdir()
        (run.temporary / "file").write_text("")
        (run.work / "link").symlink_to(run.temporary)
        steps = iter(range(last))

        class Killed(BaseException):
            pass

        def counted(original: Callable[..., Any], steps: Any = steps, killed: Any = Killed) -> Any:
            def step(*arguments: Any, **options: Any) -> Any:
                if next(steps, None) is None:
                    raise killed
                return original(*arguments, **options)

            return step

        with monkeypatch.context() as patched:
            for name in ("unlink", "rmdir"):
                patched.setattr(os, name, counted(getattr(os, name)))
            try:
                run.remove()
            except Killed:
                pass
            else:
                assert not run.folder.exists()
                return
        if any(run.folder.iterdir()):
            assert run.stacks.is_dir()
        shutil.rmtree(run.folder)
    pytest.fail("a removal takes more steps than that")


def test_cancelled_runs_are_cleaned_up() -> None:
    supervisor = Supervisor()
    spec = spec_of("sleeper", "spawn")
    raised: list[BaseException] = []

    def observe() -> None:
        try:
            supervisor.observe(spec)
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=observe)
    thread.start()
    wait_for(Path(spec.folder).is_dir)
    supervisor.cancel()
    thread.join()
    assert raised
    assert remains(spec.folder) == []
    with pytest.raises(Cancelled):
        supervisor.observe(spec)


# --- reading and judging --------------------------------------------------------------------------


def test_tracebacks_of_several_processes_at_once() -> None:
    text = """\
Process Process-1:
Process Process-2:
Traceback (most recent call last):
Traceback (most recent call last):
  File "/usr/lib/python3.11/multiprocessing/process.py", line 314, in _bootstrap
  File "/usr/lib/python3.11/multiprocessing/process.py", line 314, in _bootstrap
    self.run()
    raise ValueError(1)
ValueError: 1
KeyError: 'x'
Exception in thread Thread-1 (work):
Traceback (most recent call last):
  File "bad.py", line 3, in work
json.decoder.JSONDecodeError: Expecting value
"""
    assert tracebacks.find(text, main_failed=False) == (
        Error("Process-1", "ValueError", "1", True),
        Error("Process-2", "KeyError", "'x'", True),
        Error("thread Thread-1 (work)", "json.decoder.JSONDecodeError", "Expecting value", True),
    )


def test_only_the_last_of_chained_tracebacks_counts() -> None:
    text = '''\
multiprocessing.pool.RemoteTraceback:
"""
Traceback (most recent call last):
  File "bad.py", line 5, in work
ZeroDivisionError: division by zero
"""

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "bad.py", line 9, in <module>
RuntimeError: no
    and further
'''
    expected = (Error("main", "RuntimeError", "no\nand further", True),)
    assert tracebacks.find(text, main_failed=True) == expected


def test_ignored_exception_ends_nothing() -> None:
    text = """\
Exception ignored in: <function Pool.__del__ at 0x7f>
Traceback (most recent call last):
  File "pool.py", line 268, in __del__
OSError: closed
"""
    assert tracebacks.find(text, main_failed=False) == (
        Error("a process", "OSError", "closed", False),
    )


def test_stack_of_a_forked_child_begins_with_its_own_life() -> None:
    text = """\
Thread 0x00007fab629cf6c0 [QueueFeederThread] (most recent call first):
  File "/lib/python3.14/threading.py", line 373 in wait
  File "/lib/python3.14/multiprocessing/queues.py", line 251 in _feed
  File "/lib/python3.14/threading.py", line 1045 in _bootstrap

Current thread 0x00007fab62d97400 [python3.14] (most recent call first):
  File "/home/me/bad.py", line 5 in work
  File "/lib/python3.14/multiprocessing/process.py", line 108 in run
  File "/lib/python3.14/multiprocessing/process.py", line 313 in _bootstrap
  File "/lib/python3.14/multiprocessing/popen_fork.py", line 71 in _launch
  File "/home/me/bad.py", line 12 in main
"""
    feeder, main = stacks.parse(text, lambda file: file.startswith("/home"), forked=True)
    assert not feeder.main and [frame.function for frame in feeder.frames][1] == "_feed"
    assert main.main and [frame.function for frame in main.frames] == ["work", "run"]


@pytest.mark.parametrize("frees", [True, False])
def test_output_is_bounded_while_the_program_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frees: bool
) -> None:
    if not frees:
        monkeypatch.setattr("mplint.prove.output.free", lambda *_: False)
    output = Output(tmp_path / "text")
    os.write(output.descriptor, b"begin\n")
    written = 6
    for number in range(3):
        written += os.write(output.descriptor, b"x" * (LARGE + HEAD + 1))
        written += os.write(output.descriptor, f"end {number}\n".encode())
        output.bound()
        assert (tmp_path / "text").stat().st_blocks * 512 < LARGE / 2
    assert output.text().startswith("begin\nxxx")
    assert output.text().endswith("xxxend 2\n")
    written += os.write(output.descriptor, b"last words")
    assert output.text().endswith("xxxend 2\nlast words")
    assert f"... {written - HEAD - TAIL} bytes left out ..." in output.text()
    output.close()


@pytest.mark.skipif(sys.platform != "linux", reason="files can be made smaller at their end only")
def test_output_loses_nothing_that_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is written between a look at the file and its end being cut off would be lost."""
    output = Output(tmp_path / "text")
    look = os.fstat

    def look_before_it_writes(descriptor: int) -> os.stat_result:
        seen = look(descriptor)
        if descriptor == output.descriptor:
            os.write(descriptor, b"last words")
        return seen

    os.write(output.descriptor, b"x" * (2 * LARGE))
    monkeypatch.setattr(os, "fstat", look_before_it_writes)
    output.bound()
    monkeypatch.undo()
    assert output.text().endswith("xlast words")
    output.close()


def test_output_that_is_cut_off_has_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no room is given back, its end is read again when it has grown meanwhile."""
    output = Output(tmp_path / "text")
    read, words = output._read, [b"last words"]

    def read_before_it_writes(begin: int, count: int) -> bytes:
        seen = read(begin, count)
        if begin and words:
            os.write(output.descriptor, words.pop())
        return seen

    os.write(output.descriptor, b"x" * (2 * LARGE))
    monkeypatch.setattr("mplint.prove.output.free", lambda *_: False)
    monkeypatch.setattr(output, "_read", read_before_it_writes)
    output.bound()
    assert output.text().endswith("xlast words")
    output.close()


def test_words_for_outcomes() -> None:
    outcome = AnyOf((Hangs("get"), Raises("OSError", "text"), Differs(), Leaks("file"), Quiet()))
    assert judge.in_words(outcome) == (
        "hangs in get or raises OSError (text) or gives a wrong result "
        "or leaves a file behind or nothing"
    )


def seen_waiting(*frames: Frame, kind: Any = "main") -> Observation:
    process = ProcessSeen(1, 0, kind, kind, True, None, (Stack(True, frames),))
    return Observation("hangs", processes=(process,))


def test_description_is_the_same_in_every_run() -> None:
    frames = (Frame("/lib/queues.py", 1, "get", False), Frame("/home/me/bad.py", 5, "work", True))
    waiting = tuple(
        ProcessSeen(pid, 0, name, "child", True, None, (Stack(True, frames),))
        for pid, name in enumerate(("Process-10", "Process-2", "main"))
    )
    said = "hangs: main, Process-2 and Process-10 wait in get (bad.py:5)"
    assert describe(Observation("hangs", processes=waiting)) == said
    error = Error("main", "PicklingError", "Can't pickle\n  <function f at 0x7f3e>", True)
    said = "main raises PicklingError: Can't pickle <function f>"
    assert describe(Observation("ended", 1, errors=(error,))) == said


def test_hang_must_be_in_the_call_that_is_named(tmp_path: Path) -> None:
    program = tmp_path / "bad.py"
    program.write_text("a.target()\nb.other()\n")
    user = Frame(str(program), 1, "<module>", True)
    library = Frame("/lib/queues.py", 1, "get", False)
    assert judge.holds(Hangs("get"), seen_waiting(library, user))
    assert not judge.holds(Hangs("put"), seen_waiting(library, user))
    assert not judge.holds(Hangs("get"), seen_waiting(library, kind="forkserver"))
    # no frame for a function in C: but the line counts only if nothing further in waits
    assert judge.holds(Hangs("target"), seen_waiting(user))
    assert not judge.holds(Hangs("target"), seen_waiting(library, user))
    assert not judge.holds(Hangs("other"), seen_waiting(user))
    ended = Observation("ended", processes=seen_waiting(library, user).processes)
    assert not judge.holds(Hangs("get"), ended)


def test_exact_outcomes() -> None:
    error = Error("main", "_pickle.PicklingError", "Can't pickle\n  it", True)
    raised = Observation("ended", 1, errors=(error,))
    assert judge.holds(Raises("PicklingError", "pickle it"), raised)
    assert not judge.holds(Raises("PicklingError", "unpickle"), raised)
    assert not judge.holds(Raises("Error"), raised)
    assert not judge.holds(Raises("PicklingError"), Observation("hangs", errors=(error,)))
    assert judge.holds(Differs(), Observation("ended", 0, stdout="expected: 1\ngot: 2\n"))
    assert not judge.holds(Differs(), Observation("ended", 0, stdout="expected: 1\n"))
    assert not judge.holds(Differs(), Observation("ended", 0, stdout="expected: 1\ngot: 1\n"))
    leaked = Observation("ended", 0, left=(Left("shared memory", "x"),))
    assert judge.holds(Leaks("shared memory block"), leaked)
    assert not judge.holds(Leaks("semaphore"), leaked)
    assert not judge.is_quiet(leaked)


# --- rules ----------------------------------------------------------------------------------------

RULES = registry.load().rules


@pytest.fixture(scope="module")
def proved() -> dict[tuple[str, str, str], Any]:
    """What `mplint prove` says of all rules on this interpreter."""
    ran = subprocess.run(
        [sys.executable, "-m", "mplint", "prove", "--output-format", "json"],
        capture_output=True,
        text=True,
    )
    assert ran.stderr == ""
    found = json.loads(ran.stdout)
    assert ran.returncode == (0 if all(one["holds"] for one in found) else 1)
    return {(one["code"], one["start_method"], one["program"]): one for one in found}


@pytest.mark.parametrize("program", ["bad", "good"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("code", RULES)
def test_rule_does_what_it_claims(proved: Any, code: str, method: str, program: str) -> None:
    one = proved[code, method, program]
    said = f"the rule says: {one['claim']}\nbut what was seen: {one['seen']}"
    assert one["holds"], f"{said}\n{one['observation']['stderr']}"
    if program == "bad":
        bites = runner.applies(RULES[code], one["version"], method)
        assert (one["claim"] != "nothing") == bites


FAILS_UNLESS_FORKED = """
import multiprocessing as mp
LIMIT = 1
def work():
    assert LIMIT == 2, "the old limit"
if __name__ == "__main__":
    LIMIT = 2
    child = mp.Process(target=work)
    child.start()
    child.join()
"""


def make_rule(code: str, proof: Any, applies: Applies | None = None) -> Rule:
    return Rule(code, "name", "bug", "", "", "", RuleVisitor, proof, applies or Applies())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.joinpath("bad.py").write_text(FAILS_UNLESS_FORKED)
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "helper.py").write_text("VALUE = 1\n")
    (tmp_path / "good" / "main.py").write_text("import helper\nprint(helper.VALUE)\n")
    return tmp_path


def prove(rule: Rule, folder: Path, **settings: Any) -> dict[tuple[str, str], bool]:
    results = runner.prove(
        [rule], {rule.code: folder}, interpreters=[interpreters.ask()], **settings
    )
    return {(result.task.start_method, result.task.program): result.holds for result in results}


PROOF = Raises("AssertionError", "the old limit")


def test_claim_is_tested_both_ways(folder: Path) -> None:
    right = make_rule("TST001", PROOF, Applies(SPAWNED))
    assert set(prove(right, folder).values()) == {True}
    # claimed where it does not bite
    wide = prove(make_rule("TST001", PROOF), folder)
    assert {key for key, holds in wide.items() if not holds} == {("fork", "bad")}
    # not claimed where it does
    narrow = prove(make_rule("TST001", PROOF, Applies(("spawn",))), folder)
    assert {key for key, holds in narrow.items() if not holds} == {("forkserver", "bad")}
    # another outcome than that claimed
    other = prove(make_rule("TST001", Hangs("join"), Applies(SPAWNED)), folder, programs=["bad"])
    assert other == {("fork", "bad"): True, ("spawn", "bad"): False, ("forkserver", "bad"): False}


def test_claim_is_bound_to_versions_and_start_methods() -> None:
    proof = {"spawn": PROOF, "fork": Hangs("get")}
    rule = make_rule("TST001", proof, Applies(("spawn", "fork"), ">=3.11,<3.14"))
    assert runner.claimed(rule, "3.11.7", "spawn") == PROOF
    assert runner.claimed(rule, "3.13.0rc1", "fork") == Hangs("get")
    assert runner.claimed(rule, "3.10.13", "spawn") == Quiet()
    assert runner.claimed(rule, "3.14.1", "spawn") == Quiet()
    assert runner.claimed(rule, "3.12.0", "forkserver") == Quiet()
    with pytest.raises(ProveError, match="TST001 applies under forkserver"):
        runner.claimed(make_rule("TST001", proof), "3.12.0", "forkserver")


def test_good_program_must_end_well(folder: Path) -> None:
    folder.joinpath("good", "main.py").write_text("print('expected: 1')\nprint('got: 2')\n")
    rule = make_rule("TST001", PROOF)
    assert prove(rule, folder, start_methods=["fork"], programs=["good"]) == {
        ("fork", "good"): False
    }


def test_rule_without_program_is_named(folder: Path) -> None:
    folder.joinpath("bad.py").unlink()
    with pytest.raises(ProveError, match=r"has no bad\.py"):
        prove(make_rule("TST001", PROOF), folder)


@pytest.fixture
def rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    right = make_rule("TST001", PROOF, Applies(SPAWNED))
    wrong = make_rule("TST002", PROOF)
    known = Registry({"TST001": right, "TST002": wrong}, {"TST001": folder, "TST002": folder})
    monkeypatch.setattr(registry, "load", lambda: known)
    return known


def run(*arguments: Any) -> tuple[int, str]:
    output = io.StringIO()
    defaults: list[Any] = [[], [], [], 2, "text"]
    filled = [*arguments, *defaults[len(arguments) :]]
    return command.run(*filled, output), output.getvalue()


def test_report_as_text(rules: Registry) -> None:
    status, text = run()
    assert status == 1
    rows = [line.split() for line in text.splitlines() if line.strip()]
    version = interpreters.ask().name.split()
    assert ["TST001", *version, "bad.py", "fork", "nothing", "holds"] in rows
    assert "the rule says: raises AssertionError (the old limit)" in text
    assert "FAILS" in text
    assert rows[-1] == ["11", "of", "12", "claims", "hold."]
    assert run(["TST001"], [], ["spawn"])[0] == 0


def test_report_as_json(rules: Registry) -> None:
    status, text = run(["TST001"], [sys.executable], ["spawn", "fork"], 1, "json")
    found = json.loads(text)
    assert status == 0
    order = [(one["start_method"], one["program"]) for one in found]
    assert order == [("fork", "bad"), ("fork", "good"), ("spawn", "bad"), ("spawn", "good")]
    bad = found[2]
    assert bad["code"] == "TST001" and bad["holds"] is True
    assert bad["claim"] == "raises AssertionError (the old limit)"
    assert bad["seen"] == "Process-1 raises AssertionError: the old limit"
    assert bad["version"] == ".".join(map(str, sys.version_info[:3]))
    assert bad["observation"]["ending"] == "ended"


def test_wrong_usage_is_named(rules: Registry) -> None:
    with pytest.raises(RegistryError, match="TST003"):
        run(["TST003"])
    with pytest.raises(ProveError, match="no-such-python"):
        run([], ["no-such-python"])
    with pytest.raises(ProveError, match="does not run as a Python"):
        run([], ["true"])
    with pytest.raises(ProveError, match="'spwan'; did you mean 'spawn'"):
        run([], [], ["spwan"])
    with pytest.raises(ProveError, match="--jobs 0"):
        run([], [], [], 0)
    with pytest.raises(ProveError, match="MPL001"):
        run(["MPL001"])


def test_sentence_for_a_finding(rules: Registry) -> None:
    name = interpreters.ask().name
    said = command.seen(["TST001", "TST002"], 2)
    claim = "raises AssertionError (the old limit) here under spawn and forkserver"
    assert said["TST001"] == f"{claim}, {name}"
    assert said["TST002"] == f"was not seen here (nothing) under fork, {claim}, {name}"
    assert command.seen([], 2) == {}


@posix_only
def test_progress_is_shown_on_a_terminal_only() -> None:
    ours, theirs = os.openpty()
    ran = subprocess.Popen(
        [sys.executable, "-m", "mplint", "prove", "MPL115", "--start-method", "spawn"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        text=True,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
        while text := os.read(ours, 4096):
            shown += text
    os.close(ours)
    stdout, _ = ran.communicate()
    assert b"proving" in shown and b"0/2" in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")  # the cursor is back
    assert stdout.splitlines()[-1] == "2 of 2 claims hold." and "\x1b" not in stdout


def test_interpreter_is_known_by_path_or_name(
    rules: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("own-python").symlink_to(sys.executable)
    assert run(["TST001"], ["./own-python"], ["spawn"])[0] == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["TST001"], ["own-python"], ["spawn"])[0] == 0
    monkeypatch.setattr(interpreters, "OLDEST", (4, 0))
    with pytest.raises(ProveError, match=r"own-python: 3\..* is too old, it takes 4\.0 at least"):
        run([], ["own-python"])


def test_several_interpreters_are_told_apart(rules: Registry) -> None:
    status, text = run(["TST001"], [sys.executable, sys.executable], ["spawn"], 2, "json")
    assert status == 0
    assert len(json.loads(text)) == 4


# --- cost -----------------------------------------------------------------------------------------


def test_imports_are_cheap() -> None:
    code = (
        "import sys, mplint.prove; a = 'psutil' in sys.modules; "
        "import mplint.prove.command; b = 'rich' in sys.modules; print(a, b)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False False\n"


def test_folder_of_a_run_is_short_and_its_own() -> None:
    first, second = (spec_of("shadow", None).folder for _ in range(2))
    assert first != second
    assert len(str(Run(Path(first)).temporary)) < 60
