"""What methods call their object, and names of modules that are needed late."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, small

from mplint.model.values import ClassRef, FunctionRef


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("def go(self):\n        here(1)  # here", "self"),
        ("def go(this, x=1):\n        here(1)  # here", "this"),
        (
            "def go(this):\n        def inner():\n            here(1)  # here\n        inner()",
            "this",
        ),
        (
            "def go(me):\n        def inner(me):\n            here(1)  # here\n        inner(2)",
            None,
        ),
        ("@staticmethod\n    def go(self):\n        here(1)  # here", None),
        ("@classmethod\n    def go(cls):\n        here(1)  # here", None),
        ("def go(*args):\n        here(1)  # here", None),
        ("def go():\n        here(1)  # here", None),
    ],
)
def test_what_a_method_calls_its_object(tmp_path: Path, method: str, name: str | None) -> None:
    asked = small(tmp_path, f"def here(x): pass\n\nclass Job:\n    {method}\n\nJob().go()\n")
    _, activation = asked.given("here")
    assert asked.program.own_name(activation) == name


def test_a_function_has_no_object(tmp_path: Path) -> None:
    asked = small(tmp_path, "def here(x): pass\ndef go(self):\n    here(1)  # here\n\ngo(1)\n")
    _, activation = asked.given("here")
    assert asked.program.own_name(activation) is None


MAIN = """
import multiprocessing
import helpers
from helpers import work, Counter

def here(x): pass

here({given})  # here
{rest}
"""

HELPERS = """
def work(n):
    return n

class Counter:
    def __init__(self, ctx):
        self.lock = ctx.Lock()  # made
"""


@pytest.mark.parametrize("given", ["work", "helpers.work"])
def test_a_name_of_a_module_that_is_needed_late(tmp_path: Path, given: str) -> None:
    """It is what the module says, and no longer something that is not known yet as well."""
    rest = "multiprocessing.Process(target=work, args=(1,)).start()"
    asked = Small(tmp_path, MAIN.format(given=given, rest=rest), helpers=HELPERS)
    (value,) = asked.program.values(*asked.given("here"))
    assert isinstance(value, FunctionRef) and value.name == "work"


def test_who_gets_a_context_makes_something_of_it(tmp_path: Path) -> None:
    rest = "Counter(multiprocessing.get_context())"
    asked = Small(tmp_path, MAIN.format(given="Counter", rest=rest), helpers=HELPERS)
    (value,) = asked.program.values(*asked.given("here"))
    assert isinstance(value, ClassRef)
    assert [made.kind.name for made in asked.made("made")] == ["Lock"]


def test_a_class_that_builds_on_one_of_another_file(tmp_path: Path) -> None:
    """Whoever makes an object of it may start a process."""
    main = "import multiprocessing\nimport gated\nfrom plain import Plain, Worker\n\nPlain()\n"
    asked = Small(
        tmp_path,
        f"{main}worker = Worker()\nworker.start()\nmultiprocessing.Queue()\n",
        gated="import multiprocessing\n\nclass Base(multiprocessing.Process):\n    pass\n",
        plain="from gated import Base\n\nclass Plain:\n    pass\n\nclass Worker(Base):\n"
        "    def run(self):\n        print(1)\n",
    )
    assert {worker.name for worker in asked.program.workers} == {"Worker"}


def test_a_class_that_builds_on_nothing_is_not_read(tmp_path: Path) -> None:
    main = "import multiprocessing\nfrom plain import Plain\nmultiprocessing.Queue()\nPlain()\n"
    asked = Small(tmp_path, main, plain="class Plain:\n    pass\n")
    assert tmp_path / "plain.py" not in asked.program.solver.files
