"""The questions about what a worker's process cannot do, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, put_into, small


def places(program: Small, mark: str = "here") -> list[tuple]:  # type: ignore[type-arg]
    """The numbered expressions of the marked line, per activation of the function around."""
    return [
        (at, activation)
        for activation in program.program.solver.activations
        for at in program.program.outline(activation).expressions
        if program.is_at(program.view().place(at), mark) and activation.path == program.path
    ]


@pytest.mark.parametrize(
    ("start", "body", "found"),
    [
        ("mp.Process(target=work, daemon=True).start()", "mp.Pool()  # here", True),
        ("mp.Process(target=work, daemon=True).start()", "mp.Manager()  # here", True),
        ("mp.Process(target=work, daemon=True).start()", "P(target=print).start()  # here", True),
        ("mp.Pool().map(work, [1])", "mp.Pool()  # here", True),
        ("mp.Pool(initializer=work)", "mp.Pool()  # here", True),
        ("mp.Pool().map(work, [1])", "E().submit(print)  # here", True),
        ("mp.Process(target=work).start()", "mp.Pool()  # here", False),
        ("mp.Process(target=work, daemon=flag).start()", "mp.Pool()  # here", False),
        ("E().submit(work)", "mp.Pool()  # here", False),
        ("work()\nmp.Pool().map(work, [1])", "mp.Pool()  # here", True),  # in the task
        ("mp.Pool().map(work, [1])", "if n > 1:\n    mp.Pool()  # here", False),
        ("mp.Pool().map(work, [1])", "n > 1 and mp.Pool()  # here", False),
        ("mp.Pool().map(work, [1])", "mp.Pool() if n else None  # here", False),
        ("mp.Pool().map(work, [1])", "if mp.cpu_count() > 1:\n    mp.Pool()  # here", True),
        (
            "mp.Pool().map(work, [1])",
            "if not mp.current_process().daemon:\n    mp.Pool()  # here",
            False,
        ),
        (
            "mp.Pool().map(work, [1])",
            "try:\n    mp.Pool()  # here\nexcept AssertionError:\n    pass",
            False,
        ),
        (
            "mp.Pool().map(work, [1])",
            "try:\n    mp.Pool()  # here\nexcept:\n    pass",
            False,
        ),
        (
            "mp.Pool().map(work, [1])",
            "try:\n    mp.Pool()  # here\nexcept KeyError:\n    pass",
            True,
        ),
        ("mp.Pool().map(work, [1])", "mp.pool.ThreadPool(3)  # here", False),
        ("billiard.Pool().map(work, [1])", "billiard.Pool()  # here", False),
        ("billiard.Pool().map(work, [1])", "mp.Pool()  # here", False),
    ],
)
def test_what_a_daemon_starts(tmp_path: Path, start: str, body: str, found: bool) -> None:
    source = put_into("def work(n=None):\n    BODY\n", body)
    main = put_into("def main(flag):\n    BODY\n", start)
    head = (
        "import billiard\nfrom concurrent.futures import ProcessPoolExecutor as E\nP = mp.Process\n"
    )
    program = small(tmp_path, head + source + main)
    children = program.program.children
    answers = [children.grandchild(*place) for place in places(program)]
    assert any(answers) is found
    for answer in filter(None, answers):
        assert answer.worker.name == "work"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("input()  # here", True),
        ("sys.stdin.readline()  # here", True),
        ("[line for line in sys.stdin]  # here", True),
        ("for line in sys.stdin: pass  # here", True),
        ("for line in toolbox.stdin: pass  # here", False),
        ("sys.stdin.close()  # here", False),
        ("print(sys.stdin)  # here", False),
        ("sys.stdin = toolbox.open()\ninput()  # here", False),
        ("input = toolbox.ask\ninput()  # here", False),
    ],
)
@pytest.mark.parametrize(
    ("start", "elsewhere"),
    [
        ("mp.Process(target=work).start()", True),
        ("mp.Pool().apply(work)", True),
        ("work()\nmp.Process(target=work).start()", False),
        ("threading.Thread(target=work).start()", False),
    ],
)
def test_who_reads_input(
    tmp_path: Path, start: str, elsewhere: bool, body: str, found: bool
) -> None:
    program = small(
        tmp_path, put_into("def work():\n    BODY\n", body) + put_into("\nBODY\n", start)
    )
    children = program.program.children
    answers = [children.reads_input(*place) for place in places(program)]
    assert any(answers) is (found and elsewhere)


ALL = ("fork", "spawn", "forkserver")


@pytest.mark.parametrize(
    ("call", "methods"),
    [
        ("os.wait()", ALL),
        ("os.wait3(0)", ALL),
        ("os.waitpid(-1, 0)", ALL),
        ("os.wait4(-1, 0)", ALL),
        ("os.waitid(os.P_ALL, 0, 0)", ALL),
        ("os.waitpid(pid, 0)", None),
        ("os.waitpid(3, 0)", None),
        ("signal.signal(signal.SIGCHLD, signal.SIG_IGN)", ("fork", "spawn")),
        ("signal.signal(signal.SIGCHLD, signal.SIG_DFL)", None),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", None),
        ("signal.signal(pid, signal.SIG_IGN)", None),
        ("toolbox.wait()", None),
        ("mp.connection.wait([pid])", None),
    ],
)
@pytest.mark.parametrize(
    ("beside", "taken"),
    [
        ("mp.Process(target=print).start()", True),
        ("mp.Pool()", True),
        ("mp.Queue()", False),
        ("os.fork()\nmp.Pool()", False),
    ],
)
def test_who_takes_the_exit_status(
    tmp_path: Path, call: str, methods: tuple[str, ...] | None, beside: str, taken: bool
) -> None:
    source = put_into(f"import signal\ndef main(pid):\n    BODY\n    {call}  # here\n", beside)
    program = small(tmp_path, source)
    [found] = {
        program.program.children.reaps(program.program.outline(a).expressions[at], a): None
        for at, a in places(program)
        if at == max(0, min(p[0] for p in places(program)))
    }
    assert (found and found.methods) == (methods if taken else None)


def test_a_handler_takes_it_under_fork(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        import signal

        def reap(number, frame):
            os.waitpid(-1, os.WNOHANG)  # here

        signal.signal(signal.SIGCHLD, reap)
        mp.Process(target=print).start()
        """,
    )
    found = [
        program.program.children.reaps(program.program.outline(a).expressions[at], a)
        for at, a in places(program)
    ]
    assert [reaped.methods for reaped in found if reaped] == [("fork",)]


def test_processes_of_the_children_are_theirs(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def supervise():
            os.wait()  # here

        mp.Process(target=supervise).start()
        """,
    )
    found = [
        program.program.children.reaps(program.program.outline(a).expressions[at], a)
        for at, a in places(program)
    ]
    assert not any(found)
