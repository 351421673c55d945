"""How many: turns of loops, lengths of lists, processes of a worker; and whether two are equal."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest
from small import Small

from mplint.model.paths.counts import Count

N: tuple[tuple[object, ...], ...] = (("number", "n"),)
M: tuple[tuple[object, ...], ...] = (("number", "m"),)


class Counted(Small):
    """A function that nobody calls, whose places are counted by their marks."""

    def __init__(self, folder: Path, body: str, rest: str = "") -> None:
        function = f"def function(n, m, xs, ys, flag):\n{indent(dedent(body).strip(), '    ')}\n"
        super().__init__(
            folder,
            "import multiprocessing; multiprocessing.Pool\nimport os\n\n" + dedent(rest) + function,
        )

    def turns(self, mark: str = "here") -> Count | None:
        activation, at = next(self.calls(mark, "here"))
        return self.program.counter.turns(activation, at)

    def same(self, one: str = "one", other: str = "other") -> bool | None:
        left, right = self.turns(one), self.turns(other)
        return left.same(right) if left is not None and right is not None else None


# Counts themselves --------------------------------------------------------------------------------


def test_numbers_are_compared() -> None:
    assert Count(3).same(Count(3)) is True
    assert Count(3).same(Count(4)) is False


def test_equal_symbols_are_equal_and_others_say_nothing() -> None:
    assert Count(1, N).same(Count(1, N)) is True
    assert Count(1, N).same(Count(1, M)) is None
    assert Count(1, N).same(Count(4)) is None


def test_products_are_compared_in_any_order() -> None:
    product = Count(2, N, "n") * Count(3, M, "m")
    assert product.same(Count(3, M) * Count(2, N)) is True
    assert (product.number, product.known, str(product)) == (6, None, "n * m")
    assert (Count(2) * Count(3)).known == 6


# Turns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("here()  # here", "1"),
        ("for _ in range(3):\n    here()  # here", "3"),
        ("for _ in range(2, 5):\n    here()  # here", "3"),
        ("for _ in range(5, 2):\n    here()  # here", "0"),
        ("for _ in range(0):\n    here()  # here", "0"),
        ("for _ in range(n):\n    here()  # here", "n"),
        ("for _ in range(0, n):\n    here()  # here", "n"),
        ("for x in xs:\n    here()  # here", "len(xs)"),
        ("for _ in range(len(xs)):\n    here()  # here", "len(xs)"),
        ("for i, x in enumerate(sorted(xs)):\n    here()  # here", "len(xs)"),
        ("for x in (1, 2):\n    here()  # here", "2"),
        ("for x in 'abc':\n    here()  # here", "3"),
        ("for x in range(m):\n    for y in range(n):\n        here()  # here", "m * n"),
        ("for x in xs:\n    for y in ys:\n        here()  # here", "len(xs) * len(ys)"),
        ("[here() for _ in range(3)]  # here", "3"),
        ("[here() for _ in range(3) for _ in range(2)]  # here", "6"),
        ("[x for _ in range(3) for x in here()]  # here", "3"),
        ("{here(): x for x in xs}  # here", "len(xs)"),
        ("[x for x in here()]  # here", "1"),
        ("for x in here():  # here\n    pass", "1"),
        ("for x in xs:\n    pass\nelse:\n    here()  # here", "1"),
        ("for x in range(3):\n    for y in ys:\n        break\n    here()  # here", "3"),
        ("for _ in range(os.cpu_count()):\n    here()  # here", "os.cpu_count()"),
        ("for _ in range(max(n, 2)):\n    here()  # here", "max(n, 2)"),
        ("for _ in range(n - 1):\n    here()  # here", "n - 1"),
    ],
)
def test_turns(tmp_path: Path, body: str, count: str) -> None:
    assert str(Counted(tmp_path, body).turns()) == count


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("for _ in range(2 * n):\n    here()  # here", "2 * n"),
        ("for _ in range(3):\n    for y in range(n):\n        here()  # here", "3 * n"),
    ],
)
def test_turns_as_text(tmp_path: Path, body: str, count: str) -> None:
    assert str(Counted(tmp_path, body).turns()) == count


def test_factors_are_numbers_and_symbols(tmp_path: Path) -> None:
    body = """
        for _ in range(3 * n):
            for x in xs:
                for _ in range(2):
                    here()  # here
    """
    count = Counted(tmp_path, body).turns()
    assert count is not None
    assert (count.number, len(count.symbols), count.known) == (6, 2, None)


@pytest.mark.parametrize(
    "body",
    [
        "while flag:\n    here()  # here",
        "while True:\n    here()  # here",
        "while here():  # here\n    pass",
        "for x in xs:\n    if x:\n        break\n    here()  # here",
        "[here() for x in xs if x]  # here",
        "for x in open('f'):\n    here()  # here",
        "for x in set(xs):\n    here()  # here",
        "for x in xs.values():\n    here()  # here",
        "for _ in range(input()):\n    here()  # here",
        "for _ in range(1, n):\n    here()  # here",
        "for _ in range(9, 0, -2):\n    here()  # here",
        "for x in [*xs, 1]:\n    here()  # here",
    ],
)
def test_turns_that_are_not_known(tmp_path: Path, body: str) -> None:
    assert Counted(tmp_path, body).turns() is None


@pytest.mark.parametrize(
    "body",
    [
        "for x in xs:\n    if x:\n        here()  # here",
        "for x in xs:\n    if x:\n        continue\n    here()  # here",
        "for x in xs:\n    if x:\n        return\n    here()  # here",
        "for x in xs:\n    flag and here()  # here",
        "for x in xs:\n    x = here() if x else 1  # here",
        "for x in xs:\n    try:\n        x()\n    except ValueError:\n        here()  # here",
        "for x in xs:\n    match x:\n        case 1:\n            here()  # here",
        "for x in iter(xs.pop, None):\n    here()  # here",
        "for x, y in zip(xs, ys):\n    here()  # here",
        "for x, y in zip(range(10), ys):\n    here()  # here",
    ],
)
def test_turns_that_depend_on_something_else(tmp_path: Path, body: str) -> None:
    assert Counted(tmp_path, body).turns() is None


@pytest.mark.parametrize("body", ["if x:\n    here()  # here", "if x:\n    return\nhere()  # here"])
@pytest.mark.xfail(strict=True, reason="outside of loops, what may be left out is counted once")
def test_turns_that_depend_on_a_test(tmp_path: Path, body: str) -> None:
    assert Counted(tmp_path, body.replace("x", "flag")).turns() is None


# Lengths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("items = [1, 2, 3]", "3"),
        ("items = (1, 2)", "2"),
        ("items = []", "0"),
        ("items = [x for x in xs]", "len(xs)"),
        ("items = [x for x in range(3) for y in range(2)]", "6"),
        ("items = list(xs)", "len(xs)"),
        ("items = list(range(4))", "4"),
        ("items = []\nfor x in xs:\n    items.append(x)", "len(xs)"),
        ("items = []\nfor _ in range(3):\n    items.append(object())", "3"),
        ("items = xs if flag else ys", "len(items)"),
    ],
)
def test_length_of_a_list(tmp_path: Path, body: str, count: str) -> None:
    counted = Counted(tmp_path, f"{body}\nfor item in items:\n    here()  # here")
    assert str(counted.turns()) == count


CHANGE = "def change(items):\n    items.append(1)\n\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "items = []\nfor x in xs:\n    if x:\n        items.append(x)",
        "items = []\nwhile flag:\n    items.append(1)",
        "items = []\nfor x in xs:\n    items.append(x)\nitems.append(1)",
        "items = []\nitems.extend(xs)",
        "items = [1]\nitems.pop()",
        "items = []\nfor x in xs:\n    items.append(x)\nitems.remove(1)",
        "items = [x for x in xs if x]",
        "items = [x for x in xs for y in x.values()]",
        "items = [1, 2, 3]\nitems[1:] = xs",
        "items = [1, 2, 3]\nitems += xs",
        "items = [1, 2, 3]\nchange(items)",
    ],
)
def test_length_that_is_not_known(tmp_path: Path, body: str) -> None:
    counted = Counted(tmp_path, f"{body}\nfor item in items:\n    here()  # here", CHANGE)
    turns = counted.turns()
    assert turns is None or turns.same(Count(1)) is None


@pytest.mark.parametrize(
    "body",
    [
        "items = [x for x in range(3)]\nitems.append(1)",
        "items = list(range(3))\nitems.pop()",
        "items = list(range(3))\ndel items[0]",
        "items = [1, 2, 3]\ndel items[0]",
        "items = []\nfor x in range(3):\n    items.append(x)\nchange(items)",
        "items = [x for x in range(3)]\nchange(items)",
        "items = [1, 2, 3]\nxs.take(items)",
    ],
)
def test_length_of_a_list_that_is_changed_after(tmp_path: Path, body: str) -> None:
    counted = Counted(tmp_path, f"{body}\nfor item in items:\n    here()  # here", CHANGE)
    turns = counted.turns()
    assert turns is None or turns.known is None


# The same -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("range(n)", "range(n)"),
        ("range(n)", "range(0, n)"),
        ("xs", "range(len(xs))"),
        ("xs", "enumerate(reversed(xs))"),
        ("range(2 * n)", "range(n * 2)"),
        ("range(os.cpu_count())", "range(os.cpu_count())"),
        ("range(n - 1)", "range(n - 1)"),
        ("range(n.size)", "range(n.size)"),
        ("range(n or 4)", "range(n or 4)"),
        ("range(3)", "'abc'"),
    ],
)
def test_the_same(tmp_path: Path, one: str, other: str) -> None:
    body = f"for _ in {one}:\n    here()  # one\nfor _ in {other}:\n    here()  # other"
    assert Counted(tmp_path, body).same() is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("range(n)", "range(m)"),
        ("range(n)", "range(3)"),
        ("range(n)", "xs"),
        ("xs", "ys"),
        ("range(n - 1)", "range(n - 2)"),
        ("range(os.cpu_count())", "range(n)"),
        ("range(n.size)", "range(m.size)"),
        ("range(int(input()))", "range(int(input()))"),
    ],
)
def test_perhaps_the_same(tmp_path: Path, one: str, other: str) -> None:
    body = f"for _ in {one}:\n    here()  # one\nfor _ in {other}:\n    here()  # other"
    assert Counted(tmp_path, body).same() is None


def test_not_the_same(tmp_path: Path) -> None:
    body = "for _ in range(3):\n    here()  # one\nfor _ in range(4):\n    here()  # other"
    assert Counted(tmp_path, body).same() is False


@pytest.mark.parametrize(
    "between", ["n = m", "n += 1", "for n in xs:\n    pass", "if flag:\n    n = 3", "(n := 3)"]
)
def test_a_variable_that_is_assigned_between(tmp_path: Path, between: str) -> None:
    loop = "for _ in range(n):\n    here()  # "
    body = f"{loop}one\n{between}\n{loop}other"
    assert Counted(tmp_path, body).same() is None


def test_a_variable_of_its_own_value(tmp_path: Path) -> None:
    body = """
        size = n
        for _ in range(size):
            here()  # one
        for _ in range(n):
            here()  # other
    """
    assert Counted(tmp_path, body).same() is True


def test_a_variable_of_an_unknown_value(tmp_path: Path) -> None:
    body = """
        size = int(input())
        for _ in range(size):
            here()  # one
        for _ in range(size):
            here()  # other
    """
    assert Counted(tmp_path, body).same() is True


@pytest.mark.parametrize(
    "between",
    [
        "xs.append(1)",
        "xs.pop()",
        "del xs[0]",
        "xs += ys",
    ],
)
def test_a_list_that_is_changed_between(tmp_path: Path, between: str) -> None:
    body = f"for x in xs:\n    here()  # one\n{between}\nfor x in xs:\n    here()  # other"
    assert Counted(tmp_path, body).same() is None


def test_a_number_that_a_walrus_changes(tmp_path: Path) -> None:
    body = """
        size = 3
        while (size := size - 1):
            print(size)
        for _ in range(size):
            here()  # here
    """
    turns = Counted(tmp_path, body).turns()
    assert turns is None or turns.known is None


def test_a_number_that_changes(tmp_path: Path) -> None:
    body = """
        size = 3
        for _ in range(size):
            here()  # one
        size = 4
        for _ in range(size):
            here()  # other
    """
    counted = Counted(tmp_path, body)
    assert (str(counted.turns("one")), str(counted.turns("other"))) == ("3", "4")


# Attributes and other functions -------------------------------------------------------------------


GROUP = """
    import multiprocessing; multiprocessing.Pool

    class Group:
        def __init__(self, size):
            self.size = size
            self.names = []

        def start(self):
            for _ in range(self.size):
                here()  # one
            for name in self.names:
                here()  # names

        def stop(self):
            for _ in range(self.size):
                here()  # other
            for name in self.names:
                here()  # other names

    class Other:
        def __init__(self, size):
            self.size = size

        def start(self):
            for _ in range(self.size):
                here()  # foreign
