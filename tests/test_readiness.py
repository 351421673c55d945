"""The group `readiness-3.14`: what works up to Python 3.13 and breaks on 3.14, and nothing else.

`PATTERNS` are all the ways to break that were measured, each with a program, which works under fork
and not under forkserver, on every version of Python: `MPLINT_PYTHON=python3.14 pytest
tests/test_readiness.py` runs them on another one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT, Ran
from expectations import expected

from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic, is_since_forkserver
from mplint.engine import Engine
from mplint.prove import interpreters, judge
from mplint.prove.describe import describe
from mplint.prove.observation import Observation
from mplint.prove.run import Spec
from mplint.prove.supervise import Supervisor
from mplint.registry import load

Write = Callable[..., Path]
Mplint = Callable[..., Ran]

READY = "--select=readiness-3.14"

# What one rule finds, once under every start method, once where processes are not forked.
BOTH = """\
import multiprocessing
import threading


class Store:
    def __init__(self):
        self.lock = threading.Lock()

    def save(self, name):
        print(name)

    def save_all(self, names):
        with multiprocessing.Pool() as pool:
            pool.map(self.save, names)
        process = multiprocessing.Process(target=self.save, args=("last",))
        process.start()
        process.join()


if __name__ == "__main__":
    Store().save_all(["a", "b"])
"""
IN_POOL, IN_PROCESS = ("MPL204", 14), ("MPL204", 15)

# A misuse under every start method, which is another one's cause where processes are not forked.
THREAD_QUEUE = """\
import multiprocessing
import queue


def work(jobs):
    print(jobs.get())


if __name__ == "__main__":
    jobs = queue.Queue()
    process = multiprocessing.Process(target=work, args=(jobs,))
    process.start()
    jobs.put(1)
    process.join()
"""

LAMBDA = """\
import multiprocessing

if __name__ == "__main__":
    process = multiprocessing.Process(target=lambda: print("hello"))
    process.start()
    process.join()
"""

# Under forkserver only: a process that is spawned has the parent that it seems to have.
PARENT = """\
import multiprocessing
import os


def watch():
    os.kill(os.getppid(), 0)


if __name__ == "__main__":
    process = multiprocessing.Process(target=watch)
    process.start()
    process.join()
