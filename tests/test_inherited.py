"""What a child sees of what its parent has made or set."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

SHARED = """
import multiprocessing as mp
from multiprocessing import Process, Pool

BODY
"""


@pytest.mark.parametrize(
    ("body", "anew"),
    [
        # made by every process that imports the module
        (
            """
            q = mp.Queue()  # here
            def work(): q.put(1)
            if __name__ == "__main__":
                p = Process(target=work); p.start(); q.get()
            """,
            True,
        ),
        # made by the parent alone
        (
            """
            def work(): q.put(1)
            if __name__ == "__main__":
                q = mp.Queue()  # here
                p = Process(target=work); p.start(); q.get()
            """,
            False,
        ),
        (
            """
            q = None
            def work(): q.put(1)
            def main():
                global q
                q = mp.Queue()  # here
                p = Process(target=work); p.start()
            if __name__ == "__main__":
                main()
            """,
            False,
        ),
        # too late for any start method, and so none of this
        (
            """
            q = None
            def work(): q.put(1)
            def main():
                global q
                p = Process(target=work); p.start()
                q = mp.Queue()  # here
            if __name__ == "__main__":
                main()
            """,
            None,
        ),
        # many workers and nobody else: enough for a lock, not for a queue
        (
            """
            lock = mp.Lock()  # here
            def work(n):
                with lock: return n
            if __name__ == "__main__":
                Pool().map(work, [1, 2])
            """,
            True,
        ),
        (
            """
            q = mp.Queue()  # here
            def work(n): q.put(n)
            if __name__ == "__main__":
                Pool().map(work, [1, 2])
            """,
            None,
        ),
        # passed; hidden by a local; only the parent's
        (
            """
            q = mp.Queue()  # here
            def work(q): q.put(1)
            if __name__ == "__main__":
                p = Process(target=work, args=(q,)); p.start(); q.get()
            """,
            None,
        ),
        # the child sets it, or may do so
        (
            """
            q = mp.Queue()  # here
            def work(given):
                global q
                q = given
                q.put(1)
            if __name__ == "__main__":
                p = Process(target=work, args=(q,)); p.start(); q.get()
            """,
            None,
        ),
        (
            """
            q = mp.Queue()  # here
            def setup(given): globals()["q"] = given
            def work(): q.put(1)
            if __name__ == "__main__":
                p = Process(target=work); p.start(); q.get()
            """,
            None,
        ),
        # forked for certain
        (
            """
            ctx = mp.get_context("fork")
            q = ctx.Queue()  # here
            def work(): q.put(1)
            if __name__ == "__main__":
                p = ctx.Process(target=work); p.start(); q.get()
            """,
            None,
        ),
        # a value behind an object of the module
        (
            """
            class Service:
                def __init__(self): self.jobs = mp.Queue()  # here
            service = Service()
            def work(): service.jobs.get()
            if __name__ == "__main__":
                p = Process(target=work); p.start(); service.jobs.put(1)
            """,
            True,
        ),
    ],
)
def test_objects_that_a_worker_takes_by_name(tmp_path: Path, body: str, anew: bool | None) -> None:
    program = small(tmp_path, put_into(SHARED, body))
    [made] = program.made("here")
    found = program.program.inherited.used_by_name(made)
    assert (found.anew if found is not None else None) is anew


def test_children_of_a_fork_server_share_what_it_has_imported(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        lock = mp.Lock()  # here
        def work(n):
            with lock: return n
        if __name__ == "__main__":
            mp.Pool().map(work, [1, 2])
        """,
    )
    found = program.program.inherited.used_by_name(program.made("here")[0])
    assert found is not None
    assert found.start_methods == ("spawn",)
    assert found.elsewhere is None
    assert found.name == "lock"


# Order --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("mark()  # one\nmark()  # other", True),
        ("mark()  # other\nmark()  # one", False),
        ("if flag:\n    mark()  # one\nelse:\n    mark()  # other", None),
        ("if flag:\n    mark()  # one\nmark()  # other", True),
        ("helper()\nmark()  # other", True),
        ("mark()  # other\nhelper()", False),
        ("mark(  # other\n    helper()\n)", True),
        ("mark(  # other\n    None or helper()\n)", True),
        ("(mark(),  # other\n    helper())", False),
    ],
)
def test_what_the_parent_comes_to_first(tmp_path: Path, body: str, before: bool | None) -> None:
    template = """
    def mark(): pass

    def helper():
        mark()  # one

    def main(flag):
        BODY

    if __name__ == "__main__":
        main(True)
    """
    if "# one" in body:
        template = template.replace("mark()  # one", "pass")
    program = small(tmp_path, put_into(template, body))
    globals_ = program.program.globals
    from mplint.model.state.globals import Place

    [one] = [Place(*place) for place in program.calls("one", "mark")]
    [other] = [Place(*place) for place in program.calls("other", "mark")]
    assert globals_.comes_before(one, other) is before


