"""The questions about what becomes of a process object, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, put_into, small

from mplint.model.processes.states import Wrong

FUNCTION = """
    import torch

    def work():
        pass

    def function(flag, ctx, given: mp.Process):
        BODY

    class Own(mp.Process):
        def start(self):
            super().start()
            return self

    class Plain(mp.Process):
        def run(self):
            pass
"""


def function(folder: Path, body: str) -> Small:
    return small(folder, put_into(FUNCTION, body))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("x = mp.Process(target=work).start()  # here\nprint(x)", True),
        ("self.x = mp.Process(target=work).start()  # here", True),
        ("x = mp.Process(target=work).start()  # here", False),  # nobody reads it
        ("x = p.join()  # here\ndef inner():\n    return x", True),
        ("x = [p.start() for p in [mp.Process(target=work)]]  # here\nprint(x)", True),
        ("[p.start() for p in [mp.Process(target=work)]]  # here", False),
        ("list(p.start() for p in [mp.Process(target=work)])  # here", False),
        ("print(p.join())  # here", True),
        ("if p.join(3):  # here\n    pass", True),
        ("while not p.join(3):  # here\n    pass", True),
        ("flag and p.join()  # here", False),
        ("x = flag and p.join()  # here\nprint(x)", True),
        ("return p.join()  # here", False),
        ("p.join()  # here", False),
        ("f = lambda: p.join()  # here", False),
        ("x = Own(target=work).start()  # here\nprint(x)", False),
        ("x = Plain().start()  # here\nprint(x)", True),
        ("x = threading.Thread(target=work).start()  # here\nprint(x)", False),
        ("x = mp.managers.SyncManager().start()  # here\nx()", True),
        ("x = torch.multiprocessing.spawn(work, join=False).join()  # here\nx()", False),
    ],
)  # fmt: skip
def test_whether_what_is_returned_is_kept(tmp_path: Path, line: str, kept: bool) -> None:
    program = function(tmp_path, f"p = mp.Process(target=work)\n{line}")
    lifecycle = program.program.lifecycle
    assert any(lifecycle.result_kept(o) for o in program.operations("here")) is kept


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("p = mp.Process(target=work)\np.run()  # here", True),
        ("p = mp.Process(target=work)\np.start()\np.run()  # here", False),
        ("p = Plain()\np.run()  # here", False),
        ("p = Plain()\np.run()  # here\np.join()", True),
        ("p = Plain()\np.run()  # here\np.join()\nPlain().start()", False),
        ("given.run()  # here", False),
        ("flag.run()  # here", False),
        ("p = threading.Thread(target=work)\np.run()  # here", False),
        ("p = mp.Process(target=work)\ntoolbox.keep(p)\np.run()  # here", False),
        ("def test_it():\n    p = mp.Process(target=work)\n    p.run()  # here", False),
    ],
)
def test_run_in_the_place_of_start(tmp_path: Path, body: str, found: bool) -> None:
    program = function(tmp_path, body)
    view, node = program.view(), program.node("here", cst.Call)
    call = view.expression(node)
    assert call is not None
    answers = [view.program.lifecycle.run_here(call, a) for a in view.activations(node)]
    assert any(answers) is found
    for answer in filter(None, answers):
        assert answer.text.endswith(".run()")


def wrong(program: Small) -> Wrong | None:
    """What is wrong on the line marked `here`."""
    view = program.view()
    for kind in (cst.Call, cst.Attribute):
        try:
            node = program.node("here", kind)
        except AssertionError:
            continue
        at = view.number(node)
        assert at is not None
        for activation in view.activations(node):
            found = view.program.lifecycle.wrong_state(at, activation)
            if found is not None:
                return found
    return None


MAKE = "p = mp.Process(target=work)\n"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("p.start()\np.start()  # here", "started before"),
        ("p.start()\np.join()\np.start()  # here", "has ended"),
        ("p.start()\np.join(3)\np.start()  # here", "started before"),
        ("p.start()\nmp.Queue().get()\np.start()  # here", "started before"),
        ("p.join()  # here", "before `start()`"),
        ("p.terminate()  # here", "before `start()`"),
        ("p.start()\np.close()  # here", "still runs"),
        ("p.start()\np.join()\np.close()\np.is_alive()  # here", "after `close()`"),
        ("p.start()\np.daemon = True  # here", "after `start()`"),
        ("for _ in range(3):\n    p.start()  # here\n    p.join()", "has ended"),
        ("p.start()\nwhile flag:\n    if not p.is_alive():\n        p.start()  # here", "before"),
    ],
)
def test_a_process_in_the_wrong_state(tmp_path: Path, body: str, says: str) -> None:
    found = wrong(function(tmp_path, MAKE + body))
    assert found is not None
    assert says in found.what
    assert found.before is not None
    assert found.cure


@pytest.mark.parametrize(
    "body",
    [
        "p.start()  # here\np.join()",
        "p.daemon = True  # here\np.start()",
        "p.start()\np.join()  # here\np.close()",
        "p.start()\np = mp.Process(target=work)\np.start()  # here",
        "for _ in range(3):\n    p = mp.Process(target=work)\n    p.start()  # here",
        "for _ in range(3):\n    if flag:\n        p.start()  # here",
        "for _ in range(3):\n    p.start()  # here\n    break",
        "if flag:\n    p.start()\np.join()  # here",
        "if flag:\n    p.start()\nif p.pid:\n    p.join()  # here",
        "toolbox.launch(p)\np.join()  # here",
        "for each in [p]:\n    each.start()\np.join()  # here",
        "def inner():\n    nonlocal p\n    p.start()\ninner()\np.join()  # here",
        "try:\n    toolbox.f()\n    p.start()\nexcept Exception:\n    p.terminate()  # here",
        "p.start()\ntoolbox.f()\np.close()  # here",
        "p = Own(target=work)\np.start()\np.start()  # here",
        "a = Plain()\na.start()\nb = Plain()\na.join()  # here",
        "given.start()\ngiven.start()  # here",
        "ps = [mp.Process(target=work) for _ in range(2)]\nps[0].start()\nps[1].start()  # here",
    ],
)
def test_a_process_in_a_right_state_or_an_open_one(tmp_path: Path, body: str) -> None:
    assert wrong(function(tmp_path, MAKE + body)) is None


@pytest.mark.parametrize(("between", "found"), [("pass", True), ("self.again()", False)])
def test_an_attribute_is_followed_inside_one_function(
    tmp_path: Path, between: str, found: bool
) -> None:
    program = small(
        tmp_path,
        f"""
        class Service:
            def __init__(self):
                self.again()

            def again(self):
                self.p = mp.Process(target=print)

            def begin(self):
                self.p.start()
                {between}
                self.p.start()  # here
        """,
    )
    assert (wrong(program) is not None) is found


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("mp.Process(work)", True),
        ("mp.Process('a name')", True),
        ("ctx.Process(work)", False),  # nobody knows what it is
        ("mp.get_context('fork').Process(work)", True),
        ("mp.Process(None, work)", False),
        ("mp.Process(flag)", False),
        ("mp.Process(*flag)", False),
        ("mp.Process(target=work)", False),
        ("Plain(work)", False),
        ("threading.Thread(work)", False),
    ],
)
def test_the_first_argument_is_a_group(tmp_path: Path, call: str, found: bool) -> None:
    program = function(tmp_path, f"{call}  # here")
    view, node = program.view(), program.node("here", cst.Call)
    expression = view.expression(node)
    assert expression is not None
    (activation,) = view.activations(node)
    assert (view.program.lifecycle.group_given(expression, activation) is not None) is found


@pytest.mark.parametrize(
    ("main", "found"),
    [
        ("p.start()\nmp.Process(target=ask, args=(p,)).start()", True),
        ("p.start()\nmp.Process(target=ask, args=(p,)).start()\nask(p)", False),
        ("p.start()\nthreading.Thread(target=ask, args=(p,)).start()", False),
        ("p.start()\ntoolbox.keep(p)\nmp.Process(target=ask, args=(p,)).start()", False),
    ],
)
def test_a_join_by_another_process_than_the_parent(tmp_path: Path, main: str, found: bool) -> None:
    program = small(
        tmp_path,
        put_into(
            """
            def ask(other):
                other.join()  # here

            p = mp.Process(target=print)
            BODY
            """,
            main,
        ),
    )
    lifecycle = program.program.lifecycle
    assert any(lifecycle.joined_by_stranger(o) for o in program.operations("here")) is found


@pytest.mark.parametrize(
    ("base", "body", "answer"),
    [
        ("mp.Process", "self.x = 1", "missing"),
        ("Base", "self.x = 1", "missing"),
        ("mp.Process", "self.daemon = True\nsuper().__init__()", "late"),
        ("mp.Process", "super().__init__()\nself.daemon = True", None),
        ("mp.Process", "mp.Process.__init__(self)", None),
        ("mp.Process", "self.helper()", None),
        ("mp.Process", "raise NotImplementedError", None),
        ("threading.Thread", "self.x = 1", None),
        ("toolbox.Process", "self.x = 1", None),
        ("object", "self.x = 1", None),
        ("Stand", "self.x = 1", None),
    ],
)
def test_a_process_class_and_its_init(
    tmp_path: Path, base: str, body: str, answer: str | None
) -> None:
    program = small(
        tmp_path,
        put_into(
            f"""
            class Base(mp.Process):
                pass

            class Stand(mp.Process):
                def start(self):
                    pass

            class Own({base}):
                def __init__(self):  # here
                    BODY

                def helper(self):
                    super().__init__()
            """,
            body,
        ),
    )
    view, node = program.view(), program.node("here", cst.FunctionDef)
    at = view.number(node)
    assert at is not None
    (activation,) = view.activations(node)
    found = view.program.lifecycle.uninitialized(at, activation)
    assert (found and ("late" if found.late else "missing")) == answer
