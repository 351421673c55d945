"""What can be pickled when a process is started, and what objects take along."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, small

SOURCE = """
    import concurrent.futures
    import subprocess

    class Plain:
        def work(self): pass

    class Locked:
        def __init__(self):
            self.lock = threading.Lock()
        def work(self): pass

    class Deep(Plain):
        def __init__(self):
            super().__init__()
            self.items = [Locked()]

    class Left(Locked):
        def __getstate__(self): return {}

    class Deleted(Locked):
        def work(self): del self.lock

    class Perhaps:
        def __init__(self, flag=False):
            self.lock = None
            if flag:
                self.other = threading.Lock()
        def later(self):
            self.lock = threading.Lock()
        def work(self): pass

    class Shared:
        def __init__(self):
            self.lock, self.jobs = mp.Lock(), mp.Queue()
        def work(self): pass

    class Foreign(toolbox.Base):
        def __init__(self):
            self.lock = threading.Lock()
        def work(self): pass

    def function(given):
        pool = mp.Pool()
        def nested(): pass
        @functools.wraps(given)
        def wrapped(): pass
        process = {call}  # here
        process.start()
"""


def program(folder: Path, call: str) -> Small:
    return small(folder, SOURCE.replace("{call}", call))


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("mp.Process(target=lambda: 1)", "a lambda"),
        ("mp.Process(target=nested)", "`nested`, a function defined inside another function"),
        ("mp.Process(target=wrapped)", None),
        ("mp.Process(target=given)", None),
        ("mp.Process(target=Plain().work)", None),
        ("mp.Process(target=print, args=(threading.Lock(),))", "a thread lock"),
        ("mp.Process(target=print, args=(mp.Lock(), mp.Queue()))", None),
        ("mp.Process(target=print, args=(mp.Process(),))", None),  # not started
        ("mp.Process(target=print, args=(mp.Manager(),))", "a manager"),
        ("mp.Process(target=print, args=(sys,))", None),
        ("mp.Process(target=print, kwargs={'a': open('a')})", "an open file"),
        ("mp.Process(target=print, args=[subprocess.Popen('a')])", "a running subprocess"),
        ("mp.Process(target=print, args=(Locked(),))", "`lock` of a `Locked`, a thread lock"),
        (
            "mp.Process(target=Deep().work)",
            "`items` of a `Deep`, `lock` of a `Locked`, a thread lock",
        ),
        ("mp.Process(target=Left().work)", None),
        ("mp.Process(target=Deleted().work)", None),
        ("mp.Process(target=Perhaps().work)", None),
        ("mp.Process(target=Shared().work)", None),
        ("mp.Process(target=Foreign().work)", None),
        ("mp.Pool(1, lambda: 1)", "a lambda"),
        ("concurrent.futures.ProcessPoolExecutor(initializer=nested)", "`nested`, a function"),
        ("threading.Thread(target=nested)", None),
    ],
)
def test_what_a_process_is_started_with(tmp_path: Path, call: str, what: str | None) -> None:
    asked = program(tmp_path, call)
    view = asked.view()
    found = [
        obstacle
        for given in view.handovers(asked.node("here", cst.Call))
        if (obstacle := asked.program.pickling.start_obstacle(given)) is not None
    ]
    assert bool(found) is (what is not None)
    if what is not None:
        assert found[0].what.startswith(what)
        assert (found[0].owner is not None) is (".work" in call)


@pytest.mark.parametrize(
    ("call", "owner"),
    [
        ("pool.map(Locked().work, given)", "Locked"),
        ("pool.apply_async(Shared().work)", "Shared"),
        ("pool.map(functools.partial(Locked().work, 1), given)", "Locked"),
        ("pool.apply(print, (Locked(),))", None),
        ("pool.map(lambda: 1, given)", None),
    ],
)
def test_the_object_behind_a_task(tmp_path: Path, call: str, owner: str | None) -> None:
    asked = program(tmp_path, call)
    task = next(o for o in asked.operations("here") if o.method.tasks)
    found = asked.program.pickling.task_obstacle(task)
    assert found is not None
    assert found.owner == owner


@pytest.mark.parametrize(
    ("call", "methods"),
    [
        ("mp.Process(target=print)", ("spawn", "forkserver")),
        ("mp.get_context('fork').Process(target=print)", ()),
        ("mp.get_context('spawn').Process(target=print)", ("spawn",)),
        ("mp.get_context(given).Process(target=print)", ("spawn", "forkserver")),
    ],
)
def test_under_which_start_methods(tmp_path: Path, call: str, methods: tuple[str, ...]) -> None:
    asked = program(tmp_path, call)
    calls = [
        node
        for node in asked.view().lowered.nodes
        if isinstance(node, cst.Call) and asked.view().handovers(node)
    ]
    [given] = [g for node in calls for g in asked.view().handovers(node) if g.how == "target"]
    assert asked.program.pickling.start_methods(given.holder) == methods


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("self.lock = threading.Lock()", "`lock` of a `Worker`, a thread lock"),
        ("self.jobs = mp.Queue()", None),
        ("self.start(); self.lock = threading.Lock()", None),
        ("self.lock = threading.Lock() if jobs else None", None),
        ("self.jobs = jobs", None),
        ("self.files = [open('a'), 1]", "`files` of a `Worker`, an open file"),
        ("self.files = []; self.files.append(open('a'))", None),  # perhaps later
    ],
)
def test_a_process_object(tmp_path: Path, body: str, what: str | None) -> None:
    asked = small(
        tmp_path,
        f"""
        class Worker(mp.Process):  # here
            def __init__(self, jobs):
                super().__init__()
                {body}

            def run(self):
                self.own = threading.Lock()

        def function(jobs):
            worker = Worker(jobs)
            worker.start()
        """,
    )
    [worker] = asked.view().process_classes(asked.node("here", cst.ClassDef))
    found = asked.program.pickling.self_obstacle(worker)
    assert (found.what if found is not None else None) == what


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("for _ in range(2): self.all.append(mp.Process(target=self.work))", True),
        ("self.all = [mp.Process(target=self.work) for _ in range(2)]", True),
        ("self.all.append(mp.Process(target=self.work))", False),
        ("for _ in range(2): all.append(mp.Process(target=self.work))", False),
    ],
)
def test_an_object_that_collects_its_processes(tmp_path: Path, lines: str, found: bool) -> None:
    asked = small(
        tmp_path,
        f"""
        class Server:
            def __init__(self):
                self.all = []

            def work(self): pass

            def start(self):
                all = []
                {lines}  # here
                for process in self.all or all:
                    process.start()

        Server().start()
        """,
    )
    [given] = [
        given
        for node in asked.view().lowered.nodes
        if isinstance(node, cst.Call)
        for given in asked.view().handovers(node)
    ]
    assert (asked.program.pickling.start_obstacle(given) is not None) is found


def looks_at(program: Small, monkeypatch: pytest.MonkeyPatch) -> tuple[str | None, int]:
    """Why what is put cannot be pickled, and how many values were looked at for that."""
    looks: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr("mplint.budget.spend", lambda: looks.append(1))
        obstacle = program.program.pickling.put_obstacle(program.operation("here"))
    return (obstacle.what if obstacle is not None else None), len(looks)


@pytest.mark.parametrize(("last", "what"), [("1", None), ("lambda: 1", "a lambda")])
def test_tuples_in_tuples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str, what: str | None
) -> None:
    """There are thousands of ways to the innermost, which is one and the same on each."""
    lines = ["inner = (1, 2, 3, 4, 5, 6, 7, 8)"]
    lines += ["inner = (inner, inner, inner, inner, inner, inner, inner, inner)"] * 3
    source = [*lines, f"outer = (inner, {last})", "jobs = mp.Queue()", "jobs.put(outer)  # here"]
    found, looks = looks_at(small(tmp_path, "\n".join(source)), monkeypatch)
    assert found == what
    assert looks < 200


def test_lists_that_hold_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value of a kind that can be pickled is enough, whatever else there may be."""
    names = [f"list{number}" for number in range(12)]
    lines = [f"{name} = []" for name in names]
    lines += [f"every = [{', '.join(names)}]", "for one in every:", "    for other in every:"]
    lines += ["        one.append(other)", "jobs = mp.Queue()", "jobs.put(every)  # here"]
    found, looks = looks_at(small(tmp_path, "\n".join(lines)), monkeypatch)
    assert found is None
    assert looks < 200


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("lambda: 1", "a lambda"),
        ("inner", "`inner`, a function defined inside another function"),
        ("Inner", "the class `Inner`, which is defined inside a function"),
        ("Inner()", "an object of `Inner`, a class defined inside a function"),
        ("Reduced()", None),
        ("outer", None),
        ("Outer()", None),
        ("Outer().method", None),
        ("(x for x in [])", "a generator"),
        ("generate()", "a generator"),
        ("{}.keys()", "a view made by `.keys()`"),
        ("threading.Lock()", "a thread lock"),
        ("mp.Lock()", "a lock"),
        ("mp.Queue()", "a queue"),
        ("mp.Manager().Queue()", None),
        ("open('file')", "an open file"),
        ("[1, lambda: 2]", "a lambda"),
        ("(1, [(inner,)])", "`inner`, a function defined inside another function"),
        ("{'key': lambda: 2}", "a lambda"),
        ("held", "a lambda"),
        ("functools.partial(lambda: 1)", "a lambda"),
        ("functools.partial(outer, lambda: 1)", "a lambda"),
        ("functools.partial(outer, 1)", None),
        ("threading.Lock().acquire", "a thread lock"),
        ("1", None),
        ("n", None),
        ("toolbox.run()", None),
        ("(lambda: 1) if n else None", None),  # not for certain
        ("(lambda: 1) if n else (lambda: 2)", "a lambda"),
        ("n or (lambda: 1)", None),
        ("[n]", None),
    ],
)
def test_obstacle(tmp_path: Path, expression: str, what: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        def outer(): pass

        def generate(): yield 1

        class Outer:
            def method(self): pass

        def function(n):
            def inner(): pass

            class Inner: pass

            class Reduced:
                def __reduce__(self): return "REDUCED"

            held = [lambda: 1]
            here({expression})  # here
        """,
    )
    found = program.program.pickling.obstacle(*program.given("here"))
    assert (found.what if found is not None else None) == what
    if found is not None:
        assert found.inherits is (expression in ("mp.Lock()", "mp.Queue()"))


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("mp.Queue().put(lambda: 1)", True),
        ("mp.SimpleQueue().put(lambda: 1)", True),
        ("mp.Manager().Queue().put(lambda: 1)", True),
        ("mp.Pipe()[0].send(lambda: 1)", True),
        ("mp.Pipe()[0].send_bytes(n)", False),
        ("mp.Queue().put(1)", False),
        ("mp.Queue().put(n)", False),
        ("queue.Queue().put(lambda: 1)", False),
        ("multiprocess.Queue().put(lambda: 1)", False),  # dill
        ("(mp.Queue() if n else queue.Queue()).put(lambda: 1)", False),
        ("mp.Pool().map(lambda x: x, [1])", True),
        ("mp.Pool().map(print, [lambda: 1])", True),
        ("mp.Pool().map(print, (x for x in n))", False),  # the collection stays here
        ("mp.Pool().apply_async(print, (lambda: 1,))", True),
        ("mp.Pool().apply_async(print, callback=lambda x: x)", False),
        ("mp.Pool().map(n, [1])", False),
        ("concurrent.futures.ProcessPoolExecutor().submit(print, mp.Lock())", True),
        ("concurrent.futures.ProcessPoolExecutor().map(print, [1])", False),
        ("concurrent.futures.ThreadPoolExecutor().submit(lambda: 1)", False),
        ("multiprocess.Pool().map(lambda x: x, [1])", False),
    ],
)
def test_what_is_sent(tmp_path: Path, call: str, found: bool) -> None:
    source = "import concurrent.futures\nimport multiprocess\n\ndef function(n):\n    "
    program = small(tmp_path, f"{source}{call}  # here")
    operation = next(o for o in program.operations("here") if o.does == "put" or o.method.tasks)
    pickling = program.program.pickling
    ask = pickling.put_obstacle if operation.does == "put" else pickling.task_obstacle
    assert (ask(operation) is not None) is found
    dill = call.startswith("multiprocess.")
    assert pickling.pickler(operation) == ("dill" if dill else "pickle")


@pytest.mark.parametrize(
    ("iterator", "rows", "what"),
    [
        ("return self", "(x for x in [])", "`rows` of a `Rows`, a generator"),
        ("return self", "[]", None),
        ("return self", "iter([])", None),
        ("return self", "toolbox.rows()", None),
        ("return self", "(x for x in []) if toolbox else []", None),
        ("return Rows(1)", "(x for x in [])", None),
        ("return Rows(self.rows)", "(x for x in [])", "`rows` of a `Rows`, a generator"),
        ("return iter([])", "(x for x in [])", None),
        ("yield from self.rows", "[]", None),
        ("return toolbox.rows()", "(x for x in [])", None),
    ],
)
def test_iterators_of_objects(tmp_path: Path, iterator: str, rows: str, what: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        class Rows:
            def __init__(self, rows): self.rows = rows
            def __iter__(self): {iterator}
            def __next__(self): return 1

        here(iter(Rows({rows})))  # here
        """,
    )
    found = program.program.pickling.obstacle(*program.given("here"))
    assert (found.what if found is not None else None) == what


def test_iterators_that_python_makes(tmp_path: Path) -> None:
    source = """
        class Rows:
            def __getitem__(self, index): return index

        here(iter(Rows()))  # here
    """
    program = small(tmp_path, source)
    assert program.program.values(*program.given("here"))