"""


@pytest.fixture
def check(mplint: Mplint) -> Callable[..., set[tuple[str, int]]]:
    """Checks the current folder: the codes and lines of what is found."""

    def run(*arguments: str) -> set[tuple[str, int]]:
        ran = mplint("check", "--output-format=json", *arguments)
        assert ran.err == ""
        return {(item["code"], item["line"]) for item in json.loads(ran.out)}

    return run


Check = Callable[..., set[tuple[str, int]]]


def test_it_goes_by_finding(write: Write, check: Check) -> None:
    write("a.py", BOTH)
    assert check() == check("--select=MPL204") == {IN_POOL, IN_PROCESS}
    assert check(READY) == {IN_PROCESS}
    assert check("--ignore=readiness-3.14") == {IN_POOL}
    assert check(READY, "--ignore=MPL204") == set()
    assert check(READY, "--ignore=pickling") == set()
    assert check(READY, "--select=unpicklable-self") == {IN_POOL, IN_PROCESS}
    assert check("--select=MPL1", "--extend-select=readiness-3.14") == {IN_PROCESS}


def test_in_settings(write: Write, check: Check) -> None:
    write("a.py", BOTH)
    write("mplint.toml", 'select = ["readiness-3.14"]\n')
    assert check() == {IN_PROCESS}
    write("mplint.toml", 'per-file-ignores = { "a.py" = ["readiness-3.14"] }\n')
    assert check() == {IN_POOL}
    write("mplint.toml", 'select = ["readiness-3.14"]\nper-file-ignores = { "a.*" = ["MPL2"] }\n')
    assert check() == set()


def test_a_comment_for_what_is_not_asked_is_not_unused(write: Write, check: Check) -> None:
    write(
        "a.py", BOTH.replace("names)\n        process", "names)  # noqa: MPL204\n        process")
    )
    assert check("--extend-select=MPL003") == {IN_PROCESS}
    assert check(READY, "--extend-select=MPL003") == {IN_PROCESS}


def test_what_has_never_worked_is_not_in_it(write: Write, check: Check) -> None:
    """Without its cause, another rule would speak of it."""
    write("a.py", THREAD_QUEUE)
    assert {code for code, _ in check()} == {"MPL128"}
    assert {code for code, _ in check("--select=MPL203")} == {"MPL203"}
    assert check(READY) == set()


def test_a_chosen_start_method_is_not_upgraded(write: Write, check: Check) -> None:
    for method in ("spawn", "forkserver"):
        chosen = f'multiprocessing.set_start_method("{method}")'
        write("a.py", LAMBDA.replace("    process =", f"    {chosen}\n    process =", 1))
        assert check() == {("MPL203", 5)}
        assert check(READY) == set()
    write("a.py", LAMBDA.replace("multiprocessing.P", 'multiprocessing.get_context("spawn").P'))
    assert check() == {("MPL203", 4)}
    assert check(READY) == set()


def test_versions_and_start_methods(write: Write, check: Check) -> None:
    write("a.py", LAMBDA)
    write("b.py", PARENT)
    both = {("MPL203", 4), ("MPL610", 6)}
    assert check(READY) == check(READY, "--target-version=3.14") == both
    assert check(READY, "--start-method=forkserver") == both
    assert check(READY, "--start-method=spawn") == {("MPL203", 4)}
    assert check(READY, "--start-method=fork") == set()
    assert check(READY, "--target-version=3.13") == {("MPL203", 4)}  # spawn is another default
    write("pyproject.toml", '[project]\nrequires-python = ">=3.10,<3.14"\n')
    assert check(READY) == both  # whoever asks for the group asks about 3.14
    assert check("--extend-select=MPL610") == {("MPL203", 4)}


# All that breaks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pattern:
    """Something that works with fork and breaks with forkserver: in words, the rule that finds it
    (none: nothing does), and a program, whose marked line in `file` is where it is found."""

    words: str
    rule: str
    program: str
    file: str = ""

    @property
    def start(self) -> Path:
        path = ROOT / self.program
        return path / "main.py" if path.is_dir() else path

    @property
    def marked(self) -> Path:
        path = ROOT / self.program
        return path / self.file if self.file else path


W, R, N = "fixtures/wild/", "rules/mplint_rules/", "fixtures/readiness/"
PATTERNS = [
    # queues, locks and values that a worker takes from the module
    Pattern("a queue of the module", "MPL312", f"{W}mpl312/bad_results_queue.py"),
    Pattern("a value of the module", "MPL312", f"{R}mpl312_module_level_primitive/bad.py"),
    Pattern("an event of the module", "MPL312", f"{W}mpl312/bad_stop_event.py"),
    Pattern("a global queue, under guard", "MPL312", f"{W}mpl312/bad_queue_under_guard.py"),
    Pattern("a lock, used by a pool", "MPL312", f"{W}mpl312/bad_pool_counts.py"),
    Pattern("a value in a class", "MPL312", f"{W}mpl312/bad_class_attribute.py"),
    Pattern("a manager, made on import", "MPL301", f"{W}mpl301/bad_manager_at_import.py"),
    Pattern("a pipe of the module", "MPL312", f"{W}mpl312/bad_pipe.py"),
    Pattern("a queue elsewhere", "MPL312", f"{W}mpl312/bad_shared_module", "channels.py"),
    Pattern("a lock of the module", "MPL312", f"{W}mpl312/bad_lock_with_the_parent.py"),
    # dropped by the parent too early
    Pattern("a lock made among the arguments", "MPL314", f"{W}mpl314/bad_inline_lock.py"),
    Pattern("an event that a helper makes", "MPL314", f"{W}mpl314/bad_helper.py"),
    Pattern("a value made anew per turn", "MPL314", f"{W}mpl314/bad_loop_variable.py"),
    Pattern(
        "started in a loop, then the end", "MPL314", f"{R}mpl314_dropped_before_child_starts/bad.py"
    ),
    Pattern("a queue, and no join", "MPL314", f"{W}mpl314/bad_main_ends.py"),
    # what cannot be pickled
    Pattern("a lambda as target", "MPL203", f"{W}mpl203/bad_lambda.py"),
    Pattern("a nested function as target", "MPL203", f"{R}mpl203_unpicklable_target/bad.py"),
    Pattern("a method beside a lock", "MPL204", f"{N}bad_method_of_object_with_lock.py"),
    Pattern("a decorator without wraps", "MPL205", f"{N}bad_wrapped_target.py"),
    Pattern("a process with a lock", "MPL204", f"{W}mpl204/bad_subclass.py"),
    Pattern("a list of processes", "MPL204", f"{W}mpl204/bad_list_of_processes.py"),
    Pattern("a method beside a thread", "MPL204", f"{W}mpl204/bad_target_with_thread.py"),
    Pattern("an open file as argument", "MPL203", f"{W}mpl203/bad_open_things.py"),
    Pattern("a function under the guard", "MPL205", f"{R}mpl205_target_not_importable/bad.py"),
    Pattern("an object of a class there", "MPL205", f"{N}bad_object_of_guarded_class.py"),
    Pattern("a private method as target", "MPL205", f"{N}bad_private_target.py"),
    Pattern("a target made by exec", "", f"{N}bad_target_made_at_run_time.py"),
    Pattern("a wrapper under a new name", "MPL205", f"{W}mpl205/bad_alias.py"),
    Pattern("an object of a local class", "MPL203", f"{W}mpl203/bad_local_class.py"),
    Pattern("a process class under guard", "MPL205", f"{W}mpl205/bad_class_under_guard.py"),
    Pattern("a method beside a log file", "MPL204", f"{N}bad_method_of_object_with_log_file.py"),
    Pattern("a thread as argument", "MPL203", f"{W}mpl203/bad_thread_things.py"),
    Pattern("a memory map as argument", "MPL203", f"{N}bad_memory_map_as_argument.py"),
    Pattern("a pool's lambda to begin with", "MPL203", f"{W}mpl203/bad_initializers.py"),
    Pattern("the same of an executor", "MPL203", f"{N}bad_executor_initializer.py"),
    Pattern("a manager's lambda", "", f"{N}bad_manager_registers_lambda.py"),
    Pattern("attributes of the wrapped", "", f"{N}bad_attributes_of_the_wrapped.py"),
    # started on import
    Pattern("a process on import", "MPL301", f"{W}mpl301/bad_process_at_import.py"),
    Pattern("a pool on import", "MPL301", f"{W}mpl301/bad_pool_at_import.py"),
    Pattern("an executor on import", "MPL301", f"{W}mpl301/bad_executor_in_loop.py"),
    Pattern("a manager in a class", "MPL301", f"{W}mpl301/bad_manager_in_class.py"),
    Pattern("main() without a guard", "MPL301", f"{W}mpl301/bad_main_called.py"),
    Pattern("the pool of a helper", "MPL301", f"{N}bad_pool_of_helper_module", "helper.py"),
    Pattern("a service with a pool", "MPL301", f"{W}mpl301/bad_singleton.py"),
    # what only the parent has
    Pattern("a global, set under guard", "MPL311", f"{W}mpl311/bad_guarded_argparse.py"),
    Pattern(
        "a default that is changed", "MPL311", f"{R}mpl311_parent_state_expected_in_child/bad.py"
    ),
    Pattern("data loaded for a pool", "MPL311", f"{W}mpl311/bad_loaded_for_the_pool.py"),
    Pattern("a registry filled there", "MPL311", f"{W}mpl311/bad_registry.py"),
    Pattern("a context variable", "MPL311", f"{W}mpl311/bad_context_variable.py"),
    Pattern("a patch", "MPL313", f"{W}mpl313/bad_mock.py"),
    Pattern("logging set up", "MPL313", f"{R}mpl313_parent_settings_expected_in_child/bad.py"),
    Pattern("the decimal context", "MPL313", f"{W}mpl313/bad_precision.py"),
    Pattern("a seed", "MPL313", f"{N}bad_seeded_under_guard.py"),
    Pattern("a descriptor's number", "MPL609", f"{W}mpl609/bad_pipe_numbers.py"),
    Pattern("anonymous memory", "MPL609", f"{R}mpl609_shared_by_fork_only/bad.py"),
    Pattern("the parent by its number", "MPL610", f"{W}mpl610/bad_parent_number.py"),
    Pattern("hashes of texts", "MPL610", f"{R}mpl610_value_differs_per_process/bad.py"),
    Pattern("an object known by identity", "MPL107", f"{N}bad_mark_as_argument.py"),
    Pattern("the environment, set late", "", f"{N}bad_environment_after_first_child.py"),
    Pattern("the umask, set late", "", f"{N}bad_umask_after_first_child.py"),
    Pattern("output, moved late", "", f"{N}bad_output_moved_after_first_child.py"),
    Pattern("the script is gone", "", f"{N}bad_script_removed.py"),
    # after the end of the main module
    Pattern("a process at exit", "MPL324", f"{R}mpl324_process_after_main/bad.py"),
    Pattern("a thread that outlives main", "MPL324", f"{W}mpl324/bad_thread.py"),
]
"""Three more are no files: a program from standard input, from `python -c`, and from a prompt."""

BESIDES = [
    Pattern("objects of a fork context", "MPL602", f"{W}mpl602/bad_fork_objects_by_default.py"),
]
"""What else breaks."""


@pytest.fixture(params=[*PATTERNS, *BESIDES], ids=lambda pattern: pattern.words.replace(" ", "-"))
def pattern(request: pytest.FixtureRequest) -> Pattern:
    return request.param  # type: ignore[no-any-return]


def run_of(pattern: Pattern, method: str) -> Observation:
    python = interpreters.ask(os.environ.get("MPLINT_PYTHON"))
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    path = pattern.start
    command = (python.path, "-B", str(path))
    return Supervisor().observe(Spec(command, kept, str(path.parent), method))


@pytest.mark.skipif(os.name != "posix", reason="there is no fork")
def test_it_works_with_fork_and_breaks_with_forkserver(pattern: Pattern) -> None:
    forked = run_of(pattern, "fork")
    if any(error.type == "ModuleNotFoundError" for error in forked.errors):
        pytest.skip(forked.errors[0].text)
    assert judge.is_quiet(forked), describe(forked)
    served = run_of(pattern, "forkserver")
    said = [sorted(seen.stdout.splitlines()) for seen in (forked, served)]
    assert not judge.is_quiet(served) or said[0] != said[1]


def findings_of(path: Path, selector: str) -> list[Diagnostic]:
    engine = Engine(load(), Configuration(Settings(select=(selector,)), isolated=True))
    return engine.check({path: str(path)}).diagnostics


def test_it_is_found_where_it_is_marked(pattern: Pattern) -> None:
    found = {(item.code, item.place.line) for item in findings_of(pattern.marked, "readiness-3.14")}
    if not pattern.rule:
        assert found == set()
        assert ["readiness-3.14"] in expected(pattern.marked, "todo").values()
        return
    assert pattern.rule in {code for code, _ in found}
    if "fixtures" in pattern.marked.parts:
        marked = expected(pattern.marked, "error")
        assert all(code in marked[line] for code, line in found)


def test_every_program_for_it_is_in_the_table() -> None:
    named = {path for pattern in PATTERNS for path in (pattern.start, pattern.marked)}
    assert set((ROOT / "fixtures" / "readiness").rglob("*.py")) == {
        path for path in named if "readiness" in path.parts
    }
    assert len(PATTERNS) == len({pattern.words for pattern in PATTERNS}) == 67 - 3


# Nothing else -------------------------------------------------------------------------------------


@cache
def in_all_fixtures(selector: str) -> dict[tuple[str, int, str], Diagnostic]:
    paths = [*(ROOT / "fixtures").rglob("*.py"), *(ROOT / "rules").rglob("*.py")]
    engine = Engine(load(), Configuration(Settings(select=(selector,)), isolated=True))
    found = engine.check({path: str(path) for path in paths}).diagnostics
    return {(item.path, item.place.line, item.code): item for item in found}


def test_exactly_what_breaks_is_found() -> None:
    """Under the group are the findings that there are anyway, of what works with fork, and all of
    them, apart from programs that choose their start method themselves."""
    every, ready = in_all_fixtures("ALL"), in_all_fixtures("readiness-3.14")
    assert ready.items() <= every.items()
    since = {key for key, item in every.items() if is_since_forkserver(item.start_methods)}
    assert ready.keys() <= since
    assert {code for _, _, code in since - ready.keys()} <= {"MPL601"}


def test_rules_say_that_they_have_such_findings() -> None:
    """And those that say so do have some."""
    rules = load().groups["readiness-3.14"]
    assert {code for _, _, code in in_all_fixtures("readiness-3.14")} == rules


def test_what_bites_with_fork_is_not_found() -> None:
    found = {code for _, _, code in in_all_fixtures("readiness-3.14")}
    both = {rule.code for rule in load().rules.values() if "fork" in rule.applies.start_methods}
    assert found & both <= {
        c for c in both if is_since_forkserver(load().rules[c].applies.narrowed)
    }
    for path, line, code in in_all_fixtures("readiness-3.14"):
        folder = Path(path).parent.name
        if folder.startswith("mpl") and "wild" in Path(path).parts:
            wanted = expected(Path(path), "error")[line]
            assert code in wanted