"""


class Methods(Counted):
    def __init__(self, folder: Path, source: str) -> None:
        Small.__init__(self, folder, source)


def test_an_attribute_in_two_methods(tmp_path: Path) -> None:
    methods = Methods(tmp_path, GROUP)
    assert methods.same() is True
    assert methods.same("names", "other names") is True
    assert methods.same("one", "foreign") is None
    assert methods.same("one", "names") is None


def test_an_attribute_that_a_third_method_changes(tmp_path: Path) -> None:
    grow = "        def grow(self):\n            self.size += 1\n\n"
    stop = "        def stop(self):"
    grown = GROUP.replace(stop, grow + stop)
    assert Methods(tmp_path, grown).same() is None


def test_a_number_through_parameters(tmp_path: Path) -> None:
    methods = Methods(
        tmp_path,
        """
        import multiprocessing; multiprocessing.Pool

        def main(n):
            start(n)
            stop(limit=n)

        def start(count):
            for _ in range(count):
                here()  # one

        def stop(limit):
            for _ in range(limit):
                here()  # other

        def twice(count):
            for _ in range(count):
                here()  # twice

        def calls(n):
            twice(n)
            twice(n + 1)
        """,
    )
    assert methods.same() is True
    assert methods.same("one", "twice") is None


# Processes and items ------------------------------------------------------------------------------

TEAM = """
    from multiprocessing import Process, Queue

    def work(queue):
        while queue.get() is not None:
            pass

    def start(queue):
        Process(target=work, args=(queue,)).start()

    def stop(queue, n):
        for _ in range(n):
            queue.put(None)  # put
