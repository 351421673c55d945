"""What is seen of programs, which do not notice it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from proving import METHODS, remains, spec_of

from mplint.outcome import AnyOf, Differs, Hangs, Leaks, Outcome, Quiet, Raises
from mplint.prove import judge
from mplint.prove.describe import describe
from mplint.prove.observation import Observation
from mplint.prove.run import Spec
from mplint.prove.supervise import Supervisor

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
