"""The questions about start methods, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, put_into, small

from mplint.model.starting.startmethods import DEFAULT, belongs_to


def call_on(program: Small, mark: str) -> tuple[object, int]:
    """The activation and number of the first call on a marked line."""
    view = program.view()
    node = program.node(mark, cst.Call)
    at = view.number(node)
    assert at is not None
    return view.activations(node)[0], at


@pytest.mark.parametrize(
    ("call", "named", "meant"),
    [
        ('mp.set_start_method("fork")', "fork", None),
        ('mp.get_context(method="spawn")', "spawn", None),
        ('mp.get_context("Spawn")', "Spawn", "spawn"),
        ('mp.set_start_method("fork-server")', "fork-server", "forkserver"),
        ('mp.set_start_method("loky")', "loky", None),  # a library may have added it
        ("mp.get_context()", None, None),
        ("mp.get_context(sys.argv[1])", None, None),
        ("mp.context.ForkContext()", "fork", None),
        ("mp.context.SpawnProcess(target=print)", "spawn", None),
        ("mp.Process(target=print)", None, None),
        ('toolbox.get_context("fork")', None, None),
    ],
)
def test_the_method_that_is_named(
    tmp_path: Path, call: str, named: str | None, meant: str | None
) -> None:
    program = small(tmp_path, f"{call}  # here")
    activation, at = call_on(program, "here")
    contexts = program.program.contexts
    assert contexts.method_named(activation, at) == named  # type: ignore[arg-type]
    assert contexts.misspelt(activation, at) == meant  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('mp.set_start_method("spawn")\nSET', "it is set here already"),
        ("mp.Queue()\nSET", "`Queue()` fixes it: what it makes belongs to a start method"),
        ("mp.get_start_method()\nSET", "`get_start_method()` fixes it: it has no answer before"),
        ("mp.get_context()\nSET", "`get_context()` fixes it"),
        ("with open('a'):\n    mp.Lock()\nSET", "`Lock()` fixes it: what it makes belongs to"),
        ("p = mp.Process(target=print)\np.start()\nSET", "the first process is started here"),
        ("helper()\nSET", "`Event()` fixes it"),
        ("if flag:\n    mp.Lock()\n    SET", "`Lock()` fixes it"),
        ("SET", None),
        ("SET\nmp.Queue()", None),
        ("mp.Pipe(), mp.cpu_count(), mp.RawValue('i')\nSET", None),
        ("mp.Process(target=print)\nSET", None),
        ("mp.get_context('spawn').Queue()\nSET", None),
        ("mp.get_start_method(allow_none=True)\nSET", None),
        ("if flag:\n    mp.Queue()\nSET", None),
        ("for _ in flag:\n    mp.Queue()\nSET", None),
        ("try:\n    flag()\nexcept OSError:\n    mp.Queue()\nSET", None),
        ("flag and mp.Queue()\nSET", None),
        ("mp.Queue()\nmp.set_start_method('fork', force=True)  # here", None),
        ("mp.Queue()\ntry:\n    SET\nexcept RuntimeError:\n    pass", None),
        ("mp.Queue()\ntry:\n    SET\nexcept OSError:\n    pass", "`Queue()` fixes it"),
        ("mp.Queue()\nwith toolbox.ignored():\n    SET", None),
        ("mp.Queue()\nif mp.get_start_method(allow_none=True) is None:\n    SET", None),
    ],
)
def test_what_has_fixed_the_start_method(tmp_path: Path, body: str, what: str | None) -> None:
    template = """
    def helper():
        mp.Event()

    def main(flag):
        BODY
    """
    body = body.replace("SET", 'mp.set_start_method("forkserver")  # here')
    program = small(tmp_path, put_into(template, body))
    activation, at = call_on(program, "here")
    fixed = program.program.contexts.setting.fixed_before(activation, at)  # type: ignore[arg-type]
    assert fixed.what.startswith(what) if fixed and what else fixed is what


def test_what_has_fixed_it_below_many_functions(tmp_path: Path) -> None:
    """How far down the calls one looks does not depend on where one has looked before."""
    source = """
    def prepare():
        mp.set_start_method("spawn")  # first

    def main():
        prepare()
        mp.set_start_method("forkserver")  # here

    def everything():
        main()

    everything()
    """
    program = small(tmp_path, source)
    setting = program.program.contexts.setting
    for mark, is_fixed in (("first", False), ("here", True)):
        activation, at = call_on(program, mark)
        fixed = setting.fixed_before(activation, at)  # type: ignore[arg-type]
        assert (fixed is not None) is is_fixed


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("prepare()", False),
        ("prepare()\nprepare()", False),  # that it is called twice is another story
        ("if sys.argv:\n    prepare()\nelse:\n    prepare()\nlock = mp.Lock()", False),
        ("lock = mp.Lock()\nif sys.argv:\n    prepare()\nelse:\n    prepare()", True),
        ("prepare()\nlock = mp.Lock()\nprepare()", False),
    ],
)
def test_what_a_module_does_before_it_calls(tmp_path: Path, lines: str, found: bool) -> None:
    source = f"def prepare():\n    mp.set_start_method('spawn')  # here\n\n{lines}"
    program = small(tmp_path, source)
    activation, at = call_on(program, "here")
    setting = program.program.contexts.setting
    assert bool(setting.fixed_before(activation, at)) is found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("lock = mp.Lock()\nif __name__ == '__main__':\n    main()", True),
        ("if __name__ == '__main__':\n    lock = mp.Lock()\n    main()", True),
        ("if __name__ == '__main__':\n    main()\n    lock = mp.Lock()", False),
        ("if sys.argv:\n    lock = mp.Lock()\nif __name__ == '__main__':\n    main()", False),
    ],
)
def test_what_comes_before_the_function(tmp_path: Path, lines: str, found: bool) -> None:
    source = f"def main():\n    mp.set_start_method('spawn')  # here\n\n{lines}"
    program = small(tmp_path, source)
    activation, at = call_on(program, "here")
    setting = program.program.contexts.setting
    assert bool(setting.fixed_before(activation, at)) is found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "rest", "found"),
    [
        ('"spawn"', "if __name__ == '__main__':\n    mp.Process(target=print).start()", True),
        ('"fork"', "if __name__ == '__main__':\n    mp.Process(target=print).start()", False),
        ("sys.argv[1]", "if __name__ == '__main__':\n    mp.Process(target=print).start()", False),
        ('"spawn"', "print('nothing is started')", False),
        ('"spawn"', "mp.Process(target=print).start()", False),  # which is another misuse
    ],
)
def test_what_children_do_again(tmp_path: Path, method: str, rest: str, found: bool) -> None:
    program = small(tmp_path, f"mp.set_start_method({method})  # here\n{rest}")
    activation, at = call_on(program, "here")
    setting = program.program.contexts.setting
    assert setting.set_in_children(activation, at) is found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "methods"),
    [
        ("mp.Queue()", {DEFAULT}),
        ("mp.get_context().Queue()", {DEFAULT}),
        ('mp.get_context("spawn").Queue()', {"spawn"}),
        ("mp.context.ForkContext().Lock()", {"fork"}),
        ("mp.get_context(flag).Queue()", set()),
    ],
)
def test_what_belongs_to_which(tmp_path: Path, made: str, methods: set[str]) -> None:
    program = small(tmp_path, f"def function(flag):\n    {made}  # here")
    queue = next(value for value in program.made("here") if value.kind.role != "context")
    assert belongs_to(program.program, queue) == methods


@pytest.mark.parametrize(
    ("objects", "processes", "start_methods"),
    [
        ('mp.get_context("fork")', 'mp.get_context("spawn")', ("fork", "spawn", "forkserver")),
        ("mp", 'mp.get_context("forkserver")', ("fork",)),
        ('mp.get_context("fork")', "mp", ("spawn", "forkserver")),
        ('mp.get_context("spawn")', 'mp.get_context("fork")', None),
        ('mp.get_context("spawn")', 'mp.get_context("forkserver")', None),
        ('mp.get_context("spawn")', "mp", None),
        ("mp", "mp", None),
        ("mp", "mp.get_context(sys.argv[1])", None),
    ],
)
def test_objects_of_one_in_processes_of_another(
    tmp_path: Path, objects: str, processes: str, start_methods: tuple[str, ...] | None
) -> None:
    program = small(
        tmp_path,
        f"""
        def work(lock):
            lock.acquire()

        if __name__ == "__main__":
            mine, theirs = {objects}, {processes}
            lock = mine.Lock()
            theirs.Process(target=work, args=(lock,)).start()  # here
        """,
    )
    view = program.view()
    found = {
        mixed.start_methods
        for at in program.program.outline(program.program.solver.modules[view.path]).expressions
        if (mixed := program.program.contexts.mixed(program.program.solver.modules[view.path], at))
    }
    assert found == ({start_methods} if start_methods else set())


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("lock = mp.Lock()\nmp.set_start_method('spawn', force=True)\nSTART", True),
        ("lock = mp.Lock()\nmp.set_start_method('fork', force=True)\nSTART", False),
        ("lock = mp.Lock()\nmp.set_start_method('spawn', force=False)\nSTART", False),
        ("lock = mp.Lock()\nif flag: mp.set_start_method('spawn', force=True)\nSTART", False),
        ("mp.set_start_method('spawn', force=True)\nlock = mp.Lock()\nSTART", False),
        ("lock = mp.RawValue('i')\nmp.set_start_method('spawn', force=True)\nSTART", False),
    ],
)
def test_objects_made_before_the_change(tmp_path: Path, body: str, found: bool) -> None:
    body = body.replace("START", "mp.Process(target=work, args=(lock,)).start()")
    template = "def work(lock): ...\n\ndef main(flag):\n    BODY\n\nmain(sys.argv)"
    program = small(tmp_path, put_into(template, body)).program
    places = [(edge.caller, edge.at) for worker in program.workers for edge in worker.edges]
    mixed = [program.contexts.mixed(activation, at) for activation, at in places]
    assert [m.made.kind.name for m in mixed if m] == (["Lock"] if found else [])