"""


@pytest.mark.parametrize(
    ("lines", "processes", "puts"),
    [
        (("queue = Queue()  # made", "start(queue)", "queue.put(None)"), "1", "1"),
        (("queue = Queue()  # made", "for _ in range(3): start(queue)"), "3", "?"),
        (
            ("queue = Queue()  # made", "for x in xs: start(queue)", "stop(queue, len(xs))"),
            "len(xs)",
            "len(xs)",
        ),
        (
            (
                "for _ in range(3):",
                "    queue = Queue()  # made",
                "    start(queue)",
                "    queue.put(1)",
            ),
            "1",
            "1",
        ),
        (
            (
                "queue = Queue()  # made",
                "for _ in range(3):",
                "    for _ in range(2):",
                "        start(queue)",
            ),
            "6",
            "?",
        ),
        (("queue = Queue()  # made", "start(queue)", "start(queue)"), "1 and 1", "?"),
        (("queue = Queue()  # made", "while xs.pop(): start(queue)"), "?", "?"),
        (
            ("queue = Queue()  # made", "start(queue)", "stop(queue, 2)", "queue.put(None)"),
            "1",
            "3",
        ),
    ],
    ids=lambda value: "; ".join(value) if isinstance(value, tuple) else value,
)
def test_processes_and_puts_for_a_channel(
    tmp_path: Path, lines: tuple[str, ...], processes: str, puts: str
) -> None:
    """The processes are counted per call that makes the process object."""
    main = indent("\n".join(lines), "    ")
    small = Small(tmp_path, dedent(TEAM) + f"\ndef main(xs):\n{main}\n")
    channel, amounts = small.channel("made"), small.program.amounts

    def shown(*counts: Count | None) -> str:
        return " and ".join("?" if count is None else str(count) for count in counts)

    counts = [amounts.processes(w, channel) for w in small.program.workers if w.name == "work"]
    assert shown(*counts) == processes
    assert shown(amounts.puts(channel.puts, channel)) == puts
