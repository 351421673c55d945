"""Tasks that never run, as what they are given cannot be pickled."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from small import PRELUDE, Small, small

from mplint.model.channels.unrun import Unrun

PROGRAM = """
    class Job:
        def is_done(self):
            return False

    class Easy(Job):
        pass

    def check(job, answers):
        answers.put(1)

    class Scheduler:
        def look_at(self, job):
            if not isinstance(job, Job):
                raise TypeError(job)

        def add(self, job):
            answers = mp.Manager().Queue()
            pool = mp.Pool()
            self.look_at(job)
            pool.apply_async(check, [job, answers])  # task
            return answers.get()  # get

    Scheduler().add(toolbox.job())
    """


def found(folder: Path, *changes: tuple[str, str]) -> Unrun | None:
    source = PROGRAM
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return failure_in(small(folder, source))


def failure_in(program: Small) -> Unrun | None:
    for get in program.operations("get"):
        failure = program.program.waiting.starved(get)
        if isinstance(failure, Unrun):
            return failure
    return None


def test_a_task_of_any_class(tmp_path: Path) -> None:
    failure = found(tmp_path)
    assert failure is not None
    assert (failure.argument, failure.base, failure.call) == ("job", "Job", "pool.apply_async()")
    assert "derives from `Job`" in failure.effect
    assert failure.cure is not None and "pool.apply_async()" in failure.cure


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.look_at(job)", "assert isinstance(job, Job)"),
        ("self.look_at(job)", "self.look_at(job=job)"),
        ("self.look_at(job)", "if not isinstance(job, Job):\n                raise ValueError"),
        ("self.look_at(job)", "if not isinstance(job, Job):\n                return None"),
        ("[job, answers])", "(job, answers))"),
        ("[job, answers])", "args=(job, answers))"),
        ("mp.Pool()", "mp.Pool() if toolbox.many else Scheduler()"),
        ("mp.Pool()", "mp.Pool() if toolbox.many else mp.pool.ThreadPool()"),
        ("pool.apply_async(check, [job, answers])", "EXECUTOR.submit(check, job, answers)"),
        ("class Easy(Job)", "class Easy(toolbox.Part, Job)"),
    ],
)
def test_other_ways_to_write_it(tmp_path: Path, old: str, new: str) -> None:
    executor = "import concurrent.futures\nEXECUTOR = concurrent.futures.ProcessPoolExecutor()\n"
    program = small(tmp_path, executor + dedent(PROGRAM).replace(old, new))
    assert failure_in(program) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # it is not known to be an object of any class
        ("self.look_at(job)", "print(job)"),
        ("self.look_at(job)", "self.look_at(answers)"),
        ("self.look_at(job)", "if not isinstance(job, Job):\n                print(job)"),
        ("self.look_at(job)", "if isinstance(job, Job):\n                raise ValueError"),
        ("self.look_at(job)", "self.look_at(*job)"),
        ("self.look_at(job)", "assert isinstance(job, str)"),
        ("self.look_at(job)", "assert isinstance(answers, Job)"),
        ("self.look_at(job)", "assert isinstance(job, toolbox.kind or Job)"),
        ("self.look_at(job)", "assert isinstance(job, (Job, str))"),
        ("self.look_at(job)", "if toolbox.many:\n                assert isinstance(job, Job)"),
        ("self.look_at(job)", "if toolbox.many:\n                self.look_at(job)"),
        ("return answers.get()", "self.look_at(job); return answers.get()"),
        ("return answers.get()", "assert isinstance(job, Job); return answers.get()"),
        ("            self.look_at(job)\n", ""),
        # nothing derives from the class, or it sees to its pickling itself
        ("class Easy(Job)", "class Easy"),
        ("def is_done(self)", "def __reduce__(self)"),
        ("def is_done(self)", "def __reduce_ex__(self, protocol)"),
        ("def is_done(self)", "def __getstate__(self)"),
        ("def is_done(self)", "def __getnewargs__(self)"),
        ("class Job:", "class Kind:\n        def __reduce__(self): pass\n\n    class Job(Kind):"),
        # the object is known
        ("toolbox.job()", "Easy()"),
        # somebody hears of errors
        ("[job, answers])", "[job, answers], error_callback=answers.put)"),
        ("[job, answers])", "[job, answers], error_callback=print)"),
        ("pool.apply_async", "result = pool.apply_async"),
        ("pool.apply_async(check", "pool.map(check"),
        ("pool.apply_async(check", "pool.apply(check"),
        # it is not the argument that is pickled, or none is
        (
            "apply_async(check, [job, answers])",
            "map_async(functools.partial(check, answers=answers), job)",
        ),
        ("[job, answers])", "[job.part, answers])"),
        ("mp.Pool()", "mp.pool.ThreadPool()"),
        ("mp.Pool()", "toolbox.Pool()"),
        ("answers.get()", "answers.get(timeout=9)"),
    ],
)
def test_what_is_in_order(tmp_path: Path, old: str, new: str) -> None:
    changes = [(old, new)]
    if old.startswith("return"):
        changes.append(("            self.look_at(job)\n            pool", "            pool"))
    assert found(tmp_path, *changes) is None


def test_a_function_that_takes_any_number(tmp_path: Path) -> None:
    changes = [("def look_at(self, job)", "def look_at(self, *job)")]
    assert found(tmp_path, *changes, ("self.look_at(job)", "self.look_at(1, job)")) is None


@pytest.mark.parametrize("name", ["jobs", "test_jobs"])
def test_what_a_test_gives_is_known_to_it(tmp_path: Path, name: str) -> None:
    program = Small(tmp_path, "import toolbox\n", **{name: PRELUDE + dedent(PROGRAM)})
    assert (failure_in(program) is not None) is (name == "jobs")