@pytest.mark.parametrize(
    ("line", "at_import", "parent_only"),
    [
        ("mark()  # top", True, False),
        ("mark()  # guarded", False, True),
        ("mark()  # called by import", True, False),
        ("mark()  # in a class", True, False),
        ("mark()  # main", False, True),
        ("mark()  # worker", False, False),
        ("mark()  # decorator", True, False),
    ],
)
def test_when_a_line_runs(tmp_path: Path, line: str, at_import: bool, parent_only: bool) -> None:
    program = small(
        tmp_path,
        """
        def mark(): pass

        def register(function):
            mark()  # decorator
            return function

        mark()  # top

        def setup():
            mark()  # called by import

        setup()

        class Thing:
            mark()  # in a class

        @register
        def work():
            mark()  # worker

        def main():
            mark()  # main
            mp.Process(target=work).start()

        if __name__ == "__main__":
            mark()  # guarded
            main()
        """,
    )
    from mplint.model.state.globals import Place

    globals_ = program.program.globals
    place = Place(*next(program.calls(line.partition("# ")[2], "mark")))
    assert globals_.is_at_import(place) is at_import
    assert globals_.is_in_parent_only(place) is parent_only


# State --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        # only under the guard; only in main; of a class; in a dict
        (
            """
            def work(): print(x)
            if __name__ == "__main__":
                x = 1
                Process(target=work).start()
            """,
            [("x", True)],
        ),
        (
            """
            x = 0
            def work(): print(x)
            def main():
                global x
                x = 1
                Process(target=work).start()
            if __name__ == "__main__": main()
            """,
            [("x", False)],
        ),
        (
            """
            class C: x = 0
            def work(): print(C.x)
            def main():
                C.x = 1
                Process(target=work).start()
            if __name__ == "__main__": main()
            """,
            [("C.x", False)],
        ),
        (
            """
            x = {}
            def work(): print(x["a"])
            def main():
                x["a"] = 1
                Process(target=work).start()
            if __name__ == "__main__": main()
            """,
            [("x", False)],
        ),
        (
            """
            class C:
                def __init__(self): self.level = 1
                def set(self, level): self.level = level
            c = C()
            def work(): print(c.level)
            def main(n):
                c.set(n)
                Process(target=work).start()
            """,
            [("c.level", False)],
        ),
        # expected to be missing; the same value; emptied; after the start; by the child
        (
            """
            def work():
                try: print(x)
                except NameError: pass
            if __name__ == "__main__":
                x = 1
                Process(target=work).start()
            """,
            [],
        ),
        (
            """
            x = 1
            def work(): print(x)
            def main():
                global x
                x = 1
                Process(target=work).start()
            """,
            [],
        ),
        (
            """
            x = ["a"]
            def work(): print(x)
            def main():
                x.clear()
                Process(target=work).start()
            """,
            [],
        ),
        (
            """
            x = 0
            def work(): print(x)
            def main():
                global x
                Process(target=work).start()
                x = 1
            """,
            [],
        ),
        (
            """
            x = 0
            def setup():
                global x
                x = 1
            def work(n): print(x)
            def main():
                setup()
                Pool(2, setup).map(work, [1])
            """,
            [],
        ),
        # an initializer that nobody knows may set everything
        (
            """
            x = 0
            def work(n): print(x)
            def main(initializer):
                global x
                x = 1
                Pool(2, initializer).map(work, [1])
            """,
            [],
        ),
        # a list of the child's own
        (
            """
            x = []
            def work(): x.append(1)
            def main():
                x.append(0)
                Process(target=work).start()
            """,
            [],
        ),
    ],
)
def test_what_a_child_does_not_see(tmp_path: Path, body: str, seen: list[tuple[str, bool]]) -> None:
    program = small(tmp_path, put_into(SHARED, body))
    found = program.program.inherited.unseen_in_child(program.path)
    assert [(unseen.what, unseen.missing) for unseen in found] == seen


