"""Whether arguments fit: what is asked of calls that give functions to processes."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, small

from mplint.model.solving.binding import misfit

FUNCTIONS = """
    import concurrent.futures
    from toolbox import unknown, decorator

    class Callable:
        def __call__(self):
            pass

    class Plain:
        def method(self, a):
            return 1

    class Abstract:
        def early(self):
            raise NotImplementedError("for those who derive from it")
        def empty(self):
            pass

    class Rows:
        def __iter__(self):
            return iter(())

    class Named(mp.Process):
        pass

    class Running(mp.Process):
        def __init__(self, x):
            super().__init__(target=nothing, args=(x,))

    def nothing():
        print()
    def number():
        return 3
    def maker():
        return nothing
    def stub():
        raise NotImplementedError
    def sometimes(flag):
        if flag:
            return nothing
    @decorator
    def decorated():
        print()
    def two(a, b=0):
        print(a, b)
    async def coroutine(a):
        pass
    def generator(a):
        yield a

    def function(given, size):
        pool, executor = mp.Pool(2), concurrent.futures.ProcessPoolExecutor()
        threads = concurrent.futures.ThreadPoolExecutor()
        for i in range(3):
            for j, item in enumerate(given):
                {call}  # here
"""


def program(folder: Path, call: str) -> Small:
    return small(folder, FUNCTIONS.replace("{call}", call))


@pytest.mark.parametrize(
    ("call", "how"),
    [
        ("mp.Process(None, two, 'name', (1,))", "target"),
        ("mp.get_context('spawn').Process(target=two)", "target"),
        ("Named(target=two)", "target"),
        ("Running(1)", None),  # what it is given is its own affair
        ("mp.Pool(2, two, (1,))", "initializer"),
        ("pool.apply_async(two, (1,))", "apply"),
        ("pool.map(two, given)", "map"),
        ("pool.starmap(two, given)", "starmap"),
        ("executor.submit(two, 1)", "submit"),
        ("executor.map(two, given)", "executor-map"),
        ("threads.submit(two, 1)", None),
        ("threading.Thread(target=two)", None),
        ("unknown(target=two)", None),
    ],
)
def test_what_a_call_gives_to_processes(tmp_path: Path, call: str, how: str | None) -> None:
    asked = program(tmp_path, call)
    found = asked.view().handovers(asked.node("here", cst.Call))
    assert [given.how for given in found] == ([how] if how else [])


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("mp.Process(target=nothing())", "None"),
        ("mp.Process(target=number())", "3"),
        ("mp.Process(target=Plain().method(1))", "1"),
        ("pool.apply_async(number())", "3"),
        ("executor.submit(len('a'))", "a value that cannot be called"),
        ("mp.Process(target=generator(1))", "a generator"),
        ("mp.Process(target=mp.Queue())", None),  # not what this asks about
        ("mp.Process(target=nothing)", None),
        ("mp.Process(target=maker())", None),
        ("mp.Process(target=stub())", None),
        ("mp.Process(target=sometimes(given))", None),
        ("mp.Process(target=decorated())", None),
        ("mp.Process(target=Callable())", None),
        ("mp.Process(target=unknown())", None),
    ],
)
def test_a_call_in_the_place_of_a_function(tmp_path: Path, call: str, result: str | None) -> None:
    asked = program(tmp_path, call)
    found = asked.view().handovers(asked.node("here", cst.Call))
    called = asked.program.signatures.called(found[0])
    assert (called.result if called is not None else None) == result


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("mp.Process(target=two, args=(1))", "a number"),
        ("mp.Process(target=two, args=(i))", "a number"),
        ("mp.Process(target=two, args=(j))", "a number"),
        ("mp.Process(target=two, args=len(given))", "a number"),
        ("mp.Process(target=two, args=('abc'))", "a text"),
        ("mp.Process(target=two, args=f'a {size}')", "a text"),
        ("mp.Process(target=two, args='ab')", None),  # two letters for two arguments
        ("mp.Process(target=print, args='a')", None),
        ("mp.Process(target=two, args=None)", "None"),
        ("mp.Process(target=two, args=mp.Queue())", "a queue"),
        ("mp.Process(target=two, args=two)", "a function"),
        ("mp.Process(target=two, args=Plain())", "an object of `Plain`"),
        ("mp.Process(target=two, args=Rows())", None),
        ("mp.Process(target=unknown, args={'a': 1})", "a dict"),
        ("mp.Process(target=two, args=(item))", None),
        ("mp.Process(target=two, args=size)", None),
        ("mp.Process(target=two, args=[1])", None),
        ("pool.apply(two, 1)", "a number"),
        ("pool.apply(two, (1,))", None),
        ("pool.starmap(two, range(3))", "a collection of numbers"),
        ("pool.starmap(two, [1, 2])", "a collection of numbers"),
        ("pool.starmap(two, [(1, 2)])", None),
        ("executor.submit(two, 1)", None),
    ],
)
def test_arguments_that_are_no_tuple(tmp_path: Path, call: str, what: str | None) -> None:
    asked = program(tmp_path, call)
    [found] = asked.view().handovers(asked.node("here", cst.Call))[:1]
    unpacked = asked.program.signatures.unpacked(found)
    assert (unpacked.what if unpacked is not None else None) == what


@pytest.mark.parametrize(
    ("call", "fits"),
    [
        ("mp.Process(target=two, args=(1,))", True),
        ("mp.Process(target=two, args=(1, 2, 3))", False),
        ("mp.Process(target=two)", False),
        ("mp.Process(target=two, kwargs={'a': 1})", True),
        ("mp.Process(target=two, kwargs=dict(c=1))", False),
        ("mp.Process(target=two, args=(*given,))", True),
        ("mp.Process(target=two, args=(), kwargs=given)", True),
        ("mp.Process(target=decorated, args=(1,))", True),
        ("mp.Process(target=unknown, args=(1,))", True),
        ("mp.Process(target=two if size else nothing, args=(1, 2))", True),
        ("mp.Process(target=Plain().method, args=(1,))", True),
        ("mp.Process(target=Plain().method)", False),
        ("mp.Process(target=Plain.method, args=(1,))", False),
        ("mp.Process(target=Abstract().early, args=(1,))", True),
        ("mp.Process(target=Abstract().empty, args=(1,))", True),
        ("mp.Process(target=stub, args=(1,))", False),
        ("pool.map(two, given)", True),
        ("pool.map(nothing, given)", False),
        ("pool.starmap(two, [(1, 2, 3)])", False),
        ("pool.starmap(two, given)", True),
        ("executor.map(two, given, given, given)", False),
        ("executor.submit(two, 1, b=2)", True),
        ("executor.submit(two, args=(1,))", False),
        ("mp.Pool(2, two)", False),
    ],
)
def test_arguments_that_do_not_fit(tmp_path: Path, call: str, fits: bool) -> None:
    asked = program(tmp_path, call)
    [found] = asked.view().handovers(asked.node("here", cst.Call))[:1]
    assert (asked.program.signatures.misfit(found) is None) is fits


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("mp.Process(target=coroutine, args=(1,))", "a coroutine"),
        ("pool.map(generator, given)", "a generator"),
        ("mp.Process(target=two, args=(1,))", None),
        ("mp.Process(target=decorated)", None),
        ("mp.Process(target=coroutine if size else two, args=(1,))", None),
    ],
)
def test_functions_whose_call_runs_nothing(tmp_path: Path, call: str, what: str | None) -> None:
    asked = program(tmp_path, call)
    [found] = asked.view().handovers(asked.node("here", cst.Call))[:1]
    idle = asked.program.signatures.idle(found)
    assert (idle.what if idle is not None else None) == what


@pytest.mark.parametrize(
    ("run", "needed", "idle"),
    [
        ("def run(self): pass", None, None),
        ("def run(self, a=1, *rest): pass", None, None),
        ("def run(self, a, b): pass", "`a` and `b`", None),
        ("async def run(self): pass", None, "a coroutine"),
        ("def run(self): yield", None, "a generator"),
        ("def start(self): self.run(1)\n\n    def run(self, a): pass", None, None),
    ],
)
def test_the_run_of_a_process(
    tmp_path: Path, run: str, needed: str | None, idle: str | None
) -> None:
    asked = small(tmp_path, f"class Worker(mp.Process):\n    {run}  # here\n\nWorker().start()\n")
    [worker] = asked.view().runs(asked.node("here", cst.FunctionDef)) or [None]
    if worker is not None:
        assert asked.program.signatures.run_with_parameters(worker) == needed
        assert asked.program.signatures.idle_run(worker) == idle


def test_how_a_signature_is_read(tmp_path: Path) -> None:
    asked = small(tmp_path, "def f(a, /, b, *, c, d=0): pass\ndef g(*xs, **ys): pass\n")
    f, g = (
        next(s for s in file.scopes if s.name == name)
        for file in asked.program.solver.files.values()
        for name in "fg"
    )
    assert misfit(f, 2, frozenset("c"), bound=False) is None
    assert misfit(f, 1, frozenset("bc"), bound=False) is None
    assert misfit(f, 2, frozenset(), bound=False) == "needs `c`, which it is not given"
    assert misfit(f, 2, frozenset("bc"), bound=False) == "is given `b` twice"
    assert misfit(f, 3, frozenset("c"), bound=False) == (
        "takes at most 2 arguments by position and is given 3"
    )
    assert misfit(f, 1, frozenset("c"), bound=True) is None
    assert misfit(g, 9, frozenset("xyz"), bound=False) is None
