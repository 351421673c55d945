"""Calls that raise a TypeError, since their arguments do not fit: nothing of the function runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, small

PLAIN = """\
import joblib


def work(first, second, *, third=0):
    queue = mp.Queue()
    queue.put(first)  # put


def main():
    {}  # call


main()
"""


def is_entered(asked: Small) -> bool:
    """Whether `main` runs the function; that it is somebody's else does not count."""
    return any(
        edge.caller.scope.name == "main"
        for operation in asked.operations("put")
        for edge in asked.program.callers[operation.activation]
    )


@pytest.mark.parametrize(
    ("call", "entered"),
    [
        ("work(1, 2)", True),
        ("work(1, second=2, third=3)", True),
        ("work(1)", False),
        ("work(1, 2, 3)", False),
        ("work(1, 2, fourth=3)", False),
        ("work(1, 2, first=3)", False),
        ("work(*sys.argv)", True),
        ("work(*(1, 2, 3))", True),
        ("work(1, **toolbox.options)", True),
        ("functools.partial(work, 1)(2)", True),
        ("functools.partial(work, 1)()", True),
        ("mp.Process(target=work).start()", True),
        ("list(map(work, range(3)))", True),
        ("joblib.Parallel(2)(joblib.delayed(work)(i) for i in range(3))", True),
    ],
)
def test_functions(tmp_path: Path, call: str, entered: bool) -> None:
    assert is_entered(small(tmp_path, PLAIN.format(call))) is entered


@pytest.mark.parametrize(
    ("decorator", "entered"),
    [("@functools.lru_cache", False), ("@toolbox.option", True), ("@own", True)],
)
def test_decorators(tmp_path: Path, decorator: str, entered: bool) -> None:
    own = "def own(function):\n    return lambda *xs: function(1, *xs)\n\n\n"
    plain = PLAIN.format("work(1)").replace("def work", f"{own}{decorator}\ndef work")
    asked = small(tmp_path, plain)
    assert is_entered(asked) is entered


CLASSES = """\
class Base{bases}:
    def __init__(self, first, second):
        super().__init__()
        self.queue = mp.Queue()
        self.queue.put(first)  # put


{decorator}
class Worker(Base):
    def run(self):
        pass

    @staticmethod
    def of(first):
        return Worker(first, 2)

    @classmethod
    def like(cls, first):
        return cls(first, 2)


def main():
    worker = {call}  # made
    worker.run()


main()
"""


@pytest.mark.parametrize(
    ("call", "entered"),
    [
        ("Worker(1, 2)", True),
        ("Worker(1)", False),
        ("Worker(1, 2, 3)", False),
        ("Worker(1, other=2)", False),
        ("Worker(*sys.argv)", True),
    ],
)
@pytest.mark.parametrize("bases", ["", "(mp.Process)"])
def test_classes(tmp_path: Path, bases: str, call: str, entered: bool) -> None:
    source = CLASSES.format(bases=bases, decorator="", call=call)
    asked = small(tmp_path, source if bases else source.replace("super().__init__()", "pass"))
    assert is_entered(asked) is entered
    [main] = [a for a in asked.program.solver.activations if a.scope.name == "main"]
    assert bool(asked.program.solver.cells.get((main, "worker"))) is entered


@pytest.mark.parametrize(
    ("bases", "decorator", "entered"),
    [
        ("", "", False),
        ("(metaclass=toolbox.Registry)", "", True),
        ("(metaclass=abc.ABCMeta)", "", False),
        ("", "@toolbox.filled", True),
        ("", "@six.add_metaclass(abc.ABCMeta)", False),
        ("(toolbox.Base)", "", False),
    ],
)
def test_metaclasses_and_decorators(
    tmp_path: Path, bases: str, decorator: str, entered: bool
) -> None:
    source = CLASSES.format(bases=bases, decorator=decorator, call="Worker(1)")
    assert is_entered(small(tmp_path, f"import abc\nimport six\n{source}")) is entered


@pytest.mark.parametrize("call", ["Worker.of(1)", "Worker.like(1)", "Worker(1, 2).of(1)"])
def test_static_and_class_methods(tmp_path: Path, call: str) -> None:
    source = CLASSES.format(bases="(mp.Process)", decorator="", call=call)
    asked = small(tmp_path, source)
    assert asked.program.callers[asked.operations("put")[0].activation]


def test_super_goes_to_the_class_that_the_object_decides_on(tmp_path: Path) -> None:
    source = """\
    class Base:
        def __init__(self, first):
            self.queue = mp.Queue()
            self.queue.put(first)  # put

    class Mixin:
        def __init__(self, first, second):
            super().__init__(first)

    class Left(Base):
        def __init__(self):
            super().__init__(1, 2)

    class Both(Left, Mixin):
        pass

    def main():
        Both()

    main()
    """
    asked = small(tmp_path, source)
    callers = asked.program.callers[asked.operations("put")[0].activation]
    assert "Left" in {edge.caller.outer.scope.name for edge in callers if edge.caller.outer}


def test_classes_of_another_module(tmp_path: Path) -> None:
    tools = CLASSES.format(bases="(mp.Process)", decorator="", call="None").partition("def main")[0]
    main = "from tools import Worker\nworker = Worker(1)  # made\nworker.start()  # start\n"
    asked = Small(tmp_path, main, tools=f"import multiprocessing as mp\n\n\n{tools}")
    assert not asked.operations("start")
