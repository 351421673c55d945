"""What can follow what inside one function: every way out, and how often something is sent before.

A table of small bodies, and a comparison with Python itself: random bodies are run with scripted
conditions, and whatever happens there must be among the ways out that the model sees.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent, indent
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import Small

from mplint.model.nouns import Operation
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Ends, Gone, Machine, Raised
from mplint.model.values import ClassRef

MANY = 3
"""More sends than this are not told apart."""

Outcomes: TypeAlias = "set[tuple[str, int]]"
"""The ways out, each with how often something was sent before."""


class _Sends(Machine[int]):
    """Counts the sends of a path."""

    def operate(self, state: int, operation: Operation) -> Iterable[int]:
        return (min(state + (operation.does == "put"), MANY),)


def _way(way: object) -> str:
    if isinstance(way, Gone):
        return "gone"
    if not isinstance(way, Raised):
        return str(way)
    return way.error.name if isinstance(way.error, ClassRef) else way.error


def _outcomes(ends: Ends) -> Outcomes:
    return {(_way(way), int(str(state))) for way, states in ends.items() for state in states}


FRAME = """\
import multiprocessing
import os
import sys
from contextlib import contextmanager, suppress

import toolbox

q = multiprocessing.Queue()
lock = multiprocessing.Lock()


class Problem(Exception): pass


class Worse(Problem): pass


class Swallows:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return True


class Sends:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        q.put(1)


class Steps:
    def __iter__(self):
        q.put(1)
        return iter([1, 2])


def same(thing):
    return thing


def send():
    q.put(1)


def send_or_fail(flag):
    if flag:
        q.put(1)
    else:
        raise Problem


def leave():
    sys.exit(1)


def count():
    for number in range(2):
        q.put(number)
        yield number


