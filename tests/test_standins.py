"""Variables that hold a pool on one arm of a branch, and on others something that acts as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PROGRAM = """
    class Serial:
        def apply_async(self, function, args):
            return function(*args)

    class Workers(mp.Process):
        def apply_async(self, function, args):
            pass

    def work(item, out):
        out.put(toolbox.compute(item))

    def run(items, n):
        BODY
        pool.apply_async(work, (items, out))  # task
        out.get()  # get

    run(toolbox.items, toolbox.n)
    """


@pytest.mark.parametrize(
    ("body", "on_arm"),
    [
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()", True),
        ("if n < 2:\n    pool = Serial()\nelse:\n    pool = mp.Pool(n)", True),
        ("pool = mp.Pool(n) if n > 1 else Serial()", True),
        (
            "if n > 1:\n    pool = mp.Pool(n)\nelif n:\n    pool = Serial()\n"
            "else:\n    pool = Serial()",
            True,
        ),
        # two real ones, and one that is only partly known
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = mp.Pool()", False),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = toolbox.pool()", False),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Workers()", False),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = None", True),
        ("if n > 1:\n    pool = toolbox.pool or mp.Pool(n)\nelse:\n    pool = Serial()", False),
        (
            "if n > 1:\n    pool = toolbox.pool or mp.Pool()\nelse:\n    pool = Serial()",
            False,
        ),
        (
            "shared = mp.Pool()\nif n > 1:\n    pool = shared\nelif n:\n    pool = shared\n"
            "else:\n    pool = Serial()",
            False,
        ),
        (
            "if n > 1:\n    pool = mp.Pool(n)\nelif n:\n    pool = Workers()\n"
            "else:\n    pool = Serial()",
            False,
        ),
        # other ways to set it
        ("if n > 1:\n    pool, more = mp.Pool(n), 1\nelse:\n    pool = Serial()", False),
        ("global pool\nif n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()", False),
        (
            "if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pass\n"
            "if items:\n    pass\nelse:\n    pool = Serial()",
            False,
        ),
        ("if n > 1:\n    pool = mp.Pool(n)", False),
        ("pool = Serial()\nif n > 1:\n    pool = mp.Pool(n)", False),
        (
            "if n > 1:\n    pool = mp.Pool(n)\n    pool = mp.Pool()\nelse:\n    pool = Serial()",
            False,
        ),
        (
            "if n > 1:\n    while items:\n        pool = mp.Pool(n)\nelse:\n    pool = Serial()",
            False,
        ),
        ("pool, n = mp.Pool(n), 1", False),
        # who asks again may do other things then
        (
            "if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\nif n > 1:\n    pass",
            False,
        ),
        (
            "if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\n"
            "if isinstance(pool, Serial):\n    return",
            False,
        ),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\nassert n", False),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\nwhile n:\n    pass", False),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\nitems and n", False),
        (
            "if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\n"
            "match n:\n    case 2:\n        pass",
            False,
        ),
        (
            "if n.many:\n    pool = mp.Pool(2)\nelse:\n    pool = Serial()\n"
            "if items.many:\n    pass",
            False,
        ),
        ("if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()\nif items:\n    pass", True),
    ],
)
def test_on_one_arm(tmp_path: Path, body: str, on_arm: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, "out = mp.Queue()\n" + body))
    [task] = [o for o in program.operations("task") if o.does == "call-later"][:1]
    assert task.on_arm is on_arm
    assert not task.on_arm or task.crosses


def test_a_parameter_may_be_another_one_before(tmp_path: Path) -> None:
    body = "out = mp.Queue()\nif n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()"
    source = put_into(PROGRAM, body).replace("(items, n):", "(items, n, pool=None):")
    assert not any(task.on_arm for task in small(tmp_path, source).operations("task"))


@pytest.mark.parametrize(
    ("made", "other", "on_arm"),
    [
        ("concurrent.futures.ProcessPoolExecutor()", "Serial()", True),
        ("mp.Queue()", "mp.Manager().Queue()", False),
        ("mp.Queue()", "queue.Queue()", True),
    ],
)
def test_what_has_arms(tmp_path: Path, made: str, other: str, on_arm: bool) -> None:
    source = f"""
    import concurrent.futures

    class Serial:
        def submit(self, function):
            function()

    def run(n):
        one = {made} if n else {other}
        one.{"get()" if "Queue" in made else "submit(print)"}  # here

    run(toolbox.n)
    """
    found = [o.on_arm for o in small(tmp_path, source).operations("here")]
    assert any(found) is on_arm


@pytest.mark.parametrize(
    ("body", "fed"),
    [
        # where there is a real queue, there is a real pool
        (
            "if n > 1:\n    pool = out = 0\n    pool = mp.Pool()\n    out = mp.Manager().Queue()\n"
            "else:\n    pool = Serial()\n    out = queue.Queue()",
            False,
        ),
        (
            "if n > 1:\n    pool = mp.Pool()\n    out = mp.Manager().Queue()\n"
            "else:\n    pool = Serial()\n    out = queue.Queue()",
            True,
        ),
        ("pool = mp.Pool()\nout = mp.Manager().Queue() if items else toolbox.queue()", False),
        # here the main process may put as well
        (
            "out = mp.Manager().Queue()\n"
            "if n > 1:\n    pool = mp.Pool()\nelse:\n    pool = Serial()",
            False,
        ),
        (
            "if n > 1:\n    pool = mp.Pool()\nelse:\n    pool = Serial()\n"
            "if items:\n    out = mp.Manager().Queue()\nelse:\n    out = queue.Queue()",
            False,
        ),
        (
            "if n > 1:\n    pool = Serial()\n    out = mp.Manager().Queue()\n"
            "else:\n    pool = mp.Pool()\n    out = queue.Queue()",
            False,
        ),
    ],
)
def test_who_feeds_the_queue_of_an_arm(tmp_path: Path, body: str, fed: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    waiting = program.program.waiting
    found = [waiting.starved(get) for get in program.operations("get")]
    assert any(found) is fed


def test_a_callback_runs_on_the_arm_of_the_pool(tmp_path: Path) -> None:
    body = (
        "if n > 1:\n    pool = mp.Pool()\n    out = mp.Manager().Queue()\n"
        "else:\n    pool = Serial()\n    out = queue.Queue()\n"
        "def tell(result):\n    out.put(result)"
    )
    called = put_into(PROGRAM, body).replace("(items, out))", "(items, out), callback=tell)")
    program = small(tmp_path, called)
    gets = program.operations("get")
    assert gets and not any(program.program.waiting.starved(get) for get in gets)


def test_other_things_than_queues_and_pools(tmp_path: Path) -> None:
    source = """
    class Free:
        def acquire(self):
            pass

    def run(n):
        lock = mp.Lock() if n else Free()
        lock.acquire()  # here

    run(toolbox.n)
    """
    assert not small(tmp_path, source).operation("here").on_arm


@pytest.mark.parametrize(
    ("call", "taken"),
    [
        ("run(toolbox.items, 2)", True),
        ("run(toolbox.items, 1)", False),
        ("run(toolbox.items, toolbox.n)", False),
        ("run(toolbox.items, 'many')", False),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        "if n > 1:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()",
        "if n >= 2:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()",
        "if n < 2:\n    pool = Serial()\nelse:\n    pool = mp.Pool(n)",
        "if n <= 1:\n    pool = Serial()\nelse:\n    pool = mp.Pool(n)",
        "if n == 2:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()",
        "if n > 1.5:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()",
        "if n != 2:\n    pool = Serial()\nelse:\n    pool = mp.Pool(n)",
        "if not n > 1:\n    pool = Serial()\nelse:\n    pool = mp.Pool(n)",
        "if n == 1:\n    pool = Serial()\nelif n == 2:\n    pool = mp.Pool(n)\n"
        "else:\n    pool = Serial()",
        "pool = mp.Pool(n) if n > 1 else Serial()",
    ],
)
def test_which_arm_is_taken(tmp_path: Path, body: str, call: str, taken: bool) -> None:
    source = put_into(PROGRAM, "out = mp.Queue()\n" + body)
    program = small(tmp_path, source.replace("run(toolbox.items, toolbox.n)", call))
    tasks = [o for o in program.operations("task") if o.does == "call-later"]
    assert any(program.program.standins.is_taken(task) for task in tasks) is taken


@pytest.mark.parametrize("test", ["not n > items", "1 < n < items", "n > limit"])
def test_which_arm_is_taken_is_not_known(tmp_path: Path, test: str) -> None:
    body = "out = mp.Queue()\nlimit = 1 if toolbox.low else 0\n"
    body += f"if {test}:\n    pool = mp.Pool(n)\nelse:\n    pool = Serial()"
    source = put_into(PROGRAM, body).replace("run(toolbox.items, toolbox.n)", "run(toolbox.x, 2)")
    tasks = [o for o in small(tmp_path, source).operations("task") if o.does == "call-later"]
    assert tasks and not any(task.on_arm and task.program.standins.is_taken(task) for task in tasks)


@pytest.mark.parametrize(
    ("given", "call", "found"),
    [
        ("items", "run(lambda: 1, True)", True),
        ("items", "run(lambda: 1, False)", False),
        ("items", "run(lambda: 1, toolbox.n)", False),
        ("[items]", "run(lambda: 1, toolbox.n)", False),
        ("lambda: 1", "run(0, toolbox.n)", True),
    ],
)
def test_what_cannot_be_pickled_on_an_arm(
    tmp_path: Path, given: str, call: str, found: bool
) -> None:
    body = "out = mp.Manager().Queue()\npool = mp.Pool() if n else Serial()"
    source = put_into(PROGRAM, body).replace("(items, out)", f"({given}, out)")
    program = small(tmp_path, source.replace("run(toolbox.items, toolbox.n)", call))
    tasks = [o for o in program.operations("task") if o.does == "call-later"]
    obstacles = [program.program.pickling.task_obstacle(task) for task in tasks]
    assert any(obstacles) is found