KEPT = """
from multiprocessing import Process

class Thing: pass
class Other: pass

things = {}

def work(name):
    BODY

def main():
    things["a"] = Thing()
    Process(target=work, args=("a",)).start()
"""


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("print(things[name])", True),
        # what is not there is made, as the parent has made it
        ("if name in things: return things[name]\nreturn Thing()", False),
        ("if name not in things: return Thing()\nreturn things[name]", False),
        ("return things[name] if name in things else Thing()", False),
        ("found = things.get(name)\nreturn Thing() if found is None else found", False),
        # or something else is, or only where it is there
        ("if name in things: return things[name]\nreturn Other()", True),
        ("if name in things: return Thing(), things[name]", True),
        ("print(things[name], Thing())", True),
        ("if name in toolbox.things: return things[name]\nreturn Thing()", True),
        ("print(toolbox.things.get(name))\nreturn things[name], Thing()", True),
    ],
)
def test_what_a_child_makes_where_it_has_none(tmp_path: Path, body: str, seen: bool) -> None:
    program = small(tmp_path, put_into(KEPT, body))
    found = program.program.inherited.unseen_in_child(program.path)
    assert bool(found) is seen


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        (
            """
            x = 0
            def work():
                global x
                x += 1
            def main():
                p = Process(target=work); p.start(); p.join()
                print(x)
            """,
            ["x"],
        ),
        (
            """
            def work(xs): xs.append(1)
            def main():
                xs = []
                p = Process(target=work, args=(xs,)); p.start(); p.join()
                print(len(xs))
            """,
            ["xs"],
        ),
        (
            """
            class P(Process):
                def run(self): self.answer = 42
            def main():
                p = P(); p.start(); p.join()
                print(p.answer)
            """,
            ["self.answer"],
        ),
        # read before the start; by code that both run; changed by the parent; sent back; not empty
        (
            """
            x = 0
            def work():
                global x
                x += 1
            def main():
                print(x)
                p = Process(target=work); p.start(); p.join()
            """,
            [],
        ),
        (
            """
            x = 0
            def work():
                global x
                x += 1
                show()
            def show(): print(x)
            def main():
                p = Process(target=work); p.start(); p.join()
                show()
            """,
            [],
        ),
        (
            """
            x = 0
            def work():
                global x
                x += 1
            def main(result):
                global x
                p = Process(target=work); p.start(); p.join()
                x = result
                print(x)
            """,
            [],
        ),
        (
            """
            def work(xs):
                xs.append(1)
                return xs
            def main():
                xs = Pool().apply(work, ([],))
                print(len(xs))
            """,
            [],
        ),
        (
            """
            def work(xs): xs.append(1)
            def main():
                xs = [1, 2]
                p = Process(target=work, args=(xs,)); p.start(); p.join()
                print(len(xs))
            """,
            [],
        ),
        # given to what we do not see: in the child, which may read it there; in the parent
        (
            """
            class Scheme:
                model = None
            def work(schemes, service):
                service.use(schemes)
                schemes["one"].model = service.model
            def main():
                scheme = Scheme()
                p = Process(target=work, args=({"one": scheme}, toolbox.service)); p.start()
                print(scheme.model)
            """,
            [],
        ),
        (
            """
            class Scheme:
                model = None
            def work(schemes, service):
                service.use(service)
                print(schemes)
                schemes["one"].model = service.model
            def main():
                scheme = Scheme()
                toolbox.show(scheme)
                p = Process(target=work, args=({"one": scheme}, toolbox.service)); p.start()
                print(scheme.model)
            """,
            ["schemes['one'].model"],
        ),
        # an object that the child makes for itself, which looks like the parent's
        (
            """
            class Counter:
                def __init__(self, seen): self.seen = seen
                def count(self, numbers):
                    with Pool(2) as pool:
                        pool.map(self.work, numbers)
                    print(self.seen)
                def work(self, number):
                    own = Counter(number)
                    own.show()
                def show(self): print(self.seen)
            """,
            [],
        ),
        (
            """
            class Counter:
                def __init__(self): self.seen = 0
                def run(self):
                    p = Process(target=self.work); p.start(); p.join()
                    print(self.seen)
                def work(self):
                    self.seen = 1
            def main():
                Counter().run()
            """,
            ["self.seen"],
        ),
        # only passed on
        (
            """
            def work(xs): xs.append(1)
            def main():
                xs = []
                for _ in range(2):
                    p = Process(target=work, args=(xs,)); p.start(); p.join()
            """,
            [],
        ),
    ],
)
def test_changes_that_get_lost(tmp_path: Path, body: str, lost: list[str]) -> None:
    program = small(tmp_path, put_into(SHARED, body))
    assert [lost.what for lost in program.program.inherited.lost_changes(program.path)] == lost