def function(x):
BODY
"""


def outcomes(folder: Path, body: str, helper: str = "") -> Outcomes:
    """The ways out of a function, as the model sees them."""
    source = FRAME.replace("BODY", indent(dedent(body).strip(), "    ")) + helper
    program = Small(folder, source).program
    [activation] = [
        activation
        for activation in program.solver.activations
        if activation.scope.qualified_name == "function"
    ]
    return _outcomes(Flow(program, _Sends()).ends(activation, 0))


# The table ----------------------------------------------------------------------------------------

UNKNOWN = "any error"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # one way
        ("pass", {"normal 0"}),
        ("q.put(1)", {"normal 1"}),
        ("q.put(1)\nq.put(2)", {"normal 2"}),
        ("return q.put(1)", {"normal 1"}),
        ("return\nq.put(1)", {"normal 0"}),
        ("send()", {"normal 1"}),
        ("print(q.put(1), q.put(2))", {"normal 2"}),
        ("later = lambda: q.put(1)", {"normal 0"}),
        ("def inner(): q.put(1)", {"normal 0"}),
        # branches
        ("if x: q.put(1)", {"normal 0", "normal 1"}),
        ("if x: q.put(1)\nelse: q.put(2)", {"normal 1"}),
        ("if x: return\nq.put(1)", {"normal 0", "normal 1"}),
        ("if True: q.put(1)", {"normal 1"}),
        ("if False: q.put(1)", {"normal 0"}),
        ("match x:\n    case 1: q.put(1)", {"normal 0", "normal 1"}),
        ("match x:\n    case 1: q.put(1)\n    case _: q.put(2)", {"normal 1"}),
        ("match x:\n    case 1: return\n    case y: pass\nq.put(1)", {"normal 0", "normal 1"}),
        ("match x:\n    case y if y > 1: q.put(1)", {"normal 0", "normal 1"}),
        # errors
        ("raise ValueError", {"ValueError 0"}),
        ("q.put(1)\nraise ValueError('no')", {"ValueError 1"}),
        ("raise Problem", {"Problem 0"}),
        ("raise x", {f"{UNKNOWN} 0"}),
        ("assert x\nq.put(1)", {"AssertionError 0", "normal 1"}),
        ("toolbox.run()\nq.put(1)", {f"{UNKNOWN} 0", "normal 1"}),
        ("q.put(toolbox.run())", {f"{UNKNOWN} 0", "normal 1"}),
        ("print(len(str(x)))", {"normal 0"}),
        ("x.run()", {f"{UNKNOWN} 0", "normal 0"}),
        ("open('file')", {"OSError 0", "normal 0"}),
        ("q.get(timeout=1)", {"queue.Empty 0", "normal 0"}),
        ("q.get()", {"normal 0"}),
        ("sys.exit(1)", {"SystemExit 0"}),
        ("leave()\nq.put(1)", {"SystemExit 0"}),
        ("os._exit(1)\nq.put(1)", {"gone 0"}),
        ("send_or_fail(x)", {"normal 1", "Problem 0"}),
        # handlers
        ("try: raise ValueError\nexcept ValueError: q.put(1)", {"normal 1"}),
        ("try: raise KeyError\nexcept LookupError: q.put(1)", {"normal 1"}),
        ("try: raise KeyError\nexcept ValueError: q.put(1)", {"KeyError 0"}),
        ("try: raise KeyError\nexcept (ValueError, KeyError): q.put(1)", {"normal 1"}),
        ("try: raise ValueError\nexcept: q.put(1)", {"normal 1"}),
        ("try: raise KeyError\nexcept KeyError: q.put(1)\nexcept Exception: pass", {"normal 1"}),
        ("try: raise Worse\nexcept Problem: q.put(1)", {"normal 1"}),
        ("try: raise Problem\nexcept Worse: q.put(1)", {"Problem 0"}),
        ("try: raise Problem\nexcept Exception: q.put(1)", {"normal 1"}),
        ("try: sys.exit()\nexcept Exception: q.put(1)", {"SystemExit 0"}),
        ("try: sys.exit()\nexcept BaseException: q.put(1)", {"normal 1"}),
        ("try: sys.exit()\nexcept: q.put(1)", {"normal 1"}),
        ("try: toolbox.run()\nexcept Exception: q.put(1)", {"normal 0", "normal 1"}),
        ("try: os._exit(1)\nexcept: q.put(1)\nfinally: q.put(1)", {"gone 0"}),
        ("try: raise ValueError\nexcept ValueError: raise", {"ValueError 0"}),
        ("try: raise ValueError\nexcept ValueError: raise KeyError", {"KeyError 0"}),
        ("try: raise ValueError\nexcept ValueError as e: raise e", {f"{UNKNOWN} 0"}),
        ("try: q.put(1)\nexcept: q.put(2)\nelse: q.put(3)", {"normal 2"}),
        ("try: raise KeyError\nexcept: q.put(2)\nelse: q.put(3)", {"normal 1"}),
        ("try: pass\nexcept: pass\nelse: raise KeyError", {"KeyError 0"}),
        (
            "try:\n    try: raise KeyError\n    except ValueError: q.put(1)\nexcept KeyError: pass",
            {"normal 0"},
        ),
        (
            "try:\n    try: raise KeyError\n    finally: q.put(1)\nexcept KeyError: q.put(2)",
            {"normal 2"},
        ),
        # finally
        ("try: q.put(1)\nfinally: q.put(2)", {"normal 2"}),
        ("try: raise ValueError\nfinally: q.put(1)", {"ValueError 1"}),
        ("try: return\nfinally: q.put(1)", {"normal 1"}),
        ("try: sys.exit()\nfinally: q.put(1)", {"SystemExit 1"}),
        ("try: raise ValueError\nfinally: return", {"normal 0"}),
        ("try: raise ValueError\nfinally: raise KeyError", {"KeyError 0"}),
        ("for _ in x:\n    try: raise ValueError\n    finally: break", {"normal 0"}),
        ("try: raise ValueError\nexcept ValueError: raise\nfinally: q.put(1)", {"ValueError 1"}),
        # with
        ("with lock: q.put(1)", {"normal 1"}),
        ("with lock: raise ValueError", {"ValueError 0"}),
        ("with suppress(ValueError): raise ValueError", {"normal 0"}),
        ("with suppress(ValueError): raise KeyError", {"KeyError 0"}),
        ("with suppress(LookupError, OSError): raise KeyError", {"normal 0"}),
        ("with Swallows(): raise ValueError", {"normal 0"}),
        ("with Sends(): raise ValueError", {"ValueError 1"}),
        ("with Sends(): return", {"normal 1"}),
        ("with same(Sends()): return", {"normal 1"}),
        ("for _ in Steps(): break", {"normal 1"}),
        # loops turn at least once
        ("for _ in x: q.put(1)", {"normal 1", "normal 2", "normal 3"}),
        ("for _ in x:\n    if x: q.put(1)", {f"normal {n}" for n in range(4)}),
        ("for _ in x:\n    q.put(1)\n    break", {"normal 1"}),
        ("for _ in x: break\nelse: q.put(1)", {"normal 0"}),
        ("for _ in x: pass\nelse: q.put(1)", {"normal 1"}),
        ("for _ in x:\n    continue\n    q.put(1)", {"normal 0"}),
        ("for _ in x:\n    for _ in x: break\n    q.put(1)\n    break", {"normal 1"}),
        ("for _ in x: return q.put(1)", {"normal 1"}),
        ("for _ in x: raise ValueError", {"ValueError 0"}),
        ("while x:\n    q.put(1)\n    break", {"normal 1"}),
        ("while x: pass\nelse: q.put(1)", {"normal 1"}),
        ("while True: pass", set()),
        ("while True: q.put(1)\nq.put(2)", set()),
        ("while True:\n    q.put(1)\n    if x: break", {"normal 1", "normal 2", "normal 3"}),
        ("while True:\n    if x: raise ValueError", {"ValueError 0"}),
        ("while 1:\n    try: raise KeyError\n    except KeyError: break", {"normal 0"}),
        ("for _ in count(): pass", {"normal 0", "normal 1", "normal 2", "normal 3"}),
        ("list(count())", {"normal 0", "normal 1", "normal 2", "normal 3"}),
        ("count()", {"normal 0"}),
        ("[q.put(y) for y in (1, 2)]", {"normal 1"}),  # once for all turns
    ],
)
def test_ways_out(tmp_path: Path, body: str, expected: set[str]) -> None:
    found = {f"{way} {sends}" for way, sends in outcomes(tmp_path, body)}
    assert found == expected


# Compared with Python itself ----------------------------------------------------------------------

Tree: TypeAlias = tuple[Any, ...]
"""A statement: what it is, and its parts. A body is a tuple of statements."""

CAUGHT = ("ValueError", "LookupError", "(ValueError, KeyError)", "Exception", "BaseException", "")
RAISED = ("ValueError", "KeyError", "Problem", "SystemExit")
WIDE = ("Exception", "BaseException", "")


@st.composite
def bodies(
    draw: Callable[[Any], Any], depth: int, loop: bool, handler: bool, unknown: bool
) -> Tree:
    """Statements that raise named errors, which any handler may catch, or with `unknown` errors of
    somebody else's code, and wide handlers only: of a narrow one it is unknown what it catches."""
    inner = depth > 0
    kinds = ["put", "put", "pass", "return", "call"]
    kinds += ["run"] if unknown else ["raise", "assert"]
    kinds += ["break", "continue"] if loop else []
    kinds += ["reraise"] if handler else []
    kinds += ["if", "if", "match", "for", "while", "endless", "try", "try", "with"] if inner else []

    def body(loop: bool = loop, handler: bool = handler) -> Tree:
        drawn: Tree = draw(bodies(depth - 1, loop, handler, unknown))
        return drawn

    found: list[Tree] = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2)):
        if kind == "raise":
            found.append((kind, draw(st.sampled_from(RAISED))))
        elif kind == "if":
            found.append((kind, body(), body()))
        elif kind == "match":
            found.append((kind, body(), body(), draw(st.booleans())))
        elif kind in ("for", "while"):
            found.append((kind, body(loop=True), body()))
        elif kind == "endless":
            found.append((kind, body(loop=True)))
        elif kind == "with":
            managers = ("lock",) if unknown else ("lock", "suppress(ValueError)", "Swallows()")
            found.append((kind, draw(st.sampled_from(managers)), body()))
        elif kind == "try":
            types = draw(st.lists(st.sampled_from(WIDE if unknown else CAUGHT), max_size=2))
            types.sort(key=lambda name: name == "")  # a bare one comes last
            handlers = tuple((name, body(handler=True)) for name in dict.fromkeys(types))
            otherwise = body() if handlers and draw(st.booleans()) else ()
            final = body() if not handlers or draw(st.booleans()) else ()
            found.append((kind, body(), handlers, otherwise, final))
        else:
            found.append((kind,))
    return tuple(found)


