"""Whether a child finds a function or class by its name."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

from mplint.model.values import Site

SOURCE = """
def bare(function):
    def call(*args): return function(*args)
    return call

def wraps(function):
    @functools.wraps(function)
    def call(*args): return function(*args)
    return call

def again(function):
    @functools.wraps(function)
    def call(*args): return function(*args)
    return call

def factory(n):
    def decorate(function):
        def call(*args): return function(*args)
        return call
    return decorate

def same(function):
    return function

def updating(function):
    def call(*args): return function(*args)
    functools.update_wrapper(call, function)
    return call

def sometimes(function):
    def call(*args): return function(*args)
    return call if toolbox.flag else function

@bare
def a(): pass
@again
def b(): pass
@factory(1)
def c(): pass
@same
def d(): pass
@updating
def e(): pass
@sometimes
def g(): pass
@toolbox.decorator
def h(): pass
def plain(): pass
def renamed(): pass

alias, renamed = wraps(plain), again(renamed)

class Above:
    def __private(self): pass
    def public(self): pass
    def here(self, pool):
        {inside}

if __name__ == "__main__":
    def under(): pass
    class Under:
        def method(self): pass
    pool = mp.Pool()
    {call}  # here
    Above().here(pool)
"""


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("plain", None),
        ("under", "`under`, which is defined under the main guard"),
        ("functools.partial(under, 1)", "`under`, which is defined"),
        ("Under().method", "`Under`, which is defined"),
        ("Above().public", None),
        ("a", "`a`, in whose place its decorator `bare`"),
        ("b", None),
        ("c", "`c`, in whose place its decorator `factory`"),
        ("d", None),
        ("e", None),
        ("g", None),
        ("h", None),
        ("alias", "a wrapper that has the name of `plain`"),
        ("renamed", None),
        ("plain if toolbox.flag else under", None),
        ("toolbox.function", None),
    ],
)
def test_what_a_child_does_not_find(tmp_path: Path, target: str, what: str | None) -> None:
    source = SOURCE.replace("{call}", f"mp.Process(target={target})").replace("{inside}", "pass")
    asked = small(tmp_path, source)
    [given] = asked.view().handovers(asked.node("here", cst.Call))
    missing = asked.program.importing.missing(given)
    assert (missing is not None) is (what is not None)
    if missing is not None and what is not None:
        assert missing.what.startswith(what)
        assert missing.start_methods == ("spawn", "forkserver")


@pytest.mark.parametrize(
    ("call", "methods"),
    [
        ("mp.get_context('fork').Process(target=under)", ()),
        ("pool.map(under, [1])", ("spawn", "forkserver")),
        ("pool.map(a, [1])", ("fork", "spawn", "forkserver")),
        ("pool.apply(plain, (Under(),))", ("spawn", "forkserver")),
        ("pool.apply(plain, (1,))", ()),
    ],
)
def test_under_which_start_methods(tmp_path: Path, call: str, methods: tuple[str, ...]) -> None:
    source = SOURCE.replace("{call}", call).replace("{inside}", "pass")
    asked = small(tmp_path, source)
    [given] = asked.view().handovers(asked.node("here", cst.Call))
    missing = asked.program.importing.missing(given)
    assert (missing.start_methods if missing is not None else ()) == methods


@pytest.mark.parametrize(
    ("task", "found"), [("self.__private", False), ("self.public", True), ("self.__call__", True)]
)
def test_private_methods(tmp_path: Path, task: str, found: bool) -> None:
    source = SOURCE.replace("{call}", "pass").replace("{inside}", f"pool.map({task}, [1])  # in")
    asked = small(tmp_path, source)
    [given] = asked.view().handovers(asked.node("in", cst.Call))
    missing = asked.program.importing.missing(given)
    assert (missing is None) is found
    if missing is not None:
        assert missing.start_methods == ("fork", "spawn", "forkserver")


def test_process_classes_under_the_guard(tmp_path: Path) -> None:
    asked = small(
        tmp_path,
        """
        class Above(mp.Process):  # above
            def run(self): pass

        if __name__ == "__main__":
            class Under(mp.Process):  # under
                def run(self): pass

            Above().start()
            Under().start()
        """,
    )
    view, importing = asked.view(), asked.program.importing
    for mark, methods in (("above", ()), ("under", ("spawn", "forkserver"))):
        [worker] = view.process_classes(asked.node(mark, cst.ClassDef))
        assert importing.missing_class(worker) == methods


@pytest.mark.parametrize(
    ("call", "methods"),
    [
        ("mp.Process(target=under).start()", ()),
        ("mp.Pool().map(under, [1])", ()),
        ("mp.Pool().map(bare, [1])", ("fork", "spawn", "forkserver")),  # under fork it comes there
    ],
)
def test_under_which_it_is_come_to(tmp_path: Path, call: str, methods: tuple[str, ...]) -> None:
    source = f"""
        def wrap(function):
            def wrapper(*args): return function(*args)
            return wrapper

        @wrap
        def bare(): pass

        if __name__ == "__main__":
            def under(): pass
            mp.Process(target=print, args=((x for x in []),)).start()
            {call}  # here
    """
    asked = small(tmp_path, source)
    given = next(
        given
        for node in asked.view().lowered.nodes
        if isinstance(node, cst.Call)
        for given in asked.view().handovers(node)
        if given.function is not None and asked.is_at(Site(asked.path, given.call.at), "here")
    )
    missing = asked.program.importing.missing(given)
    assert (missing.start_methods if missing is not None else ()) == methods


@pytest.mark.parametrize(
    ("before", "come_to"),
    [
        ("pass", True),
        ("first.start()", False),  # it cannot be, with a generator
        ("other.start()", True),  # that one can
        ("if toolbox.flag: first.start()", True),
        ("for _ in toolbox.flags: first.start()", True),
        ("try: first.start()\nfinally: pass", True),  # whatever handles it
        ("toolbox.run(first)", True),
    ],
)
def test_what_is_never_come_to(tmp_path: Path, before: str, come_to: bool) -> None:
    source = """
        def run(target, rows):
            first, other = mp.Process(target=print, args=(rows,)), mp.Process(target=print)
            BODY
            mp.Process(target=target).start()  # here
            first.start()

        if __name__ == "__main__":
            def under(): pass
            run(under, (x for x in []))
    """
    asked = small(tmp_path, put_into(source, before))
    given = [
        given
        for node in asked.view().lowered.nodes
        if isinstance(node, cst.Call)
        for given in asked.view().handovers(node)
    ][-1]
    assert (asked.program.importing.missing(given) is not None) is come_to