def _lines(body: Tree, run: bool) -> Iterator[str]:
    """A body as source. Where it is to be run, each turn of a loop is decided by the script, and no
    loop is endless: what would be never ends the run as not valid."""
    for kind, *parts in body or (("pass",),):
        match kind:
            case "raise":
                yield f"raise {parts[0]}"
            case "put" | "call" | "run":
                yield {"put": "q.put(1)", "call": "helper(x)", "run": "toolbox.run()"}[kind]
            case "reraise":
                yield "raise"
            case "assert":
                yield "assert x.yes"
            case "if":
                yield from _block("if x.yes:", parts[0], run)
                yield from _block("else:", parts[1], run)
            case "match":
                yield "match x.yes:"
                yield from indented(_block("case 1:", parts[0], run))
                yield from indented(_block("case _:", parts[1], run) if parts[2] else ())
            case "for":
                yield from _block("for _ in x.items:", parts[0], run)
                yield from _block("else:", parts[1], run)
            case "while":
                yield from _block("for _ in x.items:" if run else "while x.yes:", parts[0], run)
                yield from _block("else:", parts[1], run)
            case "endless":
                yield from _block("for _ in range(3):" if run else "while True:", parts[0], run)
                yield from _block("else:", (("stop",),), run) if run else ()
            case "stop":
                yield "x.stop()"
            case "with":
                yield from _block(f"with {parts[0]}:", parts[1], run)
            case "try":
                yield from _block("try:", parts[0], run)
                for name, handler in parts[1]:
                    yield from _block(f"except {name}:".replace(" :", ":"), handler, run)
                if parts[2]:
                    yield from _block("else:", parts[2], run)
                if parts[3]:
                    yield from _block("finally:", parts[3], run)
            case _:
                yield kind


def _block(head: str, body: Tree, run: bool) -> Iterator[str]:
    yield head
    yield from indented(_lines(body, run))


def indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


class _Stopped(BaseException):
    """The run is not valid: it would not end."""


class _Script:
    """The world that a body is run in: decides by a script, and counts what is sent."""

    def __init__(self, script: tuple[bool, ...]) -> None:
        self.script = list(script)
        self.asked = 0
        self.sent = 0
        self.stopped = False

    @property
    def yes(self) -> bool:
        self.asked += 1
        return self.script.pop(0) if self.script else False

    @property
    def items(self) -> range:
        return range(2 if self.yes else 1)

    def put(self, item: object) -> None:
        self.sent += 1

    def run(self) -> None:
        if self.yes:
            raise RuntimeError

    def stop(self) -> None:
        self.stopped = True
        raise _Stopped


class _Problem(Exception):
    pass


class _Swallows:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> bool:
        return True


DECISIONS, RUNS = 10, 100
"""How many decisions of a run are varied, and how many runs are made at most."""


def happens(body: Tree, helper: Tree) -> tuple[Outcomes, bool]:
    """What Python does with a body under many scripts, and whether these were all there are."""
    source = "\n".join(
        [*_block("def helper(x):", helper, True), *_block("def function(x):", body, True)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # `return` in a `finally`
        code = compile(source, "body", "exec")
    found: Outcomes = set()
    todo: list[tuple[bool, ...]] = [()]
    complete = True
    for _ in range(RUNS):
        if not todo:
            break
        script = todo.pop()
        world = _Script(script)
        names: dict[str, Any] = {
            "q": world,
            "toolbox": world,
            "lock": nullcontext(),
            "suppress": suppress,
            "Problem": _Problem,
            "Swallows": _Swallows,
        }
        exec(code, names)
        way = "normal"
        try:
            names["function"](world)
        except BaseException as error:
            way = type(error).__name__.lstrip("_")
        if not world.stopped:
            found.add((way, min(world.sent, MANY)))
        complete = complete and world.asked <= DECISIONS
        asked = min(world.asked, DECISIONS)
        todo += [(*script, *[False] * (n - len(script)), True) for n in range(len(script), asked)]
    return found, complete and not todo


def seen(body: Tree, helper: Tree) -> Outcomes:
    """What the model sees of a body, which may call the helper."""
    lines = "\n".join(_lines(body, False))
    with TemporaryDirectory() as folder:
        head = "\n".join(_block("def helper(x):", helper, False))
        path = Path(folder)
        found = outcomes(path, lines, head)
    return {(("RuntimeError" if way == UNKNOWN else way), sends) for way, sends in found}


def loops(body: Tree) -> bool:
    """Whether there is a loop, whose turns the scripts cannot exhaust."""
    return any(
        part in ("for", "while", "endless") or (isinstance(part, tuple) and loops(part))
        for part in body
    )


@pytest.mark.parametrize("unknown", [False, True], ids=["named errors", "unknown errors"])
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_nothing_happens_that_is_not_seen(unknown: bool, data: st.DataObject) -> None:
    body = data.draw(bodies(2, False, False, unknown))
    helper = data.draw(bodies(0, False, False, unknown))
    helper = tuple(statement for statement in helper if statement[0] != "call")
    really, complete = happens(body, helper)
    model = seen(body, helper)
    assert really <= model
    if complete and not loops((body, helper)):
        assert {(way, sends) for way, sends in model} == really


# Recursion ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("work(q, n)\nq.put(1)", False),  # nothing is known of the call
        ("toolbox.run()\nif n: work(q, n)\nq.put(1)", True),
        ("if n: work(q, n - 1)\nelse: q.put(1)\ntoolbox.run()", False),
        ("if n: again(q, n - 1)\nelse: q.put(1)\ntoolbox.run()", False),
    ],
)
def test_recursion(tmp_path: Path, source: str, answer: bool) -> None:
    """Whether a worker can end without a word, though it calls itself."""
    program = Small(
        tmp_path,
        f"""
import multiprocessing
import toolbox

def work(q, n):
{indent(source, "    ")}

def again(q, n):
    work(q, n)

queue = multiprocessing.Queue()  # made
multiprocessing.Process(target=work, args=(queue, 3)).start()
""",
    )
    failure = program.program.failing.silent_end(program.worker("work"), program.channel("made"))
    assert (failure is not None) is answer
